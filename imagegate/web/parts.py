"""The picture in the body of a request: Base64 in JSON, the file of a form, or the body itself."""

from __future__ import annotations

import logging
import re
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
else:
    MultipartCallbacks = dict  # which it is: python_multipart names it to type checkers alone

FIELD: Final = "image"
REQUEST: Final = Request(images=(f"/{FIELD}",), required={f"/{FIELD}": ("string",)})
# A form has one file and a few fields beside it; more parts are only there to be parsed.
MOST_PARTS: Final = 32

# What readers of forms tell differently is a form with two meanings: one file would be judged and another one kept. So
# there is one boundary, of characters that need no care (RFC 2046, section 5.1.1), and nowhere but between parts.
_BOUNDARIES: Final = re.compile(r"boundary[*0-9]*\s*=", re.IGNORECASE)
_BOUNDARY: Final = re.compile(rb"[0-9A-Za-z'()+_,./:=?-]{1,70}")
# Also `filename*` and `filename*0`; a field may well be called "filename".
_FILENAME: Final = re.compile(rb"filename[*0-9]*\s*=", re.IGNORECASE)
# What stands in a part as it is; base64 is no more to be used (RFC 7578, section 4.7), and some decode it.
_AS_IT_IS: Final = (b"7bit", b"8bit", b"binary")

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
    boundary = _boundary_of(content_type)
    marks = body.count(b"--" + boundary)
    # The parser reads lines that begin like the last boundary letter by letter: 20 MB of them in two seconds.
    if marks > MOST_PARTS + 1:
        raise _no_form()
    files = _Files()
    try:
        parser = MultipartParser(boundary, files.callbacks())
        parser.logger = _SILENT
        parser.write(cast("bytes", body))  # it only looks and slices
        parser.finalize()
    except FormParserError:
        raise _no_form() from None
    if not files.ended:
        raise Refused(400, "content_type_unsupported", Phrase("The form ends before its last boundary."))
    if marks != files.parts + 1:
        raise _no_form()
    if not files.found:
        raise Refused(400, "image_missing", Phrase("The form holds no file."))
    if len(files.found) > 1:
        raise Refused(400, "too_many_images", Phrase("The form holds more than one file."))
    return memoryview(body)[files.found[0]]


def _boundary_of(content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if len(_BOUNDARIES.findall(content_type)) != 1 or not _BOUNDARY.fullmatch(boundary):
        raise _no_form()
    return boundary


def _no_form() -> Refused:
    return Refused(400, "content_type_unsupported", Phrase("The body is not the form that it is declared to be."))


class _Files:
    """What the parser tells of a form, as far as it matters: where the parts lie that are files.

    Attributes:
        found: Where each file lies in the body.
        ended: Whether the form's last boundary has come.
        parts: How many parts there are, files or not.
    """

    def __init__(self) -> None:
        self.found: list[slice] = []
        self.ended = False
        self.parts = 0
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
        self.parts += 1
        self._is_file = False
        self._start = self._end = 0

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header = bytes(data[start:end]).lower()

    def _value(self, data: bytes, start: int, end: int) -> None:
        """A part is a file if it has a file's name (RFC 7578, section 4.2), whatever that is."""
        value = bytes(data[start:end])
        if b"\n" in value or b"\r" in value:
            raise FormParserError("a header within a header")
        if self._header == b"content-disposition":
            self._is_file = self._is_file or _FILENAME.search(value) is not None
        elif self._header == b"content-transfer-encoding" and value.strip().lower() not in _AS_IT_IS:
            raise FormParserError("an encoding that some undo")

    def _data(self, _: bytes, start: int, end: int) -> None:
        self._start, self._end = self._start or start, end

    def _part(self) -> None:
        if self._is_file:
            self.found.append(slice(self._start, self._end))

    def _finish(self) -> None:
        self.ended = True
