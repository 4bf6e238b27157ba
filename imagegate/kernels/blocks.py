"""First differences by their place in JPEG's 8-pixel grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagegate.kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def block_differences(luma: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sum the absolute first differences along x and y, by the place of the first pixel modulo 8.

    Args:
        luma: (H, W) uint8, C-contiguous, H < 2^23.

    Returns:
        (2, 8) int64: entry [0, k] sums |Y(x + 1, y) - Y(x, y)| over x % 8 == k, entry [1, k] sums
        |Y(x, y + 1) - Y(x, y)| over y % 8 == k. Entries 7 cross the grid.
    """
    height, width = luma.shape
    sums = np.zeros((2, 8), np.int64)
    # By columns first and folded by eight at the end: LLVM vectorises this, but not sums with a stride of eight.
    across = np.zeros(max(width - 1, 0), np.int32)
    for y in range(height):
        _add_differences(luma[y, :-1], luma[y, 1:], across)
        if y + 1 < height:
            sums[1, y % 8] += _difference(luma[y], luma[y + 1])
    for x in range(across.size):
        sums[0, x % 8] += across[x]
    return sums


@kernel
def _add_differences(a: NDArray[np.uint8], b: NDArray[np.uint8], sums: NDArray[np.int32]) -> None:
    for x in range(a.size):
        sums[x] = np.int32(sums[x] + np.int32(abs(np.int32(np.int16(b[x]) - np.int16(a[x])))))


@kernel
def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    total = np.int32(0)
    for x in range(a.size):
        total = np.int32(total + abs(np.int32(b[x]) - np.int32(a[x])))
    return int(total)
