"""PNG: its chunks and its IHDR (W3C PNG, third edition, sections 5 and 11)."""

from __future__ import annotations

import contextlib
import itertools
import re
import struct
import zlib
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from imagegate.causes import Unreadable
from imagegate.header import exif
from imagegate.header.model import Header
from imagegate.words import Phrase

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
IEND: Final = b"\0\0\0\0IEND\xae\x42\x60\x82"

GREY: Final = 0
RGB: Final = 2
PALETTE: Final = 3
GREY_ALPHA: Final = 4
RGB_ALPHA: Final = 6
GREYS: Final = (GREY, GREY_ALPHA)

_WHITE: Final = 255  # of 8 bits
_START: Final = struct.Struct(">I4s")  # of a chunk: length of its data, type
_CRC: Final = struct.Struct(">I")
_FRAMING: Final = _START.size + _CRC.size
_LONGEST: Final = (1 << 31) - 1  # of a chunk and of a side
# 20 MB in 4 KB pieces make 5000 chunks; a million empty ones are there to burn time.
_MOST_CHUNKS: Final = 1 << 13
# What stands before the compressed part of a chunk (sections 11.3.2.3, 11.3.3.3 and 11.3.3.4).
_PACKED: Final = MappingProxyType(
    {
        b"iCCP": re.compile(rb"[^\0]*+\0\0"),
        b"zTXt": re.compile(rb"[^\0]*+\0\0"),
        b"iTXt": re.compile(rb"[^\0]*+\0\x01\0[^\0]*+\0[^\0]*+\0"),
    }
)
MOST_UNPACKED: Final = 1 << 21  # bytes; unpacking takes 2 ms a MiB
# Small pieces of input, because zlib copies what it has not used yet each time its output is full.
INPUT_STEP: Final = 1 << 16
_OUTPUT_STEP: Final = 1 << 18


class ColourType(NamedTuple):
    """One row of table 11.1 of the standard.

    Attributes:
        samples: Samples a pixel, as stored.
        depths: Bit depths that are allowed.
        channels: As in Header.
        colour_space: As in Header.
    """

    samples: int
    depths: tuple[int, ...]
    channels: int
    colour_space: str


COLOUR_TYPES: Final = MappingProxyType(
    {
        GREY: ColourType(1, (1, 2, 4, 8, 16), 1, "grey"),
        RGB: ColourType(3, (8, 16), 3, "rgb"),
        PALETTE: ColourType(1, (1, 2, 4, 8), 3, "palette"),
        GREY_ALPHA: ColourType(2, (8, 16), 2, "grey"),
        RGB_ALPHA: ColourType(4, (8, 16), 4, "rgb"),
    }
)


class Chunk(NamedTuple):
    """One chunk.

    Attributes:
        kind: The four bytes of its type.
        at: Offset of the chunk in the file.
        body: Its data.
        crc: Checksum as stored.
    """

    kind: bytes
    at: int
    body: memoryview
    crc: int

    @property
    def end(self) -> int:
        """Offset of what follows the chunk."""
        return self.at + _FRAMING + len(self.body)

    @property
    def intact(self) -> bool:
        """Whether the checksum is right."""
        return zlib.crc32(self.body, zlib.crc32(self.kind)) == self.crc


class Ihdr(NamedTuple):
    """The fields of IHDR, in the order of the file."""

    width: int
    height: int
    depth: int
    colour_type: int
    compression: int
    filtering: int
    interlace: int


def read(data: memoryview) -> Header:
    """Read a PNG's header, seeking over the picture's own bytes.

    The walk goes on to IEND, because EXIF may follow the picture (ExifTool writes it there); but of an animation it
    ends with the first frame, because ten thousand empty ones would take 50 ms. Compressed text is unpacked up to
    MOST_UNPACKED in all, and thrown away.

    Raises:
        Unreadable: image_truncated where the file ends before IEND, image_corrupt where the signature, IHDR
            or the framing of the chunks cannot be right, format_unsupported for Apple's private variant.
    """
    ihdr = read_ihdr(data)
    frames, found = 1, None
    before_picture = True
    metadata_size = unpacked_size = 0
    for chunk in chunks(data):
        before_picture = before_picture and chunk.kind != b"IDAT"
        if frames > 1 and not before_picture:
            break
        if chunk.kind == b"acTL" and before_picture:
            frames = _frames(chunk)
        elif chunk.kind == b"eXIf" and found is None:
            found = exif.read(exif.without_prefix(chunk.body))
        metadata_size += len(chunk.body) if chunk.kind[:1].islower() else 0
        unpacked_size += _unpacked_size(chunk, MOST_UNPACKED - unpacked_size)
    colour = COLOUR_TYPES[ihdr.colour_type]
    orientation, gps_tags = found or exif.Exif()
    return Header(
        format="png",
        file_size=len(data),
        width=ihdr.width,
        height=ihdr.height,
        orientation=orientation,
        bit_depth=ihdr.depth,
        channels=colour.channels,
        frames=frames,
        progressive=ihdr.interlace == 1,
        metadata_size=metadata_size,
        unpacked_size=unpacked_size,
        gps_tags=gps_tags,
        colour_space=colour.colour_space,
    )


def read_ihdr(data: memoryview) -> Ihdr:
    """The fields of a PNG's first chunk, all of them legal.

    Raises:
        Unreadable: As `read`.
    """
    _check_signature(data)
    chunk = next(chunks(data))
    if chunk.kind == b"CgBI":
        message = Phrase("The file is a PNG in the private variant of iOS apps (CgBI).")
        raise Unreadable("format_unsupported", message)
    if chunk.kind != b"IHDR" or len(chunk.body) != struct.calcsize(">IIBBBBB"):
        raise _corrupt(Phrase("The PNG does not begin with an IHDR chunk of 13 bytes."))
    if not chunk.intact:
        raise _corrupt(Phrase("The checksum of the PNG's IHDR chunk is wrong."))
    ihdr = Ihdr(*struct.unpack(">IIBBBBB", chunk.body))
    _check_ihdr(ihdr)
    return ihdr


def chunks(data: memoryview) -> Iterator[Chunk]:
    """The chunks after the signature, up to IEND, that one included; checksums are not compared.

    Raises:
        Unreadable: image_truncated where the file ends before IEND, image_corrupt where a chunk's length or
            type cannot be right.
    """
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        chunk = _chunk(data, at)
        yield chunk
        if chunk.kind == b"IEND":
            return
        at = chunk.end
    raise _corrupt(Phrase("The PNG has more than {most} chunks.", most=_MOST_CHUNKS))


class Inflater(Protocol):
    """zlib's decompressor, whose own type has no public name."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What was given to it and is not yet read."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    def decompress(self, data: bytes | memoryview, longest: int = 0, /) -> bytes:
        """Inflate up to so many bytes."""


def inflated(inflater: Inflater, stream: memoryview) -> Iterator[bytes]:
    """The pieces that a part of a stream inflates to, none above 256 KiB."""
    for at in range(0, len(stream), INPUT_STEP):
        piece = inflater.decompress(stream[at : at + INPUT_STEP], _OUTPUT_STEP)
        while piece:
            yield piece
            piece = inflater.decompress(inflater.unconsumed_tail, _OUTPUT_STEP)
        if inflater.eof:
            return


def framed(kind: bytes, body: bytes | bytearray | memoryview) -> bytes:
    """A chunk with its length and its checksum."""
    return _START.pack(len(body), kind) + body + _CRC.pack(zlib.crc32(body, zlib.crc32(kind)))


def transparent_grey(data: memoryview) -> int | None:
    """The level of a grey PNG that is transparent (section 11.3.1.1); None where none is, or where it is not grey.

    Returns:
        The level as decoders give it: 1, 2 and 4 bits are scaled to 8, 16 bits stay so. Bits of the chunk above the
        depth of the picture do not count.
    """
    ihdr = read_ihdr(data)
    if ihdr.colour_type != GREY:
        return None
    before_picture = itertools.takewhile(lambda chunk: chunk.kind != b"IDAT", chunks(data))
    body = next((chunk.body for chunk in before_picture if chunk.kind == b"tRNS" and len(chunk.body) == 2), None)  # noqa: PLR2004
    if body is None:
        return None
    white = (1 << ihdr.depth) - 1
    return (int.from_bytes(body, "big") & white) * max(1, _WHITE // white)


def _chunk(data: memoryview, at: int) -> Chunk:
    if at + _START.size > len(data):
        message = Phrase("The PNG ends after {length} bytes, before its IEND chunk.", length=len(data))
        raise Unreadable("image_truncated", message)
    length, kind = _START.unpack_from(data, at)
    end = at + _FRAMING + length
    if length > _LONGEST or not kind.isalpha():
        raise _corrupt(Phrase("The PNG has no valid chunk at byte {at}.", at=at))
    if end > len(data):
        # A file that still has its last chunk lost nothing at its end: then it is the length that is wrong.
        code = "image_corrupt" if bytes(data[-len(IEND) :]) == IEND else "image_truncated"
        said = {"chunk": kind.decode(), "at": at}
        raise Unreadable(code, Phrase("The PNG's {chunk} chunk at byte {at} goes past the file's end.", **said))
    return Chunk(kind, at, data[at + _START.size : end - _CRC.size], *_CRC.unpack_from(data, end - _CRC.size))


def _corrupt(message: Phrase) -> Unreadable:
    return Unreadable("image_corrupt", message)


def _check_signature(data: memoryview) -> None:
    start = bytes(data[: len(SIGNATURE)])
    if start == SIGNATURE:
        return
    if SIGNATURE.startswith(start):
        message = Phrase("The PNG ends after {length} bytes, inside its signature.", length=len(data))
        raise Unreadable("image_truncated", message)
    if start.startswith(SIGNATURE[:4]):
        raise _corrupt(Phrase("The PNG's signature is damaged, as by a transfer in text mode."))
    raise _corrupt(Phrase("The PNG's signature is damaged."))


def _check_ihdr(ihdr: Ihdr) -> None:
    """Refuse what table 11.1 and section 11.2.1 do not allow."""
    if not (1 <= ihdr.width <= _LONGEST and 1 <= ihdr.height <= _LONGEST):
        size = {"width": ihdr.width, "height": ihdr.height}
        raise _corrupt(Phrase("The PNG says it has {width} x {height} pixels.", **size))
    colour = COLOUR_TYPES.get(ihdr.colour_type)
    if colour is None:
        raise _corrupt(Phrase("The PNG has colour type {colour_type}, which is none.", colour_type=ihdr.colour_type))
    if ihdr.depth not in colour.depths:
        said = {"depth": ihdr.depth, "colour_type": ihdr.colour_type}
        raise _corrupt(Phrase("The PNG has bit depth {depth} with colour type {colour_type}.", **said))
    if ihdr.compression or ihdr.filtering or ihdr.interlace > 1:
        raise _corrupt(Phrase("The PNG has a compression, filter or interlace method that is none."))


def _frames(chunk: Chunk) -> int:
    """Frames that acTL states (section 11.3.6.1); a still where it is not valid, as decoders take it."""
    stated = int.from_bytes(chunk.body[:4], "big")
    return stated if len(chunk.body) == 8 and 1 <= stated <= _LONGEST else 1  # noqa: PLR2004


def _unpacked_size(chunk: Chunk, most: int) -> int:
    """Bytes that the compressed part of a chunk unpacks to, `most` at most; damage ends it without a word."""
    head = _PACKED[chunk.kind].match(chunk.body) if most and chunk.kind in _PACKED else None
    if head is None:
        return 0
    size = 0
    with contextlib.suppress(zlib.error):
        for piece in inflated(zlib.decompressobj(), chunk.body[head.end() :]):
            size += len(piece)
            if size >= most:
                return most
    return size
