"""Differences of a few chosen 32x32 tiles at many offsets, on the picture and on the picture halved."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel
from imagegate.kernels.structure import TILE

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
# Beside each row, so that every offset runs over whole rows: a loop of 32 leaves LLVM no rest to do one by one.
_MARGIN: Final = 8
_PADDED: Final = _MARGIN + TILE + _MARGIN
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
    tile = np.zeros((TILE, _PADDED), np.int16)
    half = np.zeros((TILE // 2, _PADDED), np.int16)
    squares = np.empty(TILE, np.int32)
    largest = np.empty(TILE, np.int32)
    for t in range(rows.size):
        out = table[t]
        top, left = rows[t] * TILE, columns[t] * TILE
        for y in range(TILE):
            _take_row(luma[top + y, left : left + TILE], tile[y, _MARGIN : _MARGIN + TILE], out)
        for y in range(TILE // 2):
            _halve(tile[2 * y, _MARGIN:], tile[2 * y + 1, _MARGIN:], half[y, _MARGIN : _MARGIN + TILE // 2])
        for i in range(len(OFFSETS)):
            samples = tile if i < FULL else half
            down, across = OFFSETS[i]
            _add_differences(samples, down, across, squares, largest)
            first, last = max(-across, 0), samples.shape[0] - max(across, 0)
            out[SQUARES + i] = squares[first:last].sum()
            out[LARGEST + i] = largest[first:last].max()
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
def _halve(upper: NDArray[np.int16], lower: NDArray[np.int16], out: NDArray[np.int16]) -> None:
    for x in range(out.size):
        out[x] = upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]


@kernel
def _add_differences(
    samples: NDArray[np.int16], down: int, across: int, squares: NDArray[np.int32], largest: NDArray[np.int32]
) -> None:
    """Column by column, and those in the margins too: without sums across lanes LLVM vectorises the whole loop."""
    squares[:] = 0
    largest[:] = 0
    flat = samples.reshape(-1)
    beside = np.uint64(down * _PADDED + across)
    for y in range(samples.shape[0] - down):
        # By unsigned places in one array: an array made of each short row cost a third of the time.
        row = np.uint64(y * _PADDED + _MARGIN)
        for x in range(TILE):
            i = row + np.uint64(x)
            d = np.int32(np.int32(flat[i + beside]) - np.int32(flat[i]))
            squared = np.int32(d * d)
            squares[x] = np.int32(squares[x] + squared)
            largest[x] = max(largest[x], squared)


def pair_counts() -> NDArray[np.int64]:
    """How many pairs each of the OFFSETS has in one tile, (28,) int64."""
    side = np.where(np.arange(len(OFFSETS)) < FULL, TILE, TILE // 2)
    return np.asarray((side - OFFSETS[:, 0]) * (side - abs(OFFSETS[:, 1])), np.int64)
