"""What the network is told: 60 numbers of each of 32 tiles, and 40 of the picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from imagegate.kernels import describe, structure
from imagegate.kernels.blocks import differences_across

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Edges tell blur, and they stand where differences at lag 4 are largest; fine texture, the other witness, at lag 1.
_STRONGEST: Final = 20
_FINEST: Final = 12

# 10th, 30th and 50th percentile of the tiles' noise: the higher ones are texture.
_NOISE_SHARES: Final = (0.1, 0.3, 0.5)
_BLOCK: Final = 8
_FLOOR: Final = 0.1  # Keeps the logarithm of nothing finite: about the rounding to 8 bits.
_HALVED: Final = np.where(np.arange(len(describe.OFFSETS)) < describe.FULL, 1, 4)  # pixels in a sample
_PAIRS: Final = describe.pair_counts()
_PIXELS: Final = structure.TILE**2


class Source(NamedTuple):
    """Where the working picture came from.

    Attributes:
        jpeg_grid: It is a JPEG decoded 1:1, so its pixels lie on the grid of 8x8 blocks.
        jpeg_quality: IJG quality of its luma table, 1..100; NaN where it is no JPEG.
        scaled: It is smaller than the picture that was sent.
    """

    jpeg_grid: bool = False
    jpeg_quality: float = math.nan
    scaled: bool = False


class Descriptors(NamedTuple):
    """The network's input: tiles (T, 60) and picture (40,), float32, C-contiguous."""

    tiles: NDArray[np.float32]
    picture: NDArray[np.float32]


def describe_picture(
    luma: NDArray[np.uint8], means: Floats, noise: Floats, source: Source, columns: int
) -> Descriptors:
    """Describe a picture of at least one whole tile.

    Args:
        luma: (H, W) uint8, C-contiguous, at the working size.
        means: (9, T) mean of each number of `structure.tile_structure`, tiles in reading order.
        noise: (T,) noise sigma of each tile.
        source: Where the picture came from.
        columns: How many tiles a row has.
    """
    fine = means[structure.X1] + means[structure.Y1]
    coarse = means[structure.X4] + means[structure.Y4]
    chosen = choose_tiles(fine, coarse)
    table = describe.describe_tiles(luma, chosen // columns, chosen % columns)
    squares = table[:, : describe.LARGEST] / (_PAIRS * _HALVED**2)
    picture = np.concatenate(
        [
            np.log(quantiles(noise, _NOISE_SHARES) + _FLOOR),
            [
                _grid_step(luma),
                math.log(jpeg_scale(source.jpeg_quality) + 4.0),
                math.log(max(luma.shape) / 1000.0),
                float(source.scaled),
                table[:, describe.LIGHT].mean() / (_PIXELS * 128.0) - 1.0,
            ],
            np.log(np.array([coarse.mean(), fine.mean(), *_medians(coarse, fine)]) + _FLOOR),
            np.log(squares.mean(axis=0) + _FLOOR),
        ]
    )
    return Descriptors(_tile_numbers(table, squares, noise[chosen]), picture.astype(np.float32))


def choose_tiles(fine: Floats, coarse: Floats) -> NDArray[np.int64]:
    """The 20 tiles of largest `coarse`, then the 12 others of largest `fine`; ties go in reading order."""
    strongest = np.argsort(-coarse, kind="stable")[:_STRONGEST]
    left = fine.copy()
    left[strongest] = -1.0
    finest = np.argsort(-left, kind="stable")[: min(_FINEST, fine.size - strongest.size)]
    return np.concatenate([strongest, finest])


def jpeg_scale(quality: float) -> float:
    """The percentage by which IJG's library scales its tables for a quality (libjpeg, jcparam.c); 0 for no JPEG."""
    if math.isnan(quality):
        return 0.0
    return 5000.0 / quality if quality < 50 else 200.0 - 2.0 * quality  # noqa: PLR2004 -- libjpeg's own


def quantiles(values: Floats, shares: tuple[float, ...]) -> Floats:
    """The values below which these shares lie. Not np.percentile, which takes five times as long on so few numbers."""
    return np.sort(values)[[int(share * (values.size - 1)) for share in shares]]


def _medians(coarse: Floats, fine: Floats) -> tuple[float, float]:
    return quantiles(coarse, (0.5,))[0], quantiles(fine, (0.5,))[0]


def _tile_numbers(table: NDArray[np.int64], squares: Floats, noise: Floats) -> NDArray[np.float32]:
    largest = np.sqrt(table[:, describe.LARGEST : describe.LIGHT]) / _HALVED
    mean = table[:, describe.LIGHT] / _PIXELS
    variance = table[:, describe.LIGHT_SQUARES] / _PIXELS - mean**2
    rest = np.stack(
        [
            mean / 128.0 - 1.0,
            0.5 * np.log(np.maximum(variance, 0.0) + 1.0),
            table[:, describe.CLIPPED] / _PIXELS,
            np.log(noise + _FLOOR),
        ],
        axis=1,
    )
    return np.concatenate([np.log(squares + _FLOOR), np.log(largest + 1.0), rest], axis=1).astype(np.float32)


def _grid_step(luma: NDArray[np.uint8]) -> float:
    """Log of the differences across the columns of JPEG's grid over the median of those at the eight places."""
    pairs = np.maximum((luma.shape[1] - 1 - np.arange(_BLOCK) + 7) // _BLOCK, 1)
    across = differences_across(luma) / pairs
    median = np.sort(across)[3:5].mean()  # np.median takes six times as long on so few numbers
    level = luma.shape[0] * 0.01
    return float(np.log((across[-1] + level) / (median + level)))
