"""What a camera makes of a sharp photo: variants with a known blur, for fitting and judging the focus measure.

Everything happens to grey linear light, so a variant costs 50 ms: blur, exposure and noise act on each channel alike,
and focus is judged by luma. A photo is shrunk first, or its own blur would count for none.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from imagegate.decode import decode
from imagegate.header import read
from imagegate.intake import Received
from imagegate.measure.compression import jpeg_quality
from imagegate.measure.descriptors import Source
from imagegate.reduction import reduced_luma
from tests.samples import camera
from tests.samples.skin import srgb_to_linear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagegate.header import Header

    Light = NDArray[np.float32]
    Luma = NDArray[np.uint8]

LARGEST = 1400
SMALLEST = 300
# Blur up to the first is sharp, as much a lens leaves and a steady hand; from the second on it is a fault. Both in
# pixels of a 1000-pixel picture, and in the picture's own pixels, which hide as much: what counts is the larger.
SHARP, SHARP_IN_PIXELS = 1.4, 0.5
FAULT, FAULT_IN_PIXELS = 2.0, 1.2
# From here on blur is drawn as defocus and motion, below as "slight".
LEAST_RADIUS = 1.2
LEAST_LENGTH = 6.0
SMALLEST_CROP = 224
LARGEST_CROP = 1000
CROPS = 0.25  # share of all variants
# What a picture may have been reduced by on its way: the sharpest usual filter, areas, and the softest.
FILTERS = (Image.Resampling.LANCZOS, Image.Resampling.BOX, Image.Resampling.BILINEAR)


@dataclass(frozen=True)
class Variant:
    """One way to take a photo; lengths in pixels of a 1000-pixel picture, noise in 8-bit units at mid-grey.

    Attributes:
        side: Long side when taken; 0 keeps the photo's own.
        crop: Share of each side that is kept.
        native: Cropped to `side` in place of reduced, so that the photo's own softness is that of its pixels.
        filter: Of every reduction but those of the JPEG decoder.
        radius, gaussian: Defocus, by a disk or by a Gaussian whose sigma is half of it.
        length, angle, bend, pause: Motion; `bend` is how far the path curves, in lengths, `pause` the share of
            the light that falls before it begins.
        soft: Radius of the background's blur behind a sharp subject.
        ev, veil: Exposure in stops, share of scattered light.
        noise, grain: Noise of luma, and the sigma in pixels of the filter that correlates it.
        sharpening: Amount of an unsharp mask.
        shrink: Factor the file was shrunk by before it was stored.
        quality: Of the JPEG; 0 stores a PNG.
        eighths: What the JPEG decoder leaves of the file.
        kept: Eighths that imagegate's own reduction leaves of that.
    """

    side: int = 0
    crop: float = 1.0
    native: bool = False
    filter: Image.Resampling = Image.Resampling.BOX
    radius: float = 0.0
    gaussian: bool = False
    length: float = 0.0
    angle: float = 0.0
    bend: float = 0.0
    pause: float = 0.0
    soft: float = 0.0
    ev: float = 0.0
    veil: float = 0.0
    noise: float = 0.0
    grain: float = 0.0
    sharpening: float = 0.0
    shrink: float = 1.0
    quality: int = 90
    eighths: int = 8
    kept: int = 8

    @property
    def blur(self) -> float:
        """Radius that blurs as much; a length counts as a quarter of it."""
        return math.hypot(self.radius, self.length / 4.0)

    @property
    def severity(self) -> float:
        return math.log2(1.0 + self.blur)

    def blurred(self, long_side: int) -> float:
        """1 for blurred, 0 for sharp, NaN for what lies between, in a working picture of that size."""
        if self.blur >= max(FAULT, FAULT_IN_PIXELS * 1000 / long_side):
            return 1.0
        return 0.0 if self.blur <= max(SHARP, SHARP_IN_PIXELS * 1000 / long_side) else math.nan


# What must pass and what must be caught, at fixed levels (docs/focus.md). Luma has .67 of the channels' noise.
CHANNELS = 0.67
ACCEPTABLE = {
    "as is": Variant(),
    "half size": Variant(shrink=0.5),
    "JPEG 60": Variant(quality=60),
    "noise 3": Variant(noise=3 * CHANNELS),
    "-1 EV": Variant(ev=-1.0),
    "+.5 EV": Variant(ev=0.5),
}
# What is sharp and small may be a crop, which shows a photo's own pixels.
CROPPED = {f"crop of {side}": Variant(side=side, native=True) for side in (224, 300, 400, 500, 700)}
BLURRED = {
    "defocus 1.5": Variant(radius=1.5),
    "defocus 3": Variant(radius=3.0),
    "defocus 6": Variant(radius=6.0),
    "motion 8": Variant(length=8.0),
    "motion 16": Variant(length=16.0),
    "motion 32": Variant(length=32.0),
    "4 + noise 8": Variant(radius=4.0, noise=8 * CHANNELS),
    "4 at -2 EV": Variant(radius=4.0, ev=-2.0),
    "4 at JPEG 40": Variant(radius=4.0, quality=40),
}


def random_variant(kind: str, rng: np.random.Generator) -> Variant:
    """Draw a variant: "sharp", "soft" (background), "slight", "defocus" or "motion"; the rest is alike for all."""
    return replace(_nuisances(rng), **_fault(kind, rng))


def _fault(kind: str, rng: np.random.Generator) -> dict[str, float]:
    fault: dict[str, float] = {}
    both = kind in {"defocus", "motion"} and rng.random() < 0.15
    if kind == "defocus" or both:
        most = 14.0 if rng.random() < 0.15 else 8.0
        fault |= {"radius": _log_uniform(rng, LEAST_RADIUS, most), "gaussian": rng.random() < 0.3}
    if kind == "motion" or both:
        bend = 0.0 if rng.random() < 0.6 else rng.uniform(-0.5, 0.5)
        fault |= {"length": _log_uniform(rng, LEAST_LENGTH, 40.0), "angle": rng.uniform(0, 180), "bend": bend}
        fault |= {"pause": rng.uniform(0.0, 0.35) if rng.random() < 0.25 else 0.0}
    if kind == "slight" and rng.random() < 0.7:
        fault |= {"radius": rng.uniform(0.3, LEAST_RADIUS), "gaussian": rng.random() < 0.3}
    elif kind == "slight":
        fault |= {"length": rng.uniform(1.5, LEAST_LENGTH), "angle": rng.uniform(0, 180)}
    if kind == "soft":
        fault |= {"soft": _log_uniform(rng, 2.0, 12.0)}
    return fault


def _nuisances(rng: np.random.Generator) -> Variant:
    """One in twelve or so of each is far out, so that the network has seen what else may come."""
    ev = rng.uniform(-2.6, 1.2) if rng.random() < 0.5 else rng.normal(0, 0.3)
    quality = int(rng.integers(35, 98)) if rng.random() < 0.92 else int(rng.integers(7, 35))
    native = rng.random() < CROPS
    return Variant(
        side=int(_log_uniform(rng, SMALLEST_CROP, LARGEST_CROP) if native else _log_uniform(rng, SMALLEST, LARGEST)),
        crop=rng.uniform(0.6, 1.0),
        native=native,
        filter=FILTERS[rng.integers(len(FILTERS))],
        ev=ev if rng.random() < 0.92 else rng.uniform(-5.5, -2.6),
        veil=rng.uniform(0.05, 0.85) if rng.random() < 0.08 else 0.0,
        noise=_log_uniform(rng, 0.3, 7.0) if rng.random() < 0.92 else rng.uniform(7.0, 16.0),
        grain=rng.uniform(0.4, 1.0) if rng.random() < 0.3 else 0.0,
        sharpening=rng.uniform(0.2, 1.5) if rng.random() < 0.3 else 0.0,
        shrink=rng.uniform(0.5, 0.95) if rng.random() < 0.3 else 1.0,
        quality=quality if rng.random() < 0.9 else 0,
        eighths=int(rng.integers(4, 8)) if rng.random() < 0.2 else 8,
        kept=int(rng.integers(4, 8)) if rng.random() < 0.2 else 8,
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def grey_light(luma: Luma) -> Light:
    """Linear light of gamma-coded luma."""
    return srgb_to_linear(luma.astype(np.float32) / np.float32(255))


def taken(light: Light, variant: Variant, rng: np.random.Generator) -> tuple[Luma, Source]:
    """Take the photo and bring it to the working size, as imagegate does."""
    light = _framed(light, variant, rng)
    luma = _stored(_through_the_lens(light, variant, rng), variant, rng)
    return _received(memoryview(_encoded(luma, variant.quality)), variant)


def _received(data: memoryview, variant: Variant) -> tuple[Luma, Source]:
    header = read(data)
    luma, jpeg_grid = _decoded(data, header, variant)
    if variant.kept < 8 and variant.kept / 8 * max(luma.shape) >= SMALLEST:
        luma, jpeg_grid = reduced_luma(luma, variant.kept), False
    quality = jpeg_quality(header.quantisation[0]) if header.quantisation else math.nan
    return luma, Source(jpeg_grid, quality, max(luma.shape) < header.long_side)


def _decoded(data: memoryview, header: Header, variant: Variant) -> tuple[Luma, bool]:
    """By imagegate, or by the JPEG decoder at any of its scales, as larger files are."""
    height, width = (-(-side * variant.eighths // 8) for side in (header.height, header.width))
    if variant.eighths == 8 or not variant.quality or max(height, width) < SMALLEST:
        picture = decode(Received(data=data), header)
        return picture.luma, picture.jpeg_grid
    return simplejpeg.decode_jpeg(data, "GRAY", min_height=height, min_width=width)[:, :, 0], False


def _framed(light: Light, variant: Variant, rng: np.random.Generator) -> Light:
    """Choose the frame; what is shrunk later starts larger."""
    long_side = variant.side / (variant.shrink * variant.kept / 8 * variant.eighths / 8)
    kept = min(long_side / max(light.shape), 1.0) if variant.native else variant.crop
    light = _cropped(light, kept, rng)
    if variant.native or not variant.side:
        return light
    return _resized(light, min(long_side / max(light.shape), 0.95), variant.filter)


def _cropped(light: Light, share: float, rng: np.random.Generator) -> Light:
    height, width = (int(side * share) for side in light.shape)
    top, left = (
        int(rng.integers(0, whole - part + 1)) for whole, part in zip(light.shape, (height, width), strict=True)
    )
    return light[top : top + height, left : left + width]


def _resized(picture: Light | Luma, scale: float, by: Image.Resampling) -> Light | Luma:
    height, width = (max(1, round(side * scale)) for side in picture.shape)
    if by == Image.Resampling.BOX:
        return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.array(Image.fromarray(picture).resize((width, height), by))


def _through_the_lens(light: Light, variant: Variant, rng: np.random.Generator) -> Light:
    unit = max(light.shape) / 1000
    if variant.soft:
        light = _with_soft_background(light, variant.soft * unit, rng)
    if variant.gaussian:
        light = cv2.GaussianBlur(light, (0, 0), variant.radius * unit / 2)
    elif variant.radius:
        light = camera.defocus(light, variant.radius * unit)
    if variant.length:
        light = cv2.filter2D(light, -1, path_kernel(variant.length * unit, variant.angle, variant.bend, variant.pause))
    return light


def _with_soft_background(light: Light, radius: float, rng: np.random.Generator) -> Light:
    """A sharp ellipse on 15 to 60 % of the picture."""
    height, width = light.shape
    mask = np.zeros(light.shape, np.float32)
    reach = math.sqrt(rng.uniform(0.15, 0.6) / math.pi)
    aspect = rng.uniform(0.8, 1.25)
    centre = (int(rng.uniform(0.35, 0.65) * width), int(rng.uniform(0.35, 0.65) * height))
    cv2.ellipse(mask, centre, (int(reach * aspect * width), int(reach / aspect * height)), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), radius)
    return mask * light + (1 - mask) * camera.defocus(light, radius)


def path_kernel(length: float, angle: float, bend: float, pause: float) -> Light:
    """Motion along a parabola of `length` pixels whose middle is `bend` lengths off its chord; sum 1."""
    t = np.linspace(-0.5, 0.5, 16 * (int(length) + 1) + 1)
    path = np.stack([t, bend * (0.25 - t * t) * 4], axis=1)
    path *= length / np.hypot(*np.diff(path, axis=0).T).sum()
    path -= path.mean(axis=0)
    turn = math.radians(angle)
    x = path @ (math.cos(turn), math.sin(turn))
    y = path @ (-math.sin(turn), math.cos(turn))
    reach = int(np.ceil(max(abs(x).max(), abs(y).max()))) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    light = np.full(len(t), (1 - pause) / len(t))
    light[0] += pause
    for down, right in np.ndindex(2, 2):
        share = light * (1 - np.abs(x - left - right)) * (1 - np.abs(y - top - down))
        np.add.at(kernel, (reach + top + down, reach + left + right), share.astype(np.float32))
    return kernel / kernel.sum()


def _stored(light: Light, variant: Variant, rng: np.random.Generator) -> Luma:
    if variant.veil:
        light = light * np.float32(1 - variant.veil) + np.float32(variant.veil * light.mean())
    light = camera.expose(light, variant.ev)
    if variant.noise:
        light = light + _noise(light, variant, rng)
    code = np.float32(255) * camera.linear_to_srgb(light)
    if variant.sharpening:
        code += np.float32(variant.sharpening) * (code - cv2.GaussianBlur(code, (0, 0), 1.0))
    luma = np.clip(np.rint(code), 0, 255).astype(np.uint8)
    return _resized(luma, variant.shrink, variant.filter) if variant.shrink < 1.0 else luma


def _noise(light: Light, variant: Variant, rng: np.random.Generator) -> Light:
    """Noise of photons and read-out, of the variance that `camera.sensor` gives it."""
    noise = rng.standard_normal(light.shape, np.float32)
    if variant.grain:
        noise = cv2.GaussianBlur(noise, (0, 0), variant.grain)
        noise /= noise.std()
    at_mid_grey = (variant.noise / camera.CODES_AT_MID_GREY) ** 2
    photons = (1 - camera.READ_SHARE) / camera.MID_GREY * np.clip(light, 0, 1)
    return noise * np.sqrt(np.float32(at_mid_grey) * (photons + np.float32(camera.READ_SHARE)))


def _encoded(luma: Luma, quality: int) -> bytes:
    if quality:
        return camera.jpeg(luma, quality)
    buffer = io.BytesIO()
    Image.fromarray(luma).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
