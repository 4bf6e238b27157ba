"""PearMedica (pearmedica.com/developers/errors), which takes no pictures: a code in capitals."""

from __future__ import annotations

import re
from typing import Final

from imagegate.bodies.fields import mapping, seconds, unix_time
from imagegate.bodies.model import Answer, ParsedBody, Refusal

_MEMBERS: Final = frozenset({"code", "message", "details"})
# "Error Codes Reference": what fails validation, and what is too little for a meaningful assessment.
_CODE_OF_STATUS: Final = {
    400: "INVALID_REQUEST",
    404: "RESOURCE_NOT_FOUND",
    422: "INSUFFICIENT_DATA",
    429: "RATE_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "AI_PROVIDER_UNAVAILABLE",
}
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9_]*")


def render(refusal: Refusal) -> Answer:
    """The most useful finding. Only the message has room for the advice: no `details` but the rate's are documented."""
    finding = refusal.findings[0]
    code = _CODE_OF_STATUS.get(refusal.status, "INVALID_REQUEST")
    error = {"code": code, "message": f"{finding.message} {finding.advice}"}
    return refusal.status, refusal.headers(), {"error": error}


def parse(body: object) -> ParsedBody | None:
    """An error of a code in capitals, a message and `details`, and no other member."""
    error = mapping(mapping(body).get("error"))
    code, message, details = error.get("code"), error.get("message"), mapping(error.get("details"))
    if not isinstance(code, str) or not isinstance(message, str):
        return None
    if not _CAPITALS.fullmatch(code) or not error.keys() <= _MEMBERS:
        return None
    return ParsedBody(
        code=code,
        message=message,
        retry_after=seconds(details.get("retryAfter")),
        reset=unix_time(details.get("reset")),
    )
