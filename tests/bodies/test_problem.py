"""Problem details, the default, and what holds for any dialect of a report."""

import json

import jsonschema
import pytest

import imagegate
from imagegate.bodies import BODIES
from imagegate.causes import CAUSES
from imagegate.policy import Policy
from imagegate.report import Report
from tests.bodies.schemas import PROBLEM

NUMBERS = {"metric": "luma_p98", "value": 40.0, "limit": 60.0, "unit": "levels"}


def finding(code, message="Something was found.", **more):
    cause = CAUSES[code]
    plain = {"cause": cause, "status": cause.status, "severity": "reject", "message": message}
    return imagegate.Finding(**(plain | more))


def report(*findings):
    return Report(findings=findings, policy=Policy())


def test_a_problem_has_the_members_of_rfc_9457():
    status, headers, body = report(finding("underexposed", "Too dark: 40.", **NUMBERS)).to_error("problem")

    assert status == 422
    assert headers == {"Content-Type": "application/problem+json", "Content-Language": "en"}
    assert body == {
        "type": "urn:imagegate:cause:underexposed",
        "title": CAUSES["underexposed"].title,
        "status": 422,
        "detail": f"Too dark: 40. {CAUSES['underexposed'].advice}",
        "errors": [
            {
                "code": "underexposed",
                "detail": "Too dark: 40.",
                "advice": CAUSES["underexposed"].advice,
                "pointer": "#",
                **NUMBERS,
            }
        ],
    }


@pytest.mark.parametrize("code", CAUSES)
def test_every_cause_makes_a_valid_problem(code):
    status, _, body = report(finding(code)).to_error()

    jsonschema.Draft202012Validator(PROBLEM).validate(body)
    assert body["status"] == status == CAUSES[code].status
    assert json.loads(json.dumps(body, allow_nan=False)) == body


def test_all_rejections_are_in_one_body_the_most_useful_first_and_no_warning_is():
    found = [finding("low_contrast"), finding("glare", severity="warn"), finding("underexposed")]
    _, _, body = report(*found).to_error()

    assert body["title"] == CAUSES["underexposed"].title
    assert [error["code"] for error in body["errors"]] == ["underexposed", "low_contrast"]


def test_the_problem_is_one_that_has_the_status_of_the_answer():
    """A policy may answer 400 for a cause that comes late in the catalogue."""
    status, _, body = report(finding("underexposed"), finding("low_contrast", status=400)).to_error()

    assert (status, body["status"]) == (400, 400)
    assert body["type"].endswith("low_contrast")


@pytest.mark.parametrize(
    ("pointer", "fragment"),
    [("", "#"), ("/media/0", "#/media/0"), ("/a~1b/c~0d", "#/a~1b/c~0d"), ("/c%d/e^f/ ", "#/c%25d/e%5Ef/%20")],
)
def test_a_pointer_is_written_as_a_uri_fragment(pointer, fragment):
    """Examples of RFC 6901, section 6."""
    _, _, body = report(finding("image_corrupt", pointer=pointer)).to_error()

    assert body["errors"][0]["pointer"] == fragment


def test_a_number_that_cannot_be_told_is_null():
    unknown = finding("focus_undetermined", metric="blur_radius", value=float("nan"), limit=2.0, unit="px")
    _, _, body = report(unknown).to_error()

    assert body["errors"][0]["value"] is None
    json.dumps(body, allow_nan=False)


def test_the_request_id_stands_in_the_body_when_there_is_one():
    rejected = report(finding("image_missing"))

    assert rejected.to_error(request_id="req-7")[2]["requestId"] == "req-7"
    assert "requestId" not in rejected.to_error()[2]


def test_one_answer_does_not_share_its_parts_with_the_next():
    rejected = report(finding("image_missing"))
    rejected.to_error()[1].clear()

    assert rejected.to_error()[1]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("found", [(), (finding("glare", severity="warn"),)])
@pytest.mark.parametrize("api", BODIES)
def test_a_passing_report_has_no_error_to_answer_with(found, api):
    with pytest.raises(ValueError, match="to_error: the picture passes"):
        report(*found).to_error(api)


def test_an_unknown_dialect_is_refused_by_name():
    with pytest.raises(ValueError, match=r"api must be one of .*'problem'.*, got 'probelm'"):
        report(finding("image_missing")).to_error("probelm")
    with pytest.raises(ValueError, match=r"api must be one of .*, got list"):
        report(finding("image_missing")).to_error(["problem"])


def test_a_request_id_that_is_no_text_is_refused_by_name():
    with pytest.raises(TypeError, match="request_id must be a string or None, got int"):
        report(finding("image_missing")).to_error(request_id=7)
