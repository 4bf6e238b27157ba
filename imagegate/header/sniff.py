"""FORMATS: what a file is by its first bytes, and what the formats are called."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from imagegate.words import Phrase

_WINDOW: Final = 4096  # bytes: room for the licence comment that may stand at the start of an SVG

# What may stand before the first tag of XML and HTML. Possessive and atomic, because hostile comments would
# otherwise take exponential time to refuse.
_BLANK: Final = rb"(?:\xef\xbb\xbf)?+\s*+"
_PROLOG: Final = _BLANK + rb"(?>\s++|<\?.*?\?>|<!--.*?-->|<!doctype(?!\s+html)(?:[^>\[]|\[[^\]]*+\])*+>)*+"


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file.

    Attributes:
        name: As in Header.format and in policies.
        title: As people call it: a name, or a phrase.
        pattern: Regular expression of its first bytes; dots match every byte, letters match either case.
        mimes: Media types that name it, the registered one first.
        advice: What to do where it is not taken; "" where the cause's own advice says it.
    """

    name: str
    title: str
    pattern: bytes
    mimes: tuple[str, ...]
    advice: str = ""


def _format(name: str, title: str, pattern: bytes, *mimes: str, advice: str = "") -> Format:
    return Format(name=name, title=title, pattern=pattern, mimes=mimes, advice=advice)


_STILL: Final = "Send a still photo as JPEG; of a Live Photo, send the picture and not its video."
_HEIC: Final = "Set the camera to Most Compatible (iPhone: Settings > Camera > Formats), or convert the photo to JPEG."
_CONVERT: Final = "Convert the photo to JPEG and send that."
_DEVELOP: Final = "Have the camera write JPEG, or export the photo as JPEG."
_UNPACK: Final = "Unpack the archive and send the photo that is in it."
_NO_FILE: Final = "Get the photo again: what was saved is an error message and not the picture."

# The first row that matches counts. PNG also matches what damage to its signature leaves, so that it is
# called damaged and not unknown. Brands: ISO/IEC 23008-12, annex B (HEIF); AVIF specification, section 6.
_TABLE: Final = (
    _format("jpeg", "JPEG", rb"\xff\xd8\xff", "image/jpeg", "image/jpg", "image/pjpeg", "image/jfif"),
    _format("png", "PNG", rb"\x89PNG|.{11,12}IHDR", "image/png", "image/x-png", "image/apng", advice=_CONVERT),
    _format("gif", "GIF", rb"GIF8[79]a", "image/gif", advice=_CONVERT),
    _format("webp", "WebP", rb"RIFF.{4}WEBP", "image/webp", advice=_CONVERT),
    _format(
        "bmp", "BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
        "image/bmp", "image/x-ms-bmp", advice=_CONVERT,
    ),
    _format(
        "tiff", Phrase("TIFF or camera RAW"), rb"II[*+]\0|MM\0[*+]", "image/tiff", "image/x-adobe-dng", advice=_DEVELOP,
    ),
    # Canon CR3 and CRW, Fujifilm, Olympus, Panasonic, Minolta, Sigma; the others write TIFF.
    _format(
        "raw", Phrase("camera RAW"),
        rb".{4}ftypcrx |II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|II(?:R[OS]|U\0)|MMOR|\0MRM|FOVb",
        "image/x-canon-cr3", "image/x-fuji-raf", "image/x-olympus-orf", "image/x-panasonic-rw2", advice=_DEVELOP,
    ),
    _format(
        "avif", "AVIF", rb".{4}ftyp(?:avi[fs]|m[is]f1.{4}(?:.{4}){0,8}?avi[fs])", "image/avif", advice=_CONVERT,
    ),
    _format(
        "heic", "HEIC", rb".{4}ftyp(?:he[iv][cxms]|m[is]f1)",
        "image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence", advice=_HEIC,
    ),
    _format(
        "jp2", "JPEG 2000", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "image/jp2", "image/jpx", advice=_CONVERT,
    ),
    _format("jxl", "JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "image/jxl", advice=_CONVERT),
    _format("psd", "Photoshop", rb"8BPS\0[\x01\x02]", "image/vnd.adobe.photoshop", advice=_CONVERT),
    _format(
        "ico", "ICO", rb"\0\0[\x01\x02]\0[^\0]\0.{3}\0", "image/vnd.microsoft.icon", "image/x-icon", advice=_CONVERT,
    ),
    _format(
        "dicom", "DICOM", rb".{128}DICM", "application/dicom",
        advice="Export the picture from its viewer as JPEG or PNG.",
    ),
    _format(
        "video", Phrase("a video"), rb".{4}(?:ftyp|moov|mdat|wide)|\x1a\x45\xdf\xa3|RIFF.{4}AVI ",
        "video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "video/3gpp", "video/x-msvideo",
        advice=_STILL,
    ),
    _format(
        "pdf", "PDF", _BLANK + rb"%PDF-", "application/pdf",
        advice="Send the photo itself, not a document that holds it.",
    ),
    _format(
        "zip", "ZIP", rb"PK(?:\x03\x04|\x05\x06)", "application/zip", "application/x-zip-compressed", advice=_UNPACK,
    ),
    _format("gzip", "gzip", rb"\x1f\x8b\x08", "application/gzip", "application/x-gzip", advice=_UNPACK),
    # The files named "._photo.jpg" that macOS leaves beside photos on foreign disks.
    _format(
        "appledouble", "AppleDouble", rb"\0\x05\x16[\0\x07]\0[\x01\x02]\0\0", "multipart/appledouble",
        advice="Send the photo beside it, whose name does not begin with a dot.",
    ),
    _format(
        "svg", "SVG", _PROLOG + rb"<(?:svg:)?svg[\s>/]", "image/svg+xml",
        advice="Send a photo as JPEG, not a drawing.",
    ),
    _format(
        "html", "HTML", _PROLOG + rb"<(?:!doctype\s+html|html|head|body|title|meta|script)[\s>/]",
        "text/html", "application/xhtml+xml", advice=_NO_FILE,
    ),
    _format("xml", "XML", _BLANK + rb"<\?xml\s", "application/xml", "text/xml", advice=_NO_FILE),
    _format("json", "JSON", _BLANK + rb"(?:\{\s*+[\"}]|\[\s*+[\[{\"\]])", "application/json", advice=_NO_FILE),
)  # fmt: skip

FORMATS: Final[Mapping[str, Format]] = MappingProxyType({row.name: row for row in _TABLE})

_PATTERNS: Final = tuple((row.name, re.compile(row.pattern, re.DOTALL | re.IGNORECASE)) for row in _TABLE)
_OF_MIME: Final = {mime: row.name for row in _TABLE for mime in row.mimes}


def sniff(data: memoryview) -> str | None:
    """Name of a file's format, a key of FORMATS, from its first bytes alone; None where nothing matches."""
    head = _head(data)
    return next((name for name, pattern in _PATTERNS if pattern.match(head)), None)


def format_of_mime(mime: str) -> str | None:
    """Name of the format that a media type declares; None where it names none of FORMATS.

    Args:
        mime: As in a data: URI or a Content-Type header: in any case, with or without parameters.
    """
    return _OF_MIME.get(mime.partition(";")[0].strip().lower())


def _head(data: memoryview) -> bytes:
    """The first bytes; UTF-16, in which Windows saves XML and HTML, as UTF-8."""
    head = bytes(data[:_WINDOW])
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head
