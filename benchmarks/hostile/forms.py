"""The hostile forms: for each parser, the inputs that cost it the most for their length."""

from __future__ import annotations

import io
import json
import pathlib
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import imagegate
from imagegate.web.parts import picture_of
from imagegate.web.refusals import Refused
from imagegate.words import choose

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = pathlib.Path(__file__).parents[2]
PHOTO: Final = (ROOT / "sample_images" / "good_640x480.jpg").read_bytes()
HEIC: Final = imagegate.Policy(name="heic", formats=("jpeg", "png", "heic"))
FORM_TYPE: Final = "multipart/form-data; boundary=edge"
START, END = b"\xff\xd8", b"\xff\xd9"
PNG: Final = b"\x89PNG\r\n\x1a\n"


class Request(NamedTuple):
    """How a form reaches the service."""

    path: str
    content_type: str


class Parser(NamedTuple):
    """What reads a form: `call` takes the input and gives a word on what came of it."""

    call: Callable[[Any], str]
    request: Request | None = None


class Form(NamedTuple):
    """One input: the parser that it is meant for, its name, and what makes it of about so many bytes."""

    parser: str
    name: str
    make: Callable[[int], bytes]


def _verdict(report: imagegate.Report | imagegate.PayloadReport) -> str:
    return f"{report.status} {report.findings[0].cause.code}" if report.findings else str(report.status)


def _check(data: bytes) -> str:
    return _verdict(imagegate.check(data))


def _check_heic(data: bytes) -> str:
    return _verdict(imagegate.check(data, policy=HEIC))


def _check_payload(body: bytes) -> str:
    return _verdict(imagegate.check_payload(body, policy="legit_health"))


def _explain(body: bytes) -> str:
    return f"{imagegate.explain(422, body).status} explained"


def _saved(text: bytes) -> str:
    from imagegate.cli.saved import saved  # noqa: PLC0415 - it loads the command line

    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(text)
        file.flush()
        try:
            return f"{sum(1 for _ in saved(file.name, None, []).answers)} answers"
        except Exception as error:  # noqa: BLE001 - misuse, which the command line puts into words
            return type(error).__name__


def _form(body: bytes) -> str:
    try:
        return "no picture" if picture_of(FORM_TYPE, bytearray(body)) is None else "picture"
    except Refused as refused:
        return refused.finding.cause.code


def _toml(text: bytes) -> str:
    try:
        return imagegate.Policy.from_toml(text.decode()).name
    except (ValueError, TypeError) as error:
        return type(error).__name__


def _languages(text: bytes) -> str:
    return choose(text.decode())


def _scanned(suffix: str) -> Callable[[bytes], str]:
    def scan(data: bytes) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, f"source{suffix}")
            path.write_bytes(data)
            try:
                return f"{sum(1 for _ in imagegate.scan(path, workers=1))} records"
            except (ValueError, OSError) as error:
                return type(error).__name__

    return scan


PARSERS: Final = {
    "JPEG": Parser(_check, Request("/v1/check", "image/jpeg")),
    "PNG": Parser(_check, Request("/v1/check", "image/png")),
    "HEIC": Parser(_check_heic),
    "other formats": Parser(_check, Request("/v1/check", "application/octet-stream")),
    "Base64": Parser(_check, Request("/v1/check", "application/octet-stream")),
    "JSON": Parser(_check_payload, Request("/v1/check-payload?profile=legit_health", "application/json")),
    "form": Parser(_form, Request("/v1/check", FORM_TYPE)),
    "explain": Parser(_explain),
    "saved answer": Parser(_saved),
    "policy": Parser(_toml),
    "languages": Parser(_languages),
    "tar": Parser(_scanned(".tar")),
    "zip": Parser(_scanned(".zip")),
    "CSV": Parser(_scanned(".csv")),
    "JSON Lines": Parser(_scanned(".jsonl")),
}


def run_of(piece: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    """The same bytes again and again, between two others."""
    return lambda size: before + piece * max(0, (size - len(before) - len(after)) // len(piece)) + after


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _without_end(odd: bytes = b"") -> bytes:
    """A sound JPEG without its last marker; `odd` bytes before its first segment, as some cameras write."""
    return START + odd + PHOTO[2:-2]


def _odd_end(size: int) -> bytes:
    return run_of(b"\0", _without_end(b"\0\0"), b"\1" + END)(size)


def _one_entry_that_leads_to_itself() -> bytes:
    """EXIF of 64 KiB that says it has 5,000 tags, each of which leads back to the directory."""
    entries = struct.pack("<HHII", 0x8825, 4, 1, 8) * 5000
    return _segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<IH", 8, 5000) + entries)


def _progressive(size: int) -> bytes:
    from tests.bombs import many_scans  # noqa: PLC0415 - the tests' own

    return many_scans(300, 300, size // 12)


def _chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


IHDR: Final = _chunk(b"IHDR", struct.pack(">IIBBBBB", 300, 300, 8, 2, 0, 0, 0))
ROWS: Final = zlib.compress(bytes(300 * 901))
PICTURE: Final = _chunk(b"IDAT", ROWS) + _chunk(b"IEND")


def _zeros_packed(size: int) -> bytes:
    """Twenty megabytes of zlib that unpack to a thousand times as much."""
    packer = zlib.compressobj(9)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece + again * max(0, (size - len(piece)) // len(again))


def _packed(kind: bytes, head: bytes) -> Callable[[int], bytes]:
    return lambda size: PNG + IHDR + _chunk(kind, head + _zeros_packed(size)) + PICTURE


def _bytes_of_rows(size: int) -> bytes:
    """The picture's stream, a byte in each chunk, and then empty chunks."""
    single = b"".join(_chunk(b"IDAT", ROWS[at : at + 1]) for at in range(len(ROWS)))
    return run_of(_chunk(b"IDAT"), PNG + IHDR + single, _chunk(b"IEND"))(size)


def _box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


FTYP: Final = _box(b"ftyp", b"heic\0\0\0\0mif1heic")


def _nested_boxes(size: int) -> bytes:
    heads = [struct.pack(">I4s", size - 8 * depth, b"meta") for depth in range(size // 8)]
    return FTYP + b"".join(heads)


def _item_locations(size: int) -> bytes:
    count = size // 16
    location = bytes(4) + b"\x44\0" + struct.pack(">H", min(count, 0xFFFF)) + bytes(16) * count
    return FTYP + _box(b"meta", bytes(4) + _box(b"iloc", location))


def _keys(size: int, value: str = "0") -> bytes:
    return ("{" + ",".join(f'"k{number}":{value}' for number in range(size // (10 + len(value)))) + "}").encode()


def _har(size: int) -> bytes:
    entry = {"response": {"status": 422, "headers": [], "content": {"text": "{}"}}}
    text = json.dumps(entry)
    return f'{{"log":{{"entries":[{",".join([text] * (size // (len(text) + 1)))}]}}}}'.encode()


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _header_of_tar(kind: bytes, body: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def make(size: int) -> bytes:
        special, photo = tarfile.TarInfo("header"), tarfile.TarInfo("photo.jpg")
        special.type = kind
        return _tar((special, body(size)), (photo, PHOTO))

    return make


def _headers_of_tar(size: int) -> bytes:
    header = tarfile.TarInfo("header")
    header.type = tarfile.XHDTYPE
    record = b"12 path=a.a\n"
    one = _tar((header, record))[:1024]
    return one * (size // 1024) + _tar((tarfile.TarInfo("photo.jpg"), PHOTO))


def _names_of_zip(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(size // 130):
            archive.writestr(zipfile.ZipInfo(f"{number:08}.jpg"), b"")
    return out.getvalue()


def _long_name_of_zip(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(max(1, size // 120_000)):
            archive.writestr(zipfile.ZipInfo(f"{number:08}" + "n" * 59_000 + ".jpg"), b"")
    return out.getvalue()


def _forms() -> Iterator[Form]:
    for parser, rows in ROWS_OF.items():
        for name, make in rows.items():
            yield Form(parser, name, make)


ROWS_OF: Final[dict[str, dict[str, Callable[[int], bytes]]]] = {
    "JPEG": {
        "zeros behind the scan that no end follows": _odd_end,
        "zeros before the end": run_of(b"\0", _without_end(b"\0\0"), END),
        "ends": run_of(END, _without_end(b"\0\0")),
        "ends, each behind a zero": run_of(b"\0" + END, _without_end(b"\0\0")),
        "0xFF before the first segment": run_of(b"\xff", START, PHOTO[2:]),
        "0xFF before the end": run_of(b"\xff", _without_end(), END),
        "zeros before the first segment": run_of(b"\0", START, PHOTO[2:]),
        "empty comments": run_of(_segment(0xFE, b""), START, PHOTO[2:]),
        "comments of 64 KiB": run_of(_segment(0xFE, bytes(65533)), START, PHOTO[2:]),
        "EXIF that leads to itself": run_of(_one_entry_that_leads_to_itself(), START, PHOTO[2:]),
        "an ICC profile in 255 parts, again and again": run_of(
            b"".join(_segment(0xE2, b"ICC_PROFILE\0" + bytes([part, 255])) for part in range(1, 256)), START, PHOTO[2:]
        ),
        "quantization tables": run_of(_segment(0xDB, b"\0" + bytes([1] * 64)), START, PHOTO[2:]),
        "Huffman tables": run_of(_segment(0xC4, b"\0" + bytes([1, *[0] * 15, 0])), START, PHOTO[2:]),
        "restart markers in the scan": run_of(b"\xff\xd0", _without_end(), END),
        "scans": _progressive,
        "a second picture behind the first": run_of(b"\x55", PHOTO),
        "0xFF alone": run_of(b"\xff"),
    },
    "PNG": {
        "empty chunks": run_of(_chunk(b"teSt"), PNG + IHDR, PICTURE),
        "texts of a byte": run_of(_chunk(b"tEXt", b"a\0b"), PNG + IHDR, PICTURE),
        "rows in chunks of a byte": _bytes_of_rows,
        "zTXt that unpacks to a thousand times as much": _packed(b"zTXt", b"a\0\0"),
        "iTXt that unpacks to a thousand times as much": _packed(b"iTXt", b"a\0\1\0\0\0"),
        "iCCP that unpacks to a thousand times as much": _packed(b"iCCP", b"a\0\0"),
        "rows that go on for gigabytes": lambda size: PNG + IHDR + _chunk(b"IDAT", _zeros_packed(size)) + PICTURE[-12:],
        "stored blocks of no bytes": lambda size: (
            PNG + IHDR + _chunk(b"IDAT", b"\x78\x01" + b"\0\0\0\xff\xff" * (size // 5)) + PICTURE[-12:]
        ),
        "a text without an end of its keyword": lambda size: PNG + IHDR + _chunk(b"iTXt", b"a" * size) + PICTURE,
    },
    "HEIC": {
        "nested boxes": _nested_boxes,
        "empty boxes": run_of(_box(b"free"), FTYP),
        "item locations": _item_locations,
        "item properties": lambda size: FTYP + _box(b"meta", bytes(4) + _box(b"iprp", run_of(_box(b"ipco"))(size))),
    },
    "other formats": {
        "GIF of frames": run_of(b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0", b"GIF89a\1\0\1\0\0\0\0", b";"),
        "WebP of chunks": run_of(b"ANMF\0\0\0\0", b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0" + bytes(10)),
        "HTML of comments": run_of(b"<!-- -->"),
        "HTML of one open comment": run_of(b"<!-", b"<!--"),
        "blanks": run_of(b" "),
        "zeros": run_of(b"\0"),
        "TIFF of directories": run_of(struct.pack("<HHII", 0x8825, 4, 1, 8), b"II*\0\x08\0\0\0\xff\xff"),
    },
    "Base64": {
        "blanks between": run_of(b"A ", b"/9j/"),
        "a line for each character": run_of(b"A\n", b"/9j/"),
        "a wrong character at the end": run_of(b"A", b"/9j/", b"!"),
        "padding": run_of(b"=", b"/9j/"),
        "one character too many": lambda size: b"/9j/" + b"A" * (size - size % 4 + 1),
        "URL-safe": run_of(b"-_", b"_9j_"),
        "a data: URI with parameters": run_of(b";a=b", b"data:image/jpeg", b";base64,/9j/"),
        "a data: URI in percent signs": run_of(b"%2F", b"data:image/jpeg;base64,"),
        "Base64 of Base64": run_of(b"QUFB"),
    },
    "JSON": {
        "nested arrays": run_of(b"["),
        "nested objects": run_of(b'{"a":'),
        "keys": _keys,
        "the same key": run_of(b'"a":0,', b"{", b'"a":0}'),
        "numbers": run_of(b"1e999,", b"[", b"1]"),
        "one long number": run_of(b"9", b'{"media":', b"}"),
        "escapes": run_of(b"\\u0041", b'{"media":["', b'"]}'),
        "an open string of escapes": run_of(b"\\", b'{"media":["'),
        "blanks": run_of(b" ", b"{", b"}"),
        "empty pictures": run_of(b'"",', b'{"media":[', b'""]}'),
        "pictures that are none": run_of(b'"AAAA",', b'{"media":[', b'""]}'),
        "empty objects": run_of(b"{},", b'{"media":[', b"{}]}"),
        "one picture": run_of(b"A", b'{"media":["/9j/', b'"]}'),
        "one picture of blanks": run_of(b"\\n", b'{"media":["', b'"]}'),
    },
    "form": {
        "empty parts": run_of(b"--edge\r\n\r\n\r\n", b"", b"--edge--\r\n"),
        "files of a byte": run_of(
            b'--edge\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n1\r\n', b"", b"--edge--\r\n"
        ),
        "one long header": run_of(b"a", b"--edge\r\nContent-Disposition: ", b"\r\n\r\n\r\n--edge--\r\n"),
        "headers": run_of(b"A: b\r\n", b"--edge\r\n", b"\r\n\r\n--edge--\r\n"),
        "what is nearly a boundary": run_of(
            b"\r\n--edg",
            b'--edge\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n',
            b"\r\n--edge--\r\n",
        ),
        "ends of lines": run_of(
            b"\r\n", b'--edge\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n', b"\r\n--edge--\r\n"
        ),
        "before the first boundary": run_of(b"a", b"", b"\r\n--edge--\r\n"),
    },
    "explain": {
        "HTML": run_of(b"<p>", b"<html>"),
        "nested JSON": run_of(b'{"error":'),
        "errors": run_of(b'{"loc":["body","a"],"msg":"b","type":"c"},', b'{"detail":[', b"{}]}"),
        "keys": _keys,
        "one long string": run_of(b"a", b'{"error":"', b'"}'),
        "FHIR issues": run_of(
            b'{"severity":"error","code":"invalid","expression":["a.b[0]"]},',
            b'{"resourceType":"OperationOutcome","issue":[',
            b"{}]}",
        ),
        "bytes that are no text": run_of(b"\xfe"),
    },
    "saved answer": {
        "heads": run_of(b"HTTP/1.1 100 Continue\r\n\r\n"),
        "heads without an end": run_of(b"HTTP/1.1 422 a\r\n"),
        "headers": run_of(b"A: b\r\n", b"HTTP/1.1 422 a\r\n", b"\r\n{}"),
        "a HAR of answers": _har,
    },
    "policy": {
        "dotted keys": run_of(b"a.", b"", b"a = 1\n"),
        "nested arrays": run_of(b"[", b"a = "),
        "tables": run_of(b"[[a]]\n"),
        "one long string": run_of(b"a", b'name = "', b'"\n'),
    },
    "languages": {
        "ranges": run_of(b"de;q=0.5,"),
        "one long tag": run_of(b"a-"),
        "blanks": run_of(b" "),
        "commas": run_of(b","),
    },
    "tar": {
        "a pax header": _header_of_tar(tarfile.XHDTYPE, run_of(b"12 path=a.a\n")),
        "a pax header of one record": _header_of_tar(
            tarfile.XHDTYPE, lambda size: b"%d path=%s\n" % (size, b"a" * (size - 15))
        ),
        "a global pax header": _header_of_tar(tarfile.XGLTYPE, run_of(b"12 path=a.a\n")),
        "a long name": _header_of_tar(tarfile.GNUTYPE_LONGNAME, run_of(b"a")),
        "headers without a file": _headers_of_tar,
        "zeros": run_of(b"\0"),
    },
    "zip": {"names": _names_of_zip, "long names": _long_name_of_zip, "no list": run_of(b"PK\3\4")},
    "CSV": {
        "one long line": run_of(b"a", b"photo\n"),
        "an open quote": run_of(b"a\n", b'photo\n"'),
        "quotes": run_of(b'""', b'photo\n"', b'"\n'),
        "columns": run_of(b"a,", b"photo,"),
    },
    "JSON Lines": {
        "one long line": run_of(b"a", b'{"photo":"', b'"}\n'),
        "one nested line": run_of(b"["),
        "blank lines": run_of(b"\n"),
    },
}

FORMS: Final = tuple(_forms())
