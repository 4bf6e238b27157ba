"""sample_images: every picture gets the verdict that was drawn into it, and every cause has its picture."""

import csv
import pathlib

import pytest

import imagegate

HERE = pathlib.Path(__file__).parent
FOLDER = HERE.parent / "sample_images"
with (HERE / "samples" / "expected.csv").open(encoding="utf-8", newline="") as _file:
    EXPECTED = list(csv.DictReader(_file))

# What no picture of its own can show.
OF_THE_REQUEST = {
    "json_malformed", "content_type_unsupported", "field_missing", "field_invalid", "too_many_images",
}  # fmt: skip
OF_THE_POLICY = {"data_uri_forbidden", "data_uri_required", "file_too_large"}
OF_TWO_PICTURES = {"duplicate_image"}


@pytest.mark.parametrize("row", EXPECTED, ids=[row["file"] for row in EXPECTED])
def test_a_sample_gets_what_was_drawn_into_it(row):
    report = imagegate.check(FOLDER / row["file"])

    assert {finding.cause.code for finding in report.rejections} == set(row["causes"].split())
    assert {finding.cause.code for finding in report.warnings} == set(row["warnings"].split())
    assert (str(report.ok).lower(), str(report.status)) == (row["ok"].lower(), row["status"])


def test_every_sample_is_expected():
    assert {path.name for path in FOLDER.iterdir()} == {row["file"] for row in EXPECTED}


def test_every_cause_has_a_sample():
    shown = {code for row in EXPECTED for code in (row["causes"] + " " + row["warnings"]).split()}

    assert shown | OF_THE_REQUEST | OF_THE_POLICY | OF_TWO_PICTURES == set(imagegate.CAUSES)
    assert not shown & (OF_THE_REQUEST | OF_THE_POLICY | OF_TWO_PICTURES)


def test_good_skin_of_every_tone_passes_without_a_warning():
    tones = [row for row in EXPECTED if row["file"].startswith("good_mst")]

    assert len(tones) == 10
    assert all(imagegate.check(FOLDER / row["file"]).findings == () for row in tones)
