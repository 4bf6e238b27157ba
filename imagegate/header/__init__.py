"""Bytes to Header: what a file says of itself, with nothing decoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from imagegate.causes import Unreadable
from imagegate.header import jpeg, png
from imagegate.header.model import Header
from imagegate.header.sniff import FORMATS, Format, format_of_mime, sniff
from imagegate.words import Phrase, listed

__all__ = ["FORMATS", "Format", "Header", "format_of_mime", "read", "sniff"]

_READERS: Final[Mapping[str, Callable[[memoryview], Header]]] = MappingProxyType({"jpeg": jpeg.read, "png": png.read})
# Signatures after a program took the bytes for text: what is not UTF-8 became U+FFFD, or Latin-1 was encoded
# as UTF-8. JavaScript's readAsText and the decoding of a response's body do this.
_AS_TEXT: Final = re.compile(
    rb"(?:\xef\xbf\xbd|\xc2\x89)PNG|(?:\xef\xbf\xbd){3,4}.{0,6}?(?:JFIF|Exif)|\xc3\xbf\xc3\x98\xc3\xbf",
    re.DOTALL,
)


def read(data: memoryview) -> Header:
    """Read the header of an encoded picture, in time linear in the number of its segments or chunks.

    Args:
        data: The whole file.

    Raises:
        Unreadable: format_unsupported for a format that cannot be read or is not known, image_truncated where the
            file ends inside what is read, image_corrupt where it is damaged there.
    """
    name = sniff(data)
    if name is not None and name in _READERS:
        return _READERS[name](data)
    if name is None and _AS_TEXT.match(data):
        raise Unreadable("image_corrupt", Phrase("The picture's bytes were converted as if they were text."))
    kind = FORMATS[name] if name else None
    title, advice = (kind.title, kind.advice) if kind else (Phrase("of no known format"), "")
    readable = listed(FORMATS[known].title for known in _READERS)
    message = Phrase("The file is {kind}; only {readable} can be read.", kind=title, readable=readable)
    raise Unreadable("format_unsupported", message, advice)
