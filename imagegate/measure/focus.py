"""How blurred a picture is, in pixels and as log-odds, and which way it moved.

No network yet: two ratios of structure functions, the noise and the size. docs/focus_notes.md has the figures.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegate.kernels import structure

# Each axis is judged by the tiles where its differences are strongest: smooth skin around a lesion is no fault, and
# a straight edge along the other axis, which looks blurred there however sharp it is, has little say.
_STRONGEST: Final = 20

# Of those tiles the sharper quarter decides: a sharp subject before a soft background passes (docs/focus_notes.md).
_QUARTER: Final = 4

# Log-odds of blur: how much each number counts, fitted by logistic regression on photos degraded at random.
WEIGHTS: Final = {
    "ratio_42": 7.07,
    "ratio_21": -1.48,
    "noise": -0.15,
    "size": -0.63,
    "intercept": -4.87,
}

# Radius, in pixels of a 1000-pixel picture, up to which a tile counts as in focus.
IN_FOCUS: Final = 2.8

# Of a sharp edge in working pixels: the photosite's aperture, demosaicing and the reduction to working size.
_INHERENT_SIGMA: Final = 0.5

_SIGMAS: Final = np.geomspace(0.05, 20.0, 400)


class Focus(NamedTuple):
    """The focus measures of one picture.

    Attributes:
        blur_radius: radius of the disk that blurs as much along the worse axis, in pixels of a 1000-pixel picture;
            NaN where no tile has enough signal.
        blur_score: log-odds of blur, always finite: higher is blurrier; 0 where no tile has enough signal.
        motion_ratio: edge energy of the strongest direction over that of the weakest, >= 1; NaN as above.
        motion_angle: direction of the weakest, degrees in [0, 180) counter-clockwise from the x-axis of the array
            as it is shown, its rows downwards; NaN as above.
        noise_sigma: standard deviation of the noise, 8-bit units; NaN where the picture has no whole tile.
        sharp_share: share of the textured tiles whose radius is at most `IN_FOCUS`; NaN where none is textured.
        radius_map: (H // 32, W // 32) float32, the radius of every tile; NaN where it has no texture.
    """

    blur_radius: float
    blur_score: float
    motion_ratio: float
    motion_angle: float
    noise_sigma: float
    sharp_share: float
    radius_map: NDArray[np.float32]

    def numbers(self) -> dict[str, float]:
        """All but the map, by name."""
        return {name: value for name, value in self._asdict().items() if name != "radius_map"}


class _Tiles(NamedTuple):
    """The tiles in reading order; differences are means of squares with the tile's own noise taken off."""

    axes: NDArray[np.float64]  # (T, 2, 3): x and y; lags 1, 2, 4
    ratios: NDArray[np.float64]  # (T, 2, 2): the difference at twice the lag over that at lag 1, 2
    diagonals: NDArray[np.float64]  # (T, 2): down, up
    noise: NDArray[np.float64]  # (T,) variance
    floor: NDArray[np.float64]  # (T,) the size of a difference that means nothing


def edge_structure(lag: float, sigma: NDArray[np.float64]) -> NDArray[np.float64]:
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


def edge_sigma(ratio: NDArray[np.float64], lag: float) -> NDArray[np.float64]:
    """Invert the ratio of an edge's structure at twice the lag and at the lag: sigma in pixels, same shape."""
    return lag * np.interp(ratio, _RATIOS, _SIGMAS)


def focus(luma: NDArray[np.uint8], *, jpeg_grid: bool) -> Focus:
    """Measure blur, its direction, and noise.

    Args:
        luma: (H, W) uint8, C-contiguous, at the working size.
        jpeg_grid: the picture is a JPEG decoded 1:1, so that pixel pairs across its 8-pixel grid are left out.

    Returns:
        The measures; NaN where the picture is too small or too even to tell.
    """
    table = structure.tile_structure(luma, jpeg_grid)
    shape = table.shape[:2]
    if table.size == 0:
        return Focus(math.nan, 0.0, math.nan, math.nan, math.nan, math.nan, np.full(shape, math.nan, np.float32))
    tiles = _tiles(table, jpeg_grid=jpeg_grid)
    noise = _noise_sigma(tiles)
    pixel = 1000.0 / max(luma.shape)
    textured = _textured(tiles, noise)
    # Lags 4 and 2, as 1 is nearest to noise and 8 to texture: AUC .936 against .883 and .927 (docs/focus_notes.md).
    radius = np.where(textured, _radius(tiles.ratios[:, :, 1].max(axis=1)) * pixel, math.nan)
    if not textured.any():
        return Focus(math.nan, 0.0, math.nan, math.nan, noise, math.nan, radius.astype(np.float32).reshape(shape))
    ratio_21, ratio_42 = _worse_axis(tiles, textured)
    ratio, angle = _motion(tiles, textured)
    return Focus(
        blur_radius=float(_radius(ratio_42)) * pixel,
        blur_score=_score(ratio_21, ratio_42, noise, pixel),
        motion_ratio=ratio,
        motion_angle=angle,
        noise_sigma=noise,
        sharp_share=float(np.mean(radius[textured] <= IN_FOCUS)),
        radius_map=radius.astype(np.float32).reshape(shape),
    )


def _tiles(table: NDArray[np.int64], *, jpeg_grid: bool) -> _Tiles:
    means = table.reshape(-1, structure.COLUMNS) / structure.pair_counts(jpeg_grid=jpeg_grid)
    # Immerkaer 1996, eq. 4. Fine texture counts as noise too: it makes the tile's own figure too high, which
    # tells sharp from blurred better (AUC .949) than one figure for the whole picture (.934).
    noise = math.pi / 72.0 * means[:, structure.NOISE] ** 2
    clean = np.maximum(means[:, : structure.NOISE] - 2.0 * noise[:, None], 0.0)
    # Rounding to 8 bits alone makes a difference of 1/6; the estimate of the noise is itself uncertain.
    floor = 0.1 + 0.3 * noise
    axes = clean[:, : structure.DOWN].reshape(-1, 2, 3)
    steps = axes + floor[:, None, None]
    return _Tiles(axes, steps[:, :, 1:] / steps[:, :, :-1], clean[:, structure.DOWN :], noise, floor)


def _noise_sigma(tiles: _Tiles) -> float:
    """Give the noise of the smoothest fifth of the tiles: the others hold texture, and clipped ones none."""
    noise = np.sort(tiles.noise[tiles.noise > 0.0])
    return math.sqrt(noise[noise.size // 5]) if noise.size else 0.0


def _textured(tiles: _Tiles, noise: float) -> NDArray[np.bool_]:
    return np.asarray(tiles.axes[:, :, 2].max(axis=1) > 4.0 + 8.0 * noise**2)


def _worse_axis(tiles: _Tiles, textured: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give the two ratios of the worse axis, as motion blurs only one; ties go in reading order."""
    order = np.argsort(-tiles.axes[textured, :, 2], axis=0, kind="stable")[:_STRONGEST]
    strongest = tiles.ratios[textured][order, [0, 1]]
    # Not np.percentile, which takes five times as long on so few numbers.
    return np.asarray(np.sort(strongest, axis=0)[len(order) // _QUARTER].max(axis=0))


def _radius(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert the ratio of lags 4 and 2, in working pixels: the radius of a disk is twice its sigma along an axis."""
    sigma = edge_sigma(ratio, 2.0)
    return 2.0 * np.sqrt(np.maximum(sigma**2 - _INHERENT_SIGMA**2, 0.0))


def _score(ratio_21: float, ratio_42: float, noise: float, pixel: float) -> float:
    numbers = {
        "ratio_42": math.log(ratio_42),
        "ratio_21": math.log(ratio_21),
        "noise": math.log(noise + 0.1),
        "size": -math.log(pixel),
        "intercept": 1.0,
    }
    return math.fsum(WEIGHTS[name] * value for name, value in numbers.items())


def _motion(tiles: _Tiles, textured: NDArray[np.bool_]) -> tuple[float, float]:
    """Compare the edge energy of four directions: what moved has lost that along its way.

    All textured tiles, for which AUC against defocus is .91 (.83 for the strongest twenty).
    """
    x, y = tiles.axes[textured, :, 0].sum(axis=0)
    down, up = tiles.diagonals[textured].sum(axis=0) / 2.0
    floor = tiles.floor[textured].sum()
    across = math.log((x + floor) / (y + floor))
    slanted = math.log((down + floor) / (up + floor))
    # The outer modulo turns the 180 that rounding makes of an angle just below 0 into 0.
    angle = math.degrees(math.atan2(slanted, -across) / 2.0) % 180.0 % 180.0
    return math.exp(math.hypot(across, slanted)), angle
