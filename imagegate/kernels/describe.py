"""Differences of a few chosen 32x32 tiles at many offsets, on the picture and on the picture halved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from imagegate.kernels._jit import kernel
from imagegate.kernels.structure import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

# (down, across) of each difference: along both axes, along both diagonals, and between them.
_FULL: Final = (
    *((0, 1), (0, 2), (0, 4), (0, 8), (1, 0), (2, 0), (4, 0), (8, 0)),
    *((1, 1), (2, 2), (4, 4), (1, -1), (2, -2), (4, -4)),
    *((2, 1), (1, 2), (2, -1), (1, -2)),
)
_HALF: Final = (
    *((0, 1), (0, 2), (0, 4), (1, 0), (2, 0), (4, 0)),
    *((1, 1), (2, 2), (1, -1), (2, -2)),
)
OFFSETS: Final = np.array(_FULL + _HALF, np.int64)
FULL: Final = len(_FULL)  # the first offsets are of the picture, the others of the picture halved

# The columns of the table `describe_tiles` gives.
SQUARES: Final = 0
LARGEST: Final = len(OFFSETS)
LIGHT: Final = 2 * len(OFFSETS)
LIGHT_SQUARES: Final = LIGHT + 1
CLIPPED: Final = LIGHT + 2
COLUMNS: Final = LIGHT + 3

# JPEG leaves a ripple of some levels on flat black and white.
BLACK: Final = 2
WHITE: Final = 253


@kernel
def describe_tiles(luma: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum what is known of each chosen tile.

    Args:
        luma: (H, W) uint8, C-contiguous.
        rows: (T,) int64, row of each tile in the grid of whole 32x32 tiles.
        columns: (T,) int64, its column.

    Returns:
        (T, 59) int64. For each of the 28 OFFSETS the sum of (Y(p + offset) - Y(p))^2 and, from LARGEST on, the largest
        such square; pairs stay within the tile, and from FULL on Y is the sum of 2x2 pixels. Then the sums of
        Y and Y^2, and how many pixels are <= BLACK or >= WHITE.
    """
    table = np.zeros((rows.size, COLUMNS), np.int64)
    tile = np.empty((TILE, TILE), np.int16)
    half = np.empty((TILE // 2, TILE // 2), np.int16)
    squares = np.empty(TILE, np.int32)
    largest = np.empty(TILE, np.int32)
    for t in range(rows.size):
        out = table[t]
        top, left = rows[t] * TILE, columns[t] * TILE
        for y in range(TILE):
            _take_row(luma[top + y, left : left + TILE], tile[y], out)
        for y in range(TILE // 2):
            for x in range(TILE // 2):
                half[y, x] = tile[2 * y, 2 * x] + tile[2 * y, 2 * x + 1] + tile[2 * y + 1, 2 * x]
                half[y, x] += tile[2 * y + 1, 2 * x + 1]
        for i in range(len(OFFSETS)):
            _add_differences(tile if i < FULL else half, OFFSETS[i, 0], OFFSETS[i, 1], squares, largest)
            out[SQUARES + i] = squares.sum()
            out[LARGEST + i] = largest.max()
    return table


@kernel
def _take_row(row: NDArray[np.uint8], out: NDArray[np.int16], sums: NDArray[np.int64]) -> None:
    light = np.int32(0)
    squares = np.int32(0)
    clipped = np.int32(0)
    for x in range(TILE):
        value = np.int32(row[x])
        out[x] = value
        light = np.int32(light + value)
        squares = np.int32(squares + value * value)
        clipped = np.int32(clipped + np.int32(value <= BLACK) + np.int32(value >= WHITE))
    sums[LIGHT] += light
    sums[LIGHT_SQUARES] += squares
    sums[CLIPPED] += clipped


@kernel
def _add_differences(
    tile: NDArray[np.int16], down: int, across: int, squares: NDArray[np.int32], largest: NDArray[np.int32]
) -> None:
    """Column by column: without a sum across lanes LLVM vectorises the whole loop."""
    squares[:] = 0
    largest[:] = 0
    side = tile.shape[0]
    left = max(-across, 0)
    width = side - abs(across)
    for y in range(side - down):
        a = tile[y, left : left + width]
        b = tile[y + down, left + across : left + across + width]
        for x in range(width):
            d = np.int32(np.int32(b[x]) - np.int32(a[x]))
            squared = np.int32(d * d)
            squares[x] = np.int32(squares[x] + squared)
            largest[x] = max(largest[x], squared)


def pair_counts() -> NDArray[np.int64]:
    """How many pairs each of the OFFSETS has in one tile, (28,) int64."""
    side = np.where(np.arange(len(OFFSETS)) < FULL, TILE, TILE // 2)
    return np.asarray((side - OFFSETS[:, 0]) * (side - abs(OFFSETS[:, 1])), np.int64)
