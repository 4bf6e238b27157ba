"""What an API's answer means: each status and code of the documents, waits, ids, and bodies that nobody can read."""

from __future__ import annotations

import base64
import codecs
import email.message
import gzip
import json
import math
import re
import types
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagegate
from imagegate.bodies import BODIES
from imagegate.causes import CAUSES
from imagegate.errors import APIS, ERRORS
from imagegate.explanation import KNOWN, LARGEST_BODY
from imagegate.words import LANGUAGES, say
from tests import test_cli
from tests.bodies.examples import EXAMPLES
from tests.bodies.schemas import FHIR
from tests.reports import finding, report
from tests.scenes import SHARP
from tests.test_cli import MISUSE, PASSED, lines_of

run = test_cli.run
PHOTO = base64.b64encode(SHARP).decode()

# The documents, by the file in shared/seeds: the statuses, and the codes with the status, that each names.
SEEDS = {
    "legit_health": ("000_914786e8987a3723.txt", [400, 401, 403, 404, 422, 429, 502, 503]),
    "telesoft": ("001_2996071d4adf40ee.txt", [400, 401, 403, 404, 422, 429, 500, 502, 503]),
    "pearmedica": ("002_05ddfd2821482d6d.txt", [429, 500, 503]),
    "neolens": ("003_5766c37ab7a1e737.txt", [400, 401, 403, 404, 409, 429, 500]),
    "google_rpc": ("004_e5184ef4d2e0fb0a.txt", [400, 401, 403, 429, 500, 502, 503, 504]),
}
# By each page: its own retries are of rate_limit_error, 502 and 503 (Telesoft), and of what is marked Retryable.
TELESOFT_CODES = {
    "authentication_error": {"invalid_api_key": False, "expired_token": False, "invalid_scope": False},
    "invalid_request_error": {"parameter_missing": False, "parameter_invalid": False, "json_parse_error": False},
    "rate_limit_error": {"rate_limit_exceeded": True, "concurrent_request_limit": True},
    "medical_data_error": {
        "medical_data_insufficient": False,
        "medical_data_inconsistent": False,
        "medical_term_unknown": False,
    },
    "internal_error": {"service_unavailable": True, "model_execution_error": False, "database_error": False},
}
PEARMEDICA_CODES = {
    "INVALID_REQUEST": False,
    "INSUFFICIENT_DATA": False,
    "INVALID_API_KEY": False,
    "QUOTA_EXCEEDED": False,
    "RESOURCE_NOT_FOUND": False,
    "RATE_LIMIT_EXCEEDED": True,
    "INTERNAL_ERROR": True,
    "AI_PROVIDER_UNAVAILABLE": True,
}
SERVICE_CODES = {
    *TELESOFT_CODES["internal_error"],
    "INTERNAL_ERROR",
    "AI_PROVIDER_UNAVAILABLE",
}


def telesoft(kind, code, **more):
    return {"error": {"type": kind, "code": code, "message": "Something.", **more}}


def pearmedica(code, **details):
    return {"error": {"code": code, "message": "Something.", "details": details}}


# The table of meanings


@pytest.mark.parametrize(
    ("api", "status"), [(api, status) for api, (_, statuses) in SEEDS.items() for status in statuses]
)
def test_each_status_of_the_documents_is_explained(api, status):
    error = imagegate.explain(status, api=api)

    assert (error.status, error.api) == (status, api)
    assert error.fault == ("caller" if status < 500 else "service")
    # Telesoft's example retries no 500; the others' pages name it.
    assert error.retryable == (status in {429, 502, 503, 504} or (status == 500 and api != "telesoft"))
    assert error.cause.endswith(".")
    assert error.advice.endswith(".")


@pytest.mark.parametrize(
    ("kind", "code", "retryable"),
    [(kind, code, again) for kind, codes in TELESOFT_CODES.items() for code, again in codes.items()],
)
def test_each_code_of_telesoft_is_explained(kind, code, retryable):
    error = imagegate.explain(None, telesoft(kind, code, requestId="req_1"))

    assert (error.api, error.code, error.request_id) == ("telesoft", code, "req_1")
    assert (error.fault, error.retryable) == ("service" if code in SERVICE_CODES else "caller", retryable)


@pytest.mark.parametrize("kind", TELESOFT_CODES)
def test_a_code_that_telesoft_does_not_document_is_explained_by_its_type(kind):
    known = imagegate.explain(None, telesoft(kind, kind, requestId="req_1"), api="telesoft")
    unknown = imagegate.explain(None, telesoft(kind, "brand_new", requestId="req_1"))

    assert (unknown.api, unknown.code, unknown.cause) == ("telesoft", "brand_new", known.cause)
    assert unknown.status is not None


@pytest.mark.parametrize(("code", "retryable"), PEARMEDICA_CODES.items())
def test_each_code_of_pearmedica_is_explained(code, retryable):
    error = imagegate.explain(None, pearmedica(code))

    assert (error.api, error.code) == ("pearmedica", code)
    assert (error.fault, error.retryable) == ("service" if code in SERVICE_CODES else "caller", retryable)


# hl7.org/fhir/R4/valueset-issue-type.html: what is below "transient" may be sent again; these two classes say nothing.
FHIR_CODES = FHIR["definitions"]["OperationOutcome_Issue"]["properties"]["code"]["enum"]
FHIR_VAGUE = {"processing", "informational"}
FHIR_TRANSIENT = {"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"}


def outcome(code, severity="error"):
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


@pytest.mark.parametrize("code", FHIR_CODES)
def test_each_issue_code_of_fhir_is_explained_and_counts_before_the_status(code):
    error = imagegate.explain(418, outcome(code))

    assert (error.api, error.code) == ("fhir", code)
    assert error.retryable == (code in FHIR_TRANSIENT)
    assert (error.cause == imagegate.explain(418).cause) == (code in FHIR_VAGUE)


@pytest.mark.parametrize("severity", ["warning", "information"])
def test_an_issue_of_fhir_that_only_warns_makes_no_error_of_a_success(severity):
    assert imagegate.explain(200, outcome("business-rule", severity)).fault is None
    assert imagegate.explain(200, outcome("business-rule")).fault == "caller"


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_each_documented_body_is_recognised(example):
    error = imagegate.explain(None, json.dumps(example.body))

    assert (error.api, error.request_id) == (example.api, example.parsed.request_id)
    assert error.unread is None


def test_what_is_listed_here_stands_in_the_documents(shared):
    if not (shared / "seeds").is_dir():
        pytest.skip(f"the documents are not in {shared}")
    listed = {
        "telesoft": [*TELESOFT_CODES, *(code for codes in TELESOFT_CODES.values() for code in codes)],
        "pearmedica": PEARMEDICA_CODES,
    }
    for api, (name, statuses) in SEEDS.items():
        document = (shared / "seeds" / name).read_text(encoding="utf-8")
        codes = listed.get(api, {})
        assert {int(number) for number in re.findall(r"\b[45][0-9]{2}\b", document)} == set(statuses)
        assert [code for code in codes if code not in document] == []
        assert [code for code in re.findall(r'"(?:code|type)": "(\w+)"', document) if code not in codes] == []


def test_every_api_of_the_documents_has_a_table_and_a_dialect():
    """Legit.Health's service is FastAPI's; which profile each has, or why none, docs/profiles.md says."""
    assert set(SEEDS) <= set(APIS)
    assert {"fastapi" if api == "legit_health" else api for api in SEEDS} <= set(BODIES)


def test_every_row_has_its_words_and_knows_its_causes():
    keys = [(row.api, row.code or row.status) for row in ERRORS]

    assert len(keys) == len(set(keys))
    assert all(row.cause.endswith(".") and row.advice.endswith(".") and row.source for row in ERRORS)
    assert {code for row in ERRORS for code in row.causes} <= CAUSES.keys()


def test_every_status_has_a_meaning():
    for status in [*range(100, 1000), *HTTPStatus]:
        error = imagegate.explain(status)

        assert (error.status, error.api, error.code, error.unread) == (status, None, None, None)
        assert (error.fault is None) == (status < 400)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599, 999])
def test_a_retry_helps_where_the_trouble_passes(status):
    assert imagegate.explain(status).retryable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 418, 422, 501, 505])
def test_a_retry_does_not_help_where_the_request_or_the_server_must_change(status):
    assert not imagegate.explain(status).retryable


@pytest.mark.parametrize("api", [None, "legit_health", "google_rpc", "neolens"])
@pytest.mark.parametrize(("status", "body"), [(None, None), (0, None), (0, b""), (None, " \n")])
def test_no_answer_at_all_is_the_networks_fault_and_a_retry_helps(api, status, body):
    error = imagegate.explain(status, body, api=api)

    assert (error.status, error.fault, error.retryable, error.api) == (None, "network", True, api)


def test_an_answer_of_which_nothing_is_known_is_nobodys_fault():
    error = imagegate.explain(None, "no JSON")

    assert (error.status, error.fault, error.retryable) == (None, None, False)
    assert error.unread


def test_a_status_that_the_body_states_stands_in_for_one_that_is_not_given():
    body = {"error": {"code": 401, "message": "Unauthorized: Invalid API key", "details": None}}

    assert imagegate.explain(None, body).status == 401
    assert imagegate.explain(403, body).status == 403


@pytest.mark.parametrize("api", BODIES)
def test_our_own_refusals_are_the_callers_to_mend(api):
    for code in CAUSES:
        status, headers, body = report(finding(code, severity="reject")).to_error(api)
        error = imagegate.explain(status, body, headers)

        assert (error.api, error.status, error.fault, error.retryable) == (api, status, "caller", False)
        if api == "problem":
            assert (error.code, error.causes, error.advice) == (code, (code,), CAUSES[code].advice)


# Waits. Telesoft's and PearMedica's examples are of 2021 and 2026; the Date header is the clock.

NOON = "Mon, 01 Mar 2026 12:00:00 GMT"
TELESOFT_429 = telesoft("rate_limit_error", "rate_limit_exceeded", requestId="req_5f9a2d7e8b3c")
TELESOFT_429["error"]["details"] = {"limit": 100, "remaining": 0, "reset": 1612345678}


def waited(headers, body=None, status=429):
    return imagegate.explain(status, body, {"Date": NOON, **headers}).retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 0 ", 0),
        ("1.5", 1.5),
        (30, 30),
        (b"30", 30),
        ("Mon, 01 Mar 2026 12:02:00 GMT", 120),
        ("Monday, 01-Mar-26 12:02:00 GMT", 120),
        ("Sun Mar  1 12:02:00 2026", 120),
        ("2026-03-01T12:02:00Z", 120),
        ("Mon, 01 Mar 2026 11:59:00 GMT", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    """RFC 9110, section 5.6.7: the three forms of a date; a date of before 2001 is a clock that was never set."""
    assert waited({"retry-AFTER": header}) == seconds


def test_without_a_date_header_a_date_is_held_against_this_machines_clock():
    assert imagegate.explain(503, headers={"Retry-After": "Sat, 06 Nov 2021 08:49:37 GMT"}).retry_after == 0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "-1",
        "soon",
        "NaN",
        "inf",
        "1e3",
        "9" * 5000,
        "99999999",
        "١٢",
        "Mon, 99 Foo 2026",
        "9999-12-31",
        "\0",
        "0x1F",
    ],
)
def test_a_wait_that_makes_no_sense_is_none(header):
    assert waited({"Retry-After": header}) is None
    assert waited({"X-RateLimit-Reset": header}) is None


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, -math.inf, 10**400, True, "30", None, [30], 1e300])
@pytest.mark.parametrize("name", ["retry_after", "retryAfter", "reset"])
def test_a_wait_in_a_body_that_makes_no_sense_is_none(name, value):
    assert waited({}, {name: value}) is None
    assert waited({}, pearmedica("RATE_LIMIT_EXCEEDED", **{name: value})) is None


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {"error": {"code": 429, "message": "Too Many Requests: Rate limit exceeded", "retry_after": 60}}, 60),
        (
            {},
            pearmedica("RATE_LIMIT_EXCEEDED", limit=100, remaining=0, reset="2026-03-01T12:01:00Z", retryAfter=42),
            42,
        ),
        ({}, pearmedica("RATE_LIMIT_EXCEEDED", limit=100, remaining=0, reset="2026-03-01T12:01:00Z"), 60),
        ({}, TELESOFT_429, 0),
        ({"X-RateLimit-Reset": "1772366460"}, TELESOFT_429, 60),
        ({"X-RateLimit-Reset": "2026-03-01T12:01:00+00:00"}, None, 60),
        ({"X-RateLimit-Reset": "2026-03-01T12:01:00"}, None, 60),
        ({"X-RateLimit-Reset": "60"}, None, None),
        ({"Retry-After": "30", "X-RateLimit-Reset": "1612345678"}, TELESOFT_429, 30),
        ({"Retry-After": "soon"}, {"retry_after": 5}, 5),
        ({"Retry-After": "7"}, {"retry_after": 5}, 7),
        ({}, {"message": "You are being rate limited.", "retry_after": 0.3}, 0.3),
        ({}, {"error": {"details": {"reset": "2026-03-01T12:01:00Z"}}}, 60),
    ],
)
def test_the_first_wait_that_is_stated_counts(headers, body, seconds):
    """Examples of Telesoft, Neolens and PearMedica; then what others write."""
    assert waited(headers, body) == seconds


@pytest.mark.parametrize("status", [200, 400, 401, 500, 503])
def test_when_a_limit_is_reset_says_nothing_about_other_troubles(status):
    assert waited({"X-RateLimit-Reset": "1772366460"}, {"reset": 1772366460}, status) is None


@pytest.mark.parametrize(("status", "before"), [(413, False), (403, False), (503, True)])
def test_a_wait_makes_a_retry_worth_while_where_no_document_says_else(status, before):
    """RFC 9110, section 15.5.14: a 413 that says when to come back is temporary."""
    assert imagegate.explain(status).retryable == before
    assert imagegate.explain(status, headers={"Retry-After": "30"}).retryable
    assert not imagegate.explain(403, headers={"Retry-After": "30"}, api="neolens").retryable


# Headers and ids

MESSAGE = email.message.Message()
MESSAGE["X-Request-Id"], MESSAGE["Retry-After"] = "abc-1", "9"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-request-id": "abc-1", "retry-after": "9"},
        {"X-REQUEST-ID": "abc-1", "Retry-After": 9},
        [("X-Request-Id", "abc-1"), ("Retry-After", "9"), ("Retry-After", "99")],
        ((b"X-Request-Id", b"abc-1"), (b"Retry-After", b"9")),
        types.MappingProxyType({"X-Request-ID": " abc-1 ", "Retry-After": "9"}),
        MESSAGE,
    ],
)
def test_headers_come_as_http_libraries_give_them(headers):
    error = imagegate.explain(429, headers=headers)

    assert (error.request_id, error.retry_after) == ("abc-1", 9)


@pytest.mark.parametrize("name", ["X-Request-ID", "Request-Id", "x-amzn-RequestId", "apim-request-id"])
def test_a_request_id_stands_in_the_headers_of_many_apis(name):
    assert imagegate.explain(500, headers={name: "1-5759e988"}).request_id == "1-5759e988"


def test_the_bodys_request_id_counts_before_the_headers():
    assert imagegate.explain(429, TELESOFT_429, {"X-Request-Id": "proxy"}).request_id == "req_5f9a2d7e8b3c"
    assert imagegate.explain(500, {"meta": {"request_id": "r-1"}}, {"X-Request-Id": "proxy"}).request_id == "r-1"


# Bodies that cannot be read

UNREADABLE = {
    "HTML": (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "HTML"),
    "HTML behind a byte order mark": ("\ufeff  <html>", "HTML"),
    "no JSON": ("upstream connect error", "not JSON"),
    "a truncated body": (b'{"error": {"code": "RATE_LIM', "breaks off"),
    "a body cut in a letter": ('{"error": "\xe9'.encode()[:-1], "not UTF-8"),
    "Latin-1": ('{"error": "caf\xe9"}'.encode("latin-1"), "not UTF-8"),
    "a lone surrogate": ('{"error": "\ud800"}', "not UTF-8"),
    "gzip": (gzip.compress(b"{}"), "compressed"),
    "a picture": (SHARP, "not UTF-8"),
    "deep nesting": (b"[" * 100_000, "nested too deeply"),
    "many values": (b"[" + b"[]," * 100_000 + b"[]]", "more than 200,000 values"),
    "a huge body": (b" " * LARGEST_BODY + b"{}", "longer than 16 MiB"),
    "NaN": (b'{"retry_after": NaN}', "not JSON"),
    "JSON of nobody known": (b'{"oops": 1}', "not as any API that is known"),
}


@pytest.mark.parametrize(("body", "why"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_body_that_cannot_be_read_leaves_the_status_and_is_said(body, why, kind):
    error = imagegate.explain(503, kind(body) if isinstance(body, bytes) else body, {"Retry-After": "5"})

    assert why in error.unread
    assert (error.fault, error.retryable, error.retry_after, error.code) == ("service", True, 5, None)


@pytest.mark.parametrize("body", [None, "", b"", " \r\n", "\ufeff", {}, b"null"])
def test_no_body_leaves_nothing_unread(body):
    error = imagegate.explain(503, body)

    assert error.unread is None or body == {}
    assert error.fault == "service"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_read_in_its_encodings(encoding):
    body = json.dumps(pearmedica("QUOTA_EXCEEDED")).encode(encoding)

    assert imagegate.explain(403, body).code == "QUOTA_EXCEEDED"


def test_a_body_is_read_whatever_it_comes_as():
    plain = pearmedica("QUOTA_EXCEEDED")
    text = json.dumps(plain)
    ways = [plain, types.MappingProxyType(plain), text, text.encode(), bytearray(text.encode())]

    assert len({imagegate.explain(403, way) for way in ways}) == 1


def test_a_named_api_counts_even_where_its_body_cannot_be_read():
    error = imagegate.explain(422, "<html>", api="neolens")

    assert error.api == "neolens"
    assert "not sure" in error.cause


ECHOES = [
    {"error": {"type": "rate_limit_error", "code": PHOTO, "message": PHOTO, "requestId": PHOTO, "param": PHOTO}},
    {"error": {"type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "", "requestId": PHOTO[:90]}},
    {"error": {"code": "A" * 200, "message": PHOTO}},
    {"title": PHOTO, "type": PHOTO, "detail": PHOTO, "requestId": PHOTO},
    {"type": f"data:image/jpeg;base64,{PHOTO[:20]}", "title": "x"},
    {"detail": [{"type": "value_error", "loc": ["body", PHOTO], "msg": PHOTO, "input": PHOTO}]},
    {"data": {"task_status": "error", "error": PHOTO, "error_message": PHOTO}},
    {"output": {"error": PHOTO, "status_code": 422}},
    {"requestId": PHOTO, "retry_after": PHOTO},
    PHOTO,
    SHARP,
]


@pytest.mark.parametrize("body", ECHOES)
@pytest.mark.parametrize("status", [None, 200, 422, 429])
def test_nothing_of_a_photo_that_an_answer_echoes_is_kept(status, body):
    error = imagegate.explain(status, body, {"X-Request-Id": PHOTO, "Retry-After": PHOTO})
    said = error.to_json() + repr(error)

    assert not any(PHOTO[at : at + 12] in said for at in range(300))
    assert "data:" not in said


# Rejections inside a 200


def valid(**flags):
    """As Legit.Health's PHP SDK reads it (MediaValidity)."""
    quality, domain = flags.get("quality", True), flags.get("domain", True)
    return {
        "quality": {"acceptable": quality, "score": 66.0, "interpretation": "Good"},
        "domain": {"isDermatological": domain, "additionalData": {"aiConfidence": {"value": 95.2}}},
        "modality": {"value": "clinical"},
        "isValid": quality and domain,
    }


def older(quality, domain):
    """apidocs.legit.health, output, domain validator."""
    metrics = {"hasEnoughQuality": quality, "isDermatologyDomain": domain}
    return {"mediaValidity": {"isValid": quality and domain, "metrics": metrics, "score": 66.0}}


def series(quality, domain):
    """The PHP SDK's first versions."""
    metrics = {"quality": {"isValid": quality}, "domain": {"isValid": domain}}
    validity = {"isValid": quality and domain, "metrics": metrics}
    return {"imagingStudySeries": [{"media": {"modality": "Clinical", "validity": validity}}]}


INSIDE = [
    (older(False, True), "legit_health", "hasEnoughQuality", "image_blurred"),
    (older(True, False), "legit_health", "isDermatologyDomain", "no_skin_visible"),
    ({"mediaValidity": valid(quality=False)}, "legit_health", "quality.acceptable", "underexposed"),
    ({"mediaValidity": valid(domain=False)}, "legit_health", "domain.isDermatological", "no_skin_visible"),
    ({"mediaValidity": {"isValid": False}}, "legit_health", "isValid", None),
    (series(False, True), "legit_health", "quality.acceptable", "glare"),
    (series(True, False), "legit_health", "domain.isDermatological", "no_skin_visible"),
    (
        {"status": 200, "data": {"task_status": "error", "error": "error_below_min_image_size"}},
        "perfect_corp",
        "error_below_min_image_size",
        "resolution_too_low",
    ),
    (
        {"data": {"task_status": "error", "error": "exceed_max_filesize"}},
        "perfect_corp",
        "exceed_max_filesize",
        "file_too_large",
    ),
    ({"data": {"task_status": "error", "error": "error_no_face"}}, "perfect_corp", "error_no_face", None),
    ({"data": {"task_status": "error", "error": "brand_new"}}, "perfect_corp", "error", None),
    (
        {"status": "SUCCESS", "output": {"error": "Failed to read Image", "status_code": 422}},
        "glamar",
        "Failed to read Image",
        "image_corrupt",
    ),
    ({"output": {"error": "No face detected"}}, "glamar", "No face detected", None),
    ({"output": {"error": "Brand new.", "status_code": 422}}, "glamar", "error", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "api", "code", "cause"), INSIDE)
@pytest.mark.parametrize("status", [200, None])
def test_a_rejection_inside_a_success_is_recognised(status, body, api, code, cause):
    error = imagegate.explain(status, json.dumps(body))

    assert (error.status, error.api, error.code, error.retryable) == (200, api, code, False)
    assert error.fault is not None
    assert (cause in error.causes) if cause else (error.causes == ())


def test_the_first_picture_that_is_not_valid_is_named():
    pictures = [{"mediaValidity": valid()}, {"mediaValidity": valid(domain=False)}]
    error = imagegate.explain(200, {"resourceType": "DiagnosticReport", "imagingAnalysis": pictures})

    assert (error.code, error.pointer) == ("domain.isDermatological", "/payload/1/contentAttachment/data")


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"result": 1},
        {"mediaValidity": valid()},
        older(True, True),
        {"data": {"task_status": "success", "results": []}},
        {"output": {"skin": {}}, "status": "SUCCESS"},
        {"output": {"error": "something of another API"}},
        {"title": "A page", "type": "article"},
        {"error": None, "data": 1},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_without_one_is_a_success(status, body):
    error = imagegate.explain(status, body)

    assert (error.fault, error.retryable, error.unread) == (None, False, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (TELESOFT_429, "rate_limit_exceeded"),
        (pearmedica("RATE_LIMIT_EXCEEDED"), "RATE_LIMIT_EXCEEDED"),
        ({"error": {"code": 429, "message": "Too Many Requests", "retry_after": 60}}, "429"),
    ],
)
def test_an_error_inside_a_success_is_that_error(body, code):
    error = imagegate.explain(200, body, report=TAKEN)

    assert (error.status, error.code, error.fault, error.retryable) == (200, code, "caller", True)
    assert error.agrees is None


def test_legit_healths_advice_on_unclear_results_comes_with_its_success():
    """Technical troubleshooting, Unclear or unexpected results."""
    assert "more angles" in imagegate.explain(200, {"mediaValidity": valid()}).advice


def test_a_task_under_way_is_to_be_asked_for_again():
    error = imagegate.explain(200, {"status": 200, "data": {"task_status": "running"}})

    assert (error.fault, error.retryable) == (None, True)


# The reverse check

TAKEN = report()
POOR = report("image_blurred")
DAMAGED = report("image_corrupt")
SKINLESS = report(finding("no_skin_visible", severity="reject"))
DATA_URI = {
    "detail": [
        {
            "type": "value_error",
            "msg": "Value error, Only base64 data is allowed",
            "loc": ["body", "payload", 0, "contentAttachment", "data"],
        }
    ]
}
TABLE = [
    # status, body: the gate passes, rejects with 422 for blur, with 400 for damage
    (None, None, None, None, None),
    (401, None, None, None, None),
    (404, None, None, None, None),
    (409, None, None, None, None),
    (429, TELESOFT_429, None, None, None),
    (500, None, None, None, None),
    (503, None, None, None, None),
    (202, None, None, None, None),
    (304, None, None, None, None),
    (200, {"data": {"task_status": "running"}}, None, None, None),
    (200, "<html>", None, None, None),
    (200, None, True, False, False),
    (200, {"result": 1}, True, False, False),
    (200, older(True, True), True, False, False),
    (200, older(False, True), False, True, False),
    (200, older(True, False), False, False, False),
    (200, {"mediaValidity": {"isValid": False}}, False, True, True),
    (200, {"data": {"task_status": "error", "error": "error_decode_image"}}, False, False, True),
    (200, {"data": {"task_status": "error", "error": "error_no_face"}}, False, True, True),
    (400, None, False, False, True),
    (400, "<html>", False, False, True),
    (422, None, False, True, False),
    (422, DATA_URI, False, False, False),
    (413, None, False, False, False),
    (415, None, None, None, None),
    (400, telesoft("invalid_request_error", "parameter_missing"), None, None, None),
    (400, telesoft("invalid_request_error", "parameter_invalid"), False, False, True),
    (403, pearmedica("QUOTA_EXCEEDED"), None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "taken", "poor", "damaged"), TABLE)
def test_the_gate_agrees_as_the_table_says(status, body, taken, poor, damaged):
    agrees = [imagegate.explain(status, body, report=verdict).agrees for verdict in (TAKEN, POOR, DAMAGED)]

    assert agrees == [taken, poor, damaged]
    assert imagegate.explain(status, body).agrees is None


def test_a_picture_without_skin_is_the_one_that_is_not_dermatological():
    assert imagegate.explain(200, {"mediaValidity": valid(domain=False)}, report=SKINLESS).agrees is True


def test_a_warning_is_no_rejection():
    warned = report(finding("image_blurred", severity="warn"))

    assert imagegate.explain(200, older(False, True), report=warned).agrees is False
    assert imagegate.explain(200, older(True, True), report=warned).agrees is True


def test_a_verdict_on_the_request_agrees_with_a_refusal_of_the_request():
    class Verdict:
        ok, status, findings = False, 400, (finding("field_missing"),)

    refused = telesoft("invalid_request_error", "parameter_missing")

    assert imagegate.explain(400, refused, report=Verdict()).agrees is True


# Misuse, and everything else


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "named"),
    [
        (("429",), {}, TypeError, "status"),
        ((True,), {}, TypeError, "status"),
        ((429.0,), {}, TypeError, "status"),
        ((42,), {}, ValueError, "status"),
        ((-1,), {}, ValueError, "status"),
        ((1000,), {}, ValueError, "status"),
        ((429, 3.5), {}, TypeError, "body"),
        ((429, None, "Retry-After: 30"), {}, TypeError, "headers"),
        ((429, None, ["Retry-After: 30"]), {}, TypeError, "headers"),
        ((429, None, {"Retry-After": object()}), {}, TypeError, "headers"),
        ((429, None, 7), {}, TypeError, "headers"),
        ((429,), {"api": "telesfot"}, ValueError, "api must be one of .*'telesoft'"),
        ((429,), {"report": "ok"}, TypeError, "report"),
        ((429,), {"lang": None}, TypeError, "lang"),
    ],
)
def test_misuse_is_named(arguments, options, kind, named):
    with pytest.raises(kind, match=named):
        imagegate.explain(*arguments, **options)


WORDS = ["error", "code", "type", "message", "details", "requestId", "retryAfter", "retry_after", "reset", "detail",
         "loc", "msg", "title", "mediaValidity", "metrics", "isValid", "data", "task_status", "output", "status_code",
         "status", "issue", "resourceType", "imagingAnalysis", "quality", "acceptable"]  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["running", "429", "rate_limit_exceeded", "OperationOutcome", "RATE_LIMIT_EXCEEDED"])
)


def containers(inner):
    return st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(WORDS) | st.text(max_size=9), inner, max_size=6
    )


DECODED = containers(st.recursive(LEAVES, containers, max_leaves=20))
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "X-RateLimit-Reset", "X-Request-Id"]) | st.text(max_size=9),
    st.text(max_size=80) | st.integers() | st.binary(max_size=40) | st.datetimes().map(str),
)
BODY = st.binary() | st.text() | DECODED | st.none()


@given(st.none() | st.just(0) | st.integers(100, 999), BODY, HEADERS, st.none() | st.sampled_from(KNOWN))
def test_whatever_is_answered_is_explained(status, body, headers, api):
    error = imagegate.explain(status, body, headers, api=api, report=POOR)

    assert error.cause
    assert error.fault in {"caller", "service", "network", None}
    assert error.retry_after is None or 0 <= error.retry_after <= 366 * 86400
    assert json.loads(error.to_json(), parse_constant=pytest.fail) == error.to_dict()
    for said in (error.code, error.request_id, error.pointer):
        assert said is None or (said.isprintable() and 0 < len(said) <= 100)


# Languages


@pytest.mark.parametrize("lang", ["es", "fr", "de"])
def test_an_explanation_comes_in_the_language_asked_for_and_else_says_the_same(lang):
    for body in (TELESOFT_429, b"<html>", POOR.to_error()[2]):
        english = imagegate.explain(429, body, report=POOR)
        foreign = imagegate.explain(429, body, report=POOR, lang=f"{lang}-XX, en;q=0.5").to_dict()

        for name, said in english.to_dict().items():
            assert (foreign[name] != said) == (name in {"cause", "advice", "unread"} and said is not None)


def test_an_explanation_is_in_the_words_of_its_language():
    """As its files have them; a number in a sentence too."""
    error = imagegate.explain(503, b" " * LARGEST_BODY + b"{}", lang="fr")

    assert error.cause == "Le service est surchargé ou en maintenance."
    assert error.unread == "Le corps dépasse 16 Mio et n\u2019a pas été lu."
    status, headers, body = POOR.to_error()
    assert imagegate.explain(status, body, headers, lang="de").cause == "Das Bild ist unscharf."


def test_advice_is_one_sentence_that_ends():
    for row in ERRORS:
        for lang in LANGUAGES:
            said = say(row.advice, lang)
            assert re.fullmatch(r"[A-ZÉ].*[^.!?]\.", said), said
            assert not re.search(r"[.!?] ", said), said


# The command


def test_the_command_explains_itself_and_loads_no_decoder(run):
    assert "--header" in run("explain", "--help").out

    test_cli.test_commands_that_read_no_picture_load_neither_numba_nor_opencv(["explain", "--status", "429"])


@pytest.fixture
def saved(tmp_path):
    def save(content, name="answer.json"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return tmp_path / name

    return save


def test_the_command_says_why_that_a_retry_helps_and_when(run, saved):
    result = run("explain", "--status", "429", "--header", "Retry-After: 30", saved(TELESOFT_429))

    assert (result.code, result.err) == (PASSED, "")
    assert "rate limit" in result.out
    assert "helps, after 30 seconds" in result.out
    assert "req_5f9a2d7e8b3c" in result.out


def test_the_command_takes_a_language(run, saved):
    file = saved(TELESOFT_429)
    printed = run("explain", "--status", "429", "--lang", "es-MX, en;q=0.5", file).out
    (found,) = lines_of(run("explain", "--status", "429", "--lang", "de", "--json", file).out)

    assert "Se enviaron más solicitudes" in printed
    assert found["cause"] == "Es wurden mehr Anfragen gesendet, als das Rate-Limit erlaubt."


def test_the_commands_json_is_the_explanation_and_its_source(run, saved):
    file = saved(TELESOFT_429)
    (found,) = lines_of(run("explain", "--json", "--status", "429", "--header", "Retry-After: 30", file).out)
    error = imagegate.explain(429, TELESOFT_429, {"Retry-After": "30"})

    assert found == {"source": str(file), **json.loads(error.to_json())}


def test_a_status_alone_and_standard_input_are_explained(run):
    assert "gateway" in run("explain", "--status", "502").out
    assert "HTML" in run("explain", "--status", "502", "-", stdin=b"<html>").out
    assert run("explain", "--status", "502", "-", stdin=b"{}").out.startswith("standard input: 502")
    assert "connection failed" in run("explain", "--status", "0").out
    assert "status unknown" in run("explain", "-", stdin=b"upstream connect error").out


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_response_with_its_headers_is_read_as_curl_saves_it(run, saved, end):
    body = json.dumps(pearmedica("RATE_LIMIT_EXCEEDED"))
    lines = ["HTTP/1.1 100 Continue", "", "HTTP/2 429", "retry-after: 12", "x-request-id: r-1", "", body]
    file = saved(end.join(lines).encode(), "response.txt")

    for options, status, wait in ([], 429, 12), (["--status", "503", "--header", "Retry-After: 5"], 503, 5):
        (found,) = lines_of(run("explain", "--json", *options, file).out)
        assert (found["status"], found["retry_after"]) == (status, wait)
        assert (found["api"], found["request_id"]) == ("pearmedica", "r-1")


def entry(status, body="", headers=(), **content):
    lines = [{"name": name, "value": value} for name, value in headers]
    sent = {"method": "POST", "url": f"data:image/jpeg;base64,{PHOTO}", "postData": {"text": PHOTO}}
    return {"request": sent, "response": {"status": status, "headers": lines, "content": {"text": body, **content}}}


def har(*entries):
    """HAR 1.2."""
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}}


def test_each_error_and_each_rejection_inside_of_a_har_file_is_explained(run, saved):
    hidden = base64.b64encode(json.dumps(older(False, True)).encode()).decode()
    file = saved(
        har(
            entry(200, json.dumps(older(True, True))),
            entry(200, hidden, encoding="base64"),
            entry(304),
            entry(429, json.dumps(TELESOFT_429), [("Retry-After", "30")]),
            entry(0),
        ),
        "session.har",
    )
    result = run("explain", "--json", file)
    found = lines_of(result.out)

    assert [each["source"] for each in found] == [f"{file}#/log/entries/{index}" for index in (1, 3, 4)]
    assert [each["status"] for each in found] == [200, 429, None]
    assert [each["code"] for each in found] == ["hasEnoughQuality", "rate_limit_exceeded", None]
    assert found[1]["retry_after"] == 30
    assert PHOTO[:12] not in result.out + run("explain", file).out


def test_what_is_broken_in_a_har_file_is_left_out_and_said(run, saved):
    entries = [{"response": "gone"}, entry("429"), entry(500, "!", encoding="base64"), entry(-1), entry(503, None)]
    file = saved(codecs.BOM_UTF8 + json.dumps(har(*entries)).encode())
    result = run("explain", "--json", file)

    assert [each["status"] for each in lines_of(result.out)] == [None, 503]
    assert [line.split("entries/")[1][0] for line in result.err.splitlines()] == ["0", "1", "2"]


def test_a_har_file_without_an_error_says_so(run, saved):
    assert "No answer is an error" in run("explain", saved(har(entry(200)))).out
    assert run("explain", "--json", saved(har())).out == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "give FILE, or --status"),
        (["--status", "42"], "status"),
        (["--status", "429", "--header", "Retry-After 30"], "--header"),
        (["--status", "429", "--header", ": 30"], "--header"),
        (["--status", "429", "--api", "telesfot"], "telesoft"),
        (["missing.json"], "no file missing.json"),
    ],
)
def test_misuse_of_the_command_exits_with_2_and_one_line(run, arguments, named):
    result = run("explain", *arguments)

    assert (result.code, result.out) == (MISUSE, "")
    assert named in result.err
    assert result.err.count("\n") == 1


def test_options_of_one_answer_do_not_fit_a_har_file(run, saved):
    assert run("explain", "--status", "429", saved(har(entry(429)))).code == MISUSE
