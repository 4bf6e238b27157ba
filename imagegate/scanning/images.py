"""Which files are images: by the extension of the name, or by the first bytes."""

from __future__ import annotations

import re
from typing import Final

import pybase64

from imagegate.header.sniff import FORMATS, sniff

# Bytes of a file that `is_image` needs: sniff() looks no further.
HEAD: Final = 1 << 12

# DICOM is the one image format of the table whose media type is registered under another name.
_FORMATS: Final = frozenset(name for name, row in FORMATS.items() if row.mimes[0].startswith("image/")) | {"dicom"}
_EXTENSIONS: Final = frozenset(
    (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff",
        ".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpx", ".jxl", ".psd", ".ico", ".dcm", ".dicom", ".svg",
        # Camera RAW: Adobe, Canon, Nikon, Sony, Fujifilm, Olympus, Panasonic, Pentax, Samsung, Minolta, Sigma.
        ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw", ".mrw", ".x3f",
    )
)  # fmt: skip
_DATA_URI: Final = re.compile(rb"data:image/", re.IGNORECASE)
# A text that is Base64 from its first character to its last, as far as it was read.
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_\-=\s]++")
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_NO_DATA: Final = b"= \t\r\n\v\f"


def has_image_name(name: str) -> bool:
    """Whether the extension of a name is that of an image format, in upper or lower case."""
    _, dot, extension = name[-10:].rpartition(".")
    return dot + extension.lower() in _EXTENSIONS


def is_image(head: bytes) -> bool:
    """Whether a file is an image, or the Base64 text or the data: URI of one.

    Args:
        head: The first `HEAD` bytes of the file, or all of them.
    """
    return sniff(memoryview(head)) in _FORMATS or _is_image_text(head.removeprefix(_UTF8_MARK).lstrip())


def _is_image_text(text: bytes) -> bool:
    if _DATA_URI.match(text):
        return True
    if not _BASE64.fullmatch(text):
        return False
    letters = text.translate(_FROM_URL_SAFE, _NO_DATA)
    data = pybase64.b64decode(letters[: len(letters) // 4 * 4])
    return sniff(memoryview(data)) in _FORMATS
