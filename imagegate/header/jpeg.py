"""JPEG: the marker segments up to the first scan (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from imagegate import stepwise
from imagegate.causes import Unreadable
from imagegate.header import exif
from imagegate.header.model import Header
from imagegate.words import Phrase

SOI: Final = 0xD8
EOI: Final = 0xD9
SOS: Final = 0xDA
DQT: Final = 0xDB
APP0: Final = 0xE0
APP1: Final = 0xE1
APP2: Final = 0xE2
APP14: Final = 0xEE
COM: Final = 0xFE
SOF2: Final = 0xC2

_FRAMES: Final = (0xC0, 0xC1, SOF2)
# What no browser shows and no API takes, though some decoders do (T.81, table B.1; T.87 for SOF55).
_FOREIGN: Final[Mapping[int, Phrase | str]] = MappingProxyType(
    {
        0xC3: Phrase("lossless JPEG ({marker})", marker="SOF3"),
        0xC5: Phrase("hierarchical JPEG ({marker})", marker="SOF5"),
        0xC6: Phrase("hierarchical JPEG ({marker})", marker="SOF6"),
        0xC7: Phrase("hierarchical JPEG ({marker})", marker="SOF7"),
        0xC9: Phrase("JPEG with arithmetic coding ({marker})", marker="SOF9"),
        0xCA: Phrase("JPEG with arithmetic coding ({marker})", marker="SOF10"),
        0xCB: Phrase("lossless JPEG with arithmetic coding ({marker})", marker="SOF11"),
        0xCD: Phrase("hierarchical JPEG ({marker})", marker="SOF13"),
        0xCE: Phrase("hierarchical JPEG ({marker})", marker="SOF14"),
        0xCF: Phrase("hierarchical JPEG ({marker})", marker="SOF15"),
        0xDE: Phrase("hierarchical JPEG ({marker})", marker="DHP"),
        0xF7: "JPEG-LS (SOF55)",
    }
)
_METADATA: Final = (*range(APP0, APP0 + 16), COM)
_BARE: Final = (0x01, *range(0xD0, 0xD8))  # TEM and RST0 to RST7 have no length
_WITH_LENGTH: Final = (0xC4, 0xC8, 0xCC, *range(0xDA, 0xE0), *range(0xE0, 0xF0), 0xFE, *_FRAMES, *_FOREIGN)

# Bytes before a marker are skipped, as libjpeg does: some phones and editors leave padding between segments.
_MARKER: Final = re.compile(rb"\xff([\x01-\xfe])", re.DOTALL)
# Not a byte of the picture (FF 00), a fill byte (FF FF), nor what has no length.
_MARKER_AMONG_SCANS: Final = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])", re.DOTALL)
# 20 MB of ICC and XMP make 320 segments; millions of empty ones are there to burn time.
_MOST_SEGMENTS: Final = 4096
MOST_SCANS: Final = 1024  # that are counted

_COLOUR_SPACES: Final = MappingProxyType({1: "grey", 3: "ycbcr", 4: "cmyk"})
_RGB_IDS: Final = b"RGB"
_MOST_SAMPLING: Final = 4
_MOST_TABLES: Final = 4
_ADOBE_TRANSFORM: Final = 11  # the byte of an Adobe segment that names the colour transform (Adobe TN #5116)


def _zigzag() -> tuple[int, ...]:
    """Natural index of each place in zigzag order (T.81, figure 5): along diagonals, in turn down and up."""
    cells = [(row, column) for row in range(8) for column in range(8)]
    cells.sort(key=lambda cell: (sum(cell), cell[0] if sum(cell) % 2 else cell[1]))
    return tuple(8 * row + column for row, column in cells)


# 64 steps in zigzag order to natural order.
_natural: Final = itemgetter(*sorted(range(64), key=_zigzag().__getitem__))


class Segment(NamedTuple):
    """One marker segment.

    Attributes:
        marker: Second byte of the marker.
        at: Offset of the marker in the file.
        body: What follows the length.
    """

    marker: int
    at: int
    body: memoryview

    @property
    def end(self) -> int:
        """Offset of what follows the segment."""
        return self.at + 2 if self.marker in _BARE else self.at + 4 + len(self.body)


class _Frame(NamedTuple):
    width: int
    height: int
    component_ids: bytes
    sampling: tuple[tuple[int, int], ...]
    progressive: bool

    def coefficients(self) -> int:
        """Coefficients of all components (T.81, A.1.1): as many as there are samples, but for unfilled blocks."""
        across, down = max(h for h, _ in self.sampling), max(v for _, v in self.sampling)
        return self.width * self.height * sum(h * v for h, v in self.sampling) // (across * down)

    def unit_blocks(self) -> int:
        """Rows of blocks in one row of units (T.81, A.2): a single component has units of one block."""
        return max(v for _, v in self.sampling) if len(self.sampling) > 1 else 1


def read(data: memoryview) -> Header:
    """Read a JPEG's header: every segment before the first scan; only of several scans is more read, to count them.

    Raises:
        Unreadable: image_truncated where the file ends in the header, image_corrupt where the header cannot
            be right, format_unsupported for the kinds of JPEG that browsers do not show.
    """
    frame: _Frame | None = None
    tables: dict[int, tuple[int, ...]] = {}
    metadata = _Metadata()
    for segment in segments(data):
        if segment.marker in _FRAMES:
            if frame:
                raise _corrupt(Phrase("The JPEG has a second frame header at byte {at}.", at=segment.at))
            frame = _frame(segment)
        elif segment.marker == DQT:
            tables.update(_quantisation(segment))
        else:
            metadata.take(segment)
    if frame is None:
        raise _corrupt(Phrase("The JPEG's first scan comes before its frame header."))
    found = metadata.exif or exif.Exif()
    scans = 1 if _one_scan_holds_all(segment, frame) else _count_scans(data, segment.end)
    return Header(
        format="jpeg",
        file_size=len(data),
        width=frame.width,
        height=frame.height,
        orientation=found.orientation,
        channels=len(frame.component_ids),
        progressive=frame.progressive,
        scans=scans,
        coefficients=frame.coefficients() if scans > 1 else 0,
        unit_blocks=frame.unit_blocks(),
        metadata_size=metadata.size,
        gps_tags=found.gps_tags,
        quantisation=tuple(
            _natural(tables[number]) if number in tables else () for number in range(max(tables, default=-1) + 1)
        ),
        colour_space=metadata.colour_space(frame.component_ids),
        adobe=metadata.transform is not None,
    )


def segments(data: memoryview) -> Iterator[Segment]:
    """The segments from SOI to the first SOS, that one included.

    Raises:
        Unreadable: image_truncated where the file ends first, image_corrupt where a marker cannot stand
            there, format_unsupported at the frame header of another kind of JPEG.
    """
    at = 2
    for _ in range(_MOST_SEGMENTS):
        found = stepwise.found(_MARKER, data, at)
        if found is None:
            raise _truncated(len(data))
        segment = _segment(data, found.start(), found[1][0])
        yield segment
        if segment.marker == SOS:
            return
        at = segment.end
    raise _corrupt(Phrase("The JPEG has more than {most} segments before its picture.", most=_MOST_SEGMENTS))


def _segment(data: memoryview, at: int, marker: int) -> Segment:
    if marker in _FOREIGN:
        kind = _FOREIGN[marker]
        raise Unreadable("format_unsupported", Phrase("The file is {kind}, not common JPEG.", kind=kind))
    if marker in _BARE:
        return Segment(marker, at, data[:0])
    if marker not in _WITH_LENGTH:
        raise _corrupt(
            Phrase("The JPEG has marker 0x{marker:02X} at byte {at}, before its picture.", marker=marker, at=at)
        )
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    end = at + 2 + length
    if at + 4 > len(data) or end > len(data):
        raise _truncated(len(data))
    if length < 2:  # noqa: PLR2004 - the length counts itself
        said = {"marker": marker, "at": at, "length": length}
        raise _corrupt(Phrase("The JPEG's marker 0x{marker:02X} at byte {at} has length {length}.", **said))
    return Segment(marker, at, data[at + 4 : end])


def _one_scan_holds_all(scan: Segment, frame: _Frame) -> bool:
    """Whether decoders end with the first scan, whatever follows: so it is with what cameras write."""
    return not frame.progressive and bytes(scan.body[:1]) == bytes([len(frame.component_ids)])


def _count_scans(data: memoryview, at: int) -> int:
    """Scans up to the end of the picture, the one before `at` included; MOST_SCANS where there are more segments."""
    scans = 1
    for _ in range(MOST_SCANS):
        found = stepwise.found(_MARKER_AMONG_SCANS, data, at)
        if found is None or found[1][0] == EOI:
            return scans
        scans += found[1][0] == SOS
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return MOST_SCANS


def _truncated(length: int) -> Unreadable:
    return Unreadable(
        "image_truncated", Phrase("The JPEG ends after {length} bytes, inside its header.", length=length)
    )


def _corrupt(message: Phrase) -> Unreadable:
    return Unreadable("image_corrupt", message)


def _frame(segment: Segment) -> _Frame:
    """The frame header (T.81, B.2.2)."""
    body = segment.body
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:  # noqa: PLR2004 - six bytes, then three a component
        raise _corrupt(Phrase("The JPEG's frame header at byte {at} has the wrong length.", at=segment.at))
    depth, height, width, count = struct.unpack_from(">BHHB", body)
    _check_frame(depth, width, height, count)
    sampling = [(body[at] >> 4, body[at] & 15) for at in range(7, len(body), 3)]
    if not all(1 <= factor <= _MOST_SAMPLING for pair in sampling for factor in pair):
        raise _corrupt(Phrase("The JPEG has a sampling factor that is not 1 to 4."))
    return _Frame(width, height, bytes(body[6::3]), tuple(sampling), segment.marker == SOF2)


def _check_frame(depth: int, width: int, height: int, count: int) -> None:
    if depth == 12:  # noqa: PLR2004 - the other depth of T.81
        message = Phrase("The file is JPEG of 12 bits a channel, only 8 are supported.")
        raise Unreadable("format_unsupported", message)
    if depth != 8:  # noqa: PLR2004
        raise _corrupt(Phrase("The JPEG says it has {depth} bits a channel, which cannot be.", depth=depth))
    if width == 0:
        raise _corrupt(Phrase("The JPEG says it is 0 pixels wide."))
    if height == 0:
        raise Unreadable("format_unsupported", Phrase("The JPEG gives no height before its picture (DNL)."))
    if count not in _COLOUR_SPACES:
        raise _corrupt(Phrase("The JPEG says it has {count} channels, which is not 1, 3 or 4.", count=count))


def _quantisation(segment: Segment) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Number and steps, as stored, of each table of a DQT segment (T.81, B.2.4.1)."""
    body = segment.body
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        steps = body[at + 1 : at + 65 + 64 * wide]
        if wide > 1 or number >= _MOST_TABLES or len(steps) != 64 + 64 * wide:
            raise _corrupt(Phrase("The JPEG's quantisation table at byte {at} is damaged.", at=segment.at))
        yield number, struct.unpack(">64H" if wide else ">64B", steps)
        at += 1 + len(steps)


class _Metadata:
    """What the application segments say; of several EXIF segments the first counts."""

    def __init__(self) -> None:
        self.jfif = False
        self.exif: exif.Exif | None = None
        self.transform: int | None = None  # Adobe's; None without an Adobe segment
        self.size = 0

    def take(self, segment: Segment) -> None:
        if segment.marker in _METADATA:
            self.size += len(segment.body)
        start = bytes(segment.body[:5])
        if segment.marker == APP0 and start == b"JFIF\0":
            self.jfif = True
        elif segment.marker == APP1 and start == b"Exif\0":
            self.exif = self.exif or exif.read(segment.body[6:])
        elif segment.marker == APP14 and start == b"Adobe" and len(segment.body) > _ADOBE_TRANSFORM:
            self.transform = segment.body[_ADOBE_TRANSFORM]

    def colour_space(self, component_ids: bytes) -> str:
        """What the components are, by libjpeg's rules (jdapimin.c, default_decompress_parms)."""
        if len(component_ids) == len(_RGB_IDS) and not self.jfif:
            marked = component_ids == _RGB_IDS if self.transform is None else self.transform == 0
            return "rgb" if marked else "ycbcr"
        if len(component_ids) == 4 and self.transform:  # noqa: PLR2004
            return "ycck"
        return _COLOUR_SPACES[len(component_ids)]
