"""Problem details for HTTP APIs (RFC 9457): all that is wrong in one body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagegate.causes import Finding

TYPE: Final = "urn:imagegate:cause:"
HEADERS: Final = {"Content-Type": "application/problem+json", "Content-Language": "en"}

# What a URI fragment may hold unescaped (RFC 3986, section 3.5), as RFC 6901, section 6, writes JSON Pointers.
_FRAGMENT: Final = "!$&'()*+,;=:@/?~"


def render(
    status: int, rejections: Sequence[Finding], request_id: str | None
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and body.

    The problem is the most useful finding (section 3: the most relevant one represents the others); the extension
    member `errors` lists every finding with its JSON Pointer, as the example of section 3 does.

    Args:
        status: Status of the report.
        rejections: Its rejections in its order, so that the first has that status; at least one.
        request_id: Becomes the extension member `requestId`; None leaves it out.
    """
    first = rejections[0]
    body: dict[str, Any] = {
        "type": TYPE + first.cause.code,
        "title": first.cause.title,
        "status": status,
        "detail": f"{first.message} {first.advice}",
        "errors": [_error(finding) for finding in rejections],
    }
    if request_id is not None:
        body["requestId"] = request_id
    return status, dict(HEADERS), body


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
