"""First differences by their place in JPEG's 8-pixel grid."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

_BAND: Final = 256  # rows whose differences, 255 at most each, 16 bits can hold


@kernel
def differences_across(luma: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sum the absolute first differences along x, by the place of the first pixel modulo 8.

    Args:
        luma: (H, W) uint8, C-contiguous.

    Returns:
        (8,) int64: entry k sums |Y(x + 1, y) - Y(x, y)| over x % 8 == k. Entry 7 crosses the grid.
    """
    height, width = luma.shape
    sums = np.zeros(8, np.int64)
    # By columns first and folded by eight at the end: LLVM vectorises this, but not sums with a stride of eight.
    across = np.empty(max(width - 1, 0), np.uint16)
    for top in range(0, height, _BAND):
        across[:] = 0
        for y in range(top, min(top + _BAND, height)):
            _add_differences(luma[y, :-1], luma[y, 1:], across)
        for x in range(across.size):
            sums[x % 8] += across[x]
    return sums


@kernel
def differences_down(luma: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sum the absolute first differences along y, by the place of the first pixel modulo 8.

    Args:
        luma: (H, W) uint8, C-contiguous, W < 2^23.

    Returns:
        (8,) int64: entry k sums |Y(x, y + 1) - Y(x, y)| over y % 8 == k. Entry 7 crosses the grid.
    """
    sums = np.zeros(8, np.int64)
    for y in range(luma.shape[0] - 1):
        sums[y % 8] += _difference(luma[y], luma[y + 1])
    return sums


@kernel
def _add_differences(a: NDArray[np.uint8], b: NDArray[np.uint8], sums: NDArray[np.uint16]) -> None:
    for x in range(a.size):
        sums[x] = np.uint16(sums[x] + np.uint16(np.uint8(max(a[x], b[x]) - min(a[x], b[x]))))


@kernel
def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    total = np.int32(0)
    for x in range(a.size):
        total = np.int32(total + abs(np.int32(b[x]) - np.int32(a[x])))
    return int(total)
