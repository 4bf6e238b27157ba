"""The picture in the body of a request: Base64 in JSON, the file of a form, or the body itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from imagegate.request import Request
from imagegate.web.media_types import FORM, JSON, kind_of
from imagegate.web.refusals import Refused
from imagegate.words import Phrase

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD: Final = "image"
REQUEST: Final = Request(images=(f"/{FIELD}",), required={f"/{FIELD}": ("string",)})
# A form has one file and a few fields beside it; more parts are only there to be parsed.
MOST_PARTS: Final = 32

# What the parser would log of a form it does not like shows the bytes in question.
_SILENT: Final = logging.getLogger("imagegate.web.silent")
_SILENT.disabled = True


class Picture(NamedTuple):
    """What check() is called with, and where in the request it stands (JSON Pointer)."""

    image: str | bytes | bytearray | memoryview
    pointer: str = ""


class _Body(msgspec.Struct):
    """JSON with a picture, as `REQUEST` describes it, read in a tenth of the time that telling what is wrong takes."""

    image: str


def picture_of(content_type: str, body: bytearray) -> Picture | None:
    """The picture, wherever the type of the body says that it is; None where it is JSON that holds none.

    Raises:
        Refused: The body is not the form that it is declared to be, or holds no file, or several.
    """
    kind = kind_of(content_type)
    if kind == JSON:
        return _of_json(body)
    if kind == FORM:
        return Picture(_of_form(content_type, body))
    return Picture(body)


def _of_json(body: bytearray) -> Picture | None:
    try:
        return Picture(msgspec.json.decode(body, type=_Body).image, f"/{FIELD}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _of_form(content_type: str, body: bytearray) -> memoryview:
    """The one file of a form, without a copy."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    files = _Files()
    try:
        parser = MultipartParser(boundary, files.callbacks())
        parser.logger = _SILENT
        parser.write(cast("bytes", body))  # it only looks and slices
        parser.finalize()
    except FormParserError:
        message = Phrase("The body is not the form that it is declared to be.")
        raise Refused(400, "content_type_unsupported", message) from None
    if not files.ended:
        raise Refused(400, "content_type_unsupported", Phrase("The form ends before its last boundary."))
    if not files.found:
        raise Refused(400, "image_missing", Phrase("The form holds no file."))
    if len(files.found) > 1:
        raise Refused(400, "too_many_images", Phrase("The form holds more than one file."))
    return memoryview(body)[files.found[0]]


class _Files:
    """What the parser tells of a form, as far as it matters: where the parts lie that are files.

    Attributes:
        found: Where each file lies in the body.
        ended: Whether the form's last boundary has come.
    """

    def __init__(self) -> None:
        self.found: list[slice] = []
        self.ended = False
        self._parts = 0
        self._header = b""
        self._is_file = False
        self._start = self._end = 0

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._value,
            "on_part_data": self._data,
            "on_part_end": self._part,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise FormParserError("too many parts")
        self._is_file = False
        self._start = self._end = 0

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header = bytes(data[start:end]).lower()

    def _value(self, data: bytes, start: int, end: int) -> None:
        """A part is a file if it has a file's name (RFC 7578, section 4.2), whatever that is."""
        if self._header == b"content-disposition":
            self._is_file = b"filename" in bytes(data[start:end]).lower()

    def _data(self, _: bytes, start: int, end: int) -> None:
        self._start, self._end = self._start or start, end

    def _part(self) -> None:
        if self._is_file:
            self.found.append(slice(self._start, self._end))

    def _finish(self) -> None:
        self.ended = True
