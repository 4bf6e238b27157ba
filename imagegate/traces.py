"""Traces of damage in the pixels of a JPEG that its decoder took for sound."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagegate.causes import Unreadable
from imagegate.kernels import row_sums, stair_steepness
from imagegate.words import Phrase

Row: TypeAlias = NDArray[np.float64]

SEGMENTS: Final = 16
NARROWEST: Final = 8  # pixels of a segment: noise must not show in its mean
MARGIN: Final = 4  # rows: many photos have a thin frame
# At most 0.93 in 656 sound photos and 0.85 in 3600 variants of theirs: darkened, blurred, compressed at any quality,
# stacked, with bars and with overlays laid at the grid.
LIMIT: Final = 1.2
STEEPEST: Final = 8  # stairs that are looked at closely: a picture may be made of thousands

# What tells a photo from a drawing, in differences from pixel to pixel along a row. Found on 1600 drawings and 180
# damaged photos, of which 33 have a stair; in none of them does the row repeat itself by more than 0.19.
PIECE: Final = 8  # pixels
LEAST_GRAIN: Final = 0.1  # mean square: less is flat, or a gradient rounded
CHANGE: Final = (0.3, 80.0)  # mean square, from one row to the next: between rounding and the lines of a drawing
SAME: Final = 0.97  # correlation: what is drawn upright goes on exactly
GRAINY: Final = 0.6  # share of the pieces
REPEATED: Final = 0.3  # correlation of a row with itself further on

# RGB to luma and the two colour differences of JFIF (ITU-R BT.601), which a JPEG stores and damage shifts apart.
YCC: Final = np.array([[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]])


def check_stairs(rgb: NDArray[np.uint8], unit: int, quantum: int) -> None:
    """Refuse a JPEG whose light or colour jumps within a row of its units and stays so.

    The mean of a block is stored as its difference from that of the block before (ITU-T T.81, F.1.1.5.1), so one that
    was read wrongly shifts all that follow. The border of what is shifted is a stair: it runs along the top of a row of
    units from the damage to the right rim, and along its bottom from the left rim to the damage. Drawings have such
    edges too: a tab, a bar, the rows of a table. So it is damage only where a photo goes on through the edge.

    A restart marker ends the shift, and where the border is noisier than the shift is high it is not seen.

    Args:
        rgb: (H, W, 3) uint8, C-contiguous, as the decoder gave it.
        unit: Rows of `rgb` that one row of units (MCU) covers.
        quantum: Quantisation step of the means: eight to a level. Coarse ones make stairs of a sky, one step high.

    Raises:
        Unreadable: image_corrupt.
    """
    # Of a unit of one row both sides of the stair are one edge; narrow pictures have no segments to compare.
    width = rgb.shape[1] // SEGMENTS
    if unit == 1 or width < NARROWEST:
        return
    edges = np.arange(unit, len(rgb), unit)
    edges = edges[(edges >= MARGIN) & (edges < len(rgb) - MARGIN)]
    flat = max(1.0, quantum / 4)
    found = stair_steepness(row_sums(rgb, unit, SEGMENTS), edges, YCC / width, LIMIT * flat, flat)
    for number in found[:, 0].argsort()[: -STEEPEST - 1 : -1]:
        steepness, step = found[number]
        if steepness > LIMIT and _photo_goes_on(*_beside(rgb, edges[number], unit, width, int(step))):
            percent = 100 * float(edges[number]) / len(rgb)
            message = Phrase(
                "The JPEG's light or colour is shifted from {percent:.0f}% of its height on.", percent=percent
            )
            raise Unreadable("image_corrupt", message)


def _beside(rgb: NDArray[np.uint8], edge: int, unit: int, width: int, step: int) -> tuple[Row, Row]:
    """Luma of the rows above and below a stair, without the segment of its step."""
    left, right = slice(step * width), slice((step + 1) * width, SEGMENTS * width)
    above, below = (
        np.concatenate([rgb[edge + unit + side, left], rgb[edge + side, right]]) @ YCC[:, 0] for side in (-1, 0)
    )
    return above, below


def _photo_goes_on(above: Row, below: Row) -> bool:
    """Whether two rows are grainy as photos are, and of one texture.

    What is drawn is flat in most places, or the same in both rows, or a pattern that repeats itself.
    """
    one, other = np.diff(above), np.diff(below)
    energy, others, both = (_mean_squares(*pair) for pair in ((one, one), (other, other), (one, other)))
    change = energy + others - 2 * both
    least, most = CHANGE
    grainy = (np.minimum(energy, others) >= LEAST_GRAIN) & (least <= change) & (change <= most)
    grainy &= both < SAME * np.sqrt(energy * others)
    return bool(both.sum() > 0 and grainy.mean() > GRAINY and min(_repetition(one), _repetition(other)) < REPEATED)


def _mean_squares(one: Row, other: Row) -> Row:
    """Means of the products in each piece."""
    pieces: Row = (one * other)[: one.size // PIECE * PIECE].reshape(-1, PIECE).mean(axis=1)
    return pieces


def _repetition(differences: Row) -> float:
    """The highest correlation of a row with itself, at least half a piece and at most a third of the row further on.

    By the Fourier transform (Wiener-Khinchin); a few strong edges must not drown the rest, so they are cut.
    """
    most = 3 * differences.std()
    cut = differences.clip(-most, most)
    spectrum = np.fft.rfft(cut - cut.mean(), 2 * cut.size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)
    return float(correlation[PIECE // 2 : cut.size // 3].max() / max(correlation[0], 1e-9))
