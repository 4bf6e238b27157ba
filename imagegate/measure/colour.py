"""Colour from linear-light ratios: casts, and how much of the picture can be skin."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels.colour import BIN_WIDTH, BINS, chroma_counts
from imagegate.measure.exposure import LIGHT
from imagegate.reduction import LARGEST_SIDE

_UNIT: Final = 4096  # Fixed-point units of one natural logarithm.
# A sixteenth of the pixels of a working picture, and fewer of a larger one: shares of a photo need no more (47,000
# pixels of 1000 x 750, 18,000 of 1101 x 826), and it makes colour the cheapest measure. Not 8, at which a JPEG's
# blocks would be seen at one corner alone: five times the error of 7.
_STEP: Final = 4
_WIDE_STEP: Final = 7
_FLOOR: Final = 0.002  # Keeps the ratios of the darkest levels finite.
LOGS: Final = np.round(_UNIT * np.log(LIGHT + _FLOOR)).astype(np.int32)

# Lowest and highest u = ln(R / G), lowest and highest v = ln(G / B), all of linear light + .002. This box holds
# all ten Monk tones at gains 1, 1/4 and 1/8; recall .996 on UCI's Skin Segmentation data set.
SKIN: Final = (0.06, 1.6, -0.05, 1.7)
# What neutral things and skin, pale to deep, show under a plausible white balance.
PLAUSIBLE: Final = (0.0, 1.1, -0.2, 1.0)

DARKEST: Final = 8
BRIGHTEST: Final = 250
_NEAREST: Final = 0.1  # A cast tints everything: even the tenth of the pixels that is nearest to the box.
_ENOUGH: Final = 0.02  # Share of the pixels that must have a colour to speak of a cast.


class Colour(NamedTuple):
    """Colour of one picture; NaN where it cannot be told, so always of a grey picture.

    Attributes:
        colour_cast: Distance in stops of the channel ratios (log2 R/G, log2 G/B) from the box of colours that neutral
            things and skin have under a plausible white balance; exceeded by 90 % of the pixels. One stop is a wrong
            gain of two in a channel. What is neither black nor clipped counts.
        skin_share: Share of the pixels whose channel ratios can be those of skin of any tone, 0..1.
    """

    colour_cast: float
    skin_share: float


def colour(rgb: NDArray[np.uint8] | None) -> Colour:
    """Measure the colours of (H, W, 3) uint8 sRGB, C-contiguous; None is a grey picture."""
    if rgb is None:
        return Colour(math.nan, math.nan)
    step = _STEP if max(rgb.shape) <= LARGEST_SIDE else _WIDE_STEP
    counts, skin, tinted = chroma_counts(rgb, step, LOGS, BOX, DARKEST, BRIGHTEST)
    if tinted == 0:
        return Colour(math.nan, math.nan)
    seen = rgb[::step, ::step, 0].size
    return Colour(_cast(counts, seen), skin / seen)


def _distances() -> NDArray[np.float64]:
    """Distance in stops of the middle of each bin from PLAUSIBLE, (BINS, BINS)."""
    middle = (np.arange(BINS) - BINS // 2 + 0.5) * BIN_WIDTH / _UNIT
    low_u, high_u, low_v, high_v = PLAUSIBLE
    beyond_u = np.maximum(0, np.maximum(low_u - middle, middle - high_u))
    beyond_v = np.maximum(0, np.maximum(low_v - middle, middle - high_v))
    return np.hypot(beyond_u[:, None], beyond_v[None, :]) / math.log(2)


BOX: Final = np.round(np.multiply(SKIN, _UNIT)).astype(np.int32)
_DISTANCES: Final = _distances().ravel()
_ORDER: Final = np.argsort(_DISTANCES, kind="stable")
_WITHIN: Final = np.flatnonzero(_DISTANCES == 0)


def _cast(counts: NDArray[np.int32], seen: int) -> float:
    """The distance from PLAUSIBLE that all but the nearest tenth of the counted pixels reach."""
    flat = counts.ravel()
    counted = int(flat.sum())
    if counted < _ENOUGH * seen:
        return math.nan
    # True of most photos, and spares them the sorting of 16384 bins.
    if flat[_WITHIN].sum() >= _NEAREST * counted:
        return 0.0
    nearest = np.searchsorted(np.cumsum(flat[_ORDER]), _NEAREST * counted)
    return float(_DISTANCES[_ORDER[nearest]])
