"""Sums over a coarse grid of cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel


@kernel
def grid_sums(luma: NDArray[np.uint8], cell: int, clipped: int) -> NDArray[np.int64]:
    """Light and clipped pixels of every cell; those at the right and bottom may be cut short.

    Args:
        luma: (H, W) uint8, C-contiguous.
        cell: Side of a cell in pixels, at most 257: the light of a column of it fits into 16 bits.
        clipped: The lowest level that counts as clipped, 0 to 255.

    Returns:
        (3, ceil(H / cell), ceil(W / cell)) int64: sum of luma, number of pixels >= `clipped`, number of pixels.
    """
    height, width = luma.shape
    rows, columns = (height + cell - 1) // cell, (width + cell - 1) // cell
    sums = np.zeros((3, rows, columns), np.int64)
    # Down the columns first: LLVM vectorises whole rows, but gains nothing on a row's short stretch in one cell.
    light = np.empty(width, np.uint16)
    bright = np.empty(width, np.uint16)
    for row in range(rows):
        light[:] = 0
        bright[:] = 0
        stop = min((row + 1) * cell, height)
        for y in range(row * cell, stop):
            _add_row(luma[y], clipped, light, bright)
        for column in range(columns):
            left, right = column * cell, min((column + 1) * cell, width)
            sums[0, row, column] = light[left:right].sum()
            sums[1, row, column] = bright[left:right].sum()
            sums[2, row, column] = (stop - row * cell) * (right - left)
    return sums


@kernel
def _add_row(row: NDArray[np.uint8], clipped: int, light: NDArray[np.uint16], bright: NDArray[np.uint16]) -> None:
    level = np.uint8(clipped)
    for x in range(row.size):
        light[x] = np.uint16(light[x] + np.uint16(row[x]))
        bright[x] = np.uint16(bright[x] + np.uint16(row[x] >= level))
