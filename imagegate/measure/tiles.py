"""What the tiles tell by closed forms: noise, how blurred each is, which way the picture moved, where it is sharper.

It is compiled, as loops: NumPy takes a microsecond or more for each of a hundred small steps, which added up, with
those of the other measures, to a fifth of `check()` on a small picture.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels import structure
from imagegate.kernels._jit import kernel
from imagegate.kernels.statistics import quantile, select

Floats = NDArray[np.float64]

# Of a sharp edge in working pixels: the photosite's aperture, demosaicing and the reduction to working size.
_INHERENT_SIGMA: Final = 0.5

# Radius, in pixels of a 1000-pixel picture, up to which a tile counts as in focus.
_IN_FOCUS: Final = 2.8

_SIGMAS: Final = np.geomspace(0.05, 20.0, 400)

# Mean squared difference at lag 4 that the fall of light over a bare field may leave, in 8-bit levels squared. Chance
# adds the variance of the noise: the mean square of 900 differences of noise is uncertain by a seventh of that, and the
# strongest of hundreds of tiles is what counts.
_LEAST_SIGNAL: Final = 2.0

# Of each side, from the middle of the frame: an ellipse within a usual subject, and what lies outside a larger one.
_CENTRE: Final = 0.28
_RIM: Final = 0.38
# 1 would be blur alone: a power below it counts texture as well, which defocus takes away with it.
_TEXTURE_POWER: Final = 0.8
_FEWEST: Final = 16  # tiles of which a median is worth comparing: a picture below 310 pixels has fewer


class Tiles(NamedTuple):
    """The tiles in reading order, and what they tell together.

    Attributes:
        means: (9, T) float64, mean of each number of `structure.tile_structure`.
        noise: (T,) float64, variance of the noise.
        radius_map: (R, C) float32, radius of blur along each tile's worse axis; NaN without texture.
        sharp_share: share of the textured tiles whose radius is at most 2.8; NaN where there are none.
        textured: whether the strongest tile has more signal than shading and noise leave by chance.
        noise_sigma: of the picture, 8-bit units.
        motion_ratio: edge energy of the strongest direction over that of the weakest.
        motion_angle: direction of the weakest, degrees in [0, 180).
        centre_sharpness: sharpness of the middle of the frame over that of its rim; NaN where it cannot be told.
    """

    means: Floats
    noise: Floats
    radius_map: NDArray[np.float32]
    sharp_share: float
    textured: bool
    noise_sigma: float
    motion_ratio: float
    motion_angle: float
    centre_sharpness: float


@kernel
def closed_forms(table: NDArray[np.int64], pairs: NDArray[np.int64], unit: float) -> Tiles:
    """Judge every tile, and the picture by all of them.

    Args:
        table: (9, R, C) int64, as `structure.tile_structure` gives it, R and C at least 1.
        pairs: (9,) int64, `structure.pair_counts`.
        unit: of the radii, in working pixels.
    """
    _, rows, columns = table.shape
    count = rows * columns
    sums = table.reshape(structure.NUMBERS, count)
    means = np.empty((structure.NUMBERS, count))
    noise, signal = np.empty(count), np.empty(count)
    for tile in range(count):
        for number in range(structure.NUMBERS):
            means[number, tile] = sums[number, tile] / pairs[number]
        # Immerkaer 1996, eq. 4. Fine texture counts as noise too: it makes the tile's own figure too high, which
        # tells sharp from blurred better (AUC .949) than one figure for the whole picture (.934).
        noise[tile] = math.pi / 72.0 * means[structure.NOISE, tile] ** 2
        strongest = max(means[structure.X4, tile], means[structure.Y4, tile])
        signal[tile] = max(strongest - 2.0 * noise[tile], 0.0)
    noise_sigma = _noise_sigma(noise)
    # More is asked of each tile than of the strongest of all.
    judged = signal > 2.0 * _LEAST_SIGNAL + 8.0 * noise_sigma**2
    radii, sharp_share = _radii(means, noise, judged, unit)
    ratio, angle = _motion(means, noise, judged if judged.any() else ~judged)
    above_chance = signal > _LEAST_SIGNAL + noise_sigma**2
    return Tiles(
        means=means,
        noise=noise,
        radius_map=radii.reshape(rows, columns),
        sharp_share=sharp_share,
        textured=bool(above_chance.any()),
        noise_sigma=noise_sigma,
        motion_ratio=ratio,
        motion_angle=angle,
        centre_sharpness=_centre_sharpness(means, noise, above_chance, rows, columns),
    )


@kernel
def _noise_sigma(noise: Floats) -> float:
    """Give the noise of the smoothest fifth of the tiles: the others hold texture, and clipped ones none."""
    variances = noise[noise > 0.0]
    return math.sqrt(select(variances, variances.size // 5)) if variances.size else 0.0


@kernel
def _floored(means: Floats, noise: Floats, number: int, tile: int) -> float:
    """A mean square without the tile's noise, and with what means nothing."""
    return float(max(means[number, tile] - 2.0 * noise[tile], 0.0) + _floor(noise[tile]))


@kernel
def _floor(noise: float) -> float:
    """Rounding to 8 bits alone makes a difference of 1/6; the estimate of the noise is itself uncertain."""
    return 0.1 + 0.3 * noise


def edge_structure(lag: float, sigma: Floats) -> Floats:
    """Integrate (Y(x + lag) - Y(x))^2 over a unit step edge blurred by a Gaussian.

    The integral is E|lag + Z| - E|Z| for Z normal with variance 2 sigma^2, as it is the energy distance of the
    edge's spread from itself displaced (Székely and Rizzo, "Energy statistics", JSPI 143(8), 2013).

    Args:
        lag: pixels, > 0.
        sigma: (N,) standard deviations in pixels, > 0.

    Returns:
        (N,) float64, in pixels times the square of the step.
    """
    spread = sigma * math.sqrt(2.0)
    still = spread * math.sqrt(2.0 / math.pi)
    erf = np.array([math.erf(lag / (s * math.sqrt(2.0))) for s in spread])
    return still * np.exp(-((lag / spread) ** 2) / 2.0) + lag * erf - still


# Runs from 2 (sharp) to 4 (blurred). It depends on sigma / lag alone, so one table serves every pair of lags.
_RATIOS: Final = edge_structure(2.0, _SIGMAS) / edge_structure(1.0, _SIGMAS)


@kernel
def edge_sigma(ratio: float, lag: float) -> float:
    """Invert the ratio of an edge's structure at twice the lag and at the lag: sigma in pixels."""
    low, high = 0, _RATIOS.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _RATIOS[middle] <= ratio else (low, middle)
    between = (ratio - _RATIOS[low]) / (_RATIOS[high] - _RATIOS[low])
    return float(lag * (_SIGMAS[low] + min(max(between, 0.0), 1.0) * (_SIGMAS[high] - _SIGMAS[low])))


@kernel
def _radii(means: Floats, noise: Floats, judged: NDArray[np.bool_], unit: float) -> tuple[NDArray[np.float32], float]:
    """The radius of the worse axis of each tile, (T,); NaN where it is not judged; and how many of them are sharp.

    Lags 4 and 2, as 1 is nearest to noise and 8 to texture; the radius of a disk is twice its sigma along an axis.
    """
    radii = np.full(noise.size, math.nan, np.float32)
    sharp, count = 0, 0
    for tile in range(noise.size):
        if judged[tile]:
            across = _floored(means, noise, structure.X4, tile) / _floored(means, noise, structure.X2, tile)
            down = _floored(means, noise, structure.Y4, tile) / _floored(means, noise, structure.Y2, tile)
            sigma = edge_sigma(max(across, down), 2.0)
            radius = 2.0 * math.sqrt(max(sigma**2 - _INHERENT_SIGMA**2, 0.0)) / unit
            radii[tile] = radius
            sharp += radius <= _IN_FOCUS
            count += 1
    return radii, sharp / count if count else math.nan


@kernel
def _centre_sharpness(means: Floats, noise: Floats, above_chance: NDArray[np.bool_], rows: int, columns: int) -> float:
    """Compare the middle of the frame with its rim: S_2 / S_4^.8 of the median tile of each (docs/focus.md).

    Medians, as a subject and its surroundings differ in their strongest edges without any blur.
    """
    sharpness = np.empty(noise.size)
    centre, rim = np.zeros(noise.size, np.bool_), np.zeros(noise.size, np.bool_)
    for tile in range(noise.size):
        row, column = divmod(tile, columns)
        away = math.hypot((row + 0.5) / rows - 0.5, (column + 0.5) / columns - 0.5)
        centre[tile], rim[tile] = above_chance[tile] and away < _CENTRE, above_chance[tile] and away > _RIM
        if centre[tile] or rim[tile]:
            middle = _floored(means, noise, structure.X2, tile) + _floored(means, noise, structure.Y2, tile)
            long = _floored(means, noise, structure.X4, tile) + _floored(means, noise, structure.Y4, tile)
            sharpness[tile] = middle / long**_TEXTURE_POWER
    inner, outer = sharpness[centre], sharpness[rim]
    if min(inner.size, outer.size) < _FEWEST:
        return math.nan
    return quantile(inner, 0.5) / quantile(outer, 0.5)


@kernel
def _motion(means: Floats, noise: Floats, counted: NDArray[np.bool_]) -> tuple[float, float]:
    """Compare the edge energy of four directions: what moved has lost that along its way.

    All textured tiles, for which AUC against defocus is .91 (.83 for the strongest twenty).
    """
    x, y, down, up = 0.0, 0.0, 0.0, 0.0
    for tile in range(noise.size):
        if counted[tile]:
            floor = _floor(noise[tile])
            x += _floored(means, noise, structure.X1, tile)
            y += _floored(means, noise, structure.Y1, tile)
            down += (_floored(means, noise, structure.DOWN, tile) + floor) / 2.0
            up += (_floored(means, noise, structure.UP, tile) + floor) / 2.0
    across, slanted = math.log(x / y), math.log(down / up)
    # The outer modulo turns the 180 that rounding makes of an angle just below 0 into 0.
    angle = math.degrees(math.atan2(slanted, -across) / 2.0) % 180.0 % 180.0
    return math.exp(math.hypot(across, slanted)), angle
