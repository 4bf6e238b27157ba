"""What is measured of a picture: numbers, and maps. It loads no Numba, which a report does not need."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from imagegate.privacy import Unprinted


class Measurements(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The numbers of one picture; `imagegate.metrics.METRICS` gives each one's unit and meaning. NaN: cannot tell.

    Two are equal where every number is, NaN being equal to NaN.
    """

    width: int
    height: int
    working_width: int
    working_height: int
    laplacian_variance: float
    blur_radius: float
    blur_score: float
    motion_ratio: float
    motion_angle: float
    noise_sigma: float
    sharp_share: float
    centre_sharpness: float
    luma_mean: float
    luma_p02: float
    luma_p98: float
    dark_share: float
    bright_share: float
    glare_share: float
    contrast: float
    entropy: float
    unevenness: float
    colour_cast: float
    skin_share: float
    jpeg_quality: float
    blockiness: float

    def to_dict(self) -> dict[str, float | None]:
        """Name to number, None for NaN."""
        numbers = msgspec.structs.asdict(self)
        return {name: None if math.isnan(number) else number for name, number in numbers.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measurements) and self.to_dict() == other.to_dict()

    # msgspec's own does not ask __eq__.
    __ne__ = object.__ne__

    def __hash__(self) -> int:
        return hash(tuple(self.to_dict().values()))


class Maps(Unprinted, frozen=True, kw_only=True, eq=False):
    """Where in the picture: what `check(..., detail=True)` keeps.

    Attributes:
        luma: The working picture's luma, (h, w) uint8, not turned by its EXIF orientation.
        rgb: Its colours, (H, W, 3) uint8, of up to twice the sides of luma; None for a grey picture.
        blur_radius: (h // 32, w // 32) float32, one value a tile, in pixels of a 1000-pixel picture; NaN where there
            is no texture to judge by.
        orientation: EXIF orientation that turns all of these as the picture is seen.
    """

    luma: NDArray[np.uint8]
    rgb: NDArray[np.uint8] | None
    blur_radius: NDArray[np.float32]
    orientation: int
