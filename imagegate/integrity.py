"""Whether a picture is whole: PNG by checksums and stream, JPEG by its end and its decoder's words."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from imagegate import stepwise
from imagegate.causes import Unreadable
from imagegate.header import jpeg, png
from imagegate.words import Phrase

Body: TypeAlias = memoryview | bytes

_CRITICAL: Final = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_PALETTE_BYTES: Final = range(3, 3 * 256 + 1, 3)

# First column, first row, step across and step down of each pass (W3C PNG, third edition, section 8.2).
_ADAM7: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_ONE_PASS: Final = ((0, 0, 1, 1),)
_FILTERS: Final = bytes(range(5))
_LARGEST_WINDOW: Final = b"\x78"  # of a zlib stream: 32 KiB
_BYTE: Final = 8

_END_OF_IMAGE: Final = re.compile(rb"\xff\xd9")
# A zero behind 0xFF is a part of the picture. One zero: a pattern of all of them takes the square of a run of zeros.
_PADDED_END: Final = re.compile(rb"(?<!\xff)\0\xff\xd9")
_STEP: Final = 1 << 16
_SEQUENTIAL: Final = b"\x00\x3f\x00"  # what ends the header of a scan that holds all coefficients (T.81, table B.3)
_PROFILE: Final = b"ICC_PROFILE\0"
# What libjpeg-turbo says of oddities (JWRN_EXTRANEOUS_DATA, JWRN_NOT_SEQUENTIAL, JWRN_BOGUS_ICC).
_ODDITY: Final = re.compile(
    r"Corrupt JPEG data: (?:\d+ extraneous bytes before marker|bad ICC marker)|Invalid SOS parameters"
)

# Beginnings of libjpeg-turbo's messages (src/jerror.h, src/turbojpeg.c); all others mean damage.
_JPEG_MESSAGES: Final = (
    ("Premature end of JPEG file", "image_truncated"),  # JWRN_JPEG_EOF
    ("Premature end of input file", "image_truncated"),  # JERR_INPUT_EOF
    ("Empty input file", "image_truncated"),  # JERR_INPUT_EMPTY
    ("Could not determine subsampling level", "format_unsupported"),  # TurboJPEG: no name for this sampling
    ("Could not determine colorspace", "format_unsupported"),  # TurboJPEG
    ("Unsupported JPEG process", "format_unsupported"),  # JERR_SOF_UNSUPPORTED
    ("Unsupported JPEG data precision", "format_unsupported"),  # JERR_BAD_PRECISION
    ("Unsupported color conversion request", "format_unsupported"),  # JERR_CONVERSION_NOTIMPL
    ("Fractional sampling not implemented", "format_unsupported"),  # JERR_FRACT_SAMPLE_NOTIMPL
    ("CCIR601 sampling not implemented", "format_unsupported"),  # JERR_CCIR601_NOTIMPL
    ("Sorry, arithmetic coding", "format_unsupported"),  # JERR_ARITH_NOTIMPL
    ("Requested feature was omitted", "format_unsupported"),  # JERR_NOT_COMPILED
    ("Empty JPEG image (DNL", "format_unsupported"),  # JERR_EMPTY_IMAGE
    ("Maximum supported image dimension", "image_too_large"),  # JERR_IMAGE_TOO_BIG
    ("Image too wide", "image_too_large"),  # JERR_WIDTH_OVERFLOW
    ("Insufficient memory", "image_too_large"),  # JERR_OUT_OF_MEMORY
    ("Memory limit exceeded", "image_too_large"),  # JERR_NO_BACKING_STORE
)
_TURBOJPEG_PREFIX: Final = re.compile(r"^tj\w+\(\): ")


def check_png_chunks(data: memoryview) -> list[png.Chunk]:
    """Refuse a PNG whose chunks are damaged or out of order.

    Returns:
        Its chunks.

    Raises:
        Unreadable: image_truncated where IEND is missing, image_corrupt for a wrong checksum or order (W3C
            PNG, third edition, section 5.6) or a critical chunk that no standard defines.
    """
    colour_type = png.read_ihdr(data).colour_type
    chunks = list(png.chunks(data))
    seen: set[bytes] = set()
    last = b""
    for chunk in chunks:
        if not chunk.intact:
            raise _png_fault(chunk, Phrase("has a wrong checksum"))
        _check_place(chunk, seen, last, colour_type)
        last = chunk.kind
        seen.add(last)
    if b"IDAT" not in seen:
        raise _corrupt(Phrase("The PNG has no IDAT chunk, so it holds no picture."))
    return chunks


def png_rows(data: memoryview) -> bytearray:
    """All rows of a PNG, each behind the byte of its filter; of the memory that its size demands.

    Raises:
        Unreadable: As `check_png_stream`.
        MemoryError: There is not enough.
    """
    rows = bytearray(_stream_size(png.read_ihdr(data)))
    check_png_stream(data, rows)
    return rows


def check_png_stream(data: memoryview, rows: bytearray | None = None) -> int:
    """Refuse a PNG whose compressed stream is damaged, or is longer or shorter than its size demands.

    The stream is inflated a little at a time: without `rows`, memory stays below a megabyte, whatever the file claims.
    libpng finds the same faults after minutes or not at all where a stream is too long, for it inflates all of it; and
    what it finds it writes to standard error.

    Args:
        data: The whole file.
        rows: Room for what it inflates to.

    Returns:
        Length of the stream, in bytes of the IDAT chunks; what follows it there is ignored.

    Raises:
        Unreadable: image_truncated where the file ends before its stream, else image_corrupt.
    """
    ihdr = png.read_ihdr(data)
    size, filters = _stream_size(ihdr), _Filters(ihdr)
    inflater = zlib.decompressobj()
    length = fed = 0
    try:
        for part in _idat_parts(data):
            fed += len(part)
            for piece in png.inflated(inflater, part):
                if rows is not None:
                    rows[length : length + len(piece)] = piece
                length += len(piece)
                if length > size:
                    raise _corrupt(Phrase("The PNG's data goes on after its {size} bytes of rows.", size=size))
                if not filters.are_known(piece):
                    raise _corrupt(Phrase("The PNG decoder could not read the pixels."))
            if inflater.eof:
                break
    except zlib.error:
        raise _corrupt(Phrase("The PNG's compressed data is damaged.")) from None
    if length < size:
        said = {"length": length, "size": size}
        raise _corrupt(Phrase("The PNG's data ends after {length} of its {size} bytes of rows.", **said))
    if not inflater.eof:
        raise _corrupt(Phrase("The PNG's compressed data ends without its checksum."))
    return fed - len(inflater.unused_data)


def essential_png(data: memoryview, chunks: Iterable[png.Chunk], stream: int | None = None) -> memoryview | bytes:
    """The PNG as libpng reads it in silence; the same bytes where nothing has to go.

    libpng writes to standard error what it finds wrong, from inside a library's call. So chunks that the pixels do not
    need go, as does what follows the compressed stream, and the stream says that it needs the largest window: some say
    less than they need. The transparency of a grey PNG goes too, as OpenCV does not look at it: see
    `png.transparent_grey`.

    Args:
        data: The whole file.
        chunks: Its chunks.
        stream: What `check_png_stream` returned; None leaves the stream as it is.
    """
    ihdr = png.read_ihdr(data)
    needed = [(chunk, _quiet_body(ihdr, chunk)) for chunk in _essential(ihdr, chunks)]
    if stream is not None:
        needed = _with_quiet_stream(needed, stream)
    size = len(png.SIGNATURE) + sum(chunk.end - chunk.at for chunk, _ in needed)
    if size == needed[-1][0].end and all(body is chunk.body for chunk, body in needed):
        return data
    pieces = (
        data[chunk.at : chunk.end] if body is chunk.body else png.framed(chunk.kind, body) for chunk, body in needed
    )
    return b"".join([png.SIGNATURE, *pieces])


def check_jpeg_end(data: memoryview) -> None:
    """Refuse a JPEG without an end-of-image marker after its first scan's header.

    It cannot stand in the picture's own bytes by chance, because 0xFF is followed by 0x00 there (ITU-T T.81,
    B.1.1.5); thumbnails lie in the header and are not searched.

    Raises:
        Unreadable: image_truncated.
    """
    *_, scan = jpeg.segments(data)
    if not stepwise.found(_END_OF_IMAGE, data, scan.at):
        message = Phrase("The JPEG ends after {length} bytes, within its picture.", length=len(data))
        raise Unreadable("image_truncated", message)


def classify_jpeg_message(message: str) -> str:
    """Code of the cause for what libjpeg-turbo says of a JPEG: image_corrupt for all that means damage.

    Args:
        message: Text of simplejpeg's error, with or without the name of TurboJPEG's function before it.
    """
    said = _TURBOJPEG_PREFIX.sub("", message)
    return next((code for start, code in _JPEG_MESSAGES if said.startswith(start)), "image_corrupt")


def jpeg_failure(data: memoryview, message: str) -> Unreadable:
    """What to raise for a JPEG that its decoder refused with `message`.

    A cut between two scans makes the decoder complain of a table or a marker first, so what it says counts
    only where the file has its end.
    """
    try:
        check_jpeg_end(data)
    except Unreadable as fault:
        return fault
    said = _TURBOJPEG_PREFIX.sub("", message)
    return Unreadable(classify_jpeg_message(message), Phrase("The JPEG cannot be decoded: {said}.", said=said))


def tidied_jpeg(data: memoryview, message: str) -> memoryview | None:
    """The JPEG without the oddities of real cameras that cost no pixel; None where it has none of them.

    They are bytes between the segments of the header (phones of Google and drones of DJI write segments there whose
    marker begins with a zero), zeros before the end-of-image marker, a header of a sequential scan whose last bytes
    mean nothing (Samsung), and a color profile with missing or repeated parts (editors). A strict decoder calls all of
    these damage; real damage is still found.

    Args:
        data: The whole file.
        message: What the decoder refused it with.
    """
    if not _ODDITY.match(_TURBOJPEG_PREFIX.sub("", message)):
        return None
    *others, scan = segments = list(jpeg.segments(data))
    pieces = [bytes(data[segment.at : segment.end]) for segment in segments if not _is_profile(segment)]
    if all(segment.marker != jpeg.SOF2 for segment in others):
        pieces[-1] = pieces[-1][: -len(_SEQUENTIAL)] + _SEQUENTIAL
    tidy = b"".join([b"\xff\xd8", *pieces, *_without_padding(data[scan.end :])])
    return None if tidy == data else memoryview(tidy)


def _is_profile(segment: jpeg.Segment) -> bool:
    """Whether a segment holds a part of a color profile (ICC.1:2022, annex B.4); no pixel is made of it here."""
    return segment.marker == jpeg.APP2 and bytes(segment.body[: len(_PROFILE)]) == _PROFILE


def _without_padding(stream: memoryview) -> tuple[memoryview, memoryview]:
    """What stands before and behind the zeros of the first end-of-image marker that has zeros before it."""
    found = stepwise.found(_PADDED_END, stream, 0)
    if found is None:
        return stream, stream[:0]
    return stream[: _end_without_zeros(stream, found.start() + 1)], stream[found.start() + 1 :]


def _end_without_zeros(stream: memoryview, end: int) -> int:
    """Where the zeros before `end` begin, but for one that belongs to a 0xFF; in steps, to copy nothing long."""
    kept = 0
    while end and not kept:
        start = max(0, end - _STEP)
        kept = len(bytes(stream[start:end]).rstrip(b"\0"))
        end = start + kept
    return end + (bytes(stream[end - 1 : end]) == b"\xff")


def _corrupt(message: Phrase) -> Unreadable:
    return Unreadable("image_corrupt", message)


def _png_fault(chunk: png.Chunk, fault: Phrase) -> Unreadable:
    said = {"chunk": chunk.kind.decode(), "at": chunk.at, "fault": fault}
    return _corrupt(Phrase("The PNG's {chunk} chunk at byte {at} {fault}.", **said))


def _check_place(chunk: png.Chunk, seen: set[bytes], last: bytes, colour_type: int) -> None:
    """Whether a chunk may follow those whose kinds were seen, the last one of which stands right before it."""
    kind = chunk.kind
    if kind[:1].isupper() and kind not in _CRITICAL:
        raise _png_fault(chunk, Phrase("is critical, and no standard defines it"))
    if (kind == b"IHDR" and seen) or (kind == b"PLTE" and (kind in seen or b"IDAT" in seen)):
        raise _png_fault(chunk, Phrase("is one too many or too late"))
    if kind == b"IDAT" and kind in seen and last != kind:
        raise _png_fault(chunk, Phrase("is apart from the others"))
    if kind == b"IDAT" and colour_type == png.PALETTE and b"PLTE" not in seen:
        raise _png_fault(chunk, Phrase("comes before the palette it needs"))
    if kind == b"PLTE" and (colour_type in png.GREYS or len(chunk.body) not in _PALETTE_BYTES):
        raise _png_fault(chunk, Phrase("is no palette for this picture"))
    if kind == b"IEND" and len(chunk.body):
        raise _png_fault(chunk, Phrase("is not empty"))


def _essential(ihdr: png.Ihdr, chunks: Iterable[png.Chunk]) -> Iterator[png.Chunk]:
    """The chunks that make pixels; tRNS only where libpng takes it (png_handle_tRNS)."""
    lengths = range(6, 7) if ihdr.colour_type == png.RGB else range(0)  # that tRNS may have here
    for chunk in chunks:
        if chunk.kind == b"PLTE" and ihdr.colour_type == png.PALETTE:
            yield chunk
            lengths = range(1, min(len(chunk.body) // 3, 1 << ihdr.depth) + 1)
        elif chunk.kind == b"tRNS" and len(chunk.body) in lengths:
            yield chunk
            lengths = range(0)
        elif chunk.kind in {b"IHDR", b"IDAT", b"IEND"}:
            yield chunk
            lengths = lengths if chunk.kind == b"IHDR" else range(0)


def _quiet_body(ihdr: png.Ihdr, chunk: png.Chunk) -> Body:
    """A chunk's data; of a transparent color of 8 bits a sample the upper bytes, which do not count, are zero."""
    if chunk.kind != b"tRNS" or ihdr.colour_type != png.RGB or ihdr.depth > _BYTE or not any(chunk.body[::2]):
        return chunk.body
    return bytes(byte if place % 2 else 0 for place, byte in enumerate(chunk.body))


def _with_quiet_stream(needed: list[tuple[png.Chunk, Body]], length: int) -> list[tuple[png.Chunk, Body]]:
    """The chunks with one IDAT where the stream ends before the last one does, or states a small window."""
    bodies = [body for chunk, body in needed if chunk.kind == b"IDAT"]
    first = next(bytes(body[:1]) for body in bodies if len(body))
    if sum(map(len, bodies)) == length and len(bodies[-1]) and first == _LARGEST_WINDOW:
        return needed
    stream = bytearray().join(bodies)[:length]
    stream[:1] = _LARGEST_WINDOW
    stream[1] &= 0xE0  # without its check bits (RFC 1950, 2.2)
    stream[1] += -int.from_bytes(stream[:2], "big") % 31
    at = next(index for index, (chunk, _) in enumerate(needed) if chunk.kind == b"IDAT")
    return [*needed[:at], (needed[at][0], bytes(stream)), *(each for each in needed[at:] if each[0].kind != b"IDAT")]


def _idat_parts(data: memoryview) -> Iterator[memoryview]:
    """The data of the IDAT chunks, in parts that zlib takes at once."""
    for chunk in png.chunks(data):
        if chunk.kind == b"IDAT":
            for at in range(0, len(chunk.body), png.INPUT_STEP):
                yield chunk.body[at : at + png.INPUT_STEP]


class _Filters:
    """The filter bytes of a picture's rows, looked at as they are inflated: libpng prints which are none."""

    def __init__(self, ihdr: png.Ihdr) -> None:
        self._passes = _passes(ihdr)
        self._row, self._left = next(self._passes)
        self._next = 0  # bytes until the next filter byte

    def are_known(self, piece: bytes) -> bool:
        """Whether all filter bytes in the next piece are those of a filter (section 9.2)."""
        at = self._next
        while at < len(piece):
            found = piece[at : at + self._left * self._row : self._row]
            if found.translate(None, _FILTERS):
                return False
            at += len(found) * self._row
            self._left -= len(found)
            if not self._left:
                self._row, self._left = next(self._passes, (len(piece), 1))
        self._next = at - len(piece)
        return True


def _passes(ihdr: png.Ihdr) -> Iterator[tuple[int, int]]:
    """Of each pass with pixels the length of a row with its filter byte, and their number (W3C PNG 3, 7.2 and 8.2)."""
    bits = png.COLOUR_TYPES[ihdr.colour_type].samples * ihdr.depth
    for column, row, across, down in _ADAM7 if ihdr.interlace else _ONE_PASS:
        width = len(range(column, ihdr.width, across))
        height = len(range(row, ihdr.height, down))
        if width and height:
            yield 1 + -(-width * bits // 8), height


def _stream_size(ihdr: png.Ihdr) -> int:
    """Bytes of all rows in all passes."""
    return sum(length * rows for length, rows in _passes(ihdr))
