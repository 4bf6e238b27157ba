"""Small files to read, made by Pillow or put together from their parts."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE = 0, 2, 3


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (24, 17)) -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert(mode)


def jpeg(mode: str = "RGB", size: tuple[int, int] = (24, 17), **options: Any) -> bytes:
    return encoded(gradient(mode, size), "JPEG", **options)


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def ihdr(  # noqa: PLR0913 - the fields of IHDR
    *,
    width: int = 4,
    height: int = 3,
    depth: int = 8,
    colour_type: int = RGB,
    compression: int = 0,
    filtering: int = 0,
    interlace: int = 0,
) -> bytes:
    fields = (width, height, depth, colour_type, compression, filtering, interlace)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


def idat(rows: bytes = bytes(3 * (1 + 4 * 3))) -> bytes:
    return chunk(b"IDAT", zlib.compress(rows))


def png(*chunks: bytes) -> bytes:
    """A PNG of the given chunks, by default of 4 x 3 black pixels; IEND comes of itself."""
    return SIGNATURE + b"".join(chunks or (ihdr(), idat())) + chunk(b"IEND")


def with_segments(file: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with application segments put right behind SOI."""
    added = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return file[:2] + added + file[2:]
