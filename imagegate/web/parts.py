"""The picture in the body of a request: Base64 in JSON, the file of a form, or the body itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from imagegate.web.refusals import Refused
from imagegate.words import Phrase

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
BYTES: Final = "application/octet-stream"
PICTURES: Final = "image/"

FIELD: Final = "image"
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
    """The JSON that is taken; other members are nobody's concern."""

    image: str


def refuse_other_types(content_type: str) -> None:
    """Raise a 415 for a type in which no picture is looked for."""
    kind = _kind(content_type)
    if kind not in (JSON, FORM, BYTES) and not kind.startswith(PICTURES):
        message = Phrase("A picture is taken as {json}, {form}, {bytes} or image/*.", json=JSON, form=FORM, bytes=BYTES)
        raise Refused(415, "content_type_unsupported", message, unread=True)


def picture_of(content_type: str, body: bytearray) -> Picture:
    """The picture, wherever the type of the body says that it is.

    Raises:
        Refused: The body is not what it is declared to be, or holds no picture, or several.
    """
    kind = _kind(content_type)
    if kind == JSON:
        return Picture(_of_json(body), f"/{FIELD}")
    if kind == FORM:
        return Picture(_of_form(content_type, body))
    return Picture(body)


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _of_json(body: bytearray) -> str:
    try:
        return msgspec.json.decode(body, type=_Body).image
    except msgspec.ValidationError:
        pass  # its message is not for others; what is wrong is told below
    except (msgspec.DecodeError, RecursionError):
        raise Refused(400, "json_malformed", Phrase("The body is not valid JSON.")) from None
    return _complaint(msgspec.json.decode(body, type=msgspec.Raw))


def _complaint(body: msgspec.Raw) -> str:
    """Which of the three things that can be wrong with valid JSON is."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.ValidationError, RecursionError):
        raise Refused(400, "field_invalid", Phrase("The body must be an object.")) from None
    pointer = f"/{FIELD}"
    if FIELD not in members:
        message = Phrase("The field {field} is missing.", field=pointer)
        raise Refused(400, "field_missing", message, pointer=pointer)
    message = Phrase("The field {field} must be a string.", field=pointer)
    raise Refused(400, "field_invalid", message, pointer=pointer)


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
