"""Exposure from luma: highlights, clipping, range and evenness, never the mean.

A rule on the mean calls dark skin a dark photo. What tells an exposure is what it did to the ends of the range, and
how light is spread; so dark and light skin pass alike (docs/limits.md and docs/exposure.md have the figures).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from imagegate.kernels.grid import grid_sums
from imagegate.kernels.histogram import luma_histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLACK: Final = 5  # Highest luma that counts as black; .0015 of full light.
WHITE: Final = 250  # Lowest luma that counts as clipped; JPEG leaves a ripple of some levels on flat white.

_CELLS: Final = 16  # Along the long side: cells of 63 pixels of 1000.
_AREA: Final = 0.5  # A cell with at least this share clipped is a clipped area, not a highlight.
_NEIGHBOURS: Final = np.ones((3, 3), np.uint8)
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


def exposure(luma: NDArray[np.uint8]) -> Exposure:
    """Measure the exposure of (H, W) uint8 luma, C-contiguous."""
    counts = luma_histogram(luma)
    low, p02, p98, high = percentiles(counts, (0.005, 0.02, 0.98, 0.995))
    size = luma.size
    light, clipped, pixels = grid_sums(luma, -(-max(luma.shape) // _CELLS), WHITE)
    return Exposure(
        luma_mean=float(counts @ np.arange(256)) / size,
        luma_p02=float(p02),
        luma_p98=float(p98),
        dark_share=int(counts[: BLACK + 1].sum()) / size,
        bright_share=int(counts[WHITE:].sum()) / size,
        glare_share=glare_pixels(clipped, pixels) / size,
        contrast=michelson(_LIGHT[low], _LIGHT[high]),
        entropy=entropy(counts),
        unevenness=fall_of_light(light / pixels),
    )


def linear_light(level: NDArray[np.uint8] | Floats | float) -> Floats:
    """Relative linear light, 0..1, of sRGB levels 0..255 (IEC 61966-2-1, section 5.2)."""
    code = np.asarray(level, np.float64) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 -- the standard's


_LIGHT: Final = linear_light(np.arange(256.0))


def percentiles(counts: NDArray[np.int64], shares: tuple[float, ...]) -> NDArray[np.int64]:
    """For each share the smallest level that at least so many of the pixels do not exceed."""
    up_to = np.cumsum(counts)
    return np.asarray(np.searchsorted(up_to, np.multiply(shares, up_to[-1])), np.int64)


def michelson(low: float, high: float) -> float:
    """Contrast of two amounts of light, 0..1; NaN where there is no light."""
    return float((high - low) / (high + low)) if high > 0 else math.nan


def entropy(counts: NDArray[np.int64]) -> float:
    """Shannon's entropy of a histogram, in bits."""
    share = counts[counts > 0] / counts.sum()
    return abs(float(share @ np.log2(share)))


def glare_pixels(clipped: NDArray[np.int64], pixels: NDArray[np.int64]) -> int:
    """Count the clipped pixels away from clipped areas, of two (rows, columns) grids of counts."""
    area = (clipped >= _AREA * pixels).astype(np.uint8)
    near = cv2.dilate(area, _NEIGHBOURS)
    return int(clipped[near == 0].sum())


def fall_of_light(levels: Floats) -> float:
    """Stops across the frame of the plane through (rows, columns) mean levels; NaN where too few cells are lit."""
    lit = levels >= _LIT
    places = np.argwhere(lit)
    if len(places) <= _PLANE:
        return math.nan
    offsets = places - places.mean(axis=0)
    moments = offsets.T @ offsets
    if np.linalg.det(moments) < _IN_LINE:
        return math.nan
    stops = np.log2(linear_light(levels[lit]))
    centred = stops - stops.mean()
    plane = offsets @ np.linalg.solve(moments, offsets.T @ centred)
    spread = float(centred @ centred)
    explained = float(plane @ plane) / spread if spread > 0 else 0.0
    return float(np.ptp(plane)) * explained
