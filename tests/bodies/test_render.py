"""What each dialect answers is what its documentation says an error is."""

import json

import jsonschema
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from imagegate.bodies import BODIES, Refusal
from imagegate.causes import CAUSES
from tests.bodies.schemas import SCHEMAS
from tests.reports import finding, report

POINTER = "/payload/0/contentAttachment/data"
ID = "req_7f9a2d7e8b3c"
UNKNOWN = {"metric": "blur_radius", "value": float("nan"), "limit": 2.0, "unit": "px"}


def refused(*findings, **more):
    return Refusal(status=findings[0].status, findings=findings, **more)


def rendered(api, *findings, **more):
    return BODIES[api].render(refused(*findings, **more))[2]


def read_by_google(body):
    """The details of a Status, by type, as Google's own library reads them; it refuses unknown members."""
    status = json_format.ParseDict(body, status_pb2.Status())
    found = {}
    for detail in status.details:
        message = getattr(error_details_pb2, detail.TypeName().rpartition(".")[2])()
        assert detail.Unpack(message)
        found[type(message).__name__] = message
    assert len(found) == len(status.details)
    return status, found


@pytest.mark.parametrize("code", CAUSES)
@pytest.mark.parametrize("api", BODIES)
@pytest.mark.parametrize("pointer", ["", POINTER])
def test_every_cause_renders_in_every_dialect(api, code, pointer):
    found = finding(code, pointer=pointer, **UNKNOWN)
    status, headers, body = BODIES[api].render(refused(found, found, request_id=ID))

    if api == "google_rpc":
        read_by_google(body)
    else:
        jsonschema.validate(body, SCHEMAS[api])
    assert status == CAUSES[code].status
    assert headers["Content-Language"] == "en"
    assert json.loads(json.dumps(body, allow_nan=False)) == body
    assert BODIES[api].parse(body) is not None


@pytest.mark.parametrize("api", BODIES)
def test_what_is_rendered_is_parsed_by_its_own_dialect_alone(api):
    body = rendered(api, finding("image_blurred", pointer=POINTER), request_id=ID)

    assert [name for name, dialect in BODIES.items() if dialect.parse(body) is not None] == [api]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("code", CAUSES)
def test_the_status_is_the_policys_whatever_the_dialect(code, status):
    for api, dialect in BODIES.items():
        assert dialect.render(refused(finding(code, status=status)))[0] == status
        if api != "google_rpc":
            jsonschema.validate(rendered(api, finding(code, status=status)), SCHEMAS[api])


def test_the_schemas_are_those_of_the_dialects():
    assert SCHEMAS.keys() | {"google_rpc"} == BODIES.keys()


@pytest.mark.parametrize(
    ("api", "content_type"),
    [
        ("fhir", "application/fhir+json"),
        ("problem", "application/problem+json"),
        ("telesoft", "application/json"),
        ("neolens", "application/json"),
        ("pearmedica", "application/json"),
        ("fastapi", "application/json"),
        ("google_rpc", "application/json"),
    ],
)
def test_the_content_type_is_the_dialects(api, content_type):
    assert report("image_missing").to_error(api)[1] == {"Content-Type": content_type, "Content-Language": "en"}


@pytest.mark.parametrize(
    ("cause", "kind", "code"),
    [
        ("json_malformed", "invalid_request_error", "json_parse_error"),
        ("field_missing", "invalid_request_error", "parameter_missing"),
        ("image_missing", "invalid_request_error", "parameter_missing"),
        ("field_invalid", "invalid_request_error", "parameter_invalid"),
        ("format_unsupported", "invalid_request_error", "parameter_invalid"),
        ("image_blurred", "medical_data_error", "medical_data_insufficient"),
    ],
)
def test_telesofts_codes(cause, kind, code):
    """Its page, Error Types."""
    error = rendered("telesoft", finding(cause))["error"]

    assert (error["type"], error["code"]) == (kind, code)


@pytest.mark.parametrize(
    ("cause", "code"), [("field_missing", "INVALID_REQUEST"), ("underexposed", "INSUFFICIENT_DATA")]
)
def test_pearmedicas_codes(cause, code):
    """Its page, Error Codes Reference."""
    assert rendered("pearmedica", finding(cause))["error"]["code"] == code


@pytest.mark.parametrize(
    ("cause", "kind", "says"),
    [
        ("json_malformed", "json_invalid", "Found."),
        ("field_missing", "missing", "Found."),
        ("too_many_images", "too_long", "Found."),
        ("image_corrupt", "value_error", "Value error, Found."),
    ],
)
def test_fastapis_types_are_pydantics(cause, kind, says):
    """docs.pydantic.dev, Validation Errors; pydantic puts "Value error, " before the words of a validator."""
    error = rendered("fastapi", finding(cause, pointer=POINTER))["detail"][0]

    assert (error["type"], error["msg"]) == (kind, says)
    assert error["loc"] == ["body", "payload", 0, "contentAttachment", "data"]
    assert "input" not in error


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ("json_malformed", "structure"),
        ("field_missing", "required"),
        ("file_too_large", "too-long"),
        ("format_unsupported", "not-supported"),
        ("duplicate_image", "duplicate"),
        ("image_blurred", "business-rule"),
    ],
)
def test_fhirs_codes(cause, code):
    """Of the value set hl7.org/fhir/valueset-issue-type.html."""
    issue = rendered("fhir", finding(cause, pointer=POINTER))["issue"][0]

    assert issue["code"] == code
    assert issue["expression"] == ["payload[0].contentAttachment.data"]
    assert issue["details"]["coding"] == [{"system": "urn:imagegate:cause", "code": cause}]


def test_google_reads_what_is_rendered_for_it():
    dark = finding("underexposed", pointer=POINTER, metric="luma_p98", value=40.0, limit=60.0, unit="levels")
    status, found = read_by_google(rendered("google_rpc", dark, finding("low_contrast"), request_id=ID))

    assert (status.code, status.message) == (3, "Found.")
    assert (found["ErrorInfo"].reason, found["ErrorInfo"].domain) == ("UNDEREXPOSED", "imagegate")
    assert dict(found["ErrorInfo"].metadata) == {
        "metric": "luma_p98",
        "value": "40.0",
        "limit": "60.0",
        "unit": "levels",
    }
    assert [(each.field, each.reason) for each in found["BadRequest"].field_violations] == [
        ("payload[0].contentAttachment.data", "UNDEREXPOSED"),
        ("", "LOW_CONTRAST"),
    ]
    assert found["LocalizedMessage"].message == CAUSES["underexposed"].advice
    assert found["RequestInfo"].request_id == ID


@pytest.mark.parametrize(("api", "errors"), [("fastapi", "detail"), ("fhir", "issue"), ("problem", "errors")])
def test_dialects_that_list_errors_list_all_of_them(api, errors):
    assert len(rendered(api, finding("underexposed"), finding("low_contrast"))[errors]) == 2


@pytest.mark.parametrize("api", BODIES)
def test_the_advice_is_in_the_body_of_every_dialect(api):
    body = rendered(api, finding("image_blurred", hint="Hold still."))

    assert "Hold still." in json.dumps(body)


@pytest.mark.parametrize("api", ["problem", "telesoft", "google_rpc"])
def test_the_request_id_comes_back(api):
    assert BODIES[api].parse(rendered(api, finding("image_missing"), request_id=ID)).request_id == ID
    assert BODIES[api].parse(rendered(api, finding("image_missing"))).request_id is None


def escaped(names):
    """RFC 6901, section 3."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


@given(
    names=st.lists(
        st.text() | st.integers(0, 2**32).map(str) | st.sampled_from(["a.b", "x[0]", "`", "\\", "00", "7" * 5000])
    )
)
def test_a_pointer_comes_back_from_every_dialect_that_has_a_place_for_it(names):
    pointer = escaped(["media", *names])

    for api in BODIES.keys() - {"pearmedica"}:
        assert BODIES[api].parse(rendered(api, finding("image_corrupt", pointer=pointer))).pointer == pointer


@pytest.mark.parametrize("api", BODIES)
def test_a_name_that_is_no_unicode_is_no_crash(api):
    """JSON may have such an escape: RFC 8259, section 8.2."""
    assert rendered(api, finding("field_invalid", pointer="/\ud800"))
