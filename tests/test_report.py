"""Report: the verdict, and what can be done with it."""

import copy
import io
import itertools
import json
import math
import pickle
import re

import pytest
from rich.console import Console

import imagegate
from imagegate.causes import CAUSES
from imagegate.header import Header
from imagegate.policy import Policy
from imagegate.report import ImageRejected, Report
from tests.reports import PHOTOS, finding, real, report

BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}")


def pickled_and_back(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


def codes(findings):
    return [item.cause.code for item in findings]


# The verdict


def test_a_report_without_findings_passes():
    assert (report().ok, report().status) == (True, 200)


def test_warnings_do_not_keep_a_picture_from_passing():
    warned = report("glare", "noise_high")

    assert (warned.ok, warned.status, warned.rejections) == (True, 200, ())
    assert codes(warned.warnings) == ["glare", "noise_high"]


@pytest.mark.parametrize("code", [code for code, cause in CAUSES.items() if cause.severity == "reject"])
def test_a_rejection_gives_the_status_of_its_cause(code):
    assert (report(code).ok, report(code).status) == (False, CAUSES[code].status)


def test_what_cannot_be_read_gives_400_whatever_else_was_found():
    assert report("image_blurred", "image_truncated").status == 400


def test_the_status_is_the_one_the_policy_gives():
    assert report(finding("data_uri_forbidden", status=422)).status == 422
    assert report(finding("image_blurred", status=400)).status == 400
    assert report("image_blurred", finding("glare", status=400)).status == 422


@pytest.mark.parametrize("order", list(itertools.permutations(["low_contrast", "glare", "underexposed", "noise_high"])))
def test_rejections_come_first_and_the_most_useful_advice_first_among_them(order):
    assert codes(report(*order).findings) == ["underexposed", "low_contrast", "glare", "noise_high"]


def test_the_first_finding_has_the_status_of_the_report():
    """A 422 that stands early in the catalogue does not stand before a 400 that a policy made of a late one."""
    mixed = report("resolution_too_low", finding("low_contrast", status=400))

    assert mixed.findings[0].status == mixed.status == 400


def test_a_policy_changes_severity_and_status():
    photo = PHOTOS["blurred"]
    warns = imagegate.check(photo, policy=Policy(severities={"image_blurred": "warn"}))
    unreadable = imagegate.check(photo, policy=Policy(statuses={"image_blurred": 400}))
    ignores = imagegate.check(photo, policy=Policy(severities={"image_blurred": "ignore"}))

    assert (warns.ok, "image_blurred" in codes(warns.warnings)) == (True, True)
    assert (unreadable.status, "image_blurred" in codes(unreadable.rejections)) == (400, True)
    assert "image_blurred" not in codes(ignores.findings)


def test_raise_for_status_does_nothing_for_a_picture_that_passes():
    assert report("glare").raise_for_status() is None


def test_raise_for_status_carries_the_report():
    rejected = report(finding("image_blurred", message="Blurred."), finding("underexposed", message="Dark."), "glare")
    with pytest.raises(ImageRejected, match=r"^422: Dark\.; Blurred\.$") as caught:
        rejected.raise_for_status()

    assert caught.value.report is rejected
    assert isinstance(caught.value, ValueError)


# Equality, and what can be done with a report


def test_reports_are_equal_where_all_but_timings_and_maps_are():
    again = imagegate.check(PHOTOS["sharp"])

    assert again == real("sharp")
    assert hash(again) == hash(real("sharp"))
    assert again.maps is None
    assert real("sharp").maps is not None


@pytest.mark.parametrize(
    "change",
    [
        {"findings": (finding("glare"),)},
        {"findings": (finding("glare", severity="reject"),)},
        {"header": Header(format="png", width=2, height=3)},
        {"policy": Policy(name="other")},
        {"policy": Policy(limits={"blur_radius": {"max": 3.0}})},
    ],
)
def test_reports_that_differ_are_not_equal(change):
    assert report(**change) != report()


def test_a_report_is_not_equal_to_what_is_no_report():
    assert report() != report().to_dict()


@pytest.mark.parametrize("name", PHOTOS)
def test_what_is_equal_is_not_unequal(name):
    """A struct of msgspec has a `!=` of its own, which does not ask `==`."""
    again = imagegate.check(PHOTOS[name])

    assert not again != real(name)  # noqa: SIM202 - the operator is what is tested
    assert not again.measurements != real(name).measurements  # noqa: SIM202
    assert real("sharp").measurements != real("blurred").measurements


def test_reports_with_nan_are_equal():
    assert math.isnan(real("flat").measurements.blur_radius)
    assert imagegate.check(PHOTOS["flat"]) == real("flat")


@pytest.mark.parametrize("field", Report.__struct_fields__)
def test_a_report_cannot_be_changed(field):
    with pytest.raises(AttributeError, match="immutable"):
        setattr(report(), field, None)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_report_survives_pickling(name):
    again = pickled_and_back(real(name))

    assert again == real(name)
    assert hash(again) == hash(real(name))
    assert again.timings == real(name).timings
    assert (again.maps is None) == (real(name).maps is None)


@pytest.mark.parametrize(
    "part", [finding("glare"), Policy(name="p", limits={"blur_radius": {"max": 3.0}}), imagegate.PROFILES["default"]]
)
def test_findings_and_policies_survive_pickling_and_copying(part):
    assert pickled_and_back(part) == part
    assert copy.deepcopy(part) == part


def test_the_exception_survives_pickling():
    again = pickled_and_back(ImageRejected(report("image_blurred")))

    assert str(again) == "422: Found."
    assert again.report == report("image_blurred")


# Text


def test_repr_is_one_short_line():
    assert repr(report()) == "<Report 200 by 'default': nothing found>"
    assert str(report("glare", "image_blurred")) == "<Report 422 by 'default': image_blurred, glare>"


@pytest.mark.parametrize("name", PHOTOS)
def test_no_text_holds_anything_of_the_picture(name):
    """Neither a stretch of Base64 nor an array's pixels, however the report is printed."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(real(name))
    texts = [repr(real(name)), str(real(name)), console.export_text(), real(name)._repr_html_()]

    assert len(texts[0]) < 200
    assert "\n" not in texts[0]
    assert not any(BASE64.search(text) or "array(" in text for text in texts)


# JSON


@pytest.mark.parametrize("name", PHOTOS)
def test_json_is_one_line_of_the_same_object(name):
    text = real(name).to_json("a/photo.jpg")

    assert "\n" not in text
    assert json.loads(text) == real(name).to_dict("a/photo.jpg")
    assert json.loads(json.dumps(real(name).to_dict(), allow_nan=False)) == real(name).to_dict()


def test_the_object_has_the_documented_keys():
    plain = real("blurred").to_dict("photo.jpg")

    assert list(plain) == ["source", "ok", "status", "profile", "lang", "header", "measurements", "findings"]
    assert (plain["source"], plain["ok"], plain["status"], plain["profile"]) == ("photo.jpg", False, 422, "default")
    assert list(plain["findings"][0]) == [
        "cause", "status", "severity", "metric", "value", "limit", "unit", "message", "advice", "pointer",
    ]  # fmt: skip


def test_nan_is_null():
    plain = real("flat").to_dict()
    undetermined = [item for item in plain["findings"] if item["cause"] == "focus_undetermined"]

    assert plain["measurements"]["blur_radius"] is None
    assert [item["value"] for item in undetermined] == [None]
