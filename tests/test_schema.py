"""The JSON Schema that ships: it takes every report and no near miss."""

import json
import pathlib

import jsonschema
import pytest

import imagegate
from imagegate import schema
from imagegate.causes import CAUSES
from imagegate.metrics import METRICS
from imagegate.scanning import Record
from tests.reports import PHOTOS, finding, real, report

DOCUMENT = json.loads(schema.PATH.read_bytes())
VALID_REPORT = jsonschema.Draft202012Validator(DOCUMENT)
VALID_RECORD = jsonschema.Draft202012Validator(DOCUMENT | {"$ref": "#/$defs/record"})


def part_of(plain, path):
    for key in path:
        plain = plain[key]
    return plain


def test_the_schema_ships_with_the_package():
    assert schema.PATH.parent == pathlib.Path(imagegate.__file__).parent
    assert DOCUMENT["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_shipped_schema_is_the_one_the_tables_make():
    """After a change run `python -m imagegate.schema`."""
    assert schema.PATH.read_bytes() == schema.encoded()


def test_writing_the_schema_gives_the_shipped_file(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "PATH", tmp_path / "report.schema.json")
    schema.write()

    assert json.loads((tmp_path / "report.schema.json").read_text()) == DOCUMENT


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)


def test_the_schema_names_every_cause_and_every_number():
    definitions = DOCUMENT["$defs"]

    assert definitions["finding"]["properties"]["cause"]["enum"] == list(CAUSES)
    assert set(definitions["finding"]["properties"]["metric"]["enum"]) == {*METRICS, None}
    assert set(definitions["measurements"]["required"]) == set(imagegate.Measurements.__struct_fields__)


@pytest.mark.parametrize("name", PHOTOS)
def test_real_reports_are_valid(name):
    VALID_REPORT.validate(real(name).to_dict(name))
    VALID_REPORT.validate(json.loads(real(name).to_json()))


@pytest.mark.parametrize("code", CAUSES)
@pytest.mark.parametrize("severity", ["reject", "warn"])
@pytest.mark.parametrize("status", [400, 422])
def test_a_report_of_any_cause_under_any_policy_is_valid(code, severity, status):
    VALID_REPORT.validate(report(finding(code, severity=severity, status=status)).to_dict())


@pytest.mark.parametrize("path", [(), ("header",), ("measurements",), ("findings", 0)])
def test_a_report_with_a_key_more_or_less_is_not_valid(path):
    for key in part_of(real("blurred").to_dict(), path):
        less = real("blurred").to_dict()
        del part_of(less, path)[key]
        assert not VALID_REPORT.is_valid(less), key
    more = real("blurred").to_dict()
    part_of(more, path)["base64"] = "aGVsbG8="
    assert not VALID_REPORT.is_valid(more)


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("findings", 0), "cause", "blurry"),
        (("findings", 0), "severity", "ignore"),
        (("findings", 0), "status", 409),
        (("findings", 0), "value", "3.5"),
        (("findings", 0), "metric", "sharpness"),
        (("findings", 0), "metric", None),
        (("findings", 0), "pointer", "media/0"),
        (("measurements",), "dark_share", 1.5),
        (("measurements",), "blur_radius", -1.0),
        (("measurements",), "width", None),
        (("header",), "orientation", 9),
        (("header",), "format", "jpg"),
        ((), "ok", True),
        ((), "status", 200),
        ((), "findings", []),
        ((), "status", None),
        ((), "profile", None),
    ],
)
def test_a_report_with_a_wrong_value_is_not_valid(path, key, value):
    plain = real("blurred").to_dict()
    part_of(plain, path)[key] = value

    assert not VALID_REPORT.is_valid(plain)


RECORDS = {
    "read": Record(source="a.jpg", size=3, sha256="0" * 64, report=report("image_blurred")),
    "too long to be read": Record(source="a.jpg", size=3, report=report("file_too_large")),
    "unreadable": Record(source="a.jpg", error="PermissionError: Permission denied"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_records_of_a_scan_are_valid(name):
    VALID_RECORD.validate(RECORDS[name].to_dict())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("read", {"sha256": "xyz"}),
        ("read", {"size": -1}),
        ("read", {"ok": True}),
        ("read", {"error": "PermissionError"}),
        ("read", {"base64": "aGVsbG8="}),
        ("unreadable", {"ok": True}),
        ("unreadable", {"status": 400}),
        ("unreadable", {"error": None}),
        ("unreadable", {"findings": report("image_blurred").to_dict()["findings"]}),
    ],
)
def test_changed_records_are_not_valid(name, change):
    assert not VALID_RECORD.is_valid(RECORDS[name].to_dict() | change)


def test_a_record_is_no_report_and_a_report_no_record():
    assert not VALID_REPORT.is_valid(RECORDS["read"].to_dict())
    assert not VALID_RECORD.is_valid(real("sharp").to_dict())
