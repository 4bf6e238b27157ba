"""Squared differences and noise of every 32x32 tile of the luma."""

import functools
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

TILE: Final = 32

# What the table of `tile_structure` holds of each tile.
X1: Final = 0
X2: Final = 1
X4: Final = 2
Y1: Final = 3
Y2: Final = 4
Y4: Final = 5
DOWN: Final = 6  # (x+1, y+1)
UP: Final = 7  # (x+1, y-1)
NOISE: Final = 8
NUMBERS: Final = 9

_Pair: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]

_LAGS: Final = 3  # 1, 2, 4
_BLOCK: Final = 8  # of JPEG


@kernel
def _add_squares(luma: NDArray[np.uint8], top: int, span: int, shift: tuple[int, int], sums: NDArray[np.int32]) -> None:
    """Add (Y(x + across, y + down) - Y(x, y))^2 to the column sums, for the row of tiles that begins at `top`."""
    width = sums.size - abs(shift[0])
    for y in range(top, top + TILE, 4):
        a = _pair(luma, y, span, shift, width)
        b = _pair(luma, y + 1, span, shift, width)
        c = _pair(luma, y + 2, span, shift, width)
        d = _pair(luma, y + 3, span, shift, width)
        _add_four(a, b, c, d, sums[:width])


@kernel
def _pair(luma: NDArray[np.uint8], y: int, span: int, shift: tuple[int, int], width: int) -> _Pair:
    """A row and what it is compared with: itself, which adds nothing, where the other row lies beyond the span."""
    across, down = shift
    left = max(-across, 0)
    row = luma[y, left : left + width]
    if y % span + down >= span:
        return row, row
    return row, luma[y + down, left + across : left + across + width]


@kernel
def _add_four(a: _Pair, b: _Pair, c: _Pair, d: _Pair, sums: NDArray[np.int32]) -> None:
    """Four rows for each time a sum is read and written: a seventh off the time of one row at a time.

    Column by column: without a sum across lanes LLVM vectorises the whole loop.
    """
    for x in range(sums.size):
        first, second = _square(a[0][x], a[1][x]), _square(b[0][x], b[1][x])
        third, fourth = _square(c[0][x], c[1][x]), _square(d[0][x], d[1][x])
        sums[x] = np.int32(sums[x] + np.int32(first + second) + np.int32(third + fourth))


@kernel
def _square(a: np.uint8, b: np.uint8) -> np.int32:
    """Numba widens to 64 bits unless told; in 32 LLVM has twice the lanes."""
    d = np.int32(np.int32(b) - np.int32(a))
    return np.int32(d * d)


@kernel
def _add_noise(
    luma: NDArray[np.uint8], top: int, span: int, curvature: NDArray[np.int16], sums: NDArray[np.uint16]
) -> None:
    """Add |[1 -2 1; -2 4 -2; 1 -2 1] * Y|, down first and then across: the mask is separable."""
    width = sums.size
    for y in range(top, top + TILE):
        if 0 < y % span < span - 1:
            above, row, below = luma[y - 1, :width], luma[y, :width], luma[y + 1, :width]
            for x in range(width):
                upper, lower = np.int16(above[x]) - np.int16(row[x]), np.int16(below[x]) - np.int16(row[x])
                curvature[x] = np.int16(np.int16(upper) + np.int16(lower))
            for x in range(1, width - 1):
                fore, aft = curvature[x - 1] - curvature[x], curvature[x + 1] - curvature[x]
                sums[x] = np.uint16(sums[x] + np.uint16(abs(np.int16(np.int16(fore) + np.int16(aft)))))


@kernel
def _sum_columns(
    sums: NDArray[np.int32] | NDArray[np.uint16], span: int, first: int, last: int, out: NDArray[np.int64]
) -> None:
    """Give each tile the sum of its columns, but for the `first` and `last` ones of every span.

    Those are set to 0 first, because LLVM vectorises a sum of a fixed length alone: half the time.
    """
    tiles = sums.reshape(-1, TILE)
    for x in range(TILE):
        if not first <= x % span < span - last:
            for tile in range(out.size):
                tiles[tile, x] = 0
    for tile in range(out.size):
        total = np.int32(0)
        for x in range(TILE):
            total = np.int32(total + np.int32(tiles[tile, x]))
        out[tile] = total


@kernel
def tile_structure(
    luma: NDArray[np.uint8],
    jpeg_grid: bool,  # noqa: FBT001 -- Numba compiles positional arguments.
) -> NDArray[np.int64]:
    """Sum the squared differences and the noise mask of every whole 32x32 tile.

    Args:
        luma: (H, W) uint8, C-contiguous.
        jpeg_grid: leave out what crosses the 8-pixel grid of JPEG, for a JPEG decoded 1:1. What crosses the border of
            a tile is left out always.

    Returns:
        (9, H // 32, W // 32) int64. X1..X4 and Y1..Y4: sums of (Y(p + k) - Y(p))^2 at lags 1, 2 and
        4 along x and along y. DOWN and UP: the same for (+1, +1) and (+1, -1). NOISE: the sum of
        |[1 -2 1; -2 4 -2; 1 -2 1] * Y| (Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996).
        `pair_counts` says how many pairs each sum holds.
    """
    rows = luma.shape[0] // TILE
    columns = luma.shape[1] // TILE
    table = np.zeros((NUMBERS, rows, columns), np.int64)
    if rows == 0 or columns == 0:
        return table
    span = _BLOCK if jpeg_grid else TILE
    # 32 rows of squares stay below 2^21, and 30 of the noise mask, 2040 at most each, below 2^16.
    sums = np.empty((NOISE, columns * TILE), np.int32)
    noise = np.empty(columns * TILE, np.uint16)
    curvature = np.empty(columns * TILE, np.int16)
    for row in range(rows):
        sums[:] = 0
        noise[:] = 0
        top = row * TILE
        for i in range(_LAGS):
            _add_squares(luma, top, span, (1 << i, 0), sums[X1 + i])
            _add_squares(luma, top, span, (0, 1 << i), sums[Y1 + i])
        _add_squares(luma, top, span, (1, 1), sums[DOWN])
        _add_squares(luma, top, span, (-1, 1), sums[UP])
        _add_noise(luma, top, span, curvature, noise)
        for i in range(_LAGS):
            _sum_columns(sums[X1 + i], span, 0, 1 << i, table[X1 + i, row])
            _sum_columns(sums[Y1 + i], span, 0, 0, table[Y1 + i, row])
        _sum_columns(sums[DOWN], span, 0, 1, table[DOWN, row])
        _sum_columns(sums[UP], span, 0, 1, table[UP, row])
        _sum_columns(noise, span, 1, 1, table[NOISE, row])
    return table


@functools.cache
def pair_counts(*, jpeg_grid: bool) -> NDArray[np.int64]:
    """How many pairs or masks each number of `tile_structure` sums in one tile: (9,) int64."""
    span = _BLOCK if jpeg_grid else TILE
    spans = (TILE // span) ** 2
    lags = [span * (span - k) for k in (1, 2, 4)]
    counts = spans * np.array([*lags, *lags, (span - 1) ** 2, (span - 1) ** 2, (span - 2) ** 2], np.int64)
    counts.setflags(write=False)  # for all who ask
    return counts
