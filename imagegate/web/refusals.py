"""What the service itself refuses, apart from what is wrong with a picture: each a status, a cause and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from imagegate.bodies import BODIES, Answer, Refusal
from imagegate.causes import CAUSES, Cause, Finding
from imagegate.words import Phrase

RFC_9110: Final = "RFC 9110, section 15"
# Phrases, for that is how texts to be translated are found.
_AGAIN: Final = Phrase("Wait a moment and send the photo again.")
_APP: Final = CAUSES["content_type_unsupported"].advice


def _cause(code: str, status: Any, title: str, advice: str, source: str = RFC_9110) -> Cause:
    """A cause of the service's own: no API documents it of a picture, so catalogue and policies do not know it."""
    return Cause(code=code, status=status, severity="reject", title=str(title), advice=str(advice), source=source)


SERVICE_CAUSES: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        cause.code: cause
        for cause in (
            _cause("not_found", 404, Phrase("There is nothing at this address"), _APP),
            _cause("method_not_allowed", 405, Phrase("The address does not take this method"), _APP),
            _cause(
                "upload_too_slow",
                408,
                Phrase("The upload was too slow"),
                Phrase("Send the photo again on a better connection, or send a smaller one."),
            ),
            _cause("too_many_requests", 429, Phrase("Too many requests were sent"), _AGAIN, "RFC 6585, section 4"),
            _cause(
                "internal_error",
                500,
                Phrase("The service failed"),
                Phrase("Send the photo again; if it fails again, tell the makers of the app."),
            ),
            _cause("interrupted", 503, Phrase("The check was interrupted"), _AGAIN),
            _cause("overloaded", 503, Phrase("The service is busy"), _AGAIN),
            _cause("not_ready", 503, Phrase("The service is starting or stopping"), _AGAIN),
        )
    }
)


class Refused(Exception):  # noqa: N818 - what happened; an answer is made of it
    """A request is refused before a picture is judged.

    Attributes:
        status: The status to answer with.
        finding: The cause, and what was found.
        retry_after: Seconds after which another try may succeed; None where none will.
        unread: Whether some of the request may still be on its way.
    """

    def __init__(  # noqa: PLR0913 - the columns of an answer
        self,
        status: int,
        code: str,
        message: str,
        *,
        pointer: str = "",
        retry_after: int | None = None,
        unread: bool = False,
    ) -> None:
        super().__init__(code)
        cause = SERVICE_CAUSES[code] if code in SERVICE_CAUSES else CAUSES[code]
        self.status = status
        self.finding = Finding(cause=cause, status=cause.status, severity="reject", message=message, pointer=pointer)
        self.retry_after = retry_after
        self.unread = unread

    def answer(self, api: str, lang: str, request_id: str | None) -> Answer:
        """Status, headers and body, in a dialect and a language."""
        findings = (self.finding.in_language(lang),)
        status, headers, body = BODIES[api].render(
            Refusal(status=self.status, findings=findings, request_id=request_id, lang=lang)
        )
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return status, headers, body


def overloaded(message: str, *, unread: bool = False) -> Refused:
    """503: there is no room for this request now."""
    return Refused(503, "overloaded", message, retry_after=RETRY_SECONDS, unread=unread)


def too_long(most: int) -> Refused:
    """413: a request is longer than is taken."""
    return Refused(413, "file_too_large", Phrase("The request is longer than {most:,} bytes.", most=most), unread=True)


# A picture takes milliseconds, so a full queue is empty again in a second; phones that were refused need not hurry.
RETRY_SECONDS: Final = 2
