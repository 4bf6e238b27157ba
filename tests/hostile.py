"""FORMS: the worst inputs of every parser, each of about as many bytes as are asked for; and PARSERS, which read them.

`tests/test_complexity.py` counts what they cost, and `benchmarks/hostile.py` measures them at 20 MB.
"""

from __future__ import annotations

import base64
import ctypes
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from functools import cache, partial
from pathlib import Path
from time import process_time
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import Image

import imagegate
from imagegate.cli.inputs import Misuse
from imagegate.cli.saved import saved
from imagegate.scanning import archives, tables
from imagegate.scanning.filtering import Filter
from imagegate.scanning.sources import paths_in
from imagegate.web.parts import picture_of
from imagegate.words import choose
from tests.bombs import gif, many_scans, segment
from tests.header.files import GREY, chunk, ihdr, jpeg, png, with_segments
from tests.measured import PEAK, ROOT, resident

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BOUNDARY: Final = b"boundary"
FORM: Final = f"multipart/form-data; boundary={BOUNDARY.decode()}"
BYTES: Final = "application/octet-stream"
EOI: Final = b"\xff\xd9"
SIDE: Final = 256  # pixels: a picture that is large enough to be measured
LONGEST_SEGMENT: Final = 0xFFFF - 2
ENTRY: Final = struct.Struct("<HHII")  # of a TIFF directory: tag, type, count, value
TAKES_HEIC: Final = imagegate.Policy(formats=("jpeg", "png", "heic"))


class Form(NamedTuple):
    """One kind of hostile input.

    Attributes:
        parser: Which of PARSERS reads it.
        name: What is hostile about it.
        make: Makes about as many bytes of it as it is told.
    """

    parser: str
    name: str
    make: Callable[[int], bytes]


# What fills a form: so many bytes of one piece.


def filled(piece: bytes, length: int) -> bytes:
    return piece * max(1, length // len(piece))


def around(before: bytes, piece: bytes, after: bytes) -> Callable[[int], bytes]:
    """The piece again and again, between what stands before and behind it."""
    return lambda length: before + filled(piece, length - len(before) - len(after)) + after


def numbered(piece: str, length: int) -> bytes:
    """The piece again and again, each time with another number in it."""
    width = len(str(length))
    count = max(1, length // len(piece % f"{0:0{width}}"))
    return "".join(piece % f"{number:0{width}}" for number in range(count)).encode()


# JPEG.


@cache
def photo() -> bytes:
    return jpeg(size=(SIDE, SIDE))


@cache
def odd() -> bytes:
    """A JPEG with bytes between its segments, as some phones write it: decoders complain of it, and it is tidied."""
    return photo()[:20] + bytes(4) + photo()[20:]  # behind SOI and JFIF


@cache
def untidy() -> bytes:
    """A progressive JPEG with zeros between its scans: decoders complain of it, and tidying does not remove them."""
    data = jpeg(size=(SIDE, SIDE), progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + bytes(2) + data[at:]


def before_scan(piece: bytes, length: int) -> bytes:
    at = photo().index(b"\xff\xda")
    return photo()[:at] + filled(piece, length) + photo()[at:]


def before_end(start: bytes, piece: bytes, length: int) -> bytes:
    return start[: -len(EOI)] + filled(piece, length) + EOI


def full_segment(marker: int, body: bytes) -> bytes:
    return segment(marker, (body + bytes(LONGEST_SEGMENT))[:LONGEST_SEGMENT])


def directory() -> bytes:
    """A TIFF directory of as many entries as a segment holds; those that lead on lead back to it."""
    links = [ENTRY.pack(tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005)]
    entries = b"".join(links) * 1800
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5400) + entries + b"\x08\0\0\0"


def colour_profile(length: int) -> bytes:
    """An ICC profile in 255 chunks, the most there can be."""
    share = min(length // 255, LONGEST_SEGMENT - 14)
    pieces = [(0xE2, b"ICC_PROFILE\0" + bytes([number, 255]) + bytes(share)) for number in range(1, 256)]
    return with_segments(photo(), *pieces)


# Each table of a DQT segment is read by itself.
QUANTISATION: Final = segment(0xDB, (b"\0" + bytes([1] * 64)) * (LONGEST_SEGMENT // 65))
HUFFMAN: Final = segment(0xC4, (b"\0\1" + bytes(15) + b"\0") * (LONGEST_SEGMENT // 18))

JPEGS: Final = {
    "zeros behind the end": lambda n: odd() + bytes(n),
    "zeros behind the end, and another end": lambda n: odd() + bytes(n) + b"\xff\0" + EOI,
    "zeros before the end": partial(lambda n: before_end(odd(), b"\0", n)),
    "ends": lambda n: odd() + filled(EOI, n),
    "zeros and ends in turn": lambda n: odd() + filled(b"\0" + EOI, n),
    "0xFF and zeros in turn": lambda n: odd() + filled(b"\xff\0\0", n),
    "ends behind what cannot be tidied": lambda n: untidy() + filled(b"\0" + EOI, n),
    "zeros behind what cannot be tidied": lambda n: untidy() + bytes(n),
    "no end": lambda n: odd()[: -len(EOI)] + bytes(n),
    "empty segments": lambda n: before_scan(b"\xff\xfe\0\2", n),
    "full segments": lambda n: before_scan(full_segment(0xFE, b""), n),
    "markers without length": lambda n: before_scan(b"\xff\xd0", n),
    "fill bytes": lambda n: before_scan(b"\xff", n),
    "zeros between segments": lambda n: before_scan(b"\0", n),
    "restart markers behind the scan": lambda n: before_end(photo(), b"\xff\xd0", n),
    "stuffed bytes behind the scan": lambda n: before_end(photo(), b"\xff\0", n),
    "EXIF of directories that loop": lambda n: before_scan(full_segment(0xE1, directory()), n),
    "ICC profile in 255 chunks": colour_profile,
    "quantisation tables": lambda n: before_scan(QUANTISATION, n),
    "Huffman tables": lambda n: before_scan(HUFFMAN, n),
    "scans": lambda n: many_scans(SIDE, SIDE, n // 12),
    "comments between scans": lambda n: many_scans(SIDE, SIDE, 1)[:-2] + filled(b"\xff\xfe\0\2", n),
    "0xFF between scans": lambda n: many_scans(SIDE, SIDE, 1)[:-2] + filled(b"\xff", n),
    "nothing but its first bytes": lambda n: b"\xff\xd8\xff" + bytes(n),
}


# PNG.

SIZE: Final = MappingProxyType({"width": SIDE, "height": SIDE})
ROWS: Final = bytes(SIDE * (3 * SIDE + 1))
STREAM: Final = zlib.compress(ROWS, 9)


def with_chunks(piece: bytes, length: int) -> bytes:
    return png(ihdr(**SIZE), filled(piece, length), chunk(b"IDAT", STREAM))


@cache
def million_zeros() -> bytes:
    """A thousand bytes of a stream, which may be followed by more of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)


def swelling(length: int) -> bytes:
    """A stream that unpacks to a thousand times its length."""
    return b"\x78\xda" + filled(million_zeros(), length)


def one_chunk(kind: bytes, head: bytes, length: int) -> bytes:
    return with_chunks(chunk(kind, head + swelling(length)), 1)


def crumbs(size: int, length: int) -> bytes:
    """The picture in chunks of so many bytes, and as many behind them as there is room for."""
    stream = STREAM + bytes(max(0, length // (12 + size) * size - len(STREAM)))
    pieces = (stream[at : at + size] for at in range(0, len(stream), size))
    return png(ihdr(**SIZE), *(chunk(b"IDAT", piece) for piece in pieces))


def in_turn(length: int) -> bytes:
    """Chunks of two kinds in turn, and as many of the picture behind them."""
    others = filled(chunk(b"tEXt") + chunk(b"zTXt"), length // 2)
    return png(ihdr(**SIZE), others, chunk(b"IDAT", STREAM), filled(chunk(b"IDAT"), length // 2))


def empty_blocks(length: int) -> bytes:
    """A stream of stored blocks without a byte in them (RFC 1951, section 3.2.4), and then the rows."""
    return png(ihdr(**SIZE), chunk(b"IDAT", b"\x78\x01" + filled(b"\0\0\0\xff\xff", length) + STREAM[2:]))


def tags(length: int) -> bytes:
    """A directory of EXIF, and a second one for the location, that both take all the room there is."""
    count = min(length // ENTRY.size, 0xFFFF)
    entries = ENTRY.pack(0x8825, 4, 1, 8) + b"".join(ENTRY.pack(tag, 3, 1, 1) for tag in range(1, count))
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries
    return with_chunks(chunk(b"eXIf", tiff), length)


EMPTY_FRAME: Final = chunk(b"fcTL", bytes(26)) + chunk(b"fdAT", bytes(4))

PNGS: Final = {
    "empty chunks": lambda n: with_chunks(chunk(b"tEXt"), n),
    "one long tEXt": lambda n: with_chunks(chunk(b"tEXt", b"Comment\0" + b"a" * n), n),
    "zTXt that unpacks": lambda n: one_chunk(b"zTXt", b"Comment\0\0", n),
    "iTXt that unpacks": lambda n: one_chunk(b"iTXt", b"Comment\0\1\0\0\0", n),
    "iCCP that unpacks": lambda n: one_chunk(b"iCCP", b"profile\0\0", n),
    "small zTXt": lambda n: with_chunks(chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a")), n),
    "zTXt without an end of its name": lambda n: with_chunks(chunk(b"zTXt", b"a" * n), n),
    "EXIF of all the room": tags,
    "IDAT of 1 byte each": partial(crumbs, 1),
    "IDAT of nothing behind kinds in turn": in_turn,
    "IDAT of nothing": lambda n: png(ihdr(**SIZE), chunk(b"IDAT", STREAM), filled(chunk(b"IDAT"), n)),
    "stream of empty blocks": empty_blocks,
    "stream that goes on behind its rows": lambda n: png(ihdr(**SIZE), chunk(b"IDAT", swelling(n))),
    "bytes behind the end of the stream": lambda n: png(ihdr(**SIZE), chunk(b"IDAT", STREAM + bytes(n))),
    "frames": lambda n: png(
        ihdr(**SIZE), chunk(b"acTL", struct.pack(">II", 2, 0)), chunk(b"IDAT", STREAM), filled(EMPTY_FRAME, n)
    ),
    "bytes behind the end": lambda n: png(ihdr(**SIZE), chunk(b"IDAT", STREAM)) + bytes(n),
    "a chunk that is longer than the file": lambda n: png(ihdr(**SIZE))[:-12] + b"\x7f\xff\xff\xffIDAT" + bytes(n),
    "grey with a transparent level behind crumbs": lambda n: png(
        ihdr(**SIZE, colour_type=GREY), filled(chunk(b"tEXt"), n), chunk(b"tRNS", b"\0\0"), chunk(b"IDAT", STREAM)
    ),
}


# Other pictures.


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind: bytes, body: bytes, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]) + body)


FILE_TYPE: Final = box(b"ftyp", b"heic\0\0\0\0mif1heic")
HANDLER: Final = full_box(b"hdlr", b"\0\0\0\0pict" + bytes(13))


def meta(*boxes: bytes) -> bytes:
    return FILE_TYPE + full_box(b"meta", HANDLER + b"".join(boxes))


def nested(kind: bytes, length: int) -> bytes:
    """Boxes within boxes, each the only one in it."""
    depth = length // 8
    return FILE_TYPE + b"".join(struct.pack(">I", 8 * (depth - level)) + kind for level in range(depth))


def locations(length: int) -> bytes:
    """An iloc of as many items as two bytes count, each with as many extents as there is room for."""
    extents = min(max(1, (length // 0xFFFF - 6) // 8), 0xFFFF)
    items = (struct.pack(">HHH", number, 0, extents) + bytes(8 * extents) for number in range(1, 0xFFFF))
    return meta(full_box(b"iloc", b"\x44\0" + struct.pack(">H", 0xFFFE) + b"".join(items)))


HEICS: Final = {
    "boxes within boxes": partial(nested, b"meta"),
    "boxes of nothing": lambda n: FILE_TYPE + filled(box(b"free", b""), n),
    "boxes of nothing in meta": lambda n: meta(filled(box(b"free", b""), n)),
    "properties": lambda n: meta(box(b"iprp", box(b"ipco", filled(full_box(b"ispe", bytes(8)), n)))),
    "places of items": locations,
    "brands": lambda n: box(b"ftyp", b"heic\0\0\0\0" + filled(b"mif1", n)) + meta()[len(FILE_TYPE) :],
}
STRANGERS: Final = {
    "GIF of frames": lambda n: gif(n // 20),
    "WebP of chunks": lambda n: b"RIFF" + struct.pack("<I", n) + b"WEBPVP8X" + filled(b"ANMF\0\0\0\0", n),
    "SVG behind comments": around(b"", b"<!---->", b"<svg>"),
    "SVG behind a comment that does not end": around(b"<!--", b"-- >", b"<svg>"),
    "XML of a declaration that does not end": around(b"<?xml ", b"?", b""),
    "a doctype that does not end": around(b"<!doctype a", b"[]", b""),
    "blanks": around(b"", b"\n", b"{"),
    "UTF-16 of blanks": around(b"\xff\xfe", b"\n\0", b"<\0"),
    "AVIF of brands": around(b"\0\0\0\x20ftypmif1\0\0\0\0", b"mif1", b""),
}


# Texts.


@cache
def letters() -> bytes:
    """Base64 of a JPEG, without padding."""
    return base64.b64encode(photo()[: len(photo()) // 3 * 3])


TEXTS: Final = {
    "blanks": around(b"/9j/", b" ", b"/9j/"),
    "lines of nothing": around(b"/9j/", b"\r\n", b"/9j/"),
    "wrapped after every character": around(b"/9j/", b"A\n", b"AAAA"),
    "a wrong character at its end": around(b"/9j/", b"A", b"!"),
    "a wrong character behind lines": around(b"/9j/", b"AAA\n", b"!"),
    "a length that cannot be": around(b"/9j/", b"AAAA", b"A"),
    "padding": around(letters(), b"=", b""),
    "URL-safe": around(b"_9j_", b"-_-_", b""),
    "blanks between characters": around(b"/9j/", b"A ", b"A"),
    "blanks before line ends": around(b"/9j/A", b"  \n", b"A"),
    "not one character of one byte": lambda n: b"/9j/" + "\u20ac".encode() * (n // 3),
    "data URI, percent-encoded": around(b"data:image/jpeg;base64,", b"%2F", b""),
    "data URI of a long media type": around(b"data:image/", b"a", b";base64,/9j/"),
    "data URI of parameters": around(b"data:image/jpeg", b";a=b", b";base64,/9j/"),
    "data URI of blanks": around(b"data:image/jpeg;", b" ", b"base64,/9j/"),
    "a path": around(b"/", b"a/", b".jpg"),
    "quotes": around(b"b'", b"'", b""),
    "byte order marks": around(b"", b"\xef\xbb\xbf", b"/9j/"),
}


def twice_encoded(length: int) -> bytes:
    """Base64 of Base64 and so on, as often as there is room for."""
    data = photo()
    while len(data) * 4 // 3 <= length:
        data = base64.b64encode(data)
    return data


def deep(opening: bytes, inner: bytes, closing: bytes) -> Callable[[int], bytes]:
    def make(length: int) -> bytes:
        count = max(1, length // len(opening + closing))
        return opening * count + inner + closing * count

    return make


def of_keys(length: int) -> bytes:
    return b"{" + numbered('"%s":1,', length) + b'"image":1}'


JSONS: Final = {
    "arrays within arrays": lambda n: b'{"image":' + deep(b"[", b"", b"]")(n) + b"}",
    "objects within objects": deep(b'{"image":', b"1", b"}"),
    "arrays that do not end": around(b'{"image":', b"[", b""),
    "a text of escapes": around(b'{"image":"', b"\\n", b'"}'),
    "a text of escapes, and commas": around(b'{"image":"' + b"," * 100_000, b"\\n", b'"}'),
    "a text of escapes that does not end": around(b'{"image":"', b"\\n", b""),
    "a text of quotes": around(b'{"image":"', b'\\"', b'"}'),
    "a text of surrogate pairs": around(b'{"image":"', b"\\ud83d\\ude00", b'"}'),
    "escapes before half a pair": around(b'{"image":"', b"\\n", b'\\ud800"}'),
    "texts before NaN": around(b'{"image":["', b'","', b'",NaN]}'),
    "keys": of_keys,
    "keys of one name": around(b"{", b'"image":1,', b'"image":1}'),
    "a key without end": around(b'{"', b"a", b'":1}'),
    "a whole number": around(b'{"image":', b"9", b"}"),
    "a fraction": around(b'{"image":0.', b"9", b"}"),
    "an exponent": around(b'{"image":1e', b"9", b"}"),
    "blanks": around(b'{"image":', b" \n", b"1}"),
    "commas": around(b'{"image":[', b"1,", b"1]}"),
    "commas within a text": around(b'{"image":"', b",[", b'"}'),
    "pictures": around(b'{"images":[', b'"/9j/",', b'""]}'),
    "lines, and a fault at the end": around(b"{", b"\n", b"x"),
    "what is no UTF-8 at its end": around(b'{"image":"', b"a", b'\xff"}'),
    "UTF-8 of two bytes": lambda n: b'{"image":"' + "\u00e9".encode() * (n // 2) + b'"}',
    "half a pair behind UTF-8": lambda n: b'{"image":"' + "\u00e9".encode() * (n // 2) + b'\\ud800"}',
}


# Forms.

PART: Final = b'--boundary\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
LAST: Final = b"\r\n--boundary--\r\n"

FORMS_OF_PARTS: Final = {
    "tiny parts": around(b"", b"--boundary\r\nA: b\r\n\r\n\r\n", LAST[2:]),
    "headers": around(b"--boundary\r\n", b"A: b\r\n", b"\r\n" + LAST),
    "a long header": around(b"--boundary\r\nA: ", b"b", b"\r\n\r\n" + LAST),
    "a header of names of files": around(b"--boundary\r\nContent-Disposition: a", b";filename0", b"\r\n\r\n" + LAST),
    "a long name of a header": around(b"--boundary\r\n", b"A", b": b\r\n\r\n" + LAST),
    "lines that begin like a boundary": around(PART, b"\r\n--boundarx", LAST),
    "lines that begin like the last boundary": around(PART, b"\r\n--boundary-", LAST),
    "carriage returns": around(PART, b"\r", LAST),
    "line ends": around(PART, b"\r\n", LAST),
    "hyphens": around(PART, b"\r\n-", LAST),
    "lines before the first boundary": around(b"", b"\r\n", PART + LAST),
    "bytes behind the last boundary": around(PART + LAST, b"\r\n--boundary", b""),
    "no boundary": around(b"", b"a", b""),
    "the boundary's characters": around(PART, b"boundary", LAST),
}


# What APIs answer.

TELESOFT: Final = b'{"error":{"type":"a","code":"b","message":"c","requestId":"d","param":"'
PROBLEM: Final = b'{"type":"a","title":"b","errors":[{"pointer":"#/'
FHIR: Final = b'{"resourceType":"OperationOutcome","issue":[{"code":"a","location":["/f:a'

BODIES: Final = {
    "HTML": around(b"<html>", b"<p>", b""),
    "blanks": around(b"", b" ", b"{"),
    "blanks on both sides": around(b"", b"\n", b"{}" + b"\n" * 1000),
    "arrays within arrays": deep(b"[", b"", b"]"),
    "arrays": around(b"[", b"[],", b"[]]"),
    "objects": around(b"[", b'{"a":1},', b"{}]"),
    "fractions": around(b"[", b"1.5,", b"1]"),
    "keys": of_keys,
    "a text of escapes": around(b'{"error":"', b"\\n", b'"}'),
    "a whole number": around(b'{"status":', b"9", b"}"),
    "no UTF-8": around(b'{"error":"', b"a", b'\xff"}'),
    "UTF-16": around(b"\xff\xfe", b" \0", b"{\0}\0"),
    "a path in a quote that does not end": around(TELESOFT + b"`", b"a", b'"}}'),
    "a path of escapes": around(TELESOFT + b"`", b"\\\\a", b'`"}}'),
    "a path of names": around(TELESOFT + b"a", b".a", b'"}}'),
    "a path of indices": around(TELESOFT + b"a", b"[1]", b'"}}'),
    "a path of dots": around(TELESOFT + b"a", b".", b'"}}'),
    "a pointer of percents": around(PROBLEM, b"%41", b'"}]}'),
    "a pointer of slashes": around(PROBLEM, b"/", b'"}]}'),
    "an XPath of indices": around(FHIR, b"[1]", b'"]}]}'),
    "a FHIRPath of one name": around(FHIR.replace(b"location", b"expression").replace(b"/f:a", b"A"), b"a", b'"]}]}'),
    "issues of FHIR": around(FHIR[:41], b'{"code":"a"},', b'{"code":"a"}]}'),
    "details of google.rpc": around(b'{"code":3,"message":"a","details":[', b'{"@type":"a"},', b"{}]}"),
    "errors of FastAPI": around(b'{"detail":[', b'{"loc":[],"msg":"","type":""},', b'{"loc":[],"msg":"","type":""}]}'),
    "a place of FastAPI": around(b'{"detail":[{"msg":"a","type":"b","loc":["body"', b',"a"', b"]}]}"),
    "an id of a request": around(b'{"requestId":"', b"a", b'"}'),
    "a date": around(b'{"error":{"reset":"2026-01-01T00:00:00.', b"0", b'"}}'),
}
HEADERS: Final = {
    "many": partial(numbered, "a%s: b\n"),
    "Retry-After of digits": around(b"Retry-After: ", b"9", b""),
    "Retry-After of blanks": around(b"Retry-After: ", b" ", b"x"),
    "a date of commas": around(b"Date: ", b"Mon, ", b""),
    "an id of a request": around(b"X-Request-Id: ", b"a", b""),
}
SAVED: Final = {
    "heads": around(b"", b"HTTP/1 200\n\n", b"{}"),
    "headers": around(b"HTTP/1 200\n", b"a:b\n", b"\n{}"),
    "headers that do not end": around(b"HTTP/1 200\n", b"a\n", b""),
    "a long header": around(b"HTTP/1 200\na:", b"b", b"\n\n{}"),
    "line ends of CR": around(b"HTTP/1 200\r\n", b"a\r", b""),
    "HAR of entries": around(
        b'{"log":{"entries":[', b'{"response":{"status":400}},', b'{"response":{"status":400}}]}}'
    ),
    "HAR of entries that are none": around(b'{"log":{"entries":[', b"{},", b"{}]}}"),
    "HAR of numbers": around(b'{"log":{"entries":[', b"1,", b"1]}}"),
    "HAR of headers": around(
        b'{"log":{"entries":[{"response":{"status":400,"headers":[',
        b'{"name":"a","value":"b"},',
        b'{"name":"a","value":"b"}]}}]}}',
    ),
    "HAR of Base64": around(
        b'{"log":{"entries":[{"response":{"status":400,"content":{"encoding":"base64","text":"', b"AAAA", b'"}}}]}}'
    ),
    "HAR within arrays": around(b'{"log":{"entries":[', b"[", b""),
}


# What is scanned.


def zipped(length: int) -> bytes:
    """A zip of as many names as there is room for, all of them of nothing."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(max(1, length // 100)):
            archive.writestr(zipfile.ZipInfo(f"{number}.jpg"), b"")
    return file.getvalue()


def deep_name(length: int) -> bytes:
    """A zip of one entry, in as many folders as its name may have."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a/" * min(length // 64, 32_000) + "a.jpg"), b"")
    return file.getvalue()


def zipped_bomb(length: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("a.jpg", bytes(100 * length))
    return file.getvalue()


def block(name: str, body: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A member of a tar: its header and its padded content."""
    header = tarfile.TarInfo(name)
    header.size, header.type = len(body), kind
    return header.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % tarfile.BLOCKSIZE)


def record(key: str, value: str) -> bytes:
    """A record of a pax header: its length, which counts itself, key and value."""
    rest = f" {key}={value}\n"
    length = len(rest) + len(str(len(rest)))
    length += len(str(length)) - len(str(len(rest)))
    return f"{length}{rest}".encode()


END_OF_TAR: Final = bytes(2 * tarfile.BLOCKSIZE)


def pax_of_records(length: int) -> bytes:
    records = b"".join(record(f"a{number}", "b") for number in range(max(1, length // 20)))
    return block("x", records, tarfile.XHDTYPE) + block("a.jpg", b"") + END_OF_TAR


def global_headers(length: int) -> bytes:
    """Half of it says what holds for all members, the other half are members with a word of their own."""
    sized = [b"".join(record(f"a{part}.{key}", "b") for key in range(500)) for part in range(max(1, length // 20_000))]
    common = b"".join(block("g", records, tarfile.XGLTYPE) for records in sized)
    member = block("x", record("a", "b"), tarfile.XHDTYPE) + block("a.jpg", b"")
    return common + filled(member, length // 2) + END_OF_TAR


def sparse(length: int) -> bytes:
    """A member in as many pieces as there is room for (GNU tar, sparse format 1.0)."""
    count = max(1, length // 4)
    pieces = f"{count}\n".encode() + b"0\n0\n" * count
    head = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "0")
    return block("x", head, tarfile.XHDTYPE) + block("a.jpg", pieces + bytes(-len(pieces) % 512)) + END_OF_TAR


ARCHIVES: Final = {
    "zip": {
        "names": zipped,
        "a name of folders": deep_name,
        "a comment": lambda n: zipped(1) + bytes(n),
        "what looks like an end": around(b"PK\3\4", b"PK\5\6", b""),
        "an entry that unpacks": zipped_bomb,
    },
    "tar": {
        "members": lambda n: filled(block("a.jpg", b""), n) + END_OF_TAR,
        "a pax header of records": pax_of_records,
        "pax headers": lambda n: filled(block("x", record("path", "a.jpg"), tarfile.XHDTYPE), n) + END_OF_TAR,
        "pax headers for all": global_headers,
        "long names": lambda n: filled(block("L", b"a" * 100, tarfile.GNUTYPE_LONGNAME), n) + END_OF_TAR,
        "a long name": lambda n: block("L", b"a" * n, tarfile.GNUTYPE_LONGNAME) + END_OF_TAR,
        "a member in pieces": sparse,
        "blocks of rubbish": around(b"", b"\x01" * 512, b""),
    },
}
TABLES: Final = {
    "csv": {
        "a line of text": around(b"image\n", b"A", b"\n"),
        "a line of cells": around(b"image\n", b",", b"\n"),
        "a heading of cells": around(b"", b",", b"image\n/9j/\n"),
        "a heading of quotes": around(b"", b'"",', b"image\n/9j/\n"),
        "a cell of quotes": around(b'image\n"', b'""', b'"\n'),
        "a quote that does not end": around(b'image\n"', b"\n", b""),
        "quotes within cells": around(b"image\n", b'a"', b"\n"),
        "a quote in each line": around(b'image\n"', b'a"\n"', b""),
    },
    "jsonl": {
        "a line of text": around(b'{"image":"', b"A", b'"}\n'),
        "a line of escapes": around(b'{"image":"', b"\\n", b'"}\n'),
        "a line of keys": lambda n: of_keys(n) + b"\n",
        "a line of arrays": around(b'{"a":', b"[", b"\n"),
        "a line of what is not asked for": around(b'{"a":[', b"{},", b'{}],"image":""}\n'),
        "a line of blanks": around(b"", b" ", b"\n"),
        "a line that does not end": around(b"", b"A", b""),
    },
    "parquet": {
        "rubbish between its marks": around(b"PAR1", b"\x15", b"\x10\0\0\0PAR1"),
        "a footer of lists": around(b"PAR1", b"\x19", b""),
    },
}
NAMES: Final = {
    "a name": around(b"", b"a", b""),
    "a name of capitals": around(b"", b"aA ", b""),
    "a name of nothing": around(b"", b" ", b"x"),
}
LANGUAGES: Final = {
    "languages": around(b"", b"de,", b"de"),
    "subtags": around(b"de", b"-a", b""),
    "commas": around(b"", b",", b""),
    "weights": around(b"de;q=0", b";q=1", b""),
    "blanks": around(b"de", b" ", b";q=1"),
}
POLICIES: Final = {
    "keys": partial(numbered, "a%s=1\n"),
    "a dotted key": around(b"a", b".a", b"=1"),
    "a dotted table": around(b"[a", b".a", b"]"),
    "tables": partial(numbered, "[a.b%s]\n"),
    "dotted keys": partial(numbered, "a.b.c%s=1\n"),
    "arrays within arrays": deep(b"a=" + b"[", b"", b"]"),
    "a text": around(b'name="', b"\\n", b'"'),
    "a comment": around(b"#", b"a", b""),
    "blanks": around(b"", b" ", b""),
    "a whole number": around(b"worker_seconds=", b"9", b""),
    "names that nobody knows": partial(numbered, '[severities]\n"%s"="warn"\n'),
}

_TABLES: Final[Mapping[str, Mapping[str, Callable[[int], bytes]]]] = MappingProxyType(
    {
        "JPEG": JPEGS,
        "PNG": PNGS,
        "HEIC": HEICS,
        "other formats": STRANGERS,
        "GIF of Pillow": {"frames": lambda n: gif(n // 20, side=SIDE)},
        "Base64": TEXTS | {"encoded many times": twice_encoded},
        "JSON": JSONS,
        "form": FORMS_OF_PARTS,
        "API's body": BODIES,
        "API's headers": HEADERS,
        "saved answer": SAVED,
        **ARCHIVES,
        **TABLES,
        "list of names": NAMES,
        "path": NAMES,
        "Accept-Language": LANGUAGES,
        "policy": POLICIES,
    }
)
FORMS: Final = tuple(Form(parser, name, make) for parser, forms in _TABLES.items() for name, make in forms.items())


# Path and media type by which the forms of a parser reach the service.
REQUESTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        **dict.fromkeys(("JPEG", "PNG", "HEIC", "other formats", "Base64"), ("/v1/check", BYTES)),
        "JSON": ("/v1/check-payload", "application/json"),
        "form": ("/v1/check", FORM),
    }
)


# The parsers.


def check_pil(data: bytes) -> object:
    return imagegate.check(Image.open(io.BytesIO(data)))


def of_form(data: bytes) -> object:
    from imagegate.web.refusals import Refused  # noqa: PLC0415

    try:
        return picture_of(FORM, bytearray(data))
    except Refused as refused:
        return refused.finding.cause.code


def read_saved(data: bytes) -> object:
    """The answers of a file, as `imagegate explain` reads it."""
    with tempfile.NamedTemporaryFile(suffix=".har") as file:
        file.write(data)
        file.flush()
        try:
            return sum(1 for _ in saved(file.name, None, []).answers)
        except Misuse as misuse:
            return str(misuse)


def explain_headers(data: bytes) -> object:
    lines = (line.partition(":") for line in io.StringIO(data.decode()))
    return imagegate.explain(429, None, ((name, value) for name, _, value in lines))


def read_items(kind: str, data: bytes) -> object:
    """Everything that a source yields, each picture read as a scan reads it."""
    policy = imagegate.Policy()
    file = io.BufferedReader(io.BytesIO(data))
    if kind in ARCHIVES:
        found = archives.KINDS[f".{kind}"]("a", file, policy, Filter(exclude="*.tmp"))
    else:
        found = tables.KINDS[f".{kind}"]("a", file, "image", policy)
    count = 0
    try:
        for item in found:
            count += 1
            _read(item, policy)
    except Exception as error:  # noqa: BLE001 - scan() makes a record of whatever a damaged source raises
        return type(error).__name__
    return count


def _read(item, policy) -> None:
    try:
        item.read(policy)
    except OSError:
        return


def listed(data: bytes) -> object:
    try:
        return sum(1 for _ in paths_in(io.BytesIO(data)))
    except ValueError as error:
        return str(error)


def check_path(data: bytes) -> object:
    try:
        return imagegate.check(Path(os.fsdecode(data)))
    except OSError as error:
        return str(error.errno)


def policy_of(data: bytes) -> object:
    try:
        return imagegate.Policy.from_toml(data.decode())
    except (ValueError, TypeError) as error:
        return type(error).__name__


PARSERS: Final[Mapping[str, Callable[[bytes], object]]] = MappingProxyType(
    {
        "JPEG": imagegate.check,
        "PNG": imagegate.check,
        "HEIC": partial(imagegate.check, policy=TAKES_HEIC),
        "other formats": imagegate.check,
        "GIF of Pillow": check_pil,
        "Base64": lambda data: imagegate.check(data.decode()),
        "JSON": imagegate.check_payload,
        "form": of_form,
        "API's body": partial(imagegate.explain, 400),
        "API's headers": explain_headers,
        "saved answer": read_saved,
        **{kind: partial(read_items, kind) for kind in (*ARCHIVES, *TABLES)},
        "list of names": listed,
        "path": check_path,
        "Accept-Language": lambda data: choose(data.decode()),
        "policy": policy_of,
    }
)


class Taken(NamedTuple):
    """What reading one form took.

    Attributes:
        seconds: Of the processor.
        memory: Bytes beyond the input.
        records: What it held of rows, entries or names, each of which is an answer of its own; 0 where it is one input.
    """

    seconds: float
    memory: int
    records: int


def main(parser: str, size: int, seconds: int, first: int = 0) -> None:
    """Print what each form of a parser takes, from a number on; one that takes too long ends the process."""
    import resource  # noqa: PLC0415 - Windows has none

    imagegate.warmup()
    for form in [form for form in FORMS if form.parser == parser][first:]:
        data = form.make(size)
        most = int(process_time()) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        sys.stdout.write(json.dumps([form.name, taken(PARSERS[parser], data)]) + "\n")
        sys.stdout.flush()


def taken(parse: Callable[[bytes], object], data: bytes) -> Taken:
    """Read a form once."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # else what earlier forms gave back would be counted before, and not now
        trim(0)
    PEAK.write_text("5")  # proc(5): the peak is what is resident now
    before, start = resident("VmRSS"), process_time()
    found = parse(data)
    seconds = process_time() - start
    return Taken(seconds, resident("VmHWM") - before, found if isinstance(found, int) else 0)


def measured_forms(parser: str, size: int, seconds: int) -> dict[str, Taken | None]:
    """What each form of a parser takes, by its name, in a process of its own; None of one that takes too long."""
    names = [form.name for form in FORMS if form.parser == parser]
    found: dict[str, Taken | None] = {}
    while len(found) < len(names):
        command = [sys.executable, "-m", "tests.hostile", parser, str(size), str(seconds), str(len(found))]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, cwd=ROOT)
        found |= {name: Taken(*of) for name, of in map(json.loads, run.stdout.splitlines())}
        if len(found) < len(names):
            found[names[len(found)]] = None
    return found


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
