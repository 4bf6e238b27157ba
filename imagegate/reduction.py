"""Pixels at their own size to pixels at the working size: means of 2x2, then by eighths of the sides."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from imagegate.kernels.resample import BLOCK, TAPS, UNIT, filtered_rows

Pixels: TypeAlias = NDArray[np.uint8]
Samples: TypeAlias = NDArray[Any]  # uint8 or uint16

WORKING_SIDE: Final = 1000
# Between these a picture is measured as it is: resampling would blur what is to be measured.
SMALLEST_SIDE: Final = 900
LARGEST_SIDE: Final = 1100
WHOLE: Final = BLOCK  # eighths
# Blur before luma is reduced by f, in pixels over sqrt(f^2 - 1): what is too fine goes, and a photo keeps its verdict
# and nearly its blur radius whatever its size. Areas soften some sizes by a pixel more than others (docs/focus.md).
SOFTENING: Final = 0.35
CUBIC: Final = -0.75  # OpenCV's INTER_CUBIC, with which the limits were found
# OpenCV spreads what has twice as many pixels over threads of its own (parallel_for_), and threads are the caller's.
# A strip has no less than a few rows, so a picture of more than some 30,000 pixels across is spread all the same.
STRIP: Final = 1 << 16  # pixels


def eighths(long_side: int) -> int:
    """How many eighths are left of the sides of a picture of less than twice the smallest working size."""
    return WHOLE if long_side <= LARGEST_SIDE else round(WHOLE * WORKING_SIDE / long_side)


def halved(samples: Samples) -> Samples:
    """Means of 2x2, for which OpenCV has SIMD code, while they fill the working size.

    Each halving rounds halves up: an eighth of a level on average.
    """
    while max(samples.shape[:2]) >= 2 * SMALLEST_SIDE:
        height, width = (max(1, side // 2) for side in samples.shape[:2])
        out = np.empty((height, width, *samples.shape[2:]), samples.dtype)
        for rows in strips(out.shape):
            strip = samples[2 * rows.start : 2 * rows.stop, : 2 * width]
            out[rows] = cv2.resize(strip, (width, len(out[rows])), interpolation=cv2.INTER_AREA)
        samples = out
    return samples


def reduced_luma(luma: Pixels, kept: int) -> Pixels:
    """Reduce (H, W) uint8 luma to 4 to 8 eighths of its sides, about as sharp as the decoder's own reductions.

    Without the last rows and columns that fill no block. By rows, then, turned, by columns: filters that run along a
    row are as many times slower as a register has lanes.
    """
    if kept == WHOLE:
        return luma
    return _turned(filtered_rows(_turned(filtered_rows(luma, *filters(kept))), *filters(kept)))


@functools.cache
def filters(kept: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The filters that make `kept` rows of eight, and where each begins: a Gaussian and bicubic interpolation in one.

    Bicubic: R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29(6), 1981.

    Returns:
        (kept, TAPS) int32 weights, and (kept,) int64 rows.
    """
    soft = _gaussian(SOFTENING * math.sqrt((WHOLE / kept) ** 2 - 1))
    centres = (np.arange(kept) + 0.5) * WHOLE / kept - 0.5
    first = np.floor(centres).astype(np.int64) - TAPS // 2 + 1
    distances = np.abs(first[:, None] + np.arange(-1, TAPS + 1) - centres[:, None])
    weights = np.array([np.convolve(row, soft, "valid") for row in _cubic(distances)])
    return _whole(weights / weights.sum(axis=1, keepdims=True)), first


def _gaussian(sigma: float) -> NDArray[np.float64]:
    """Of three weights: the next, at two pixels, would be .3 % at most, and cost a third more time."""
    bell: NDArray[np.float64] = np.exp(-(np.arange(-1, 2) ** 2) / (2 * sigma**2))
    return np.asarray(bell / bell.sum(), np.float64)


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
    far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    # Nothing beyond two pixels.
    weights: NDArray[np.float64] = np.select([distance <= 1, distance < 2], [near, far])  # noqa: PLR2004 -- as it says
    return weights


def _turned(luma: Pixels) -> Pixels:
    """Rows to columns, by OpenCV: a tenth of NumPy's time."""
    return np.asarray(cv2.transpose(luma), np.uint8)


def _whole(weights: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round to units of UNIT; the largest of each row takes up what rounding left."""
    whole = np.rint(weights * UNIT).astype(np.int32)
    whole[np.arange(len(whole)), weights.argmax(axis=1)] += UNIT - whole.sum(axis=1, dtype=np.int32)
    return whole


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """The rows of a picture of (H, W, ...) in strips of so many pixels as OpenCV works on in one thread."""
    height, width, *_ = shape
    step = max(1, STRIP // width)
    return (slice(top, min(top + step, height)) for top in range(0, height, step))
