"""What the service says of itself in OpenAPI 3.1: parameters, bodies and answers, made of the tables it runs on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, get_args

import msgspec

from imagegate.bodies import BODIES
from imagegate.causes import CAUSES
from imagegate.metrics import METRICS
from imagegate.rules import Stage
from imagegate.schema import schema
from imagegate.web.answers import DEFAULT_DIALECT
from imagegate.web.media_types import BYTES, FORM, JSON
from imagegate.web.parts import FIELD
from imagegate.web.refusals import SERVICE_CAUSES

Schema = dict[str, Any]

_TEXT: Final = {"type": "string"}
_FILE: Final = {"type": "string", "format": "binary"}
_COMPONENTS: Final = "#/components/schemas/"

ID_HEADER: Final = {
    "X-Request-Id": {
        "required": True,
        "description": "What logs know the request by: its own id, if that is of letters, digits and ._-",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    }
}
LANGUAGE_HEADER: Final = {
    "Content-Language": {"required": True, "description": "Language of messages and advice.", "schema": _TEXT}
}
RETRY_HEADER: Final = {
    "Retry-After": {"required": True, "description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
}

REFUSALS: Final = {
    400: "The request or the picture cannot be read.",
    408: "The upload was too slow.",
    413: "The request is larger than the service takes; it is not read any further.",
    415: "The body is of a type in which no picture is looked for.",
    422: "The picture can be read, but is too poor.",
    429: "One client has sent more requests than it may.",
    500: "The service failed.",
    503: "The service is busy, or did not come to this request in time.",
}
TO_BE_REPEATED: Final = (429, 503)


def components() -> Schema:
    """The schemas that paths refer to: the report's, from report.schema.json, and the error bodies."""
    definitions = schema()["$defs"]
    del definitions["record"]
    text = msgspec.json.encode(definitions).replace(b'"#/$defs/', f'"{_COMPONENTS}'.encode())
    return {
        **msgspec.json.decode(text),
        "problem": problem(),
        "inspection": _inspection(),
        "error": {"type": "object"},
    }


def check_operation(profiles: Iterable[str]) -> Schema:
    """POST /v1/check."""
    json = _object({FIELD: {"type": "string", "description": "Base64 text, or a data: URI of it."}}, FIELD)
    form = _object({"file": _FILE | {"description": "The one file of the form, whatever its field is called."}}, "file")
    content = {JSON: {"schema": json}, FORM: {"schema": form}, "image/*": {"schema": _FILE}, BYTES: {"schema": _FILE}}
    return _operation(profiles, content, "report", "The picture passes.")


def check_payload_operation(profiles: Iterable[str]) -> Schema:
    """POST /v1/check-payload."""
    return _operation(profiles, {JSON: {"schema": {"type": "object"}}}, "payload", "The request passes.")


def inspect_operation(profiles: Iterable[str]) -> Schema:
    """POST /v1/inspect."""
    content = {"image/*": {"schema": _FILE}, BYTES: {"schema": _FILE}}
    return _operation(profiles, content, "inspection", "The picture was looked at, whatever the verdict.")


def error_response(description: str, headers: Schema) -> Schema:
    """An answer with an error body, in any of the dialects."""
    return {
        "description": description,
        "headers": {**ID_HEADER, **LANGUAGE_HEADER, **headers},
        "content": {
            "application/problem+json": {"schema": _ref("problem")},
            "application/json": {"schema": _ref("error")},
            "application/fhir+json": {"schema": _ref("error")},
        },
    }


def plain_responses(description: str, kind: str = JSON, *, may_fail: bool = False) -> Schema:
    """The answers of the paths that machines ask for."""
    schema_ = {"type": "object"} if kind == JSON else _TEXT
    passed = {"200": {"description": description, "headers": ID_HEADER, "content": {kind: {"schema": schema_}}}}
    return passed | ({"503": error_response("Not now.", RETRY_HEADER)} if may_fail else {})


def _operation(profiles: Iterable[str], content: Schema, report: str, passes: str) -> Schema:
    errors = {
        str(status): error_response(description, RETRY_HEADER if status in TO_BE_REPEATED else {})
        for status, description in REFUSALS.items()
    }
    passed = {
        "description": f"{passes} Findings that only warn stand in the report.",
        "headers": {**ID_HEADER, **LANGUAGE_HEADER},
        "content": {JSON: {"schema": _ref(report)}},
    }
    return {
        "parameters": _parameters(profiles),
        "requestBody": {"required": True, "content": content},
        "responses": {"200": passed, **errors},
    }


def _parameters(profiles: Iterable[str]) -> list[Schema]:
    return [
        {
            "name": "profile",
            "in": "query",
            "description": "What the API takes that the picture is for.",
            "schema": {"type": "string", "enum": [*profiles]},
        },
        {
            "name": "format",
            "in": "query",
            "description": "The dialect of error bodies.",
            "schema": {"type": "string", "enum": [*BODIES], "default": DEFAULT_DIALECT},
        },
        {
            "name": "Accept-Language",
            "in": "header",
            "description": "Language of messages and advice: en, es, fr or de; English for any other.",
            "schema": _TEXT,
        },
    ]


def problem() -> Schema:
    """RFC 9457, with every finding in `errors`."""
    error = _object(
        {
            "code": {"enum": [*CAUSES, *SERVICE_CAUSES]},
            "detail": _TEXT,
            "advice": _TEXT,
            "pointer": {"type": "string", "pattern": "^#"},
            "metric": _TEXT,
            "value": {"type": ["number", "null"]},
            "limit": {"type": ["number", "null"]},
            "unit": {"type": ["string", "null"]},
        },
        "code",
        "detail",
        "advice",
        "pointer",
    )
    members = {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "errors": {"type": "array", "minItems": 1, "items": error},
        "requestId": _TEXT,
    }
    return _object(members, *members)


def _inspection() -> Schema:
    """What the page shows: `imagegate.web.inspection`."""
    number = {
        "metric": {"enum": [*METRICS]},
        "meaning": _TEXT,
        "value": _TEXT | {"description": "With its unit, as the language writes numbers."},
        "limit": {"type": ["string", "null"], "description": "null where there is none."},
        "verdict": {"enum": ["pass", "warn", "reject", "unknown", None]},
        "stage": {"enum": [*get_args(Stage), None]},
    }
    share = {"type": "number", "minimum": 0, "maximum": 1}
    shares = dict.fromkeys(("blurred", "clipped", "crushed"), share)
    png = _TEXT | {"contentEncoding": "base64", "contentMediaType": "image/png"}
    marks = _object({"png": png, "shares": _object(shares, *shares)}, "png", "shares")
    members = {
        "report": _ref("report"),
        "error": {"type": ["object", "null"], "description": "What /v1/check answers; null where the picture passes."},
        "titles": {"type": "object", "additionalProperties": _TEXT, "description": "Cause to what it is called."},
        "numbers": {"type": "array", "items": _object(number, *number)},
        "marks": {"oneOf": [{"type": "null"}, marks], "description": "To be laid over the picture as it is seen."},
    }
    return _object(members, *members)


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": [*required]}


def _ref(name: str) -> Schema:
    return {"$ref": f"{_COMPONENTS}{name}"}
