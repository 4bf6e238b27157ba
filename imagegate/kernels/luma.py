"""RGB to luma."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel


@kernel
def luma_of(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma of gamma-coded RGB: .299 R + .587 G + .114 B in 16-bit fixed point, rounded.

    Args:
        rgb: (H, W, 3) uint8, C-contiguous.

    Returns:
        (H, W) uint8. Source: ITU-R BT.601, section 2.5.1, full range as JFIF (ITU-T T.871, section 7) uses it.
    """
    height, width, _ = rgb.shape
    luma = np.empty((height, width), np.uint8)
    samples = rgb.reshape(-1)
    flat = luma.reshape(-1)
    # Over the flat array and in 32 bits throughout LLVM loads three interleaved lanes; by rows it does not.
    for i in range(flat.size):
        weighted = np.int32(
            19595 * np.int32(samples[3 * i])
            + 38470 * np.int32(samples[3 * i + 1])
            + 7471 * np.int32(samples[3 * i + 2])
            + 32768
        )
        flat[i] = np.uint8(weighted >> np.int32(16))
    return luma
