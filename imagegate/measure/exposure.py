"""Exposure from luma: highlights, clipping, range and evenness, never the mean.

A rule on the mean calls dark skin a dark photo. What tells an exposure is what it did to the ends of the range, and
how light is spread; so dark and light skin pass alike (docs/limits.md and docs/exposure.md have the figures).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels._jit import kernel
from imagegate.kernels.grid import grid_sums
from imagegate.kernels.histogram import luma_histogram
from imagegate.kernels.statistics import mean

Floats = NDArray[np.float64]

BLACK: Final = 5  # Highest luma that counts as black; .0015 of full light.
WHITE: Final = 250  # Lowest luma that counts as clipped; JPEG leaves a ripple of some levels on flat white.

_CELLS: Final = 16  # Along the long side: cells of 63 pixels of 1000.
_AREA: Final = 0.5  # A cell with at least this share clipped is a clipped area, not a highlight.
_LIT: Final = 16.0  # Cells of lower mean luma are vignette, letterbox or black cloth: no light to judge.
_PLANE: Final = 3  # Numbers that make a plane; more cells than these can contradict it.
# The determinant of the moments of cells in one line, which make no plane, is 0 but for rounding; of four and more
# that make one it is at least .75, a quarter of the squared areas of three triangles (Cauchy-Binet).
_IN_LINE: Final = 0.5


class Exposure(NamedTuple):
    """Exposure of one picture; a metric each (imagegate.metrics), NaN where it cannot be told.

    Attributes:
        luma_mean: Mean luma, in 8-bit levels.
        luma_p02: 2nd percentile of luma: the smallest level that at least 2 % of the pixels do not exceed.
        luma_p98: 98th percentile of luma.
        dark_share: Share of pixels with luma <= 5.
        bright_share: Share of pixels with luma >= 250.
        glare_share: Share of pixels in small clipped blobs: those with luma >= 250 of which neither the cell (1/16 of
            the long side) nor one of its neighbours is half clipped. What the rest of bright_share shows is
            over-exposure.
        contrast: (a - b) / (a + b) of the 99.5th and .5th percentile in linear light (A. Michelson, "Studies in
            Optics", 1927). Exposure and pigment multiply both and cancel; a veil adds to both and lowers it.
        entropy: Entropy of the luma histogram in bits, 0..8 (C. Shannon, 1948).
        unevenness: Fall of light across the frame in stops: range of the least-squares plane through log2 of the
            cells' linear light, times the share of their variance it explains. A lesion or a vignette, both without
            a side, do not count.
    """

    luma_mean: float
    luma_p02: float
    luma_p98: float
    dark_share: float
    bright_share: float
    glare_share: float
    contrast: float
    entropy: float
    unevenness: float


@kernel
def exposure(luma: NDArray[np.uint8]) -> Exposure:
    """Measure the exposure of (H, W) uint8 luma, C-contiguous."""
    counts = luma_histogram(luma)
    cells = grid_sums(luma, -(-max(luma.shape[0], luma.shape[1]) // _CELLS), WHITE)
    total, dark, bright = 0, 0, 0
    for level in range(256):
        total += level * counts[level]
        dark += counts[level] if level <= BLACK else 0
        bright += counts[level] if level >= WHITE else 0
    low, high = _percentile(counts, 0.005 * luma.size), _percentile(counts, 0.995 * luma.size)
    return Exposure(
        luma_mean=total / luma.size,
        luma_p02=float(_percentile(counts, 0.02 * luma.size)),
        luma_p98=float(_percentile(counts, 0.98 * luma.size)),
        dark_share=dark / luma.size,
        bright_share=bright / luma.size,
        glare_share=_glare_pixels(cells) / luma.size,
        contrast=_michelson(LIGHT[low], LIGHT[high]),
        entropy=_entropy(counts, luma.size),
        unevenness=_fall_of_light(cells),
    )


def linear_light(level: float) -> float:
    """Relative linear light, 0..1, of an sRGB level 0..255 (IEC 61966-2-1, section 5.2)."""
    code = level / 255
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 -- the standard's


LIGHT: Final = np.array([linear_light(level) for level in range(256)])
_compiled_light: Final = kernel(linear_light)


@kernel
def _percentile(counts: NDArray[np.int64], pixels: float) -> int:
    """The smallest level that at least so many pixels do not exceed."""
    level, up_to = 0, counts[0]
    while up_to < pixels:
        level += 1
        up_to += counts[level]
    return level


@kernel
def _michelson(low: float, high: float) -> float:
    """Contrast of two amounts of light, 0..1; NaN where there is no light."""
    return (high - low) / (high + low) if high > 0 else math.nan


@kernel
def _entropy(counts: NDArray[np.int64], size: int) -> float:
    """Shannon's entropy of a histogram, in bits."""
    bits = 0.0
    for count in counts:
        if count:
            bits -= count / size * math.log2(count / size)
    return bits


@kernel
def _glare_pixels(cells: NDArray[np.int64]) -> int:
    """Count the clipped pixels away from clipped areas, of what `grid_sums` gives."""
    _, clipped, pixels = cells
    rows, columns = clipped.shape
    found = 0
    for row in range(rows):
        for column in range(columns):
            near = False
            for y in range(max(row - 1, 0), min(row + 2, rows)):
                for x in range(max(column - 1, 0), min(column + 2, columns)):
                    near |= clipped[y, x] >= _AREA * pixels[y, x]
            found += 0 if near else clipped[row, column]
    return found


@kernel
def _fall_of_light(cells: NDArray[np.int64]) -> float:
    """Stops across the frame of the plane through the cells' mean levels; NaN where too few cells are lit."""
    light, _, pixels = cells
    rows, columns = light.shape
    places = np.empty((rows * columns, 2))
    stops = np.empty(rows * columns)
    lit = 0
    for row in range(rows):
        for column in range(columns):
            level = light[row, column] / pixels[row, column]
            if level >= _LIT:
                places[lit, 0], places[lit, 1], stops[lit] = row, column, math.log2(_compiled_light(level))
                lit += 1
    if lit <= _PLANE:
        return math.nan
    return _fall_of_plane(places[:lit], stops[:lit])


@kernel
def _fall_of_plane(places: Floats, stops: Floats) -> float:
    """Range of the least-squares plane through stops at (N, 2) places, times the share of their variance it explains.

    Two unknowns by Cramer's rule: to compile a call of LAPACK takes seconds.
    """
    count = len(stops)
    y0, x0, s0 = mean(places[:, 0]), mean(places[:, 1]), mean(stops)
    yy, xx, yx, ys, xs, spread = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        y, x, s = places[i, 0] - y0, places[i, 1] - x0, stops[i] - s0
        yy, xx, yx = yy + y * y, xx + x * x, yx + y * x
        ys, xs, spread = ys + y * s, xs + x * s, spread + s * s
    determinant = yy * xx - yx * yx
    if determinant < _IN_LINE:
        return math.nan
    down, across = (ys * xx - xs * yx) / determinant, (xs * yy - ys * yx) / determinant
    low, high, explained = math.inf, -math.inf, 0.0
    for i in range(count):
        height = down * (places[i, 0] - y0) + across * (places[i, 1] - x0)
        low, high, explained = min(low, height), max(high, height), explained + height * height
    return (high - low) * (explained / spread if spread > 0 else 0.0)
