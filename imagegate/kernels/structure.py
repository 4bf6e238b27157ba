"""Squared differences and noise of every 32x32 tile of the luma."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

TILE: Final = 32

# The columns of the table `tile_structure` gives.
X1: Final = 0
X2: Final = 1
X4: Final = 2
Y1: Final = 3
Y2: Final = 4
Y4: Final = 5
DOWN: Final = 6  # (x+1, y+1)
UP: Final = 7  # (x+1, y-1)
NOISE: Final = 8
COLUMNS: Final = 9

_LAGS: Final = 3  # 1, 2, 4
_BLOCK: Final = 8  # of JPEG


@kernel
def _add_squares(luma: NDArray[np.uint8], top: int, span: int, shift: tuple[int, int], sums: NDArray[np.int32]) -> None:
    """Add (Y(x + across, y + down) - Y(x, y))^2 to the column sums, for the row of tiles that begins at `top`.

    Column by column: without a sum across lanes LLVM vectorises the whole loop.
    """
    across, down = shift
    left = max(-across, 0)
    width = sums.size - abs(across)
    for y in range(top, top + TILE):
        if y % span + down < span:
            a = luma[y, left : left + width]
            b = luma[y + down, left + across : left + across + width]
            for x in range(width):
                # Numba widens sums to 64 bits unless told; in 32 LLVM has twice the lanes (a tenth off the whole).
                d = np.int32(np.int32(b[x]) - np.int32(a[x]))
                sums[x] = np.int32(sums[x] + np.int32(d * d))


@kernel
def _add_noise(
    luma: NDArray[np.uint8], top: int, span: int, curvature: NDArray[np.int16], sums: NDArray[np.int32]
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
                sums[x] = np.int32(sums[x] + np.int32(abs(np.int32(np.int16(np.int16(fore) + np.int16(aft))))))


@kernel
def _sum_columns(sums: NDArray[np.int32], span: int, first: int, last: int, out: NDArray[np.int64]) -> None:
    """Give each tile the sum of its columns, but for the `first` and `last` ones of every span."""
    for tile in range(out.size):
        total = np.int64(0)
        for left in range(tile * TILE, (tile + 1) * TILE, span):
            for x in range(left + first, left + span - last):
                total += sums[x]
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
        (H // 32, W // 32, 9) int64. Columns X1..X4 and Y1..Y4: sums of (Y(p + k) - Y(p))^2 at lags 1, 2 and
        4 along x and along y. DOWN and UP: the same for (+1, +1) and (+1, -1). NOISE: the sum of
        |[1 -2 1; -2 4 -2; 1 -2 1] * Y| (Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996).
        `pair_counts` says how many pairs each sum holds.
    """
    rows = luma.shape[0] // TILE
    columns = luma.shape[1] // TILE
    table = np.zeros((rows, columns, COLUMNS), np.int64)
    if rows == 0 or columns == 0:
        return table
    span = _BLOCK if jpeg_grid else TILE
    # 32 rows of squares stay below 2^21.
    sums = np.empty((COLUMNS, columns * TILE), np.int32)
    curvature = np.empty(columns * TILE, np.int16)
    for row in range(rows):
        sums[:] = 0
        top = row * TILE
        for i in range(_LAGS):
            _add_squares(luma, top, span, (1 << i, 0), sums[X1 + i])
            _add_squares(luma, top, span, (0, 1 << i), sums[Y1 + i])
        _add_squares(luma, top, span, (1, 1), sums[DOWN])
        _add_squares(luma, top, span, (-1, 1), sums[UP])
        _add_noise(luma, top, span, curvature, sums[NOISE])
        for i in range(_LAGS):
            _sum_columns(sums[X1 + i], span, 0, 1 << i, table[row, :, X1 + i])
            _sum_columns(sums[Y1 + i], span, 0, 0, table[row, :, Y1 + i])
        _sum_columns(sums[DOWN], span, 0, 1, table[row, :, DOWN])
        _sum_columns(sums[UP], span, 0, 1, table[row, :, UP])
        _sum_columns(sums[NOISE], span, 1, 1, table[row, :, NOISE])
    return table


def pair_counts(*, jpeg_grid: bool) -> NDArray[np.int64]:
    """How many pairs or masks each column of `tile_structure` sums in one tile: (9,) int64."""
    span = _BLOCK if jpeg_grid else TILE
    spans = (TILE // span) ** 2
    lags = [span * (span - k) for k in (1, 2, 4)]
    return spans * np.array([*lags, *lags, (span - 1) ** 2, (span - 1) ** 2, (span - 2) ** 2], np.int64)
