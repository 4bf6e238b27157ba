"""Neolens (docs/2-api-reference/api-troubleshooting.md of neolens-docs): the code is the HTTP status."""

from __future__ import annotations

from typing import Final

from imagegate.bodies.fields import http_status, mapping, seconds
from imagegate.bodies.model import Answer, ParsedBody, Refusal
from imagegate.bodies.paths import dotted, pointer_of

_MEMBERS: Final = frozenset({"code", "message", "details", "retry_after"})
# RFC 9110, section 15, and RFC 6585; Python's own phrases of 413 and 422 changed in 3.13.
_PHRASES: Final = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def render(refusal: Refusal) -> Answer:
    """The most useful finding: `message` opens with the status, `details` names the field and what to do about it."""
    finding = refusal.findings[0]
    field = {"field": dotted(finding.pointer)} if finding.pointer else {}
    # A client treats a status that it does not know as 400 (RFC 9110, section 15).
    phrase = _PHRASES.get(refusal.status, _PHRASES[400])
    error = {
        "code": refusal.status,
        "message": f"{phrase}: {finding.message}",
        "details": field | {"issue": finding.advice},
    }
    return refusal.status, refusal.headers(), {"error": error}


def parse(body: object) -> ParsedBody | None:
    """An error whose code is an HTTP status, with the members of "Understanding Custom Error Codes" and no other.

    `details` is an object or null there, and a sentence on the page Error Handling.
    """
    error = mapping(mapping(body).get("error"))
    code, message, details = http_status(error.get("code")), error.get("message"), error.get("details")
    if code is None or not isinstance(message, str) or not error.keys() <= _MEMBERS:
        return None
    if not isinstance(details, dict | str | None):
        return None
    return ParsedBody(
        code=str(code),
        message=message,
        status=code,
        retry_after=seconds(error.get("retry_after")),
        pointer=pointer_of(mapping(details).get("field")),
    )
