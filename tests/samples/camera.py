"""A small camera: what happens to light between a scene and a file, one function a fault.

All but `sensor` and `jpeg` take and return a scene: float32 (H, W, 3), linear-light RGB, 1.0 = the sensor's
white. They compose in the order of the light: scene -> uneven, tint -> glare, haze -> defocus, motion ->
expose -> sensor -> jpeg. Lengths are in pixels of the scene given.  Nothing is random but what takes `rng`.

Sources:
    Defocus as a uniform disk (the circle of confusion), motion as a uniform segment: R. L. Lagendijk, J.
    Biemond, "Basic Methods for Image Restoration and Identification", in A. Bovik (ed.), "The Essential
    Guide to Image Processing", 2009, section 14.2.
    Noise of variance a * light + b (photons and read-out): A. Foi et al., "Practical Poissonian-Gaussian
    noise modeling and fitting for single-image raw-data", IEEE Trans. Image Processing 17 (2008), section II.
    Haze as light of the scene itself, scattered over the whole picture: veiling glare, ISO 9358.
    Transfer curve: IEC 61966-2-1 (sRGB), section 5.2.
"""

from __future__ import annotations

import io
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Scene: TypeAlias = NDArray[np.float32]
Picture: TypeAlias = NDArray[np.uint8]

# Linear light of the sRGB code one half, and codes (0..255) a unit of light changes there: 255 *
# d(code)/d(light).
MID_GREY = 0.2140
CODES_AT_MID_GREY = 255 * 1.055 / 2.4 * MID_GREY ** (1 / 2.4 - 1)
# Share of the noise variance at mid-grey that is read-out noise, and so stays in the shadows.
READ_SHARE = 0.2

# What a white wall becomes (R, G, B) where the white balance is set for daylight.
TUNGSTEN = (1.55, 1.0, 0.38)


def defocus(scene: Scene, radius: float) -> Scene:
    """Blur by a disk of `radius` pixels (circle of confusion); 0 changes nothing."""
    return _filtered(scene, disk_kernel(radius))


def motion(scene: Scene, length: float, angle: float) -> Scene:
    """Blur along a straight shake of `length` pixels.

    `angle` is in degrees from the x axis, counter-clockwise as one looks at the picture (y points down in
    the array).
    """
    return _filtered(scene, line_kernel(length, angle))


def expose(scene: Scene, ev: float) -> Scene:
    """Change the exposure by `ev` stops: light * 2**ev."""
    return scene * np.float32(2.0**ev)


def haze(scene: Scene, share: float) -> Scene:
    """Scatter `share` (0..1) of the light evenly over the picture: a greasy or steamed-up lens."""
    veil = np.asarray(scene.mean(axis=(0, 1)), np.float32)
    return scene * np.float32(1 - share) + np.float32(share) * veil


def uneven(scene: Scene, stops: float, angle: float) -> Scene:
    """Light the scene from `angle` (as in `motion`): full light there, `stops` less at the far side."""
    height, width = scene.shape[:2]
    turn = np.deg2rad(angle)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * np.float32(np.cos(turn))
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(-np.sin(turn))
    reach = np.float32(abs(np.cos(turn)) + abs(np.sin(turn)))
    fall = np.float32(stops) * ((x + y) / reach - np.float32(0.5))
    return scene * np.exp2(fall)[..., None]


def tint(scene: Scene, gains: tuple[float, float, float]) -> Scene:
    """Multiply R, G and B by `gains`: a lamp of another colour, or a white balance that was wrong."""
    return scene * np.array(gains, np.float32)


def glare(scene: Scene, spots: int, radius: float, rng: np.random.Generator) -> Scene:
    """Mirror a flash in `spots` places of wet or oily skin: clipped cores of about `radius` pixels, bloom."""
    light = np.zeros(scene.shape[:2], np.float32)
    for _ in range(spots):
        x, y = (int(v) for v in rng.uniform(0.08, 0.92, 2) * scene.shape[1::-1])
        axes = tuple(max(int(v), 1) for v in radius * rng.uniform(0.4, 1.5) * rng.uniform(0.7, 1.4, 2))
        cv2.ellipse(light, (x, y), axes, rng.uniform(0, 180), 0, 360, 1.0, thickness=-1, lineType=cv2.LINE_AA)
    # The reflection follows the surface: furrows face elsewhere, and break its border up.
    luma = scene.mean(axis=2)
    texture = luma / (cv2.GaussianBlur(luma, (0, 0), radius / 2) + np.float32(1e-3))
    core = 4 * np.square(cv2.GaussianBlur(light, (0, 0), radius / 3)) * np.clip(texture, 0.4, 1.4) ** 6
    bloom = np.float32(0.15) * cv2.GaussianBlur(light, (0, 0), 1.5 * radius)
    return np.asarray(scene + (core + bloom)[..., None], np.float32)


def sensor(scene: Scene, noise_sigma: float, rng: np.random.Generator) -> Picture:
    """Turn light into 8-bit sRGB (H, W, 3): photon and read-out noise, clipping, transfer curve, rounding.

    `noise_sigma` is the standard deviation at mid-grey in 8-bit codes (2: a good camera, 8: a phone indoors,
    16: in the dark); in other light it follows from a variance of a * light + b.
    """
    at_mid_grey = (noise_sigma / CODES_AT_MID_GREY) ** 2
    variance = at_mid_grey * ((1 - READ_SHARE) / MID_GREY * np.clip(scene, 0, 1) + READ_SHARE)
    noisy = scene + np.sqrt(variance, dtype=np.float32) * rng.standard_normal(scene.shape, np.float32)
    return np.rint(255 * linear_to_srgb(noisy)).astype(np.uint8)


def jpeg(rgb: Picture, quality: int = 90, **options: Any) -> bytes:
    """Encode (H, W, 3) RGB or (H, W) grey as JPEG; `options` are Pillow's (progressive, exif, ...)."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def linear_to_srgb(light: Scene) -> Scene:
    """Encode linear light as sRGB in 0..1; what is outside is clipped."""
    light = np.clip(light, 0, 1)
    high = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(light <= 0.0031308, np.float32(12.92) * light, high)


def disk_kernel(radius: float) -> Scene:
    """A disk of `radius` pixels, its edge antialiased over one pixel; (2r+1, 2r+1), sum 1."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def line_kernel(length: float, angle: float) -> Scene:
    """A segment of `length` pixels through the middle, each of its points shared among four pixels; sum 1."""
    reach = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    turn = np.deg2rad(angle)
    along = np.linspace(-length / 2, length / 2, 8 * (int(length) + 1) + 1)
    x, y = reach + along * np.cos(turn), reach - along * np.sin(turn)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for down, right in np.ndindex(2, 2):
        share = (1 - np.abs(x - left - right)) * (1 - np.abs(y - top - down))
        # The ends of an axis-parallel segment may touch the border, where the far neighbour has no share.
        at = (np.minimum(top + down, 2 * reach), np.minimum(left + right, 2 * reach))
        np.add.at(kernel, at, share.astype(np.float32))
    return kernel / np.float32(kernel.sum())


def _filtered(scene: Scene, kernel: Scene) -> Scene:
    # Mirrored borders: a real scene goes on beyond the frame, and a dark or flat rim would itself be a
    # feature.
    return np.asarray(cv2.filter2D(scene, -1, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32)
