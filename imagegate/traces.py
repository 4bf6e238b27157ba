"""Traces of damage in the pixels of a JPEG that its decoder took for sound."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from imagegate.causes import Unreadable
from imagegate.kernels import row_sums, stair_steepness
from imagegate.words import Phrase

SEGMENTS: Final = 16
NARROWEST: Final = 8  # pixels of a segment: noise must not show in its mean
MARGIN: Final = 4  # rows: many photos have a thin frame
# At most 0.93 in 656 sound photos and 0.85 in 3600 variants of theirs: darkened, blurred, compressed at any quality,
# stacked, with bars and with overlays laid at the grid.
LIMIT: Final = 1.5

# RGB to luma and the two colour differences of JFIF (ITU-R BT.601), which a JPEG stores and damage shifts apart.
YCC: Final = np.array([[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]])


def check_stairs(rgb: NDArray[np.uint8], unit: int, quantum: int) -> None:
    """Refuse a JPEG whose light or colour jumps within a row of its units and stays so.

    The mean of a block is stored as its difference from that of the block before (ITU-T T.81, F.1.1.5.1), so one that
    was read wrongly shifts all that follow. The border of what is shifted is a stair: it runs along the top of a row of
    units from the damage to the right rim, and along its bottom from the left rim to the damage. No picture of anything
    has an edge of one height there, at the grid of the units, from rim to rim and with a step in it.

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
    steep = stair_steepness(row_sums(rgb, unit, SEGMENTS), edges, YCC / width, LIMIT * flat, flat) > LIMIT
    if steep.any():
        percent = 100 * float(edges[steep.argmax()]) / len(rgb)
        message = Phrase("The JPEG's light or colour is shifted from {percent:.0f}% of its height on.", percent=percent)
        raise Unreadable("image_corrupt", message)
