"""Stairs: edges of one height that run along one row of a JPEG's units up to a step, and along the next after it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel

STRAY: Final = 5  # one segment in so many
BESIDE: Final = 2  # rows on each side of an edge, from which its jump is told


@kernel
def row_sums(rgb: NDArray[np.uint8], unit: int, segments: int) -> NDArray[np.int32]:
    """Sums of the equal segments of the rows beside the edges of units.

    Args:
        rgb: (H, W, 3) uint8, C-contiguous.
        unit: Rows from edge to edge.
        segments: How many there are in a row; what is left over on the right, fewer pixels than that, is not summed.

    Returns:
        (H, segments, 3) int32; 0 in rows that are not among the BESIDE on either side of an edge.
    """
    height, columns, _ = rgb.shape
    width = columns // segments
    sums = np.zeros((height, segments, 3), np.int32)
    flat = rgb.reshape(height, 3 * columns)  # of one index, which LLVM reads in three fifths of the time
    for y in range(height):
        if (y + BESIDE) % unit >= 2 * BESIDE:
            continue
        for segment in range(segments):
            part = flat[y, 3 * segment * width : 3 * (segment + 1) * width]
            # Three sums in one pass, because LLVM vectorises these: a seventh of the time of a pass a channel.
            red, green, blue = np.int32(0), np.int32(0), np.int32(0)
            for x in range(width):
                red += np.int32(part[3 * x])
                green += np.int32(part[3 * x + 1])
                blue += np.int32(part[3 * x + 2])
            sums[y, segment, 0] = red
            sums[y, segment, 1] = green
            sums[y, segment, 2] = blue
    return sums


@kernel
def stair_steepness(
    sums: NDArray[np.int32], edges: NDArray[np.int64], colours: NDArray[np.float64], least: float, flat: float
) -> NDArray[np.float32]:
    """How steep the best stair is that runs along each edge up to a step, and along the edge before it after that.

    A stair's steepness is the height of its lowest segment over the spread of all plus `flat`. A fifth of the segments
    on each side of the step may stray. Where the edges are not the stair's, their middle jump is under half its height.

    Args:
        sums: (H, segments, 3) int32, as `row_sums` gives them.
        edges: (edges,) int64: the row below each edge, at least 2 and at most H - 2.
        colours: (3, channels) float64: makes levels of each channel from sums.
        least: Height of the lowest stair that is looked for.
        flat: Spread, in levels, that is no more than rounding.

    Returns:
        (edges - 1, 2) float32: the steepness, and the segment of the step; 0 where there is no stair.
    """
    segments, channels = sums.shape[1], colours.shape[1]
    found = np.zeros((max(edges.size - 1, 0), 2), np.float32)
    top, bottom = np.empty((channels, segments)), np.empty((channels, segments))
    for number in range(edges.size):
        top, bottom = bottom, top
        _jumps(sums, edges[number], colours, bottom)
        for channel in range(channels if number else 0):
            for sign in (1.0, -1.0):
                steepness, step = _best_step(top[channel], bottom[channel], sign, least, flat)
                if steepness > found[number - 1, 0]:
                    found[number - 1, 0] = steepness
                    found[number - 1, 1] = step
    return found


@kernel
def _jumps(sums: NDArray[np.int32], edge: int, colours: NDArray[np.float64], jumps: NDArray[np.float64]) -> None:
    """What each segment jumps by at an edge, beyond its slope above and below."""
    for segment in range(sums.shape[1]):
        red, green = _doubled_jump(sums, edge, segment, 0), _doubled_jump(sums, edge, segment, 1)
        blue = _doubled_jump(sums, edge, segment, 2)
        for channel in range(colours.shape[1]):
            mixed = red * colours[0, channel] + green * colours[1, channel] + blue * colours[2, channel]
            jumps[channel, segment] = 0.5 * mixed


@kernel
def _doubled_jump(sums: NDArray[np.int32], edge: int, segment: int, part: int) -> np.int32:
    """Twice the jump, to stay in whole numbers: the slopes above and below count half each."""
    two_above, above = sums[edge - 2, segment, part], sums[edge - 1, segment, part]
    below, two_below = sums[edge, segment, part], sums[edge + 1, segment, part]
    return np.int32(3 * (below - above) - (two_below - two_above))


@kernel
def _best_step(
    top: NDArray[np.float64], bottom: NDArray[np.float64], sign: float, least: float, flat: float
) -> tuple[float, int]:
    """The best of the stairs that rise, or with a sign of -1 fall, with their step in any segment but the outermost."""
    best, place = 0.0, 0
    # Counted first, because in a sound photo next to no step has enough high segments beside it.
    left, right = 0, 0
    for segment in range(1, top.size):
        right += sign * top[segment] > least
    for step in range(1, top.size - 1):
        left += sign * bottom[step - 1] > least
        right -= sign * top[step] > least
        after = top.size - 1 - step
        if left >= step - step // STRAY and right >= after - after // STRAY:
            steepness = _steepness(sign * top, sign * bottom, step, flat)
            if steepness > best:
                best, place = steepness, step
    return best, place


@kernel
def _steepness(top: NDArray[np.float64], bottom: NDArray[np.float64], step: int, flat: float) -> float:
    left, right = np.sort(bottom[:step]), np.sort(top[step + 1 :])
    strays, others = left.size // STRAY, right.size // STRAY
    low = min(left[strays], right[others])
    spread = max(left[left.size - 1 - strays], right[right.size - 1 - others]) - low
    beside = max(_middle(top[:step]), _middle(bottom[step + 1 :]))
    return low / (spread + flat) if 2 * beside < low else 0.0


@kernel
def _middle(jumps: NDArray[np.float64]) -> float:
    return float(abs(np.sort(jumps)[jumps.size // 2]))
