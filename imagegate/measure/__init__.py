"""Picture to Measurements: every number a rule or a person may want, and the maps behind them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np  # noqa: TC002 - msgspec reads the annotations of Maps
from numpy.typing import NDArray  # noqa: TC002 - likewise

from imagegate.kernels import laplacian_sums
from imagegate.measure.colour import colour
from imagegate.measure.compression import compression
from imagegate.measure.descriptors import Source
from imagegate.measure.exposure import exposure
from imagegate.measure.focus import focus
from imagegate.privacy import Unprinted

if TYPE_CHECKING:
    from imagegate.decode import Picture
    from imagegate.header import Header


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


def measure(picture: Picture, header: Header) -> tuple[Measurements, Maps]:
    """Measure a picture at its working size."""
    compressed = compression(picture.luma, header.quantisation, jpeg_grid=picture.jpeg_grid)
    source = Source(
        jpeg_grid=picture.jpeg_grid,
        jpeg_quality=compressed.jpeg_quality,
        scaled=max(picture.luma.shape) < header.long_side,
    )
    focused = focus(picture.luma, source)
    height, width = picture.luma.shape
    measurements = Measurements(
        width=header.seen_width,
        height=header.seen_height,
        working_width=width,
        working_height=height,
        laplacian_variance=laplacian_variance(picture.luma),
        **{**focused.numbers(), "motion_angle": seen_angle(focused.motion_angle, header.orientation)},
        **exposure(picture.luma)._asdict(),
        **colour(picture.rgb)._asdict(),
        **compressed._asdict(),
    )
    maps = Maps(luma=picture.luma, rgb=picture.rgb, blur_radius=focused.radius_map, orientation=header.orientation)
    return measurements, maps


def seen_angle(angle: float, orientation: int) -> float:
    """A direction in the stored picture, in degrees counter-clockwise from the x-axis, as a viewer shows it: 0 to 180.

    Orientation is EXIF's (2.32, tag 0x0112): 2 and 4 mirror, 6 and 8 turn by a quarter, 5 and 7 do both.
    """
    if orientation in {2, 4, 5, 7}:
        angle = -angle
    return (angle + (90.0 if orientation in {5, 6, 7, 8} else 0.0)) % 180.0


def laplacian_variance(luma: NDArray[np.uint8]) -> float:
    """Variance of the 4-neighbour Laplacian of (H, W) uint8 luma, from exact integer sums.

    The measure of Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000. It is of the
    working size: of the same scene at native size it is another number, so a limit stated for native pixels does
    not carry over.
    """
    total, squares = laplacian_sums(luma)
    return (squares * luma.size - total * total) / luma.size**2
