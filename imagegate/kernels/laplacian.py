"""Variance of the Laplacian, from exact integer sums."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

# The squares of so many pixels, 1020^2 each at most, fit into 32 bits.
SPAN: Final = 2048


@kernel
def laplacian_sums(luma: NDArray[np.uint8]) -> tuple[int, int]:
    """Sum and sum of squares of the 4-neighbour Laplacian, borders mirrored without repeating the edge.

    Args:
        luma: (H, W) uint8, C-contiguous.

    Returns:
        The two sums over all H x W pixels, exact; equal to those of `cv2.Laplacian(luma, cv2.CV_64F)`, whose
        default border is the same BORDER_REFLECT_101.
    """
    height, width = luma.shape
    total = 0
    squares = 0
    for y in range(height):
        above = luma[_mirrored(y - 1, height)]
        below = luma[_mirrored(y + 1, height)]
        row = luma[y]
        for start in range(1, width - 1, SPAN):
            stop = min(start + SPAN, width - 1)
            left, right = row[start - 1 : stop - 1], row[start + 1 : stop + 1]
            part, part_squares = _span_sums(above[start:stop], below[start:stop], left, row[start:stop], right)
            total += part
            squares += part_squares
        for x in range(0, width, max(width - 1, 1)):
            value = (
                np.int64(above[x]) + below[x] + row[_mirrored(x - 1, width)] + row[_mirrored(x + 1, width)]
            ) - 4 * np.int64(row[x])
            total += value
            squares += value * value
    return total, squares


@kernel
def _span_sums(
    above: NDArray[np.uint8],
    below: NDArray[np.uint8],
    left: NDArray[np.uint8],
    middle: NDArray[np.uint8],
    right: NDArray[np.uint8],
) -> tuple[int, int]:
    """The sums over one span; 32-bit sums give LLVM twice the lanes of 64-bit ones, and Numba widens unless told."""
    part = np.int32(0)
    squares = np.int32(0)
    for x in range(middle.size):
        value = np.int32(np.int32(above[x]) + below[x] + left[x] + right[x] - 4 * np.int32(middle[x]))
        part = np.int32(part + value)
        squares = np.int32(squares + value * value)
    return int(part), int(squares)


@kernel
def _mirrored(index: int, length: int) -> int:
    """BORDER_REFLECT_101: -1 is 1 and length is length - 2; a single row or column is its own neighbour."""
    if length == 1:
        return 0
    if index < 0:
        return -index
    return 2 * length - 2 - index if index >= length else index
