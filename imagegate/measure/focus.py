"""How blurred a picture is, as log-odds and in pixels, and which way it moved.

A small network on the descriptors of 32 tiles judges the picture; closed forms give the map of the tiles, the
direction of motion and the noise. docs/focus.md has the formulas and the figures.
"""

from __future__ import annotations

import functools
import math
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels import network, structure
from imagegate.measure.descriptors import Descriptors, Source, describe_picture
from imagegate.measure.tiles import Tiles, closed_forms

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
        sharp_share: share of the textured tiles whose own radius is at most 2.8.
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


class Described(NamedTuple):
    """What the measures of a picture are made from.

    Attributes:
        tiles: what the tiles tell by closed forms.
        descriptors: what the network is told.
    """

    tiles: Tiles
    descriptors: Descriptors


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
    tiles, descriptors = described(luma, source)
    if not tiles.textured:
        return _undetermined(tiles.noise_sigma, tiles.radius_map)
    score, severity = network.blur_network(*descriptors, fitted().networks)
    return Focus(
        blur_radius=_true_radius(float(severity)),
        blur_score=float(score),
        motion_ratio=tiles.motion_ratio,
        motion_angle=tiles.motion_angle,
        noise_sigma=tiles.noise_sigma,
        sharp_share=tiles.sharp_share,
        centre_sharpness=tiles.centre_sharpness,
        radius_map=tiles.radius_map,
    )


def described(luma: NDArray[np.uint8], source: Source) -> Described:
    """Everything the measures are made from, of a picture that has a whole tile."""
    table = structure.tile_structure(luma, source.jpeg_grid)
    pairs = structure.pair_counts(jpeg_grid=source.jpeg_grid)
    tiles = closed_forms(table, pairs, max(luma.shape) / 1000.0)
    return Described(tiles, describe_picture(luma, tiles.means, tiles.noise, source, table.shape[2]))


@functools.cache
def fitted() -> Fitted:
    """Read the fitted numbers that are part of the package: little-endian float32, the curve and then the networks."""
    data = (resources.files("imagegate.measure") / "focus_weights.bin").read_bytes()
    numbers = np.frombuffer(data, "<f4").astype(np.float32)
    curve, networks = numbers[: 2 * CURVE_POINTS], numbers[2 * CURVE_POINTS :]
    return Fitted(curve.reshape(2, -1), networks.reshape(-1, network.WEIGHTS))


def _undetermined(noise_sigma: float, radius_map: NDArray[np.float32]) -> Focus:
    return Focus(math.nan, 0.0, math.nan, math.nan, noise_sigma, math.nan, math.nan, radius_map)


def _true_radius(severity: float) -> float:
    """Invert the severity log2(1 + radius), which shrinks towards the middle where the network is unsure."""
    found, true = fitted().curve
    return float(np.interp(2.0**severity - 1.0, found, true))
