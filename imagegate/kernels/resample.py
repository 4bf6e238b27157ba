"""Rows of a picture to fewer rows, by a filter of whole numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

BLOCK: Final = 8  # rows that become as many as there are filters
TAPS: Final = 6
UNIT_BITS: Final = 14
UNIT: Final = 1 << UNIT_BITS  # what the weights of a filter add up to


@kernel
def filtered_rows(pixels: NDArray[np.uint8], weights: NDArray[np.int32], first: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Make each whole block of rows as many rows as there are filters; what is above or below repeats the last row.

    Args:
        pixels: (H, W) uint8, C-contiguous. Fewer rows than a block count as one.
        weights: (N, TAPS) int32, each filter's in units of UNIT.
        first: (N,) int64, the row of the block, from -TAPS on, under each filter's first weight.

    Returns:
        (max(1, H // BLOCK) * N, W) uint8, rounded, and cut off at 0 and 255.
    """
    height, width = pixels.shape
    blocks = max(1, height // BLOCK)
    count = len(first)
    out = np.empty((blocks * count, width), np.uint8)
    for row in range(blocks * count):
        block, phase = divmod(row, count)
        top = block * BLOCK + first[phase]
        a, b, c, d, e, f = weights[phase]
        r0, r1, r2 = _row(pixels, top), _row(pixels, top + 1), _row(pixels, top + 2)
        r3, r4, r5 = _row(pixels, top + 3), _row(pixels, top + 4), _row(pixels, top + 5)
        line = out[row]
        # Rows as arrays of their own: by index into one array LLVM vectorises nothing, and takes ten times as long.
        for x in range(width):
            above = np.int32(a * np.int32(r0[x]) + b * np.int32(r1[x]) + c * np.int32(r2[x]))
            below = np.int32(d * np.int32(r3[x]) + e * np.int32(r4[x]) + f * np.int32(r5[x]))
            level = np.int32(np.int32(above + below + np.int32(UNIT // 2)) >> np.int32(UNIT_BITS))
            line[x] = np.uint8(min(max(level, np.int32(0)), np.int32(255)))
    return out


@kernel
def _row(pixels: NDArray[np.uint8], y: int) -> NDArray[np.uint8]:
    row: NDArray[np.uint8] = pixels[min(max(y, 0), len(pixels) - 1)]
    return row
