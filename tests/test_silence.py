"""No decoder writes to standard error, whatever it is given: looked at from outside, at the file descriptor."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagegate
from tests.samples.make import PICTURES

ROOT = Path(imagegate.__file__).parents[1]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXTRA = [
    b"tRNS",
    b"PLTE",
    b"gAMA",
    b"iCCP",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"sBIT",
    b"bKGD",
    b"eXIf",
    b"IDAT",
    b"hIST",
    b"cHRM",
]
# Judges each file of a folder, in two threads, as a service does.
CODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import imagegate
policy = imagegate.Policy(formats=("jpeg", "png", "heic"))
with ThreadPoolExecutor(2) as pool:
    done = list(pool.map(lambda path: imagegate.check(path, policy=policy), sorted(Path(sys.argv[1]).iterdir())))
print(len(done))
"""


def said(folder):
    """What a process writes to standard error while it judges all files of a folder, and what to standard output."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    judged = subprocess.run(
        [sys.executable, "-c", CODE, folder], env=environment, capture_output=True, text=True, check=True
    )
    return judged.stderr, judged.stdout.strip()


def framed(chunks):
    parts = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return SIGNATURE + b"".join(parts)


def chunks_of(data):
    at, found = len(SIGNATURE), []
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def ihdr(depth, kind, interlace=0, side=32):
    return b"IHDR", struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, interlace)


def stream(window=15, level=9, row=1 + 6 * 32):
    """Rows whose matches lie further apart than a small window, packed."""
    rows = bytearray(np.random.default_rng(0).integers(0, 256, row * 32, np.uint8).tobytes())
    rows[::row] = bytes(32)
    rows[row * 16 :] = rows[: row * 16]
    packer = zlib.compressobj(level, zlib.DEFLATED, window)
    return packer.compress(bytes(rows)) + packer.flush()


def with_window_of(bits, packed):
    """The same stream, which states a window of so many bits."""
    head = (bits - 8 << 4 | 8) << 8
    return (head + -head % 31).to_bytes(2, "big") + packed[2:]


END = (b"IEND", b"")
DEEP = ihdr(16, 2)
LOUD = {
    "an unknown filter": [DEEP, (b"IDAT", zlib.compress(b"\7" + bytes(192) + bytes(193 * 31))), END],
    "an unknown filter in the last row": [DEEP, (b"IDAT", zlib.compress(bytes(193 * 31) + b"\5" + bytes(192))), END],
    "an unknown filter in a later pass": [
        ihdr(8, 2, 1, 8), (b"IDAT", zlib.compress(bytes(4 + 4 + 7 + 2 * 7 + 2 * 13 + 4 * 13) + b"\6" + bytes(99))), END,
    ],
    "bytes after the stream": [DEEP, (b"IDAT", stream() + b"extra"), END],
    "a chunk after the stream": [DEEP, (b"IDAT", stream()), (b"IDAT", b"extra"), END],
    "an empty chunk after the stream": [DEEP, (b"IDAT", stream()), (b"IDAT", b""), END],
    "a window that is too small": [DEEP, (b"IDAT", with_window_of(8, stream())), END],
    "a small window in pieces": [
        DEEP, (b"IDAT", b""), *((b"IDAT", bytes([byte])) for byte in with_window_of(8, stream())[:3]),
        (b"IDAT", stream()[3:]), END,
    ],
    "bits of a transparent color that do not count": [
        ihdr(8, 2), (b"tRNS", b"\1\2\0\3\0\4"), (b"IDAT", zlib.compress(bytes(97 * 32))), END,
    ],
}  # fmt: skip


def test_faults_that_libpng_would_print_are_judged_in_silence(tmp_path):
    for fault, chunks in LOUD.items():
        (tmp_path / f"{fault}.png").write_bytes(framed(chunks))

    assert said(tmp_path) == ("", str(len(LOUD)))


@pytest.mark.parametrize("fault", [name for name in LOUD if "filter" not in name])
def test_what_is_kept_from_libpng_changes_no_pixel(fault):
    """Against the same picture without the fault."""
    plain = {b"IDAT": stream(), b"tRNS": b"\0\2\0\3\0\4"}
    kinds = dict.fromkeys(kind for kind, _ in LOUD[fault])
    sound = framed([(kind, plain.get(kind, dict(LOUD[fault])[kind])) for kind in kinds])
    if "color" in fault:
        sound = framed([LOUD[fault][0], (b"tRNS", plain[b"tRNS"]), *LOUD[fault][2:]])
    policy = imagegate.Policy(limits={"short_side": {"min": 1}})
    ours, theirs = (imagegate.check(data, policy=policy, detail=True) for data in (framed(LOUD[fault]), sound))

    assert ours.measurements is not None
    assert ours.measurements == theirs.measurements


def mutated_png(drawn, data):
    """A PNG with a few changes and true checksums."""
    chunks = chunks_of(data)
    for _ in range(drawn.randint(1, 3)):
        place = drawn.randrange(len(chunks))
        kind, body = chunks[place]
        change = drawn.randrange(6)
        if change == 0 and body:
            at = drawn.randrange(len(body))
            chunks[place] = kind, body[:at] + drawn.randbytes(1) + body[at + 1 :]
        elif change == 1:
            chunks.insert(place, (kind, body))
        elif change == 2:
            other = drawn.randrange(len(chunks))
            chunks[place], chunks[other] = chunks[other], chunks[place]
        elif change == 3:
            chunks.insert(place, (drawn.choice(EXTRA), drawn.randbytes(drawn.choice([0, 1, 2, 6, 8, 26, 32, 300]))))
        elif change == 4:
            chunks[place] = kind, body[: drawn.randrange(len(body) + 1)]
        else:
            chunks = with_other_rows(drawn, chunks)
    return framed(chunks)


def with_other_rows(drawn, chunks):
    """Its rows changed, and packed in another way."""
    try:
        rows = bytearray(zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")))
    except zlib.error:
        return chunks
    for _ in range(drawn.randrange(20) if rows else 0):
        rows[drawn.randrange(len(rows))] = drawn.randrange(256)
    packed = zlib.compress(bytes(rows), drawn.randrange(10)) + drawn.randbytes(drawn.choice([0, 0, 1, 5]))
    packed = with_window_of(drawn.choice([8, 9, 15]), packed)
    cut = drawn.randrange(len(packed))
    first = next(index for index, (kind, _) in enumerate(chunks) if kind == b"IDAT")
    others = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    return [*others[:first], (b"IDAT", packed[:cut]), (b"IDAT", packed[cut:]), *others[first:]]


def mutated(drawn, data):
    """A file with a few bytes changed, left out or put in."""
    data = bytearray(data)
    for _ in range(drawn.choice([1, 1, 2, 5])):
        at = drawn.randrange(min(len(data), drawn.choice([700, 1 << 30])))
        data[at : at + drawn.choice([0, 1, 4])] = drawn.randbytes(drawn.choice([0, 1, 4]))
    return bytes(data)


def seeds():
    """Small pictures of each format that is decoded, and what changes them."""
    pixels = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    for mode, options in (("RGB", {}), ("RGB", {"progressive": True}), ("L", {}), ("CMYK", {})):
        yield "jpg", encoded(pixels.convert(mode), "JPEG", **options), mutated
    for mode in ("RGB", "RGBA", "L", "P", "1", "LA"):
        yield "png", encoded(pixels.convert(mode), "PNG"), mutated_png
    yield "png", framed([DEEP, (b"IDAT", stream()), END]), mutated_png
    heif = pytest.importorskip("pillow_heif", reason="the extra imagegate[heif] is not installed")
    file = io.BytesIO()
    heif.from_pillow(pixels).save(file)
    yield "heic", file.getvalue(), mutated


def encoded(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_pictures_changed_at_random_are_judged_in_silence(tmp_path, count):
    kinds = list(seeds())
    drawn = random.Random(count)  # noqa: S311 - a test, not a secret
    for number in range(count):
        ending, data, change = kinds[number % len(kinds)]
        (tmp_path / f"{number:05}.{ending}").write_bytes(change(drawn, data))

    assert said(tmp_path) == ("", str(count))


def test_files_that_broke_other_readers_are_judged_in_silence(shared, tmp_path):
    folders = [PICTURES, *(shared / "data" / name for name in ("pngsuite", "pillow_broken", "afl_jpeg"))]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for number, path in enumerate(files):
        (tmp_path / f"{number:04}{path.suffix}").write_bytes(path.read_bytes())

    assert said(tmp_path) == ("", str(len(files)))


def test_the_test_itself_hears_what_libpng_prints(tmp_path):
    """The picture of another row, given to OpenCV as it is."""
    (tmp_path / "a.png").write_bytes(framed(LOUD["bytes after the stream"]))
    code = "import cv2, sys; cv2.imread(sys.argv[1])"
    heard = subprocess.run([sys.executable, "-c", code, tmp_path / "a.png"], capture_output=True, text=True, check=True)

    assert "libpng warning" in heard.stderr
