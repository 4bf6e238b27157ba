"""Chroma of a thinned-out RGB picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from imagegate.kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP: Final = 4
BINS: Final = 128
BIN_WIDTH: Final = 256  # in the units of the logarithms; a power of two, as a shift is what the kernel does
_SHIFT: Final = BIN_WIDTH.bit_length() - 1


@kernel
def chroma_counts(
    rgb: NDArray[np.uint8], logs: NDArray[np.int32], box: NDArray[np.int32], darkest: int, brightest: int
) -> tuple[NDArray[np.int64], int, int]:
    """Histogram of log-chroma, and how many pixels lie in a box of it.

    Every fourth pixel of every fourth row: shares of a photo need no more (47,000 pixels of 1000 x 750), and a
    sixteenth of the work makes colour the cheapest measure.

    Args:
        rgb: (H, W, 3) uint8, C-contiguous.
        logs: (256,) int32, a logarithm of the light of each level in fixed point.
        box: (4,) int32: lowest and highest u = logs[R] - logs[G], lowest and highest v = logs[G] - logs[B].
        darkest: Pixels whose largest component is below this level are not counted: noise has their colour.
        brightest: Pixels whose green is above this level are not counted: clipping has changed their colour.

    Returns:
        (BINS, BINS) int64 histogram of u (rows) and v (columns) with 0 at the lower edge of the middle bin and the
        outermost bins open; how many of the counted pixels lie in the box; how many of all pixels are not grey.
    """
    height, width, _ = rgb.shape
    counts = np.zeros((BINS, BINS), np.int64)
    inside = 0
    tinted = 0
    for y in range(0, height, STEP):
        for x in range(0, width, STEP):
            red, green, blue = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
            tinted += (red != green) | (green != blue)
            if max(red, green, blue) < darkest or green > brightest:
                continue
            u, v = logs[red] - logs[green], logs[green] - logs[blue]
            inside += box[0] <= u <= box[1] and box[2] <= v <= box[3]
            counts[_bin(u), _bin(v)] += 1
    return counts, inside, tinted


@kernel
def _bin(value: int) -> int:
    return min(max((value >> _SHIFT) + BINS // 2, 0), BINS - 1)
