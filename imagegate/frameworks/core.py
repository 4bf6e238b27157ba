"""Gate: what an app says once of its uploads, and what is the same in every framework."""

from __future__ import annotations

from typing import Any, Final, Protocol

from imagegate.bodies import Answer, dialect
from imagegate.bodies.paths import pointer_through
from imagegate.gate import check
from imagegate.policy import Policy, resolve
from imagegate.privacy import Unprinted
from imagegate.report import ImageRejected, Report
from imagegate.web.config import MEBIBYTE
from imagegate.web.refusals import Refused
from imagegate.web.request_ids import REQUEST_ID, given_id
from imagegate.words import Phrase, choose

LARGEST_BODY: Final = 32 * MEBIBYTE


class Headers(Protocol):
    """The headers of a request, as every framework has them: names are found in any case."""

    def get(self, name: str, default: str, /) -> Any:
        """The value of a header."""


class GatedImage(Unprinted, frozen=True, kw_only=True):
    """An upload that passed.

    Attributes:
        data: The file as it was sent; as everywhere in imagegate, that may be a picture's Base64 text too.
        report: What was measured, and the warnings.
    """

    data: bytes
    report: Report


class Gate:
    """What an app says of its uploads.

    Attributes:
        policy: What is taken.
        api: The dialect of answers.
        largest_body: Bytes of the largest request.
    """

    def __init__(self, policy: Policy | str | None, *, api: str, largest_body: int) -> None:
        """Misuse raises here, where the app is built.

        Raises:
            ValueError, TypeError: An argument cannot be used; the message names it.
        """
        if largest_body < 1:
            raise ValueError(f"largest_body must be at least 1 byte, got {largest_body}")
        dialect(api)
        self.policy = resolve(policy)
        self.api = api
        self.largest_body = largest_body

    def accept(self, data: bytes, headers: Headers, field: str) -> GatedImage:
        """The file in a field of a form.

        Raises:
            ImageRejected: It does not pass.
        """
        report = check(data, policy=self.policy, lang=lang_of(headers)).placed(pointer_through([field]))
        report.raise_for_status()
        return GatedImage(data=data, report=report)

    def answer(self, why: Refused | ImageRejected, headers: Headers) -> Answer:
        """Status, headers and body of the answer to a request that is not taken."""
        request_id = given_id(headers.get(REQUEST_ID, ""))
        if isinstance(why, ImageRejected):
            return why.report.to_error(self.api, request_id)
        return why.answer(self.api, lang_of(headers), request_id)


def lang_of(headers: Headers) -> str:
    """The one of `words.LANGUAGES` that a request likes best."""
    return choose(str(headers.get("accept-language", "")))


def missing(field: str) -> Refused:
    """A form has no file in its field."""
    message = Phrase("The field {field} of the form holds no file.", field=field)
    return Refused(400, "image_missing", message, pointer=pointer_through([field]))


def several(field: str) -> Refused:
    """A form has more files in its field than the one that would be judged."""
    message = Phrase("The field {field} of the form holds more than one file.", field=field)
    return Refused(400, "too_many_images", message, pointer=pointer_through([field]))
