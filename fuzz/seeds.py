"""Inputs that the fuzzer begins with: samples of sample_images made small, and what is made here."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import pathlib
import tarfile
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageCms

import imagegate
from imagegate.bodies import BODIES
from imagegate.causes import CAUSES
from imagegate.inheritance import PROFILE_TEXTS
from imagegate.request import EVERY, tokens_of
from imagegate.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagegate.request import Request

ROOT: Final = pathlib.Path(__file__).parent.parent
SAMPLES: Final = ROOT / "sample_images"
LONGEST: Final = 1 << 12  # bytes of a sample that is taken as it is
SIDE: Final = 48  # pixels of one that is made small: a few units of every sampling
BOUNDARY: Final = "limit"
GPS: Final = {1: "N", 2: (47.0, 13.0, 59.0), 3: "E", 4: (8.0, 31.0, 21.0)}


def jpegs() -> Iterator[bytes]:
    """Small JPEGs, and samples that are short."""
    return _pictures("JPEG")


def pngs() -> Iterator[bytes]:
    """Small PNGs, and samples that are short."""
    return _pictures("PNG")


def _pictures(kind: str) -> Iterator[bytes]:
    for path in sorted(SAMPLES.glob("*.*")):
        data = path.read_bytes()
        if len(data) <= LONGEST:
            yield data
        elif path.suffix in {".jpg", ".png"}:
            yield from _reduced(data, kind)


def _reduced(data: bytes, kind: str) -> Iterator[bytes]:
    """A picture of this kind with what a small one keeps of it: mode, metadata, order of its scans."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (OSError, ValueError, Image.DecompressionBombError):
        return  # damaged, as the fuzzer makes them by itself
    if image.format == kind:
        # thumbnail() would decode a JPEG with other samples.
        reduced, out = image.resize((SIDE, SIDE * 3 // 4)), io.BytesIO()
        metadata = {"exif": image.getexif(), "progressive": image.info.get("progressive", False)}
        reduced.save(out, kind, **metadata)
        yield out.getvalue()


@cache
def _photo() -> bytes:
    """A small JPEG, to be put into something else."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((SIDE, SIDE)).save(out, "JPEG", quality=30)
    return out.getvalue()


def _photo_text() -> str:
    return base64.b64encode(_photo()).decode()


def base64_texts() -> Iterator[bytes]:
    """Base64 in the ways that it arrives, and the mistakes of the samples."""
    for path in sorted(SAMPLES.glob("*.txt")):
        yield path.read_bytes()[:LONGEST]
    for data in (*jpegs(), *pngs()):
        text = base64.b64encode(data)
        yield from (text, base64.encodebytes(data), base64.urlsafe_b64encode(data).rstrip(b"="))
        yield b"data:image/jpeg;base64," + text


def exif_blocks() -> Iterator[bytes]:
    """EXIF of each orientation in both byte orders, with a position and without."""
    for orientation in range(1, 9):
        for position in ({}, GPS):
            tags = Image.Exif()
            tags[0x0112] = orientation
            tags[0x010F] = "maker"
            if position:
                tags[0x8825] = position
            for tags.endian in ("<", ">"):
                yield tags.tobytes().removeprefix(b"Exif\0\0")


def icc_profiles() -> Iterator[bytes]:
    """Profiles in one APP2 segment and in several, also with wrong numbers."""
    for name in ("sRGB", "XYZ", "LAB"):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()
        for most in (1, 2, 3):
            step = -(-len(profile) // most)
            parts = [profile[at : at + step] for at in range(0, len(profile), step)]
            yield _numbered(parts, most)
        yield _numbered([profile], 2)
        yield _numbered([profile[:40]], 1)


def _numbered(parts: list[bytes], most: int) -> bytes:
    """Parts of a profile as JPEG holds them (ICC.1:2022, annex B.4): number and count before each."""
    return b"".join(b"ICC_PROFILE\0" + bytes([at + 1, most]) + part for at, part in enumerate(parts))


def heif_files() -> Iterator[bytes]:
    """Small HEIC files; none where pillow-heif is not installed."""
    try:
        import pillow_heif  # noqa: PLC0415 - an extra
    except ImportError:
        return
    for mode in ("L", "RGB", "RGBA"):
        for exif in (None, next(exif_blocks())):
            image, out = Image.new(mode, (64, 64)), io.BytesIO()
            pillow_heif.from_pillow(image).save(out, quality=30, exif=exif)
            yield out.getvalue()
    yield b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"


def payloads() -> Iterator[bytes]:
    """A request of every profile with a picture at each of its pointers, and mistakes."""
    for name, policy in imagegate.PROFILES.items():
        shape: Request | None = policy.request
        while shape is not None:
            for pointer in shape.images:
                body = json.dumps(_request(shape, pointer)).encode()
                yield f"{name} {shape.content_types[0]}\n".encode() + body
            shape = shape.alternative
    text = _photo_text()
    for mistake in (f'{{"image":"{text}"', '{"image":1,"image":null}', '{"images":[[["\\ud800"]]]}', "[NaN]", '{"a":'):
        yield mistake.encode()
    yield json.dumps({"images": [text, f"data:image/png;base64,{text}", "https://example.org/a.jpg", ""]}).encode()


def _request(shape: Request, pointer: str) -> Any:
    """The smallest body of this shape that has a picture at the pointer, and its required fields."""
    body: Any = {}
    values = {"string": "a", "object": {}, "array": [], "number": 0.5, "integer": 1, "boolean": True}
    for field, types in shape.required.items():
        body = _placed(body, tokens_of(field), values[types[0]])
    return _placed(body, tokens_of(pointer), _photo_text())


def _placed(body: Any, way: list[str], value: Any) -> Any:
    """The body with a value at the end of a way, of which `*` is the first item of an array."""
    if not way:
        return value
    if way[0] == EVERY:
        first = body[0] if isinstance(body, list) and body else {}
        return [_placed(first, way[1:], value)]
    body = body if isinstance(body, dict) else {}
    return body | {way[0]: _placed(body.get(way[0], {}), way[1:], value)}


def forms() -> Iterator[bytes]:
    """Requests to the service: forms, JSON and pictures, and forms with a mistake."""
    file = f'name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n{_photo().decode("latin-1")}'
    field = 'name="note"\r\n\r\ntext'
    parted = ([file], [field, file], [file, file], [field], [])
    for parts in parted:
        yield _form(parts)
    yield _form([file]).replace(b"--limit--", b"")
    yield _form([file]).replace(b"; filename", b"; filename*0")
    yield _form([f"{field}\r\nContent-Transfer-Encoding: base64"])
    yield _form([file]).replace(b"boundary=limit", b'boundary="limit"; charset=utf-8')
    yield b"application/json\n" + json.dumps({"image": _photo_text()}).encode()
    yield b"application/json; charset=utf-8\n" + json.dumps({"picture": 1}).encode()
    yield b"image/jpeg\n" + _photo()
    yield b"application/octet-stream\n" + _photo_text().encode()


def _form(parts: list[str]) -> bytes:
    """The Content-Type in a line, then the form (RFC 7578)."""
    lines = [f"multipart/form-data; boundary={BOUNDARY}\n"]
    lines += [f"--{BOUNDARY}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts]
    return "".join([*lines, f"--{BOUNDARY}--\r\n"]).encode("latin-1")


def saved_answers() -> Iterator[bytes]:
    """Answers of every API for every cause: bodies, responses, and a HAR file of them all."""
    picture = imagegate.check(b"")
    answers = [picture.to_error(api, "req_1") for api in BODIES]
    bodies = [json.dumps(body).encode() for _, _, body in answers]
    yield from bodies
    for (status, headers, _), body in zip(answers, bodies, strict=True):
        lines = [f"HTTP/1.1 {status} Bad\r\n", "Retry-After: 3\r\nX-Request-Id: r-1\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        yield "".join([*lines, "\r\n"]).encode() + body
    yield b"HTTP/2 301 \r\nLocation: /b\r\n\r\nHTTP/2 429 \r\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n\r\n"
    yield b"HTTP/1.1 503 Busy\r\nRateLimit: limit=10, remaining=0, reset=7\r\n\r\n<html></html>"
    yield _har(bodies[:2])
    for body in _INSIDE:
        yield json.dumps(body).encode()
    for code in list(CAUSES)[::6]:
        yield json.dumps({"error": {"code": code, "message": code, "request_id": "r"}}).encode()


_INSIDE: Final = (
    {"mediaValidity": {"isValid": False, "quality": {"acceptable": False}}},
    {"imagingAnalysis": [{"mediaValidity": {"metrics": {"hasEnoughQuality": False}}}]},
    {"data": {"task_status": "error", "error": "error_below_min_image_size"}},
    {"output": {"error": "No face", "status_code": 422}},
)


def _har(bodies: list[bytes]) -> bytes:
    """A HAR file (1.2): one answer as text, one in Base64, one of none."""
    texts: tuple[dict[str, str], ...] = (
        {"text": bodies[0].decode()},
        {"text": base64.b64encode(bodies[1]).decode(), "encoding": "base64"},
        {},
    )
    headers = [{"name": "Retry-After", "value": "2"}]
    entries = [{"response": {"status": 422, "headers": headers, "content": text}} for text in texts]
    return json.dumps({"log": {"entries": [*entries, {"response": {"status": 0}}]}}).encode()


def policies() -> Iterator[bytes]:
    """The profiles without their comments, one of every key, and small ones."""
    for name, text in PROFILE_TEXTS.items():
        lines = (line.partition(" #")[0].rstrip() for line in text.splitlines())
        yield "\n".join(line for line in lines if line and not line.startswith("#")).encode()
        yield f'extends = "{name}"\n'.encode()
    yield _ALL.to_toml().encode()
    for line in ("a = [[[1]]]", "limits.pixels.max = inf", "limits.pixels.max = nan", "worker_seconds = 1e400"):
        yield line.encode()


_ALL: Final = imagegate.Policy(
    title="all",
    formats=("jpeg", "heic"),
    limits={"blur_radius": {"max": 2.5}, "short_side": {"min": 300}},
    severities={"glare": "reject"},
    statuses={"image_blurred": 400},
    isolation="process",
)


def archives() -> Iterator[bytes]:
    """Zips and tars with pictures, folders, links, long names and hidden files."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as file:
            for name in ("a.jpg", "f/b.jpg", ".hidden/c.jpg", "../d.jpg", "ä.txt"):
                file.writestr(zipfile.ZipInfo(name), _photo() if name.endswith("jpg") else "text", method)
        yield out.getvalue()
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        tar = _tar(kind)
        yield tar
        yield gzip.compress(tar, mtime=0)


def _tar(kind: int) -> bytes:
    out = io.BytesIO()
    with tarfile.TarFile(fileobj=out, mode="w", format=kind) as file:
        for name in ("a.jpg", "n" * 60 if kind == tarfile.USTAR_FORMAT else "n" * 120, ".hidden"):
            member = tarfile.TarInfo(name)
            member.size = len(_photo())
            file.addfile(member, io.BytesIO(_photo()))
        for special in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo("special")
            member.type, member.linkname = special, "a.jpg"
            file.addfile(member)
    return out.getvalue()[: -tarfile.RECORDSIZE // 2]


def tables() -> Iterator[bytes]:
    """Tables of pictures in JSON Lines, in CSV with each delimiter, and in Parquet where pyarrow is installed."""
    rows = [(1, _photo_text()), (2, ""), (3, "no picture"), (4, 'with "quotes"\nand lines')]
    yield "\n".join(json.dumps({"id": number, "image": text}) for number, text in rows).encode()
    yield b'{"image":1}\n{"id":1}\n[]\n{"image":null}\n{"image"\n\n{"image":"\xff"}'
    for delimiter in ",;\t":
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter).writerows([("id", "image"), *rows])
        yield out.getvalue().encode()
    yield b'\xef\xbb\xbfimage\n"open\nquote'
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        return
    for cells in ([text for _, text in rows], [_photo(), b"", None]):
        file = io.BytesIO()
        pq.write_table(pa.table({"image": cells}), file, compression="none", use_dictionary=False)
        yield file.getvalue()


def languages() -> Iterator[bytes]:
    """Values of Accept-Language (RFC 9110, section 12.5.4)."""
    yield from (tag.encode() for tag in LANGUAGES)
    yield b"de-AT,de;q=0.9,en-GB;q=0.8,*;q=0.1"
    yield b"fr-CH, fr;q=0.900 ,en;q=0, *;q=0.5"
    yield b"zh-Hant-TW-x-private;q=1.000;q=0.5,,;q=,es-419"


def write(seeds: Iterable[bytes], folder: pathlib.Path) -> None:
    """Write the inputs beside those that earlier runs kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds):
        (folder / f"seed-{number:03}").write_bytes(data)
