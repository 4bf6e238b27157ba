"""What a body of each dialect must be, as its documentation says. google_rpc has Google's own protobuf definitions."""

from __future__ import annotations

from typing import Any

STRING = {"type": "string"}
WORD = {"type": "string", "minLength": 1}


def of_error(required: list[str], **properties: Any) -> dict[str, Any]:
    """A body whose one member is an `error` with these members and no others."""
    error = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"type": "object", "properties": {"error": error}, "required": ["error"], "additionalProperties": False}


# RFC 9457, appendix A (non-normative), without its descriptions.
PROBLEM = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "An RFC 7807 problem object",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 100, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
    },
}

# "Error Response Format" and "Error Types", of those that are about a request's content.
TELESOFT = of_error(
    ["type", "code", "message"],
    type={"enum": ["invalid_request_error", "medical_data_error"]},
    code={
        "enum": [
            "parameter_missing",
            "parameter_invalid",
            "json_parse_error",
            "medical_data_insufficient",
            "medical_data_inconsistent",
            "medical_term_unknown",
        ]
    },
    message=WORD,
    param=WORD,
    requestId=WORD,
    details={
        "type": "object",
        "properties": {"recommendations": WORD},
        "additionalProperties": False,
    },
    documentation=WORD,
)

# "Error Codes Reference", of those that are about a request's content.
PEARMEDICA = of_error(
    ["code", "message"],
    code={"enum": ["INVALID_REQUEST", "INSUFFICIENT_DATA"]},
    message=WORD,
    details={"type": "object"},
)

# "Understanding Custom Error Codes".
NEOLENS = of_error(
    ["code", "message"],
    code={"type": "integer", "minimum": 100, "maximum": 599},
    message=WORD,
    details={
        "type": ["object", "null"],
        "properties": {"field": WORD, "issue": WORD},
        "required": ["issue"],
        "additionalProperties": False,
    },
    retry_after={"type": "integer"},
)

# HTTPValidationError and ValidationError, as FastAPI itself writes them into every OpenAPI document.
FASTAPI = {
    "title": "HTTPValidationError",
    "type": "object",
    "properties": {"detail": {"type": "array", "items": {"$ref": "#/$defs/ValidationError"}}},
    "required": ["detail"],
    "$defs": {
        "ValidationError": {
            "type": "object",
            "properties": {
                "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                "msg": {"type": "string"},
                "type": {"type": "string"},
                "ctx": {"type": "object"},
            },
            "required": ["loc", "msg", "type"],
            "additionalProperties": False,
        }
    },
}

# hl7.org/fhir/R4/fhir.schema.json: OperationOutcome and what its issues consist of, without the elements of every
# resource. That file lets `issue` be empty, which the page does not (1..*).
FHIR = {
    "$ref": "#/definitions/OperationOutcome",
    "definitions": {
        "OperationOutcome": {
            "properties": {
                "resourceType": {"const": "OperationOutcome"},
                "issue": {"items": {"$ref": "#/definitions/OperationOutcome_Issue"}, "type": "array", "minItems": 1},
            },
            "additionalProperties": False,
            "required": ["issue", "resourceType"],
        },
        "OperationOutcome_Issue": {
            "properties": {
                "severity": {"enum": ["fatal", "error", "warning", "information"]},
                "code": {
                    "enum": [
                        "invalid",
                        "structure",
                        "required",
                        "value",
                        "invariant",
                        "security",
                        "login",
                        "unknown",
                        "expired",
                        "forbidden",
                        "suppressed",
                        "processing",
                        "not-supported",
                        "duplicate",
                        "multiple-matches",
                        "not-found",
                        "deleted",
                        "too-long",
                        "code-invalid",
                        "extension",
                        "too-costly",
                        "business-rule",
                        "conflict",
                        "transient",
                        "lock-error",
                        "no-store",
                        "exception",
                        "timeout",
                        "incomplete",
                        "throttled",
                        "informational",
                    ]
                },
                "details": {"$ref": "#/definitions/CodeableConcept"},
                "diagnostics": {"$ref": "#/definitions/string"},
                "location": {"items": {"$ref": "#/definitions/string"}, "type": "array"},
                "expression": {"items": {"$ref": "#/definitions/string"}, "type": "array"},
            },
            "additionalProperties": False,
            "required": ["severity", "code"],
        },
        "CodeableConcept": {
            "properties": {
                "coding": {"items": {"$ref": "#/definitions/Coding"}, "type": "array"},
                "text": {"$ref": "#/definitions/string"},
            },
            "additionalProperties": False,
        },
        "Coding": {
            "properties": {
                "system": {"$ref": "#/definitions/uri"},
                "code": {"$ref": "#/definitions/code"},
                "display": {"$ref": "#/definitions/string"},
            },
            "additionalProperties": False,
        },
        "string": {"pattern": "^[ \\r\\n\\t\\S]+$", "type": "string"},
        "code": {"pattern": "^[^\\s]+(\\s[^\\s]+)*$", "type": "string"},
        "uri": {"pattern": "^\\S*$", "type": "string"},
    },
}

SCHEMAS = {
    "fastapi": FASTAPI,
    "fhir": FHIR,
    "neolens": NEOLENS,
    "pearmedica": PEARMEDICA,
    "problem": PROBLEM,
    "telesoft": TELESOFT,
}
