"""What each parser says of an input: every text that a caller or a client could be shown, in plain containers."""

from __future__ import annotations

import struct
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import simplejpeg

import imagegate
from imagegate import heif as heif_boxes
from imagegate.bodies import BODIES
from imagegate.causes import Unreadable
from imagegate.cli.saved import saved
from imagegate.explanation import KNOWN
from imagegate.header import exif as tiff
from imagegate.privacy import may_be_a_photo
from imagegate.report import ImageRejected
from imagegate.web.judging import judge
from imagegate.web.media_types import refuse_other_types
from imagegate.web.refusals import Refused
from imagegate.words import LANGUAGES, choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagegate.cli.saved import Answer
    from imagegate.report import Verdict

STATUSES: Final = (200, 400, 422)
DEFAULT: Final = imagegate.Policy()
# What can be saved of a damaged picture is measured: a decoder could show there what it had in memory before. Few
# pixels, because large pictures teach nothing more.
LENIENT: Final = imagegate.Policy(
    severities={"image_corrupt": "warn", "image_truncated": "warn"}, limits={"pixels": {"max": 1 << 20}}
)
COLUMN: Final = "image"
APP1: Final = 0xE1
APP2: Final = 0xE2
ICC_PROFILE: Final = b"ICC_PROFILE\0"
LONGEST_SEGMENT: Final = 65_533
LONGEST_CODE: Final = 100
SIDE: Final = 16  # pixels of the picture around metadata

_SIGNATURE: Final = 8  # bytes before the first chunk of a PNG
_FRAME: Final = 12  # bytes of a chunk beside its body: length, type and checksum
_ROWS: Final = bytes(SIDE * (1 + 3 * SIDE))
_JPEG: Final = simplejpeg.encode_jpeg(memoryview(bytes(3 * SIDE * SIDE)).cast("B", (SIDE, SIDE, 3)))


def verdict(report: Verdict) -> list[Any]:
    """A report in the forms that pass it on; one that rejects also in an API's."""
    assert report.status in STATUSES
    api = list(BODIES)[len(report.to_json()) % len(BODIES)]
    return [report.to_dict(), repr(report), None if report.ok else list(report.to_error(api))]


def picture(image: bytes | str) -> list[Any]:
    """An encoded picture or its Base64, strictly and with what can be saved of it."""
    strict = imagegate.check(image, policy=DEFAULT)
    lenient = imagegate.check(image, policy=LENIENT)
    assert (lenient.measurements is None) <= (lenient.status == 400)
    return [verdict(strict), verdict(lenient)]


def base64(data: bytes) -> list[Any]:
    """Text in and around the alphabets of Base64."""
    return picture(data.decode("latin-1"))


def png(data: bytes) -> list[Any]:
    """A PNG with right checksums: no fuzzer guesses one, and behind a wrong one nothing more is read."""
    return picture(with_checksums(data))


def with_checksums(data: bytes) -> bytes:
    """Set the checksum of each complete chunk of a PNG."""
    pieces, at = [data[:_SIGNATURE]], _SIGNATURE
    while at + _FRAME <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + _FRAME + length
        if end > len(data):
            break
        pieces += [data[at : end - 4], struct.pack(">I", zlib.crc32(data[at + 4 : end - 4]))]
        at = end
    return b"".join([*pieces, data[at:]])


def exif(data: bytes) -> list[Any]:
    """TIFF as EXIF holds it: alone, in a JPEG and in a PNG."""
    jpeg = _jpeg_with([(APP1, b"Exif\0\0" + data)])
    return [list(tiff.read(memoryview(data))), _checked(jpeg), _checked(_png_with(b"eXIf", data))]


def icc(data: bytes) -> list[Any]:
    """An ICC profile in the APP2 segments of a JPEG (each begins with ICC_PROFILE) and in a PNG."""
    parts = data.removeprefix(ICC_PROFILE).split(ICC_PROFILE)
    jpeg = _jpeg_with([(APP2, ICC_PROFILE + part) for part in parts])
    profile = b"".join(part[2:] for part in parts)
    return [_checked(jpeg), _checked(_png_with(b"iCCP", b"icc\0\0" + zlib.compress(profile, 1)))]


def heif(data: bytes) -> list[Any]:
    """The boxes of a HEIC file; its pixels are libde265's to fuzz."""
    try:
        header = repr(heif_boxes.read(memoryview(data)))
    except Unreadable as trouble:
        header = f"{trouble.code} {trouble.message}"
    return [header, _checked(data)]


def payload(data: bytes) -> list[Any]:
    """A JSON request. Its first line may name a profile and the Content-Type: `legit_health application/json`."""
    head, _, body = data.partition(b"\n")
    name, _, content_type = head.decode("latin-1").partition(" ")
    if name in imagegate.PROFILES:
        report = imagegate.check_payload(body, policy=name, content_type=content_type or None)
    else:
        report = imagegate.check_payload(data)
    return [verdict(report), list(report.pointers)]


def form(data: bytes) -> list[Any]:
    """A request to the service: the Content-Type in its first line, then the body."""
    head, _, body = data.partition(b"\n")
    content_type = head.decode("latin-1").strip()
    try:
        refuse_other_types(content_type)
        report = judge(content_type, bytearray(body), DEFAULT, "en")
        report.raise_for_status()
    except Refused as why:
        return [list(why.answer(api, "de", None)) for api in BODIES]
    except ImageRejected as why:
        return [str(why), repr(why), verdict(why.report)]
    return verdict(report)


def explain(data: bytes) -> list[Any]:
    """Saved answers of an API: a body, a response as `curl -i` writes it, or a HAR file."""
    with _file(data, "answer") as path:
        answers = list(saved(str(path), None, []).answers)
    named = KNOWN[zlib.crc32(data) % len(KNOWN)]
    return [_explained(answer, api) for answer in answers for api in (None, named)]


def _explained(answer: Answer, api: str | None) -> dict[str, Any]:
    """An explanation without the codes and ids that it repeats on purpose; these are short, and no photo."""
    said = imagegate.explain(answer.status, answer.body, answer.headers, api=api).to_dict()
    for field in ("code", "request_id", "pointer"):
        text = said.pop(field) or ""
        assert len(text) <= LONGEST_CODE
        assert not may_be_a_photo(text)
    return said


def policy(data: bytes) -> list[Any]:
    """A policy in TOML. It is trusted: an error may name the key that is wrong."""
    try:
        read = imagegate.Policy.from_toml(data.decode("utf-8", "replace"))
    except (TypeError, ValueError) as misuse:
        return [str(misuse)]
    assert imagegate.Policy.from_toml(read.to_toml()) == read
    return [read.to_toml(), imagegate.check(b"", policy=read).to_dict()]


def archive(data: bytes) -> list[Any]:
    """A zip, tar or tar.gz, told by its first bytes."""
    zipped, packed = data.startswith(b"PK"), data.startswith(b"\x1f\x8b")
    return _scanned(data, "archive.zip" if zipped else "archive.tar.gz" if packed else "archive.tar")


def table(data: bytes) -> list[Any]:
    """A table with a column of pictures: Parquet, JSON Lines or CSV, told by its first bytes."""
    columns, lines = data.startswith(b"PAR1"), data.lstrip().startswith(b"{")
    return _scanned(data, "table.parquet" if columns else "table.jsonl" if lines else "table.csv")


def accept_language(data: bytes) -> list[Any]:
    """The languages that a request asks for."""
    text = data.decode("latin-1")
    assert choose(text) in LANGUAGES
    return verdict(imagegate.check(b"", lang=text))


def _checked(data: bytes) -> list[Any]:
    return verdict(imagegate.check(data))


def _scanned(data: bytes, name: str) -> list[Any]:
    """The records of a scan, without what they repeat on purpose: names, also that of the picture of a duplicate."""
    with _file(data, name) as path, imagegate.scan(path, workers=1, column=COLUMN) as scan:
        records = [record.to_dict() for record in scan]
    for record in records:
        del record["source"], record["timings"], record["versions"]
        record["findings"] = [finding for finding in record["findings"] if finding["cause"] != "duplicate_image"]
    return [records, dict(scan.skipped)]


@contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    """A file with these bytes, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="imagegate-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


def _jpeg_with(segments: list[tuple[int, bytes]]) -> bytes:
    """A small JPEG with these application segments behind SOI; none can be longer than its length can say."""
    cut = [(marker, body[:LONGEST_SEGMENT]) for marker, body in segments]
    added = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in cut)
    return _JPEG[:2] + added + _JPEG[2:]


def _png_with(kind: bytes, body: bytes) -> bytes:
    """A small PNG with this chunk before its picture."""
    ihdr = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", ihdr), (kind, body), (b"IDAT", zlib.compress(_ROWS)), (b"IEND", b""))
    framed = (struct.pack(">I", len(data)) + name + data + bytes(4) for name, data in chunks)
    return with_checksums(b"\x89PNG\r\n\x1a\n" + b"".join(framed))
