"""Pictures drawn for tests: sharp scenes of known content, and what a lens or an encoder does to them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray


def polygons(height: int = 768, width: int = 1024, seed: int = 0) -> NDArray[np.uint8]:
    """A sharp scene: (height, width, 3) uint8 RGB, many skin-coloured polygons with hard edges and a little grain."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), (200, 160, 140), np.uint8)
    for _ in range(150):
        centre = rng.integers(0, (width, height))
        corners = (centre + rng.normal(0, max(height, width) / 12, (5, 2))).astype(np.int32)
        shade = rng.uniform(0.35, 1.2)
        colour = [int(c) for c in np.clip(np.array((200, 160, 140)) * shade, 0, 235)]
        cv2.fillPoly(picture, [corners], colour, cv2.LINE_AA)
    grain = rng.normal(0, 1.5, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def blurred(rgb: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """The scene through a Gaussian of `sigma` pixels."""
    return cv2.GaussianBlur(rgb, (0, 0), sigma)


def encoded(rgb: NDArray[Any], kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file, written by Pillow."""
    out = io.BytesIO()
    options = {"quality": 92, "subsampling": 0, **options} if kind == "JPEG" else options
    Image.fromarray(rgb).save(out, kind, **options)
    return out.getvalue()


SHARP = encoded(polygons(480, 640))
BLURRED = encoded(blurred(polygons(480, 640), 8))
