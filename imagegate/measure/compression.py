"""How hard a JPEG was compressed: by its own tables, and by the blocks that show."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel
from imagegate.kernels.blocks import differences_across, differences_down

_BLOCK: Final = 8

# Luma quantisation table of ITU-T T.81, annex K, table K.1, in natural (row-major) order.
# fmt: off
_STANDARD: Final = np.array((
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
), np.int64)
# fmt: on


class Compression(NamedTuple):
    """Compression of one picture; NaN where it cannot be told: a PNG is never "compressed".

    Attributes:
        jpeg_quality: Quality setting of the Independent JPEG Group's library, 1..100, whose luma table is nearest in
            its sum to the file's own.
        blockiness: Mean absolute first difference across the borders of the 8 x 8 blocks over that inside of them;
            1 where no block shows, NaN unless the picture is a JPEG decoded 1:1 (Z. Wang, H. Sheikh, A. Bovik,
            "No-reference perceptual quality assessment of JPEG compressed images", ICIP 2002).
    """

    jpeg_quality: float
    blockiness: float


def compression(
    luma: NDArray[np.uint8], quantisation: tuple[tuple[int, ...], ...] | None, *, jpeg_grid: bool
) -> Compression:
    """Measure compression.

    Args:
        luma: (H, W) uint8, C-contiguous.
        quantisation: The JPEG's tables, 64 numbers each in any order, luma first; None or empty where it is no JPEG.
        jpeg_grid: Whether the JPEG was decoded 1:1, so that luma lies on its grid of blocks.
    """
    quality = jpeg_quality(quantisation[0]) if quantisation and quantisation[0] else math.nan
    return Compression(quality, blockiness(luma) if jpeg_grid else math.nan)


def jpeg_quality(table: tuple[int, ...]) -> float:
    """The IJG quality setting of a table; its sum decides, so the order of its numbers does not matter."""
    return float(1 + np.argmin(np.abs(_SUMS - sum(table))))


@kernel
def blockiness(luma: NDArray[np.uint8]) -> float:
    """Mean difference across the grid over the mean inside of the blocks; NaN where there is no grid or no detail."""
    height, width = luma.shape
    if min(height, width) <= _BLOCK:
        return math.nan
    # Of each axis by itself: one may have more detail than the other, and more pairs.
    across, within_across = _means(differences_across(luma), width, height)
    down, within_down = _means(differences_down(luma), height, width)
    within = within_across + within_down
    return (across + down) / within if within > 0 else math.nan


@kernel
def _means(sums: NDArray[np.int64], length: int, lines: int) -> tuple[float, float]:
    """Mean difference across the grid and inside of the blocks, of sums by place along `length` pixels."""
    total = 0
    for place in range(_BLOCK):
        total += sums[place]
    crossing = (length - 1) // _BLOCK * lines
    return sums[_BLOCK - 1] / crossing, (total - sums[_BLOCK - 1]) / ((length - 1) * lines - crossing)


def _ijg_sums() -> NDArray[np.int64]:
    """Sums of the luma tables of quality 1..100 (libjpeg, jcparam.c: jpeg_quality_scaling, jpeg_add_quant_table)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)  # noqa: PLR2004 -- libjpeg's own
    tables = np.clip((_STANDARD * scale[:, None, None] + 50) // 100, 1, 255)
    return np.asarray(tables.sum(axis=(1, 2)), np.int64)


_SUMS: Final = _ijg_sums()
