"""Draws skin: a seeded close-up as linear-light RGB, so that a camera model can photograph it honestly.

The scene is built as skin is: two absorbers (melanin, haemoglobin) filter the light inside the tissue, a
relief of furrows and pores shades it from above, a film of sebum mirrors the lamp, hairs lie on top.  All
lengths are in thousandths of the long side ("units"), so a scene of any size shows the same skin; a grain of
one pixel reaches the limit of every size, which is what makes focus measurable.

Sources:
    Tones: E. Monk, "The Monk Skin Tone Scale", 2019 (the published sRGB values).
    Colour: log reflectance is linear in the two absorbers: N. Tsumura et al., "Image-based skin color and
    texture analysis/synthesis by extracting hemoglobin and melanin information in the skin", SIGGRAPH 2003,
    section 3. Absorption of melanin over wavelength (~ nm^-3.33): S. L. Jacques, "Skin Optics", OMLC News,
    1998. Lines between the nearest two of scattered points: S. Worley, "A cellular texture basis function",
    SIGGRAPH 1996.
    Sheen: specular reflectance is that of the surface, the same for every tone, hence added and not
    multiplied.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.float32]

# Monk Skin Tone 1..10, sRGB.
MONK_TONES = (
    "f6ede4",
    "f3e7db",
    "f7ead0",
    "eadaba",
    "d7bd96",
    "a07e56",
    "825c43",
    "604134",
    "3a312a",
    "292420",
)

# Optical density a unit of absorber adds to (R, G, B): melanin from nm^-3.33 at 610, 550 and 465 nm, scaled
# to G = 0.7 so that the step from one Monk tone to the next runs along it; oxygenated haemoglobin hardly
# absorbs red.
MELANIN = np.array([0.46, 0.70, 1.10], np.float32)
HAEMOGLOBIN = np.array([0.10, 0.85, 0.62], np.float32)

# Linear RGB of hair: fair skin carries brown hair, all other skin black.
HAIR_BROWN = np.array([0.085, 0.048, 0.026], np.float32)
HAIR_BLACK = np.array([0.012, 0.009, 0.008], np.float32)
FAIREST_WITH_BLACK_HAIR = 4


def draw_skin(
    tone: int, *, size: tuple[int, int], seed: int, lesion: bool = True, hairs: int = 36
) -> NDArray[np.float32]:
    """Draw one close-up of skin.

    Args:
        tone: Monk Skin Tone, 1 (lightest) to 10 (darkest).
        size: (width, height) in pixels.
        seed: the same seed gives the same skin at every tone, so tones can be compared pair by pair.
        lesion: whether a pigmented lesion lies near the middle.
        hairs: how many terminal hairs lie across the picture.

    Returns:
        float32 (H, W, 3), linear-light RGB in the primaries of sRGB; 1.0 is a white surface in full light.
        Highlights may exceed 1.
    """
    if not 1 <= tone <= len(MONK_TONES):
        raise ValueError(f"tone must be 1..{len(MONK_TONES)}, got {tone}")
    canvas = Canvas(*size)
    # One stream a part: leaving out the lesion or the hairs leaves the skin beneath unchanged.
    relief_rng, colour_rng, lesion_rng, light_rng, hair_rng = np.random.default_rng(seed).spawn(5)
    height = _relief(canvas, relief_rng)
    melanin, blood = _mottling(canvas, colour_rng)
    if lesion:
        mole = _lesion(canvas, lesion_rng)
        height *= 1 - 0.45 * mole.mask
        # Dark skin is already near the densest pigment there is, so a mole adds less to it.
        melanin += mole.melanin * np.float32(1.15 - 0.05 * tone)
        blood += mole.blood
    # Furrows look redder than the ridges: light that leaves them has gone deeper.
    blood += np.float32(-0.10) * np.minimum(height, 0)
    skin = _reflectance(tone, melanin, blood)
    skin *= _diffuse_light(canvas, height + mole.height if lesion else height, light_rng)[..., None]
    skin += _sheen(canvas, height, light_rng)[..., None]
    for _ in range(hairs):
        _draw_hair(skin, canvas, tone, hair_rng)
    return np.maximum(skin, np.float32(0), out=skin)


def srgb_to_linear(code: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decode sRGB values in 0..1 (IEC 61966-2-1, section 5.2); any shape."""
    low = code / np.float32(12.92)
    return np.where(code <= 0.04045, low, ((code + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4))


def tone_colour(tone: int) -> NDArray[np.float32]:
    """Linear RGB (3,) of a Monk tone, 1..10."""
    code = np.frombuffer(bytes.fromhex(MONK_TONES[tone - 1]), np.uint8)
    return srgb_to_linear(code.astype(np.float32) / np.float32(255))


@dataclass(frozen=True)
class Canvas:
    """The size of a scene and its ruler: `unit` is the length of a thousandth of the long side, in pixels."""

    width: int
    height: int

    @property
    def unit(self) -> float:
        return max(self.width, self.height) / 1000

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @functools.cached_property
    def x(self) -> Plane:
        """Horizontal position of each pixel in units from the middle, (1, W)."""
        return ((np.arange(self.width, dtype=np.float32) - (self.width - 1) / 2) / np.float32(self.unit))[None, :]

    @functools.cached_property
    def y(self) -> Plane:
        """Vertical position of each pixel in units from the middle, downwards, (H, 1)."""
        return ((np.arange(self.height, dtype=np.float32) - (self.height - 1) / 2) / np.float32(self.unit))[:, None]


def smooth_noise(canvas: Canvas, rng: np.random.Generator, grain: float, octaves: int = 1) -> Plane:
    """Noise (H, W) of variance near one, with features of `grain` units, then of half that, and so on."""
    total = np.zeros(canvas.shape, np.float32)
    for octave in range(octaves):
        step = max(grain * canvas.unit / 2**octave, 1.0)
        rows, columns = (int(side / step) + 4 for side in canvas.shape)
        coarse = rng.standard_normal((rows, columns), np.float32)
        # The lattice is enlarged by `step` exactly (never fitted to the picture), so noise is isotropic in a
        # strip too.
        matrix = np.array([[step, 0, -1.5 * step], [0, step, -1.5 * step]])
        total += np.float32(0.55**octave) * cv2.warpAffine(coarse, matrix, canvas.shape[::-1], flags=cv2.INTER_CUBIC)
    return total * np.float32(1.25)


def pixel_grain(canvas: Canvas, rng: np.random.Generator, sigma: float) -> Plane:
    """Noise (H, W) of variance one, as fine as a Gaussian of `sigma` pixels lets through."""
    grain = cv2.GaussianBlur(rng.standard_normal(canvas.shape, np.float32), (0, 0), sigma)
    return grain / np.float32(grain.std())


def _cell_gap(x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """Worley's F2 - F1 over one scattered point a unit square of (x, y): 0 on the borders of their cells."""
    x, y = x - x.min(), y - y.min()
    column, row = x.astype(np.int32), y.astype(np.int32)
    x -= column
    y -= row
    lattice = (int(row.max()) + 3, int(column.max()) + 3)
    jitter_x, jitter_y = rng.uniform(0.12, 0.88, (2, *lattice)).astype(np.float32)
    corner = row * np.int32(lattice[1]) + column
    nearest = np.full(x.shape, np.inf, np.float32)
    second = nearest.copy()
    for down, right in np.ndindex(3, 3):
        at = corner + np.int32(down * lattice[1] + right)
        # Plain indexing checks every index; np.take in "clip" mode does not and halves the time of a picture.
        off_x = np.take(jitter_x, at, mode="clip") - x + np.float32(right - 1)
        off_y = np.take(jitter_y, at, mode="clip") - y + np.float32(down - 1)
        squared = off_x * off_x + off_y * off_y
        np.minimum(second, np.maximum(nearest, squared), out=second)
        np.minimum(nearest, squared, out=nearest)
    return np.sqrt(second) - np.sqrt(nearest)


def _network(canvas: Canvas, rng: np.random.Generator, cell: float, stretch: float, warp: float) -> Plane:
    """Distance (in cells) to a criss-cross network: cells `cell` units wide, `stretch` times as long."""
    turn = rng.uniform(0, np.pi)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    along = np.float32(warp) * smooth_noise(canvas, rng, 2.5 * cell, 2)
    across = np.float32(warp) * smooth_noise(canvas, rng, 2.5 * cell, 2)
    along += (canvas.x * cos + canvas.y * sin) / np.float32(cell * stretch)
    across += (canvas.y * cos - canvas.x * sin) / np.float32(cell)
    return _cell_gap(along, across, rng)


def _line(gap: Plane, width: float) -> Plane:
    """1 on a line of the network, 0 away from it; `width` in cells."""
    return np.asarray(np.exp(-np.square(gap / np.float32(width))), np.float32)


def _relief(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Height of the surface (H, W), furrows and pores below 0; one is about the depth of a primary furrow."""
    primary = _network(canvas, rng, cell=19, stretch=1.35, warp=0.22)
    secondary = _network(canvas, rng, cell=8.5, stretch=1.2, warp=0.22)
    # Furrows fade in and out along their way: an even network is what makes drawn skin look like leather.
    depth = np.clip(0.48 + 0.34 * smooth_noise(canvas, rng, 55, 3), 0.06, 1.3)
    height = 0.55 * np.minimum(primary, 0.6) - depth * _line(primary, 0.13)
    fine = 0.30 * np.minimum(secondary, 0.5) - 0.42 * _line(secondary, 0.15)
    height += np.clip(1.3 - depth, 0.2, 1) * fine
    height += 0.11 * smooth_noise(canvas, rng, 4.5, 2) + 0.05 * pixel_grain(canvas, rng, 0.7)
    height -= 0.95 * _spots(canvas, rng, count=520, radius=(1.1, 2.6))
    return np.asarray(height, np.float32)


def _spots(canvas: Canvas, rng: np.random.Generator, count: float, radius: tuple[float, float]) -> Plane:
    """Scattered soft spots of height up to 1; `count` of them on a square of 1000 units, radii in units."""
    area = canvas.width * canvas.height / canvas.unit**2 / 1e6
    spots = np.zeros(canvas.shape, np.float32)
    for _ in range(rng.poisson(count * area)):
        centre = rng.uniform((0, 0), canvas.shape)
        size = rng.uniform(*radius) * canvas.unit
        aspect, depth = rng.uniform(0.7, 1.4), rng.uniform(0.3, 1.0)
        reach = int(3.2 * size) + 2
        top, left = (max(int(c) - reach, 0) for c in centre)
        patch = spots[top : int(centre[0]) + reach + 1, left : int(centre[1]) + reach + 1]
        down = (np.arange(patch.shape[0]) + top - centre[0])[:, None] / size
        right = (np.arange(patch.shape[1]) + left - centre[1])[None, :] / (size * aspect)
        np.maximum(patch, (depth * np.exp(-(down**2) - right**2)).astype(np.float32), out=patch)
    return spots


def _mottling(canvas: Canvas, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Melanin and haemoglobin (H, W each) above and below those of the tone."""
    melanin = 0.075 * smooth_noise(canvas, rng, 220, 3) + 0.05 * smooth_noise(canvas, rng, 22, 3)
    melanin += 0.022 * pixel_grain(canvas, rng, 0.8)
    melanin += 0.30 * _spots(canvas, rng, count=26, radius=(2.5, 7)) * (1 + 0.4 * smooth_noise(canvas, rng, 5))
    # Blood only adds: a patch with less of it than the swatch would look green, and skin never does.
    flush = 0.075 * smooth_noise(canvas, rng, 160, 4) + 0.055 * smooth_noise(canvas, rng, 14, 3)
    return melanin, np.logaddexp(flush / 0.05, 0).astype(np.float32) * np.float32(0.05) + np.float32(0.03)


@dataclass(frozen=True)
class Lesion:
    """What a lesion adds to the skin: planes (H, W)."""

    mask: Plane
    melanin: Plane
    blood: Plane
    height: Plane


def _lesion(canvas: Canvas, rng: np.random.Generator) -> Lesion:
    inside = _blot(canvas, rng)
    # The border is sharp on one side and fades on the other, as real ones do.
    softness = 0.05 + 0.05 * np.clip(1 + smooth_noise(canvas, rng, 160), 0.1, 2)
    mask = 1 / (1 + np.exp(-np.clip(inside / softness, -30, 30)))
    gap = _network(canvas, rng, cell=9, stretch=1.1, warp=0.35)
    rim = np.exp(-np.square((inside - 0.12) / 0.28))
    patches = smooth_noise(canvas, rng, 90, 4)
    globules = _spots(canvas, rng, count=1500, radius=(2.0, 5.0)) * (smooth_noise(canvas, rng, 110) > 0)
    pigment = 1.2 + 0.5 * patches + (0.25 + 0.55 * rim) * (_line(gap, 0.22) - 0.25)
    pigment += 0.75 * globules + 0.35 * np.clip(inside, 0, 0.6) + 0.07 * pixel_grain(canvas, rng, 0.8)
    halo = np.exp(-np.square(np.minimum(inside, 0) / 0.35))
    blood = 0.16 * halo + 0.30 * mask * np.clip(smooth_noise(canvas, rng, 70, 3) - 0.4, 0, 1.5)
    height = 0.9 * mask * (1 + 0.5 * smooth_noise(canvas, rng, 16, 2))
    return Lesion(mask, mask * np.maximum(pigment, 0.12), blood, height)


def _blot(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """How deep inside an irregular outline each pixel lies, in radii: 0 on the border, below 0 outside."""
    short = min(canvas.shape) / canvas.unit
    radius = short * rng.uniform(0.20, 0.29)
    x = canvas.x - np.float32(rng.uniform(-0.12, 0.12) * short)
    y = canvas.y - np.float32(rng.uniform(-0.08, 0.08) * short)
    angle = np.arctan2(y, x)
    outline = np.ones(canvas.shape, np.float32)
    for lobe in range(2, 9):
        depth, phase = rng.normal(0, 0.24 / lobe), rng.uniform(0, 2 * np.pi)
        outline += np.float32(depth) * np.cos(lobe * angle + np.float32(phase))
    outline += np.float32(0.075) * smooth_noise(canvas, rng, 45, 5)
    return np.asarray(outline - np.hypot(x, y) / np.float32(radius), np.float32)


def _reflectance(tone: int, melanin: Plane, blood: Plane) -> NDArray[np.float32]:
    """Linear RGB (H, W, 3): the tone, dimmed by each absorber along its own axis of log colour."""
    density = melanin[..., None] * MELANIN + blood[..., None] * HAEMOGLOBIN
    return np.asarray(tone_colour(tone) * np.exp(-density), np.float32)


def _slopes(canvas: Canvas, height: Plane) -> tuple[Plane, Plane]:
    """Slope along x and y (H, W each) per unit, so that a larger picture of the same skin is lit the same."""
    right, down = (cv2.Sobel(height, cv2.CV_32F, *axis, ksize=1) for axis in ((1, 0), (0, 1)))
    scale = np.float32(canvas.unit / 2)
    return scale * right, scale * down


def _diffuse_light(canvas: Canvas, height: Plane, rng: np.random.Generator) -> Plane:
    """Light (H, W) that enters the tissue: a lamp from the side, a curved surface, furrows in shade."""
    turn = rng.uniform(0, 2 * np.pi)
    right, down = _slopes(canvas, height)
    relief = np.float32(np.cos(turn)) * right + np.float32(np.sin(turn)) * down
    curve = 1.02 - 1.6e-4 * (canvas.x * np.cos(turn) + canvas.y * np.sin(turn))
    curve = curve - 5.5e-7 * (np.square(canvas.x) + np.square(canvas.y))
    hollow = height - cv2.GaussianBlur(height, (0, 0), 6 * canvas.unit)
    shade = np.clip(1 - 0.36 * relief, 0.35, 1.6) * np.clip(1 + 0.20 * hollow, 0.5, 1.12)
    return np.asarray(0.92 * curve * shade, np.float32)


def _sheen(canvas: Canvas, height: Plane, rng: np.random.Generator) -> Plane:
    """Mirrored lamp light (H, W): glints on facets that face it, broken up by the grain of the surface."""
    right, down = _slopes(canvas, height)
    tilt = rng.uniform(-0.25, 0.25, 2)
    facing = np.exp(-(np.square(right - tilt[0]) + np.square(down - tilt[1])) / np.float32(2 * 0.32**2))
    spot = rng.uniform(-1, 1, 2) * (260, 180)
    reach = np.exp(-(np.square(canvas.x - spot[0]) + np.square(canvas.y - spot[1])) / (2 * 230.0**2))
    film = np.clip(0.7 + 0.35 * smooth_noise(canvas, rng, 14, 4), 0, 2) * np.clip(height + 0.5, 0, 0.8)
    return np.asarray((0.002 + 0.030 * reach) * facing * film, np.float32)


def _draw_hair(skin: NDArray[np.float32], canvas: Canvas, tone: int, rng: np.random.Generator) -> None:
    """Lay one tapering hair over the scene, in place: its soft shadow, the shaft, the light along it."""
    spine, width = _hair_shape(canvas, rng)
    colour = HAIR_BLACK if tone >= FAIREST_WITH_BLACK_HAIR else HAIR_BROWN
    colour = colour * np.float32(rng.uniform(0.6, 1.8))
    gloss = np.float32(rng.uniform(0.02, 0.07))
    margin = int(6 * canvas.unit) + 4
    left, top = np.maximum(np.floor(spine.min(0)).astype(int) - margin, 0)
    right, bottom = np.minimum(np.ceil(spine.max(0)).astype(int) + margin, canvas.shape[::-1])
    if right <= left or bottom <= top:
        return
    patch, local = skin[top:bottom, left:right], spine - (left, top)
    shadow = _stroke(patch.shape[:2], local + 1.6 * canvas.unit, 1.5 * width)
    patch *= (1 - 0.35 * cv2.GaussianBlur(shadow, (0, 0), 1.1 * canvas.unit))[..., None]
    shaft = _stroke(patch.shape[:2], local, width)[..., None]
    shine = _stroke(patch.shape[:2], local - 0.18 * width[:, None], 0.3 * width)[..., None]
    patch += np.float32(0.93) * shaft * (colour - patch) + gloss * shine


def _hair_shape(canvas: Canvas, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points along a hair (N, 2) as x, y in pixels, and its width (N,) in pixels at each."""
    t = np.linspace(0, 1, 48)
    length = rng.uniform(90, 420) * canvas.unit
    # Hairs of one field lie roughly one way; the curl is that of a quadratic arc plus a little waviness.
    heading = 0.9 + rng.normal(0, 0.45) + rng.normal(0, 0.9) * t + 0.08 * np.sin(rng.uniform(4, 9) * t)
    step = np.stack([np.cos(heading), np.sin(heading)], axis=1) * length / t.size
    start = rng.uniform((-0.1, -0.1), (1.0, 1.0)) * canvas.shape[::-1]
    width = rng.gamma(6, 0.30) * canvas.unit * np.clip(1.02 - t**2.2, 0.05, 1) * np.clip(0.55 + 6 * t, 0, 1)
    return start + np.cumsum(step, axis=0), width


def _stroke(shape: tuple[int, ...], spine: NDArray[np.float64], width: NDArray[np.float64]) -> Plane:
    """Share of each pixel (H, W) covered by a stroke; drawn finer, since a hair's tip is under a pixel."""
    fine, subpixel = 4, 4
    normal = np.gradient(spine, axis=0)[:, ::-1] * (1, -1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    side = normal * width[:, None] / 2
    outline = np.concatenate([spine + side, (spine - side)[::-1]])
    points = np.round(((outline + 0.5) * fine - 0.5) * 2**subpixel).astype(np.int32)
    mask = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)
    cv2.fillPoly(mask, [points], 255, shift=subpixel)
    return cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
