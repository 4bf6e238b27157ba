"""Sums over a coarse grid of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagegate.kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def grid_sums(luma: NDArray[np.uint8], cell: int, clipped: int) -> NDArray[np.int64]:
    """Light and clipped pixels of every cell; those at the right and bottom may be cut short.

    Args:
        luma: (H, W) uint8, C-contiguous.
        cell: Side of a cell in pixels, less than 2^23.
        clipped: The lowest level that counts as clipped, 0 to 255.

    Returns:
        (3, ceil(H / cell), ceil(W / cell)) int64: sum of luma, number of pixels >= `clipped`, number of pixels.
    """
    height, width = luma.shape
    rows, columns = (height + cell - 1) // cell, (width + cell - 1) // cell
    sums = np.zeros((3, rows, columns), np.int64)
    # Down the columns first: LLVM vectorises whole rows, but gains nothing on a row's short stretch in one cell.
    light = np.empty(width, np.int32)
    bright = np.empty(width, np.int32)
    for row in range(rows):
        light[:] = 0
        bright[:] = 0
        stop = min((row + 1) * cell, height)
        for y in range(row * cell, stop):
            _add_row(luma[y], clipped, light, bright)
        for x in range(width):
            sums[0, row, x // cell] += light[x]
            sums[1, row, x // cell] += bright[x]
            sums[2, row, x // cell] += stop - row * cell
    return sums


@kernel
def _add_row(row: NDArray[np.uint8], clipped: int, light: NDArray[np.int32], bright: NDArray[np.int32]) -> None:
    level = np.uint8(clipped)
    for x in range(row.size):
        light[x] += np.int32(row[x])
        bright[x] += np.int32(row[x] >= level)
