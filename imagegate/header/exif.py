"""EXIF: orientation, and whether it says where the photo was taken. What cannot be read counts as absent."""

from __future__ import annotations

import struct
from typing import Final, Literal, NamedTuple, TypeAlias

Order: TypeAlias = Literal["little", "big"]

ORIENTATION: Final = 0x0112
GPS_DIRECTORY: Final = 0x8825
TO_SEEN: Final[tuple[tuple[bool, bool, bool], ...]] = (
    # EXIF 2.32, tag 0x0112: swap the axes, then flip up-down, then left-right. Row 0 is orientation 1.
    (False, False, False),
    (False, False, True),
    (False, True, True),
    (False, True, False),
    (True, False, False),
    (True, False, True),
    (True, True, True),
    (True, True, False),
)

_PREFIX: Final = b"Exif\0\0"
_ORDERS: Final[dict[bytes, Order]] = {b"II*\0": "little", b"MM\0*": "big"}
_ENTRIES: Final = {
    "little": struct.Struct("<HHI4s"),
    "big": struct.Struct(">HHI4s"),
}  # tag, type, count, value
_INTEGER_BYTES: Final = {1: 1, 3: 2, 4: 4, 13: 4}  # TIFF 6.0, section 2: BYTE, SHORT, LONG; supplement 1: IFD
# Latitude and longitude, of the camera and of what it points at, and the name of the area (EXIF 2.32, 4.6.6).
_POSITIONS: Final = frozenset((2, 4, 20, 22, 28))


class Exif(NamedTuple):
    """What is taken from a file's EXIF.

    Attributes:
        orientation: 1 to 8 (EXIF 2.32, tag 0x0112); 1 where absent or invalid.
        gps_tags: Number of tags in the GPS directory; 0 where none of them is a position.
    """

    orientation: int = 1
    gps_tags: int = 0


def read(tiff: memoryview) -> Exif:
    """Read the TIFF structure that EXIF is; never raises.

    Only the first directory and GPS's are visited, so a loop of directories cannot hold it up.

    Args:
        tiff: From the byte order mark on.
    """
    order = _ORDERS.get(bytes(tiff[:4]))
    if order is None:
        return Exif()
    first = _directory(tiff, order, int.from_bytes(tiff[4:8], order))
    orientation = first.get(ORIENTATION, 1)
    gps = _directory(tiff, order, first.get(GPS_DIRECTORY, 0))
    # Many cameras without a receiver write a GPS directory that holds its version and nothing else.
    return Exif(orientation if 1 <= orientation <= 8 else 1, len(gps) if _POSITIONS & gps.keys() else 0)  # noqa: PLR2004


def without_prefix(block: memoryview) -> memoryview:
    """The TIFF structure alone. "Exif" stands before it in a JPEG, by mistake in a PNG, and then twice in Pillow."""
    for _ in range(2):
        block = block[len(_PREFIX) :] if bytes(block[: len(_PREFIX)]) == _PREFIX else block
    return block


def _directory(tiff: memoryview, order: Order, at: int) -> dict[int, int]:
    """Tags of the directory at an offset (0 for none), each with its inline integer, 0 where it has none."""
    stated = int.from_bytes(tiff[at : at + 2], order) if at else 0
    entry = _ENTRIES[order]
    there = max(len(tiff) - at - 2, 0) // entry.size
    rows = tiff[at + 2 : at + 2 + min(stated, there) * entry.size]
    return {
        tag: int.from_bytes(value[: _INTEGER_BYTES.get(kind, 0)], order)
        for tag, kind, _, value in entry.iter_unpack(rows)
    }
