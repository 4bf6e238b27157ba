"""Whatever an API answers, parsing it is no crash, and says nothing that the body does not say."""

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.bodies import BODIES, ParsedBody
from tests.bodies.examples import EXAMPLES

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(
        [10**4000, -1, "OperationOutcome", "body", "Patient.name", "2026-03-01", "9999-12-31T23:59:59-23:59"]
    )
)


def names_in(value):
    """The names of all members, however deep."""
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names_in(item)


NAMES = sorted({name for example in EXAMPLES for name in names_in(example.body)})
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner))


@st.composite
def mutilated(draw):
    """A documented body with one value in it put in place of another."""
    body = {"": copy.deepcopy(draw(st.sampled_from(EXAMPLES)).body)}
    parent, key = body, ""
    while parent[key] and isinstance(parent[key], dict | list) and draw(st.integers(0, 3)):
        parent = parent[key]
        key = draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else range(len(parent))))
    parent[key] = draw(JSON)
    return body[""]


@given(body=JSON | mutilated())
def test_no_json_makes_parsing_raise(body):
    for dialect in BODIES.values():
        parsed = dialect.parse(body)
        if parsed is None:
            continue

        assert isinstance(parsed, ParsedBody)
        assert all(isinstance(words, str) for words in (parsed.code, parsed.category, parsed.message))
        for seconds in (parsed.retry_after, parsed.reset):
            assert seconds is None or (type(seconds) is float and 0 <= seconds < math.inf)
        assert parsed.status is None or 100 <= parsed.status <= 599
        assert not parsed.pointer or parsed.pointer.startswith("/")


@pytest.mark.parametrize("api", BODIES)
def test_a_number_that_python_would_not_write_out_is_no_code(api):
    """Of more than 4300 digits: sys.get_int_max_str_digits()."""
    number = 10**5000
    bodies = [
        {"code": number, "message": "", "details": []},
        {"error": {"code": number, "message": "", "details": None}},
        {"detail": [{"loc": ["body", number], "msg": "", "type": ""}]},
        {"type": "about:blank", "title": "", "status": number},
    ]

    for parsed in filter(None, map(BODIES[api].parse, bodies)):
        assert (parsed.status, parsed.pointer, parsed.code) in [(None, None, ""), (None, None, "about:blank")]


WAITS = [(30, 30.0), (0, 0.0), (1.5, 1.5)] + [
    (strange, None) for strange in (-1, math.nan, math.inf, "30", True, None, [30], 10**400)
]


@pytest.mark.parametrize(("written", "seconds"), WAITS)
def test_a_wait_is_a_number_of_seconds_or_nothing(written, seconds):
    pearmedica = {"error": {"code": "INTERNAL_ERROR", "message": "", "details": {"retryAfter": written}}}
    neolens = {"error": {"code": 429, "message": "", "retry_after": written}}

    assert BODIES["pearmedica"].parse(pearmedica).retry_after == seconds
    assert BODIES["neolens"].parse(neolens).retry_after == seconds


@pytest.mark.parametrize(("written", "unix"), WAITS)
def test_telesofts_reset_is_unix_time(written, unix):
    body = {
        "error": {
            "type": "rate_limit_error",
            "code": "rate_limit_exceeded",
            "message": "",
            "details": {"reset": written},
        }
    }

    assert BODIES["telesoft"].parse(body).reset == unix


@pytest.mark.parametrize(
    ("written", "unix"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T01:01:00+01:00", 60.0),
        ("1970-01-01T00:01:00.250Z", 60.25),
        ("1970-01-01T00:01:00", 60.0),  # PearMedica's own has a zone; Z is the likeliest.
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("tomorrow", None),
        ("\ud800", None),
        (60, None),
    ],
)
def test_pearmedicas_reset_is_a_date(written, unix):
    body = {"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "", "details": {"reset": written}}}

    assert BODIES["pearmedica"].parse(body).reset == unix


@pytest.mark.parametrize(
    "body",
    [
        # OpenAI's and Anthropic's errors, which are shaped much as Telesoft's.
        {
            "error": {
                "message": "Incorrect API key",
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_api_key",
            }
        },
        {
            "error": {
                "message": "No data: prefix",
                "type": "invalid_request_error",
                "param": "url",
                "code": "invalid_value",
            }
        },
        {"type": "error", "error": {"type": "invalid_request_error", "message": "Too large"}, "request_id": "req_1"},
        # Azure Face's, and Amazon Rekognition's.
        {"error": {"code": "InvalidImageSize", "message": "Image size is too small."}},
        {"__type": "ImageTooLargeException", "message": "Too large"},
        # Perfect Corp's and Legit.Health's verdicts inside a 200.
        {"status": 200, "data": {"error": "error_no_face", "task_status": "error"}},
        {"mediaValidity": {"isValid": False}},
    ],
)
def test_the_bodies_of_other_apis_are_of_no_dialect(body):
    assert [api for api, dialect in BODIES.items() if dialect.parse(body) is not None] == []


@pytest.mark.parametrize(
    ("expression", "pointer"),
    [
        ("Patient.identifier[2].value", "/identifier/2/value"),
        ("payload[0].data", "/payload/0/data"),
        ("Media", ""),
        ("`a.b`.c", "/a.b/c"),
        ("Patient.name.where(use = 'usual')", None),
        ("http.Content-Type", None),
        ("", None),
    ],
)
def test_the_simple_fhirpaths_are_understood(expression, pointer):
    """hl7.org/fhir/R4/fhirpath.html#simple; `http.` is a header or parameter: operationoutcome-definitions.html."""
    issue = {"severity": "error", "code": "value", "expression": [expression]}

    assert BODIES["fhir"].parse({"resourceType": "OperationOutcome", "issue": [issue]}).pointer == pointer
