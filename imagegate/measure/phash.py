"""pHash: a hash of what a picture shows, which a copy keeps that was compressed, resized or brightened.

The DCT hash of Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), section 3.2.1, of
16 x 16 frequencies where he takes 8 x 8: 64 bits do not tell apart what looks as much alike as dermoscopy does
(docs/scan.md). The frequencies are the picture's own, so that nothing need be resized to a square.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from imagegate.header.exif import TO_SEEN
from imagegate.kernels import grid_sums

FREQUENCIES: Final = 16  # each way, from the lowest but the mean on
BYTES: Final = FREQUENCIES**2 // 8
# Pixels are added up by cells first; a wave of the highest frequency is still eight of them long.
CELLS: Final = 64  # along the longer side
BLOCK: Final = 4
# Median amplitude of the waves, in levels. Of a gradient or of grain alone it is 0.06 at most (drawn, sigma 40), and
# in none of 622 photos less than this.
FAINTEST: Final = 0.1

_WHITE: Final = 255


def phash(luma: NDArray[np.uint8], orientation: int = 1) -> bytes | None:
    """The 256 bits that say which frequencies of a picture are above their median.

    Args:
        luma: (h, w) uint8, C-contiguous, as stored.
        orientation: EXIF's (2.32, tag 0x0112): the hash is of the picture as it is seen.

    Returns:
        32 bytes: blocks of 4 x 4 frequencies, the lowest first; None where there is nothing to be seen.
    """
    cell = max(1, max(luma.shape) // CELLS)
    light = grid_sums(luma, cell, _WHITE)[0].astype(np.float64)
    down, across = (_waves(side, cell) for side in luma.shape)
    waves = _as_seen(down @ light @ across.T, orientation)
    if _median(np.abs(waves)) * 4 / luma.size < FAINTEST:
        return None
    blocks = (waves > _median(waves)).reshape(-1, BLOCK, FREQUENCIES // BLOCK, BLOCK).swapaxes(1, 2)
    return np.packbits(blocks).tobytes()


def _waves(side: int, cell: int) -> NDArray[np.float64]:
    """The basis of the DCT at the middle of every cell, of which the last may be cut short."""
    edges = np.minimum(np.arange(-(-side // cell) + 1) * cell, side)
    middles = (edges[:-1] + edges[1:]) / (2 * side)
    return np.cos(np.pi * np.arange(1, FREQUENCIES + 1)[:, None] * middles)


def _as_seen(waves: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Of a picture that is mirrored, the waves with a node in its middle change their sign; turned, the axes swap."""
    swap, up_down, left_right = TO_SEEN[orientation - 1]
    seen = (waves.T if swap else waves).copy()
    seen[::2] *= -1 if up_down else 1
    seen[:, ::2] *= -1 if left_right else 1
    return seen


def _median(values: NDArray[np.float64]) -> float:
    """Not np.median, which takes six times as long on so few numbers."""
    middle = values.size // 2
    return float(np.sort(values, axis=None)[middle - 1 : middle + 1].mean())
