"""Problem details for HTTP APIs (RFC 9457): all that is wrong in one body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from imagegate.bodies.model import Answer, ParsedBody, Refusal

if TYPE_CHECKING:
    from imagegate.causes import Finding

TYPE: Final = "urn:imagegate:cause:"
HEADERS: Final = {"Content-Type": "application/problem+json"}

# What a URI fragment may hold unescaped (RFC 3986, section 3.5), as RFC 6901, section 6, writes JSON Pointers.
_FRAGMENT: Final = "!$&'()*+,;=:@/?~"


def render(refusal: Refusal) -> Answer:
    """The problem is the most useful finding (section 3: the most relevant one represents the others).

    The extension member `errors` lists every finding with its JSON Pointer, as the example of section 3 does;
    `requestId` is there where the refusal has one.
    """
    first = refusal.findings[0]
    body: dict[str, Any] = {
        "type": TYPE + first.cause.code,
        "title": first.cause.title,
        "status": refusal.status,
        "detail": f"{first.message} {first.advice}",
        "errors": [_error(finding) for finding in refusal.findings],
    }
    if refusal.request_id is not None:
        body["requestId"] = refusal.request_id
    return refusal.status, HEADERS | {"Content-Language": refusal.lang}, body


def parse(body: object) -> ParsedBody | None:
    """A body with the members of section 3.1; its `type` ends in the code where it is one of ours."""
    if not isinstance(body, dict) or not isinstance(body.get("title"), str) or "type" not in body:
        return None
    kind, status, named = str(body["type"]), body.get("status"), body.get("requestId")
    return ParsedBody(
        code=kind.removeprefix(TYPE),
        message=str(body.get("detail", body["title"])),
        status=status if isinstance(status, int) else None,
        request_id=named if isinstance(named, str) else None,
    )


def _error(finding: Finding) -> dict[str, Any]:
    """One finding; the number that was judged stands in it where there is one, null where it could not be told."""
    plain = finding.to_dict()
    judged = ("metric", "value", "limit", "unit") if finding.metric else ()
    return {
        "code": finding.cause.code,
        "detail": finding.message,
        "advice": finding.advice,
        "pointer": f"#{quote(finding.pointer, safe=_FRAGMENT)}",
        **{key: plain[key] for key in judged},
    }
