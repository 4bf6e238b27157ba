"""The error bodies that APIs document, and by hand what each says: the code under test has no part in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from imagegate.bodies import ParsedBody, Refusal
from imagegate.causes import CAUSES, Finding


class Example(NamedTuple):
    """One documented body.

    Attributes:
        api: Its dialect.
        source: The seed's file name, else where it stands.
        body: The body.
        parsed: What it says.
        refusal: The refusal that is to be rendered so, where imagegate would answer it.
        unsaid: Paths in the body of what a refusal does not know: the API's own fields.
        added: Paths in the rendered body of what the example does not have.
    """

    api: str
    source: str
    body: dict[str, Any]
    parsed: ParsedBody
    refusal: Refusal | None = None
    unsaid: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def refused(code: str, message: str, status: int, request_id: str | None = None, **more: Any) -> Refusal:
    """A refusal for one finding."""
    finding = Finding(cause=CAUSES[code], status=status, severity="reject", message=message, **more)
    return Refusal(status=status, findings=(finding,), request_id=request_id)


TELESOFT = "001_2996071d4adf40ee.txt"
PEARMEDICA = "002_05ddfd2821482d6d.txt"
NEOLENS = "003_5766c37ab7a1e737.txt"
UNNAMED = "004_e5184ef4d2e0fb0a.txt"
# What the page of the unnamed API writes in braces, and what stands here for it.
BLANKS = {"{{Error number}}": "3", "{{Error message}}": '"Something is wrong with your request"'}

EXAMPLES = (
    Example(
        "telesoft",
        TELESOFT,
        {
            "error": {
                "type": "invalid_request_error",
                "code": "parameter_missing",
                "message": "Required parameter 'patientData.age' is missing",
                "param": "patientData.age",
                "requestId": "req_7f9a2d7e8b3c",
                "details": {
                    "requiredFields": ["age", "sex", "symptoms"],
                    "providedFields": ["sex", "symptoms"],
                },
                "documentation": "/waitlist",
            }
        },
        ParsedBody(
            code="parameter_missing",
            category="invalid_request_error",
            message="Required parameter 'patientData.age' is missing",
            request_id="req_7f9a2d7e8b3c",
            pointer="/patientData/age",
        ),
        refused(
            "field_missing",
            "Required parameter 'patientData.age' is missing",
            400,
            "req_7f9a2d7e8b3c",
            pointer="/patientData/age",
        ),
        unsaid=("error.documentation", "error.details.requiredFields", "error.details.providedFields"),
        added=("error.details.recommendations",),
    ),
    Example(
        "telesoft",
        TELESOFT,
        {
            "error": {
                "type": "medical_data_error",
                "code": "medical_data_insufficient",
                "message": "Insufficient medical data to perform diagnostic analysis",
                "requestId": "req_3f9a2d7e8b3c",
                "details": {
                    "requiredFields": ["age", "sex", "symptoms"],
                    "missingFields": ["symptoms"],
                    "recommendations": "Provide at least 3 symptoms for accurate diagnosis",
                },
            }
        },
        ParsedBody(
            code="medical_data_insufficient",
            category="medical_data_error",
            message="Insufficient medical data to perform diagnostic analysis",
            request_id="req_3f9a2d7e8b3c",
        ),
        refused(
            "image_blurred",
            "Insufficient medical data to perform diagnostic analysis",
            422,
            "req_3f9a2d7e8b3c",
            hint="Provide at least 3 symptoms for accurate diagnosis",
        ),
        unsaid=("error.details.requiredFields", "error.details.missingFields"),
    ),
    Example(
        "telesoft",
        TELESOFT,
        {
            "error": {
                "type": "rate_limit_error",
                "code": "rate_limit_exceeded",
                "message": "Rate limit exceeded for diagnostics.analyze",
                "requestId": "req_5f9a2d7e8b3c",
                "details": {"limit": 100, "remaining": 0, "reset": 1612345678},
            }
        },
        ParsedBody(
            code="rate_limit_exceeded",
            category="rate_limit_error",
            message="Rate limit exceeded for diagnostics.analyze",
            request_id="req_5f9a2d7e8b3c",
            reset=1612345678.0,
        ),
    ),
    Example(
        "telesoft",
        TELESOFT,
        {
            "error": {
                "type": "authentication_error",
                "code": "invalid_api_key",
                "message": "Invalid API key provided",
                "requestId": "req_2f9a2d7e8b3c",
            }
        },
        ParsedBody(
            code="invalid_api_key",
            category="authentication_error",
            message="Invalid API key provided",
            request_id="req_2f9a2d7e8b3c",
        ),
    ),
    Example(
        "telesoft",
        "Telesoft, API reference: the envelope with meta.request_id",
        {
            "error": {"type": "internal_error", "code": "database_error", "message": "Try again later"},
            "meta": {"request_id": "req_2f9a2d7e8b3c"},
        },
        ParsedBody(
            code="database_error",
            category="internal_error",
            message="Try again later",
            request_id="req_2f9a2d7e8b3c",
        ),
    ),
    Example(
        "pearmedica",
        PEARMEDICA,
        {
            "error": {
                "code": "RATE_LIMIT_EXCEEDED",
                "message": "Rate limit exceeded. Max 100 requests per minute.",
                "details": {"limit": 100, "remaining": 0, "reset": "2026-03-01T12:01:00Z", "retryAfter": 42},
            }
        },
        ParsedBody(
            code="RATE_LIMIT_EXCEEDED",
            message="Rate limit exceeded. Max 100 requests per minute.",
            retry_after=42.0,
            reset=1772366460.0,  # date -u -d 2026-03-01T12:01:00Z +%s
        ),
    ),
    Example(
        "neolens",
        NEOLENS,
        {"error": {"code": 401, "message": "Unauthorized: Invalid API key", "details": None}},
        ParsedBody(code="401", message="Unauthorized: Invalid API key", status=401),
    ),
    Example(
        "neolens",
        NEOLENS,
        {"error": {"code": 429, "message": "Too Many Requests: Rate limit exceeded", "retry_after": 60}},
        ParsedBody(code="429", message="Too Many Requests: Rate limit exceeded", status=429, retry_after=60.0),
    ),
    Example(
        "neolens",
        NEOLENS,
        {
            "error": {
                "code": 400,
                "message": "Bad Request: Missing required field 'image_data'",
                "details": {"field": "image_data", "issue": "This field is required."},
            }
        },
        ParsedBody(
            code="400",
            message="Bad Request: Missing required field 'image_data'",
            status=400,
            pointer="/image_data",
        ),
        refused(
            "field_missing",
            "Missing required field 'image_data'",
            400,
            pointer="/image_data",
            hint="This field is required.",
        ),
    ),
    Example(
        "neolens",
        "github.com/berangeregallais/neolens-docs, docs/2-api-reference/error-handling.md",
        {
            "status": "error",
            "timestamp": "2025-07-24T11:30:12Z",
            "error": {
                "code": 403,
                "message": "Access denied: missing scope 'scans:write'.",
                "details": "Your token does not grant write permissions for scans.",
            },
        },
        ParsedBody(code="403", message="Access denied: missing scope 'scans:write'.", status=403),
    ),
    Example(
        "google_rpc",
        UNNAMED,
        {"code": 3, "message": "Something is wrong with your request", "details": []},
        ParsedBody(code="3", message="Something is wrong with your request"),
        refused("field_invalid", "Something is wrong with your request", 400),
        unsaid=("details",),
        added=("details",),
    ),
    Example(
        "google_rpc",
        "google/rpc/error_details.proto: BadRequest, RetryInfo and RequestInfo, in protobuf's JSON",
        {
            "code": 8,
            "message": "Quota exceeded",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"field": "emailAddresses[3].type[2]", "description": "Given twice"}],
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.500s"},
                {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "r-1"},
            ],
        },
        ParsedBody(
            code="8", message="Quota exceeded", request_id="r-1", retry_after=3.5, pointer="/emailAddresses/3/type/2"
        ),
    ),
    Example(
        "google_rpc",
        "cloud.google.com/apis/design/errors, HTTP mapping",
        {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": []}},
        ParsedBody(code="400", category="INVALID_ARGUMENT", message="API key not valid.", status=400),
    ),
    Example(
        "fastapi",
        "Legit.Health, PHP SDK, tests/DiagnosisSupportTest.php",
        {
            "detail": [
                {
                    "type": "value_error",
                    "msg": "Value error, Only base64 data is allowed",
                    "loc": ["body", "payload", 0, "contentAttachment", "data"],
                }
            ]
        },
        ParsedBody(
            code="value_error",
            message="Value error, Only base64 data is allowed",
            pointer="/payload/0/contentAttachment/data",
        ),
        refused("data_uri_forbidden", "Only base64 data is allowed", 422, pointer="/payload/0/contentAttachment/data"),
        added=("detail.0.ctx",),
    ),
    Example(
        "fastapi",
        "fastapi.tiangolo.com/tutorial/handling-errors: RequestValidationError",
        {
            "detail": [
                {
                    "loc": ["path", "item_id"],
                    "msg": "value is not a valid integer",
                    "type": "type_error.integer",
                }
            ]
        },
        ParsedBody(code="type_error.integer", message="value is not a valid integer"),
    ),
    Example(
        "fastapi",
        "fastapi/routing.py: a body that is not JSON; the number is the decoder's position in the text",
        {
            "detail": [
                {
                    "type": "json_invalid",
                    "loc": ["body", 17],
                    "msg": "JSON decode error",
                    "input": {},
                    "ctx": {"error": "Expecting value"},
                }
            ]
        },
        ParsedBody(code="json_invalid", message="JSON decode error", pointer=""),
    ),
    Example(
        "fastapi",
        "fastapi.tiangolo.com/tutorial/handling-errors: HTTPException",
        {"detail": "Item not found"},
        ParsedBody(message="Item not found"),
    ),
    Example(
        "fhir",
        "hl7.org/fhir/R4/operationoutcome-example-validationfail.json, without its narrative",
        {
            "resourceType": "OperationOutcome",
            "id": "validationfail",
            "issue": [
                {
                    "severity": "error",
                    "code": "structure",
                    "details": {"text": 'Error parsing resource XML (Unknown Content "label"'},
                    "location": ["/f:Patient/f:identifier"],
                    "expression": ["Patient.identifier"],
                }
            ],
        },
        ParsedBody(
            code="structure", message='Error parsing resource XML (Unknown Content "label"', pointer="/identifier"
        ),
    ),
    Example(
        "fhir",
        "FHIR STU3: a warning before the error, and a location in XPath, which counts from one",
        {
            "resourceType": "OperationOutcome",
            "issue": [
                {"severity": "warning", "code": "business-rule", "diagnostics": "No narrative"},
                {
                    "severity": "error",
                    "code": "code-invalid",
                    "diagnostics": "Unknown code",
                    "location": ["/f:Patient/f:name[2]/f:use"],
                },
            ],
        },
        ParsedBody(code="code-invalid", message="Unknown code", pointer="/name/1/use"),
    ),
    Example(
        "problem",
        "RFC 9457, section 3",
        {
            "type": "https://example.net/validation-error",
            "title": "Your request is not valid.",
            "errors": [
                {"detail": "must be a positive integer", "pointer": "#/age"},
                {"detail": "must be 'green', 'red' or 'blue'", "pointer": "#/profile/color"},
            ],
        },
        ParsedBody(code="https://example.net/validation-error", message="Your request is not valid.", pointer="/age"),
    ),
)
