"""google.rpc.Status as grpc-gateway writes it: the body on a page that names no vendor, and of Google's own APIs.

Details are typed messages (google/rpc/error_details.proto), in the JSON form of protobuf's Any.
"""

from __future__ import annotations

import re
from typing import Any, Final

from imagegate.bodies.fields import first, http_status, mapping, text, whole
from imagegate.bodies.model import Answer, ParsedBody, Refusal
from imagegate.bodies.paths import dotted, pointer_of
from imagegate.causes import Finding

TYPE: Final = "type.googleapis.com/google.rpc."
_DOMAIN: Final = "imagegate"
# google.rpc.Code: the first is for what is wrong whatever the state of the system; grpc-gateway answers 400 to it.
_INVALID_ARGUMENT: Final = 3
_CODE_OF_STATUS: Final = {404: 5, 405: 12, 408: 4, 429: 8, 500: 13, 503: 14}
# `error` is what grpc-gateway's first version repeats `message` in; the last two are of Google's envelope.
_MEMBERS: Final = frozenset({"code", "message", "details", "error", "status", "errors"})

_DURATION: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)s")


def render(refusal: Refusal) -> Answer:
    """The most useful finding is the message and the ErrorInfo; BadRequest lists all, LocalizedMessage advises."""
    finding = refusal.findings[0]
    details = [
        _detail("ErrorInfo", reason=_reason(finding), domain=_DOMAIN, metadata=_numbers(finding)),
        _detail("BadRequest", fieldViolations=[_violation(each) for each in refusal.findings]),
        _detail("LocalizedMessage", locale=refusal.lang, message=finding.advice),
    ]
    if refusal.request_id is not None:
        details.append(_detail("RequestInfo", requestId=refusal.request_id))
    body = {
        "code": _CODE_OF_STATUS.get(refusal.status, _INVALID_ARGUMENT),
        "message": finding.message,
        "details": details,
    }
    return refusal.status, refusal.headers(), body


def parse(body: object) -> ParsedBody | None:
    """A Status, bare or in the `error` of Google's envelope (cloud.google.com/apis/design/errors, HTTP mapping).

    Bare, its code is the API's own ("specific to our API"); in the envelope it is the HTTP status, with a name beside.
    """
    inner = mapping(body).get("error")
    enveloped = isinstance(inner, dict)
    status = mapping(inner if enveloped else body)
    code, message, details = whole(status.get("code")), status.get("message"), status.get("details", [])
    if code is None or not isinstance(message, str) or not isinstance(details, list) or not status.keys() <= _MEMBERS:
        return None
    name = text(status.get("status"))
    if enveloped != bool(name):
        return None
    violation = mapping(first(_found(details, "BadRequest").get("fieldViolations")))
    return ParsedBody(
        code=str(code),
        category=name,
        message=message,
        status=http_status(code) if enveloped else None,
        request_id=text(_found(details, "RequestInfo").get("requestId")) or None,
        retry_after=_duration(_found(details, "RetryInfo").get("retryDelay")),
        pointer=pointer_of(violation.get("field")),
    )


def _detail(name: str, **members: Any) -> dict[str, Any]:
    return {"@type": TYPE + name, **members}


def _found(details: list[object], name: str) -> dict[str, Any]:
    """The first detail of this type; empty where there is none."""
    return next((each for each in map(mapping, details) if each.get("@type") == TYPE + name), {})


def _reason(finding: Finding) -> str:
    """In capitals, as error_details.proto asks for."""
    return finding.cause.code.upper()


def _violation(finding: Finding) -> dict[str, str]:
    field = {"field": dotted(finding.pointer)} if finding.pointer else {}
    return field | {"description": f"{finding.message} {finding.advice}", "reason": _reason(finding)}


def _numbers(finding: Finding) -> dict[str, str]:
    """The number that was judged; ErrorInfo takes strings only."""
    plain = finding.to_dict()
    return {key: str(plain[key]) for key in ("metric", "value", "limit", "unit") if plain[key] is not None}


def _duration(value: object) -> float | None:
    """Seconds of a protobuf Duration, as its JSON form writes it: "3.5s"."""
    found = _DURATION.fullmatch(text(value))
    return float(found[1]) if found else None
