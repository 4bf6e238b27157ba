"""Problem details for HTTP APIs (RFC 9457): all that is wrong in one body."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, unquote

from imagegate.bodies.fields import first, http_status, mapping, text
from imagegate.bodies.model import Answer, ParsedBody, Refusal
from imagegate.bodies.paths import LONGEST
from imagegate.causes import Finding

TYPE: Final = "urn:imagegate:cause:"
CONTENT_TYPE: Final = "application/problem+json"

# What a URI fragment may hold unescaped (RFC 3986, section 3.5), as RFC 6901, section 6, writes JSON Pointers.
_FRAGMENT: Final = "!$&'()*+,;=:@/?~"


def render(refusal: Refusal) -> Answer:
    """The problem is the most useful finding (section 3: the most relevant one represents the others).

    The extension member `errors` lists every finding with its JSON Pointer, as the example of section 3 does;
    `requestId` is there where the refusal has one.
    """
    finding = refusal.findings[0]
    body: dict[str, Any] = {
        "type": TYPE + finding.cause.code,
        "title": finding.cause.title,
        "status": refusal.status,
        "detail": f"{finding.message} {finding.advice}",
        "errors": [_error(each) for each in refusal.findings],
    }
    if refusal.request_id is not None:
        body["requestId"] = refusal.request_id
    return refusal.status, refusal.headers(CONTENT_TYPE), body


def parse(body: object) -> ParsedBody | None:
    """A body with the members of section 3.1; its `type` ends in the code where it is one of ours."""
    problem = mapping(body)
    kind, title = problem.get("type"), problem.get("title")
    if not isinstance(kind, str) or not isinstance(title, str):
        return None
    return ParsedBody(
        code=kind.removeprefix(TYPE),
        message=text(problem.get("detail")) or title,
        status=http_status(problem.get("status")),
        request_id=text(problem.get("requestId")) or None,
        pointer=_pointer(mapping(first(problem.get("errors"))).get("pointer")),
    )


def _error(finding: Finding) -> dict[str, Any]:
    """One finding; the number that was judged stands in it where there is one, null where it could not be told."""
    plain = finding.to_dict()
    judged = ("metric", "value", "limit", "unit") if finding.metric else ()
    return {
        "code": finding.cause.code,
        "detail": finding.message,
        "advice": finding.advice,
        # A name in the request may be no Unicode.
        "pointer": f"#{quote(finding.pointer, safe=_FRAGMENT, errors='replace')}",
        **{key: plain[key] for key in judged},
    }


def _pointer(fragment: object) -> str | None:
    """The JSON Pointer in a URI fragment; None where it exceeds LONGEST."""
    written = text(fragment)
    pointer = unquote(written) if len(written) <= LONGEST else ""
    return pointer[1:] if pointer == "#" or pointer.startswith("#/") else None
