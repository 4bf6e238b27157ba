"""What the network is told: 60 numbers of each of 32 tiles, and 40 of the picture."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels import describe, network, structure
from imagegate.kernels._jit import kernel
from imagegate.kernels.blocks import differences_across
from imagegate.kernels.statistics import mean, quantile, select

Floats = NDArray[np.float64]

# Edges tell blur, and they stand where differences at lag 4 are largest; fine texture, the other witness, at lag 1.
_STRONGEST: Final = 20
_FINEST: Final = 12

# Places of the picture's numbers; its noise, and the means at the offsets, take several.
_NOISE, _GRID, _SCALE, _SIZE, _SCALED, _LIGHT = 0, 3, 4, 5, 6, 7
_COARSE_MEAN, _FINE_MEAN, _COARSE_MEDIAN, _FINE_MEDIAN, _SQUARES = 8, 9, 10, 11, 12

# 10th, 30th and 50th percentile of the tiles' noise: the higher ones are texture.
_NOISE_SHARES: Final = (0.1, 0.3, 0.5)
_BLOCK: Final = 8
_FLOOR: Final = 0.1  # Keeps the logarithm of nothing finite: about the rounding to 8 bits.
_OFFSETS: Final = len(describe.OFFSETS)
_HALVED: Final = np.where(np.arange(_OFFSETS) < describe.FULL, 1.0, 4.0)  # pixels in a sample
_PAIRS: Final = describe.pair_counts() * _HALVED**2
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


@kernel
def describe_picture(
    luma: NDArray[np.uint8], means: Floats, noise: Floats, source: Source, columns: int
) -> Descriptors:
    """Describe a picture of at least one whole tile.

    Args:
        luma: (H, W) uint8, C-contiguous, at the working size.
        means: (9, T) mean of each number of `structure.tile_structure`, tiles in reading order.
        noise: (T,) variance of each tile's noise.
        source: Where the picture came from.
        columns: How many tiles a row has.
    """
    fine = means[structure.X1] + means[structure.Y1]
    coarse = means[structure.X4] + means[structure.Y4]
    chosen = choose_tiles(fine, coarse)
    table = describe.describe_tiles(luma, chosen // columns, chosen % columns)
    tiles = np.empty((chosen.size, network.TILE_NUMBERS), np.float32)
    picture = np.empty(network.PICTURE_NUMBERS, np.float32)
    for i in range(len(_NOISE_SHARES)):
        picture[_NOISE + i] = math.log(math.sqrt(quantile(noise, _NOISE_SHARES[i])) + _FLOOR)
    picture[_GRID] = _grid_step(luma)
    picture[_SCALE] = math.log(jpeg_scale(source.jpeg_quality) + 4.0)
    picture[_SIZE] = math.log(max(luma.shape[0], luma.shape[1]) / 1000.0)
    picture[_SCALED] = source.scaled
    picture[_LIGHT] = mean(table[:, describe.LIGHT]) / (_PIXELS * 128.0) - 1.0
    picture[_COARSE_MEAN] = math.log(mean(coarse) + _FLOOR)
    picture[_FINE_MEAN] = math.log(mean(fine) + _FLOOR)
    picture[_COARSE_MEDIAN] = math.log(quantile(coarse, 0.5) + _FLOOR)
    picture[_FINE_MEDIAN] = math.log(quantile(fine, 0.5) + _FLOOR)
    for i in range(_OFFSETS):
        picture[_SQUARES + i] = math.log(mean(table[:, describe.SQUARES + i]) / _PAIRS[i] + _FLOOR)
    for i in range(chosen.size):
        _describe_tile(table[i], noise[chosen[i]], tiles[i])
    return Descriptors(tiles, picture)


@kernel
def _describe_tile(sums: NDArray[np.int64], noise: float, numbers: NDArray[np.float32]) -> None:
    for i in range(_OFFSETS):
        numbers[i] = math.log(sums[describe.SQUARES + i] / _PAIRS[i] + _FLOOR)
        numbers[_OFFSETS + i] = math.log(math.sqrt(sums[describe.LARGEST + i]) / _HALVED[i] + 1.0)
    light = sums[describe.LIGHT] / _PIXELS
    variance = sums[describe.LIGHT_SQUARES] / _PIXELS - light**2
    numbers[2 * _OFFSETS] = light / 128.0 - 1.0
    numbers[2 * _OFFSETS + 1] = 0.5 * math.log(max(variance, 0.0) + 1.0)
    numbers[2 * _OFFSETS + 2] = sums[describe.CLIPPED] / _PIXELS
    numbers[2 * _OFFSETS + 3] = math.log(math.sqrt(noise) + _FLOOR)


@kernel
def choose_tiles(fine: Floats, coarse: Floats) -> NDArray[np.int64]:
    """The 20 tiles of largest `coarse`, then the 12 others of largest `fine`; ties go in reading order."""
    chosen = np.empty(min(_STRONGEST + _FINEST, fine.size), np.int64)
    left, others = coarse.copy(), fine.copy()
    for i in range(chosen.size):
        chosen[i] = _largest(left if i < _STRONGEST else others)
        left[chosen[i]] = others[chosen[i]] = -1.0
    return chosen


@kernel
def _largest(values: Floats) -> int:
    """Where the largest number stands first."""
    place = 0
    for i in range(values.size):
        if values[i] > values[place]:
            place = i
    return place


@kernel
def jpeg_scale(quality: float) -> float:
    """The percentage by which IJG's library scales its tables for a quality (libjpeg, jcparam.c); 0 for no JPEG."""
    if math.isnan(quality):
        return 0.0
    return 5000.0 / quality if quality < 50 else 200.0 - 2.0 * quality  # noqa: PLR2004 -- libjpeg's own


@kernel
def _grid_step(luma: NDArray[np.uint8]) -> float:
    """Log of the differences across the columns of JPEG's grid over the median of those at the eight places."""
    across = differences_across(luma).astype(np.float64)
    for place in range(_BLOCK):
        across[place] /= max((luma.shape[1] - 1 - place + 7) // _BLOCK, 1)
    median = (select(across, 3) + select(across, 4)) / 2.0
    level = luma.shape[0] * 0.01
    return math.log((across[-1] + level) / (median + level))
