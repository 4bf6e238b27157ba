"""Types of bodies, and which of them a picture is looked for in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from imagegate.web.refusals import Refused
from imagegate.words import Phrase

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
BYTES: Final = "application/octet-stream"
# Of codings, the one that changes nothing; a list may have empty elements (RFC 9110, sections 5.6.1 and 8.4).
IDENTITY: Final = ("", "identity")
# A list of types begins like one, too.
PICTURES: Final = re.compile(r"image/[0-9a-z!#$&^_.+-]+")


def kind_of(content_type: str) -> str:
    """A Content-Type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def refuse_other_types(content_type: str) -> None:
    """Raise a 415 for a type in which no picture is looked for."""
    kind = kind_of(content_type)
    if kind not in (JSON, FORM, BYTES) and not PICTURES.fullmatch(kind):
        message = Phrase("A picture is taken as {json}, {form}, {bytes} or image/*.", json=JSON, form=FORM, bytes=BYTES)
        raise Refused(415, "content_type_unsupported", message, unread=True)


def refuse_all_but_bytes(content_type: str) -> None:
    """Raise a 415 for all but a picture that is the body itself."""
    kind = kind_of(content_type)
    if kind != BYTES and not PICTURES.fullmatch(kind):
        message = Phrase("A picture is taken as {bytes} or image/*.", bytes=BYTES)
        raise Refused(415, "content_type_unsupported", message, unread=True)


def refuse_encodings(content_encodings: Iterable[str]) -> None:
    """Raise a 415 where the body is encoded: what is unpacked could be a thousand times as long as what came.

    Args:
        content_encodings: The values of all such headers.
    """
    if any(coding.strip().lower() not in IDENTITY for value in content_encodings for coding in value.split(",")):
        message = Phrase("A request must not have a Content-Encoding.")
        raise Refused(415, "content_type_unsupported", message, unread=True)


def refuse_all_but_forms(content_type: str) -> None:
    """Raise a 415 for all but a form that may hold files."""
    if kind_of(content_type) != FORM:
        message = Phrase("A picture is taken as a file in {form}.", form=FORM)
        raise Refused(415, "content_type_unsupported", message, unread=True)
