"""What every dialect renders from, and what it parses a body to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import msgspec

from imagegate.causes import Finding

# Status, headers and body.
Answer: TypeAlias = tuple[int, dict[str, str], dict[str, Any]]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a picture, or a request of several, is refused.

    Attributes:
        status: The status to answer with.
        findings: The rejections in the order of a report, so that the first has that status; at least one.
        request_id: The request's id, for the body of a dialect that has a place for it.
        lang: Language of the findings' messages and advice, as a language tag.
    """

    status: int
    findings: tuple[Finding, ...]
    request_id: str | None = None
    lang: str = "en"

    def headers(self, content_type: str = "application/json") -> dict[str, str]:
        """The headers of the answer, in the language of its messages."""
        return {"Content-Type": content_type, "Content-Language": self.lang}


class ParsedBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an error body says, whatever its dialect.

    Attributes:
        code: The code as the body writes it, a number in decimal digits; "" where there is none.
        category: The wider class beside the code, as Telesoft's `type`; "" where there is none.
        message: The sentence for people; "" where there is none.
        status: The HTTP status that the body itself states, or None.
        request_id: The id to name to the API's support, or None.
        retry_after: Seconds to wait, where the body states them.
        reset: Unix time from which requests are taken again, where the body states it.
        pointer: JSON Pointer to the field at fault in the request, where the body names it.
    """

    code: str = ""
    category: str = ""
    message: str = ""
    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    reset: float | None = None
    pointer: str | None = None


class Dialect(NamedTuple):
    """One API's way of writing an error body.

    Attributes:
        render: Writes a refusal as that API would.
        parse: Reads a decoded JSON body; None where it is not of this dialect.
    """

    render: Callable[[Refusal], Answer]
    parse: Callable[[object], ParsedBody | None]
