"""Chroma of a thinned-out RGB picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

BINS: Final = 128
BIN_WIDTH: Final = 256  # in the units of the logarithms; a power of two, as a shift is what the kernel does
_SHIFT: Final = BIN_WIDTH.bit_length() - 1


@kernel
def chroma_counts(  # noqa: PLR0913, PLR0917 - what counts
    rgb: NDArray[np.uint8],
    step: int,
    logs: NDArray[np.int32],
    box: NDArray[np.int32],
    darkest: int,
    brightest: int,
) -> tuple[NDArray[np.int32], int, int]:
    """Histogram of log-chroma, and how many pixels lie in a box of it.

    Args:
        rgb: (H, W, 3) uint8, C-contiguous.
        step: From one pixel or row that is looked at to the next.
        logs: (256,) int32, a logarithm of the light of each level in fixed point.
        box: (4,) int32: lowest and highest u = logs[R] - logs[G], lowest and highest v = logs[G] - logs[B].
        darkest: Pixels whose largest component is below this level are not counted: noise has their colour.
        brightest: Pixels whose green is above this level are not counted: clipping has changed their colour.

    Returns:
        (BINS, BINS) int32 histogram of u (rows) and v (columns) with 0 at the lower edge of the middle bin and the
        outermost bins open; how many of the counted pixels lie in the box; how many of all pixels are not grey.
    """
    height, width, _ = rgb.shape
    counts = np.zeros(BINS * BINS, np.int32)
    columns = (width + step - 1) // step
    u, v, bins = np.empty(columns, np.int32), np.empty(columns, np.int32), np.empty(columns, np.int32)
    usable = np.empty(columns, np.uint8)
    inside = 0
    tinted = 0
    # A row at a time and in three steps, of which LLVM vectorises the second: half the time of one step.
    for y in range(0, height, step):
        samples = rgb[y].reshape(-1)
        for i in range(columns):
            at = 3 * step * i
            red, green, blue = samples[at], samples[at + 1], samples[at + 2]
            tinted += (red != green) | (green != blue)
            usable[i] = (max(red, green, blue) >= darkest) & (green <= brightest)
            u[i], v[i] = logs[red] - logs[green], logs[green] - logs[blue]
        inside += _place(u, v, usable, box, bins)
        for i in range(columns):
            counts[np.uint32(bins[i])] += usable[i]
    return counts.reshape(BINS, BINS), inside, tinted


@kernel
def _place(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    usable: NDArray[np.uint8],
    box: NDArray[np.int32],
    bins: NDArray[np.int32],
) -> int:
    """Write each pixel's bin of the histogram laid out flat; return how many usable ones lie in the box."""
    low_u, high_u, low_v, high_v = box
    inside = np.int32(0)
    for i in range(bins.size):
        within = (low_u <= u[i]) & (u[i] <= high_u) & (low_v <= v[i]) & (v[i] <= high_v)
        inside = np.int32(inside + np.int32(usable[i] & within))
        bins[i] = np.int32(np.int32(_bin(u[i]) * np.int32(BINS)) + _bin(v[i]))
    return int(inside)


@kernel
def _bin(value: np.int32) -> np.int32:
    middle = np.int32(BINS // 2)
    return np.int32(min(max(np.int32(value >> np.int32(_SHIFT)), np.int32(-middle)), np.int32(middle - 1)) + middle)
