"""FastAPI's validation errors, which Legit.Health's service answers with, and its HTTPException's plain sentence."""

from __future__ import annotations

from typing import Any, Final

from imagegate.bodies.fields import whole
from imagegate.bodies.model import Answer, ParsedBody, Refusal
from imagegate.bodies.paths import pointer_through, steps
from imagegate.causes import Finding

# Types of pydantic's own (docs.pydantic.dev, Validation Errors). All else is what a validator of the API's refuses.
VALUE_ERROR: Final = "value_error"
JSON_INVALID: Final = "json_invalid"
_TYPES: Final = {
    "json_malformed": JSON_INVALID,
    "field_missing": "missing",
    "image_missing": "missing",
    "too_many_images": "too_long",
}


def render(refusal: Refusal) -> Answer:
    """Every finding; `ctx` has its cause and advice. There is no `input`: that would be the photo."""
    return refusal.status, refusal.headers(), {"detail": [_error(finding) for finding in refusal.findings]}


def parse(body: object) -> ParsedBody | None:
    """A body of `detail` alone: a sentence, or errors with the members of FastAPI's ValidationError."""
    if not isinstance(body, dict) or body.keys() != {"detail"}:
        return None
    detail = body["detail"]
    if isinstance(detail, str):
        return ParsedBody(message=detail)
    if not isinstance(detail, list) or not detail or not all(map(_is_error, detail)):
        return None
    return ParsedBody(code=detail[0]["type"], message=detail[0]["msg"], pointer=_pointer(detail[0]))


def _error(finding: Finding) -> dict[str, Any]:
    kind = _TYPES.get(finding.cause.code, VALUE_ERROR)
    return {
        "type": kind,
        "loc": ["body", *steps(finding.pointer)],
        # pydantic says so before what a validator says.
        "msg": f"Value error, {finding.message}" if kind == VALUE_ERROR else finding.message,
        "ctx": {"cause": finding.cause.code, "advice": finding.advice},
    }


def _is_error(error: object) -> bool:
    return (
        isinstance(error, dict)
        and isinstance(error.get("loc"), list)
        and isinstance(error.get("msg"), str)
        and isinstance(error.get("type"), str)
    )


def _pointer(error: dict[str, Any]) -> str | None:
    """The place in the body; None where it is in the query, a header or the path."""
    match error["loc"]:
        case ["body", *_] if error["type"] == JSON_INVALID:
            return ""  # The number behind it is how many characters were read.
        case ["body", *names] if all(isinstance(name, str) or whole(name) is not None for name in names):
            return pointer_through(names)
    return None
