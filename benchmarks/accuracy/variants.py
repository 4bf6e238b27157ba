"""What is done to a sharp photo before the gates see it: VARIANTS, through the camera model of tests/samples."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.samples import camera
from tests.samples.skin import srgb_to_linear

if TYPE_CHECKING:
    import pathlib

    from tests.samples.camera import Picture, Scene

SEED = 20
LARGEST = 2000  # long side at which photos are degraded; larger ones are reduced to it first
BLUR = frozenset({"image_blurred", "motion_blurred"})
# A new exposure is a new picture on the sensor, with noise of its own: 8-bit codes at mid-grey, a good camera.
SENSOR = 2.0
FULL_COLOUR, HALF_COLOUR = 0, 2  # Pillow's names for 4:4:4 and 4:2:0


@dataclass(frozen=True)
class Variant:
    """One degradation, in the order of the light.

    Attributes:
        name: As in the tables.
        right: Codes of the causes that are of the right kind; empty for a variant that must pass.
        light_left: Share of the contrast that haze leaves; the rest becomes a veil of the scene's mean light.
        defocus: Radius of the disk, in pixels of a 1000-pixel picture.
        motion: Length of the shake, in the same unit; its angle is the photo's.
        ev: Exposure, in stops.
        noise: Standard deviation at mid-grey, in 8-bit codes.
        scale: Reduction of the picture before it is stored.
        quality: Of the JPEG, 4:4:4 at 92 and 4:2:0 below, as encoders have it.
        untouched: Hand over the file itself.
    """

    name: str
    right: frozenset[str] = frozenset()
    light_left: float = 1.0
    defocus: float = 0.0
    motion: float = 0.0
    ev: float = 0.0
    noise: float = 0.0
    scale: float = 1.0
    quality: int = 92
    untouched: bool = False

    @property
    def acceptable(self) -> bool:
        return not self.right

    @property
    def blurred(self) -> bool:
        return self.right == BLUR


VARIANTS = (
    Variant("as is", untouched=True),
    Variant("half size", scale=0.5),
    Variant("JPEG 60", quality=60),
    Variant("noise 3", noise=3),
    Variant("-1 EV", ev=-1, noise=SENSOR),
    Variant("+0.5 EV", ev=0.5, noise=SENSOR),
    Variant("defocus 1.5", BLUR, defocus=1.5),
    Variant("defocus 3", BLUR, defocus=3),
    Variant("defocus 6", BLUR, defocus=6),
    Variant("motion 8", BLUR, motion=8),
    Variant("motion 16", BLUR, motion=16),
    Variant("motion 32", BLUR, motion=32),
    Variant("defocus 4, noise 8", BLUR, defocus=4, noise=8),
    Variant("defocus 4, -2 EV", BLUR, defocus=4, ev=-2, noise=SENSOR),
    Variant("defocus 4, JPEG 40", BLUR, defocus=4, quality=40),
    Variant("dark, -4.5 EV", frozenset({"underexposed"}), ev=-4.5, noise=SENSOR),
    Variant("bright, +3 EV", frozenset({"overexposed"}), ev=3, noise=SENSOR),
    Variant("haze, 15 % of contrast left", frozenset({"low_contrast"}), light_left=0.15, noise=SENSOR),
)


@dataclass(frozen=True)
class Photo:
    """A photo before it is degraded: its file, its light (long side at most LARGEST), the angle of its shake."""

    name: str
    data: bytes
    scene: Scene
    angle: float

    @property
    def unit(self) -> float:
        """Pixels of this photo in one of a 1000-pixel picture."""
        return float(max(self.scene.shape[:2])) / 1000


def load(path: pathlib.Path) -> Photo:
    """Read a photo; the angle follows from its name, so that a photo is degraded alike in any company."""
    data = path.read_bytes()
    scene = to_light(decode(data, path.name))
    scale = LARGEST / max(scene.shape[:2])
    return Photo(path.name, data, reduced(scene, scale) if scale < 1 else scene, stream(path.name).uniform(0, 180))


def render(photo: Photo, variant: Variant) -> bytes:
    """Degrade and store."""
    if variant.untouched:
        return photo.data
    scene = photo.scene
    if variant.light_left < 1:
        scene = camera.haze(scene, 1 - variant.light_left)
    if variant.defocus:
        scene = camera.defocus(scene, variant.defocus * photo.unit)
    if variant.motion:
        scene = camera.motion(scene, variant.motion * photo.unit, photo.angle)
    if variant.scale < 1:
        scene = reduced(scene, variant.scale)
    exposed = camera.expose(scene, variant.ev)
    return stored(camera.sensor(exposed, variant.noise, stream(photo.name, variant.name)), variant.quality)


def stored(rgb: Picture, quality: int = 92) -> bytes:
    return camera.jpeg(rgb, quality, subsampling=FULL_COLOUR if quality >= 90 else HALF_COLOUR)


def decode(data: bytes, name: str = "a picture") -> Picture:
    """RGB as a viewer shows it (EXIF orientation applied)."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{name} could not be decoded")
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)


def to_light(rgb: Picture) -> Scene:
    return srgb_to_linear(np.arange(256, dtype=np.float32) / np.float32(255))[rgb].astype(np.float32)


def reduced(scene: Scene, scale: float) -> Scene:
    """Reduce by averaging light over areas, as larger photosites would."""
    height, width = (round(side * scale) for side in scene.shape[:2])
    return np.asarray(cv2.resize(scene, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def stream(*names: str) -> np.random.Generator:
    """Random numbers that depend on these names and SEED alone."""
    return np.random.default_rng([SEED, *(zlib.crc32(name.encode()) for name in names)])
