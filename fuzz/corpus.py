"""What the fuzzer begins with: the pictures of sample_images, made small, for it changes a byte at a time."""

from __future__ import annotations

import base64
import io
import pathlib
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = pathlib.Path(__file__).parent.parent
SAMPLES: Final = ROOT / "sample_images"
LONGEST: Final = 1 << 12  # bytes of a sample that is taken as it is
SIDE: Final = 48  # pixels of one that is made small: a few units of every sampling
KINDS: Final = {"jpeg": "JPEG", "png": "PNG"}


def seeds(target: str) -> Iterator[bytes]:
    """Files to begin with, the same in each run."""
    if target == "base64":
        yield from texts()
        return
    for path in sorted(SAMPLES.glob("*.*")):
        data = path.read_bytes()
        if len(data) <= LONGEST:
            yield data
        elif path.suffix in {".jpg", ".png"}:
            yield from small(data, KINDS[target])


def texts() -> Iterator[bytes]:
    """Base64 in the ways that it arrives, and the mistakes of the samples."""
    for path in sorted(SAMPLES.glob("*.txt")):
        yield path.read_bytes()[:LONGEST]
    for data in (*seeds("jpeg"), *seeds("png")):
        text = base64.b64encode(data)
        yield from (text, base64.encodebytes(data), base64.urlsafe_b64encode(data).rstrip(b"="))
        yield b"data:image/jpeg;base64," + text


def small(data: bytes, kind: str) -> Iterator[bytes]:
    """A picture of this kind with what a small one keeps of it: mode, metadata, order of its scans."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (OSError, ValueError, Image.DecompressionBombError):
        return  # damaged, as the fuzzer makes them by itself
    if image.format == kind:
        # With thumbnail() Pillow would read a JPEG anew, in other samples.
        reduced, out = image.resize((SIDE, SIDE * 3 // 4)), io.BytesIO()
        metadata = {"exif": image.getexif(), "progressive": image.info.get("progressive", False)}
        reduced.save(out, kind, **metadata)
        yield out.getvalue()


def written(target: str, folder: pathlib.Path) -> None:
    """Write the files to begin with beside those that earlier runs have found worth keeping."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):
        (folder / f"seed-{number:03}").write_bytes(data)
