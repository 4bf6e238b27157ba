"""The pictures that are raced on: photos as their camera wrote them, and one of them at other sizes."""

from __future__ import annotations

import base64
import functools
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from PIL import Image

from benchmarks.photos import ROOT, camera_originals
from tests.samples.camera import jpeg

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from tests.samples.camera import Picture

JPEG_MEGAPIXELS = (0.3, 2, 12, 24)
PNG_MEGAPIXELS = (2, 12)
QUALITY = 90
DRAWN = ROOT / "sample_images" / "good_2400x1800.jpg"
DRAWN_NOISE = 4  # 8-bit codes: brings an enlarged drawing to a camera's bytes a pixel


@dataclass(frozen=True)
class Photo:
    """An encoded picture."""

    name: str
    data: bytes

    @functools.cached_property
    def text(self) -> str:
        return base64.b64encode(self.data).decode()


class Pictures(NamedTuple):
    """What one run is about, and a sentence on where it comes from."""

    photos: Sequence[Photo]
    origin: str


def pictures(named: Sequence[pathlib.Path]) -> Pictures:
    """Take the files that are named, else the camera originals, else a drawn picture."""
    paths = named or camera_originals()
    if not paths:
        return Pictures([drawn()], "drawn: sample_images/good_2400x1800.jpg, enlarged to 12 megapixels, with noise")
    kind = "files named by the caller" if named else "as their cameras wrote them"
    return Pictures(
        [Photo(path.stem, path.read_bytes()) for path in paths], f"{kind}: {', '.join(p.stem for p in paths)}"
    )


def drawn() -> Photo:
    """Stand in for a camera's picture where there is none; to draw one of this size takes a minute."""
    rgb = sized(_pixels(DRAWN.read_bytes()), 12)
    noise = np.random.default_rng(0).normal(0, DRAWN_NOISE, rgb.shape).astype(np.float32)
    return Photo("drawn, 12 MP", jpeg(np.clip(np.rint(rgb + noise), 0, 255).astype(np.uint8), QUALITY))


def at_sizes(photo: Photo, largest: float = math.inf) -> Mapping[str, Photo]:
    """The photo stored anew at other sizes, by row; resampled as it is coded (sRGB), by areas or by cubics.

    Args:
        photo: What is resampled.
        largest: Leaves out what has more megapixels.
    """
    rgb = _pixels(photo.data)
    made: dict[str, bytes] = {}
    for megapixels in _up_to(largest, JPEG_MEGAPIXELS):
        small = sized(rgb, megapixels)
        made[f"JPEG, {megapixels:g} MP"] = jpeg(small, QUALITY)
        made[f"JPEG, {megapixels:g} MP, progressive"] = jpeg(small, QUALITY, progressive=True)
    for megapixels in _up_to(largest, PNG_MEGAPIXELS):
        made[f"PNG, {megapixels:g} MP"] = _png(sized(rgb, megapixels))
    return {row: Photo(row, data) for row, data in made.items()}


def _up_to(largest: float, sizes: Sequence[float]) -> list[float]:
    return [size for size in sizes if size <= largest]


def sized(rgb: Picture, megapixels: float) -> Picture:
    height, width = rgb.shape[:2]
    scale = math.sqrt(megapixels * 1e6 / (height * width))
    size = (round(width * scale), round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


def _png(rgb: Picture) -> bytes:
    """By Pillow at its fastest: the same filters as by default, four times sooner, a quarter larger."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _pixels(data: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
