"""Small files that ask for much: each is legal as far as a header tells, and made of its parts."""

from __future__ import annotations

import struct
import zlib

from tests.header.files import PALETTE, chunk, idat, ihdr, jpeg, png
from tests.samples.damage import declare_size

EMPTY_TABLES = (b"\x00" + bytes([1, *[0] * 15, 0]), b"\x10" + bytes([0, 1, *[0] * 14, 0xE0]))
LONGEST_RUN = 1 << 14  # blocks that one code of EOB14, whose 14 bits are zero, leaves as they are


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def many_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG in grey (ITU-T T.81, annex G): one scan of means, then `scans` that say "nothing new"."""
    blocks = -(-width // 8) * -(-height // 8)
    nothing = segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + bytes(2 * -(-blocks // LONGEST_RUN))
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, b"\0" + bytes([1] * 64)),
            segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
            *(segment(0xC4, table) for table in EMPTY_TABLES),
            segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(-(-blocks // 8)),
            nothing * scans,
            b"\xff\xd9",
        ]
    )


def packed(kind: bytes, head: bytes, megabytes: int) -> bytes:
    """A PNG of 300 x 300 pixels with a chunk that unpacks to zeros: a thousandth of them in the file."""
    size = {"width": 300, "height": 300}
    return png(ihdr(**size), chunk(kind, head + zlib.compress(bytes(megabytes << 20), 9)), idat(bytes(300 * 901)))


def apng(frames: int) -> bytes:
    """An animation of empty frames (W3C PNG, third edition, section 11.3.6)."""
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 300, 300, 0, 0, 1, 10, 0, 0))
    frame = control + chunk(b"fdAT", bytes(4) + zlib.compress(bytes(300 * 901), 9))
    size = {"width": 300, "height": 300}
    return png(ihdr(**size), chunk(b"acTL", struct.pack(">II", frames, 0)), idat(bytes(300 * 901)), frame * frames)


def gif(frames: int, side: int = 65535) -> bytes:
    """A GIF89a of frames of one pixel on a large screen."""
    start = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"\x21\xf9\4\0\1\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    return start + frame * frames + b";"


# What it is, then the cause it must get.
BOMBS = {
    "a JPEG of 64,250 x 64,250": (declare_size(jpeg(size=(800, 600)), 64250, 64250), "image_too_large"),
    "a PNG of 65,536 x 65,536": (png(ihdr(width=65536, height=65536), idat()), "image_too_large"),
    "a PNG of 1 bit, 40,000 x 40,000": (
        png(ihdr(width=40000, height=40000, depth=1, colour_type=PALETTE), idat(bytes(5001 * 400))),
        "image_too_large",
    ),
    "a JPEG of 5,000 scans": (many_scans(1000, 1000, 5000), "image_too_large"),
    "a JPEG of 101 scans": (many_scans(300, 300, 100), "image_too_large"),
    "a JPEG of 64 megapixels in 90 scans": (many_scans(8000, 8000, 90), "image_too_large"),
    "a JPEG of a million comments between scans": (
        many_scans(1000, 1000, 1)[:-2] + b"\xff\xfe\0\2" * 1_000_000,
        "image_too_large",
    ),
    "a PNG with 200 MB of zTXt": (packed(b"zTXt", b"Comment\0\0", 200), "image_too_large"),
    "a PNG with 200 MB of iTXt": (packed(b"iTXt", b"Comment\0\1\0\0\0", 200), "image_too_large"),
    "a PNG with 200 MB of iCCP": (packed(b"iCCP", b"profile\0\0", 200), "image_too_large"),
    "a PNG with 200 MB behind its rows": (
        png(ihdr(width=300, height=300), idat(bytes((300 * 901) + (200 << 20)))),
        "image_corrupt",
    ),
    "an APNG of 10,000 frames": (apng(10_000), "image_animated"),
    "a GIF of 50,000 frames": (gif(50_000), "format_unsupported"),
}
