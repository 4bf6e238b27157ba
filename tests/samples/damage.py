"""What happens to an encoded picture on its way: cut off, damaged, mislabelled, hostile; bytes to bytes."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pybase64

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")

# Marker-like pairs within coded data, where ITU-T T.81, section B.1.1.2, allows only FF 00 and restarts. (Bytes that
# merely decode to other coefficients would do as much harm, but no decoder can tell them from a picture.)
STRAY_MARKERS = b"\xff\x2a" * 16

# The first baseline frame header (ITU-T T.81, section B.2.2): marker, length, precision, then height and
# width.
FRAME_HEADER = b"\xff\xc0"
START_OF_SCAN = b"\xff\xda"
END_OF_IMAGE = b"\xff\xd9"


def cut(data: bytes, share: float) -> bytes:
    """Keep the first `share` of a file: the upload that broke off."""
    return data[: int(len(data) * share)]


def damage_scan(data: bytes) -> bytes:
    """Overwrite a stretch of a JPEG's coded data with what no encoder writes; its end stays whole."""
    middle = len(data) // 2
    return data[:middle] + STRAY_MARKERS + data[middle + len(STRAY_MARKERS) :]


def break_checksum(png: bytes) -> bytes:
    """Give the first IDAT chunk of a PNG a wrong CRC; everything else stays true."""
    chunks = list(_chunks(png))
    first = next(index for index, (kind, _) in enumerate(chunks) if kind == b"IDAT")
    return PNG_SIGNATURE + b"".join(
        _chunk(kind, body, flip=1 if index == first else 0) for index, (kind, body) in enumerate(chunks)
    )


def declare_size(data: bytes, width: int, height: int) -> bytes:
    """Let the header of a JPEG or PNG declare another size: a few hundred bytes that ask for gigabytes."""
    if data.startswith(PNG_SIGNATURE):
        (_, header), *rest = _chunks(data)
        header = struct.pack(">II", width, height) + header[8:]
        return PNG_SIGNATURE + _chunk(b"IHDR", header) + b"".join(_chunk(*chunk) for chunk in rest)
    at = data.index(FRAME_HEADER) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def repeat_scan(jpeg: bytes, times: int) -> bytes:
    """Repeat the shortest scan of a progressive JPEG: each makes a decoder go over the whole picture once more."""
    whole = jpeg.removesuffix(END_OF_IMAGE)
    shortest = min(whole.split(START_OF_SCAN)[1:], key=len)
    return whole + (START_OF_SCAN + shortest) * times + END_OF_IMAGE


def pack_text(png: bytes, size: int) -> bytes:
    """Give a PNG a text (zTXt) that unpacks to `size` bytes and takes a thousandth of them."""
    (_, header), *rest = _chunks(png)
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size), 9))
    return PNG_SIGNATURE + _chunk(b"IHDR", header) + text + b"".join(_chunk(*chunk) for chunk in rest)


def base64_text(data: bytes) -> bytes:
    """A file as Base64 in ASCII, without line breaks."""
    return pybase64.b64encode(data)


def illegal_character(text: bytes) -> bytes:
    """Put a character outside every Base64 alphabet in the middle of a text."""
    middle = len(text) // 2
    return text[:middle] + b"*" + text[middle + 1 :]


def data_uri(data: bytes, media_type: str) -> bytes:
    """A data URI (RFC 2397) that says `media_type`, true or not."""
    return b"data:" + media_type.encode("ascii") + b";base64," + base64_text(data)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, body: bytes, *, flip: int = 0) -> bytes:
    checksum = zlib.crc32(kind + body) ^ flip
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
