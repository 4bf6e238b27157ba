"""Telesoft Healthcare API (telesoft.us/docs/api-reference, Error Handling): one typed error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from imagegate.bodies.fields import mapping, seconds, text
from imagegate.bodies.model import Answer, ParsedBody, Refusal
from imagegate.bodies.paths import dotted, pointer_of

# "Error Types": each documented code, and the type it belongs to.
TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        code: kind
        for kind, codes in {
            "authentication_error": ("invalid_api_key", "expired_token", "invalid_scope"),
            "invalid_request_error": ("parameter_missing", "parameter_invalid", "json_parse_error"),
            "rate_limit_error": ("rate_limit_exceeded", "concurrent_request_limit"),
            "medical_data_error": ("medical_data_insufficient", "medical_data_inconsistent", "medical_term_unknown"),
            "internal_error": ("service_unavailable", "model_execution_error", "database_error"),
        }.items()
        for code in codes
    }
)
_CODES: Final = {
    "json_malformed": "json_parse_error",
    "field_missing": "parameter_missing",
    "image_missing": "parameter_missing",
}
# "422: often used for medical data validation issues"; a picture that is too poor is too little to go by.
_CODE_OF_STATUS: Final = {
    400: "parameter_invalid",
    422: "medical_data_insufficient",
    429: "rate_limit_exceeded",
    500: "service_unavailable",
    503: "service_unavailable",
}


def render(refusal: Refusal) -> Answer:
    """The most useful finding; its advice is in `details.recommendations`, as in the page's example of a 422."""
    finding = refusal.findings[0]
    code = _CODES.get(finding.cause.code) or _CODE_OF_STATUS.get(refusal.status, "parameter_invalid")
    error: dict[str, Any] = {"type": TYPES[code], "code": code, "message": finding.message}
    if finding.pointer:
        error["param"] = dotted(finding.pointer)
    if refusal.request_id is not None:
        error["requestId"] = refusal.request_id
    error["details"] = {"recommendations": finding.advice}
    return refusal.status, refusal.headers(), {"error": error}


def parse(body: object) -> ParsedBody | None:
    """A typed error with a request id, in either of the places that the page names, or with a documented code.

    Without that, many an API's error would pass for one: OpenAI's have the same members but for the id.
    """
    envelope = mapping(body)
    error = mapping(envelope.get("error"))
    kind, code, message = (error.get(name) for name in ("type", "code", "message"))
    if not (isinstance(kind, str) and isinstance(code, str) and isinstance(message, str)):
        return None
    request_id = text(error.get("requestId")) or text(mapping(envelope.get("meta")).get("request_id")) or None
    if request_id is None and TYPES.get(code) != kind:
        return None
    return ParsedBody(
        code=code,
        category=kind,
        message=message,
        request_id=request_id,
        reset=seconds(mapping(error.get("details")).get("reset")),
        pointer=pointer_of(error.get("param")),
    )
