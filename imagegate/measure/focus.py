"""How blurred a picture is, as log-odds and in pixels, and which way it moved.

A small network on the descriptors of 32 tiles judges the picture; closed forms give the map of the tiles, the
direction of motion and the noise. docs/focus.md has the formulas and the figures.
"""

from __future__ import annotations

import functools
import math
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from imagegate.kernels import network, structure
from imagegate.measure.descriptors import Descriptors, Source, describe_picture, quantiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Radius, in pixels of a 1000-pixel picture, up to which a tile counts as in focus.
IN_FOCUS: Final = 2.8

# Of a sharp edge in working pixels: the photosite's aperture, demosaicing and the reduction to working size.
_INHERENT_SIGMA: Final = 0.5

_SIGMAS: Final = np.geomspace(0.05, 20.0, 400)

# Mean squared difference at lag 4 that the fall of light over a bare field may leave, in 8-bit levels squared.
_LEAST_SIGNAL: Final = 2.0

# Of each side, from the middle of the frame: an ellipse within a usual subject, and what lies outside a larger one.
_CENTRE: Final = 0.28
_RIM: Final = 0.38
# 1 would be blur alone: a power below it counts texture as well, which defocus takes away with it.
_TEXTURE_POWER: Final = 0.8
_FEWEST: Final = 16  # tiles of which a median is worth comparing: a picture below 310 pixels has fewer

# Points of the curve from the network's radius to the true one that stand before the networks in the file.
CURVE_POINTS: Final = 6


class Focus(NamedTuple):
    """The focus measures of one picture; NaN where no tile has enough signal to judge by.

    Attributes:
        blur_radius: radius of the disk that blurs as much, in pixels of a 1000-pixel picture; a motion counts as a
            quarter of its length. Of sharp pictures 0 to 2.
        blur_score: log-odds of blur, always finite: higher is blurrier. Moved so that 0 is where imagegate draws the
            line by default; 0 where no tile has enough signal.
        motion_ratio: edge energy of the strongest direction over that of the weakest, >= 1.
        motion_angle: direction of the weakest, degrees in [0, 180) counter-clockwise from the x-axis of the array
            as it is shown, its rows downwards.
        noise_sigma: standard deviation of the noise, 8-bit units; NaN only where the picture has no whole tile.
        sharp_share: share of the textured tiles whose own radius is at most `IN_FOCUS`.
        centre_sharpness: sharpness of the middle of the frame over that of its rim; NaN where either has too few
            textured tiles. Of evenly sharp skin around 1, of photos .8 and more.
        radius_map: (H // 32, W // 32) float32, the closed form's radius of every tile; NaN where it has no texture.
    """

    blur_radius: float
    blur_score: float
    motion_ratio: float
    motion_angle: float
    noise_sigma: float
    sharp_share: float
    centre_sharpness: float
    radius_map: NDArray[np.float32]

    def numbers(self) -> dict[str, float]:
        """All but the map, by name."""
        return {name: value for name, value in self._asdict().items() if name != "radius_map"}


class Fitted(NamedTuple):
    """What `benchmarks.fit_focus` fitted.

    Attributes:
        curve: (2, CURVE_POINTS) float32: radii as the network has them, and the true ones.
        networks: (N, WEIGHTS) float32, see `imagegate.kernels.network`.
    """

    curve: NDArray[np.float32]
    networks: NDArray[np.float32]


class _Tiles(NamedTuple):
    """The tiles in reading order; differences are means of squares with the tile's own noise taken off."""

    axes: Floats  # (2, 3, T): x and y; lags 1, 2, 4
    diagonals: Floats  # (2, T): down, up
    noise: Floats  # (T,) variance
    floor: Floats  # (T,) the size of a difference that means nothing


class Described(NamedTuple):
    """What the measures of a picture are made from.

    Attributes:
        tiles: the closed form's differences.
        descriptors: what the network is told.
        signal: (T,) mean squared difference at lag 4, less the noise, along the stronger axis.
        noise_sigma: of the picture, 8-bit units.
    """

    tiles: _Tiles
    descriptors: Descriptors
    signal: Floats
    noise_sigma: float


def focus(luma: NDArray[np.uint8], source: Source) -> Focus:
    """Measure blur, its direction, and noise.

    Args:
        luma: (H, W) uint8, C-contiguous, at the working size.
        source: where it came from.

    Returns:
        The measures; NaN where the picture is too small or too even to tell.
    """
    shape = (luma.shape[0] // structure.TILE, luma.shape[1] // structure.TILE)
    if 0 in shape:
        return _undetermined(math.nan, np.full(shape, math.nan, np.float32))
    found = described(luma, source)
    radii = _tile_radii(found) * (1000.0 / max(luma.shape))
    radius_map = radii.astype(np.float32).reshape(shape)
    if not is_textured(float(found.signal.max()), found.noise_sigma):
        return _undetermined(found.noise_sigma, radius_map)
    score, severity = network.blur_network(*found.descriptors, fitted().networks)
    ratio, angle = _motion(found)
    own = radii[~np.isnan(radii)]
    return Focus(
        blur_radius=_true_radius(float(severity)),
        blur_score=float(score),
        motion_ratio=ratio,
        motion_angle=angle,
        noise_sigma=found.noise_sigma,
        sharp_share=float(np.mean(own <= IN_FOCUS)) if own.size else math.nan,
        centre_sharpness=_centre_sharpness(found, shape),
        radius_map=radius_map,
    )


def described(luma: NDArray[np.uint8], source: Source) -> Described:
    """Everything the measures are made from, of a picture that has a whole tile."""
    table = structure.tile_structure(luma, source.jpeg_grid)
    means = table.reshape(structure.NUMBERS, -1) / structure.pair_counts(jpeg_grid=source.jpeg_grid)[:, None]
    tiles = _tiles(means)
    return Described(
        tiles=tiles,
        descriptors=describe_picture(luma, means, np.sqrt(tiles.noise), source, table.shape[2]),
        signal=tiles.axes[:, 2].max(axis=0),
        noise_sigma=_noise_sigma(tiles.noise),
    )


@functools.cache
def fitted() -> Fitted:
    """Read the fitted numbers that are part of the package: little-endian float32, the curve and then the networks."""
    data = (resources.files("imagegate.measure") / "focus_weights.bin").read_bytes()
    numbers = np.frombuffer(data, "<f4").astype(np.float32)
    curve, networks = numbers[: 2 * CURVE_POINTS], numbers[2 * CURVE_POINTS :]
    return Fitted(curve.reshape(2, -1), networks.reshape(-1, network.WEIGHTS))


def is_textured(signal: float, noise_sigma: float) -> bool:
    """Whether the strongest tile has more signal than shading and noise leave by chance.

    The mean square of 900 differences of noise of variance v is uncertain by a seventh of v, and this is the largest
    of hundreds.
    """
    return signal > _least_signal(noise_sigma)


def _least_signal(noise_sigma: float) -> float:
    return _LEAST_SIGNAL + noise_sigma**2


def _undetermined(noise_sigma: float, radius_map: NDArray[np.float32]) -> Focus:
    return Focus(math.nan, 0.0, math.nan, math.nan, noise_sigma, math.nan, math.nan, radius_map)


def _true_radius(severity: float) -> float:
    """Invert the severity log2(1 + radius), which shrinks towards the middle where the network is unsure."""
    found, true = fitted().curve
    return float(np.interp(2.0**severity - 1.0, found, true))


def _tiles(means: Floats) -> _Tiles:
    # Immerkaer 1996, eq. 4. Fine texture counts as noise too: it makes the tile's own figure too high, which
    # tells sharp from blurred better (AUC .949) than one figure for the whole picture (.934).
    noise = math.pi / 72.0 * means[structure.NOISE] ** 2
    clean = np.maximum(means[: structure.NOISE] - 2.0 * noise, 0.0)
    # Rounding to 8 bits alone makes a difference of 1/6; the estimate of the noise is itself uncertain.
    floor = 0.1 + 0.3 * noise
    return _Tiles(clean[: structure.DOWN].reshape(2, 3, -1), clean[structure.DOWN :], noise, floor)


def _noise_sigma(noise: Floats) -> float:
    """Give the noise of the smoothest fifth of the tiles: the others hold texture, and clipped ones none."""
    variances = np.sort(noise[noise > 0.0])
    return math.sqrt(variances[variances.size // 5]) if variances.size else 0.0


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


def edge_sigma(ratio: Floats, lag: float) -> Floats:
    """Invert the ratio of an edge's structure at twice the lag and at the lag: sigma in pixels, same shape."""
    return lag * np.interp(ratio, _RATIOS, _SIGMAS)


def _tile_radii(found: Described) -> Floats:
    """Closed form: the radius of the worse axis of each tile, (T,) in working pixels; NaN without texture.

    Lags 4 and 2, as 1 is nearest to noise and 8 to texture; the radius of a disk is twice its sigma along an axis.
    """
    steps = found.tiles.axes[:, 1:] + found.tiles.floor
    sigma = edge_sigma((steps[:, 1] / steps[:, 0]).max(axis=0), 2.0)
    radii = 2.0 * np.sqrt(np.maximum(sigma**2 - _INHERENT_SIGMA**2, 0.0))
    return np.where(_textured(found), radii, math.nan)


def _textured(found: Described) -> NDArray[np.bool_]:
    """Which tiles can be judged by themselves: more is asked of each than of the strongest of all."""
    return np.asarray(found.signal > 2.0 * _LEAST_SIGNAL + 8.0 * found.noise_sigma**2)


def _centre_sharpness(found: Described, shape: tuple[int, int]) -> float:
    """Compare the middle of the frame with its rim: S_2 / S_4^.8 of the median tile of each (docs/focus.md).

    Medians, as a subject and its surroundings differ in their strongest edges without any blur.
    """
    down, across = ((np.arange(count) + 0.5) / count - 0.5 for count in shape)
    away = np.hypot(down[:, None], across).ravel()
    textured = found.signal > _least_signal(found.noise_sigma)
    _, middle, long = found.tiles.axes[0] + found.tiles.axes[1] + 2.0 * found.tiles.floor
    sharpness = middle / long**_TEXTURE_POWER
    centre, rim = sharpness[textured & (away < _CENTRE)], sharpness[textured & (away > _RIM)]
    if min(centre.size, rim.size) < _FEWEST:
        return math.nan
    return float(quantiles(centre, (0.5,))[0] / quantiles(rim, (0.5,))[0])


def _motion(found: Described) -> tuple[float, float]:
    """Compare the edge energy of four directions: what moved has lost that along its way.

    All textured tiles, for which AUC against defocus is .91 (.83 for the strongest twenty).
    """
    textured = _textured(found)
    counted = (textured if textured.any() else ~textured).astype(np.float64)
    x, y = found.tiles.axes[:, 0] @ counted
    down, up = found.tiles.diagonals @ counted / 2.0
    floor = found.tiles.floor @ counted
    across = math.log((x + floor) / (y + floor))
    slanted = math.log((down + floor) / (up + floor))
    # The outer modulo turns the 180 that rounding makes of an angle just below 0 into 0.
    angle = math.degrees(math.atan2(slanted, -across) / 2.0) % 180.0 % 180.0
    return math.exp(math.hypot(across, slanted)), angle
