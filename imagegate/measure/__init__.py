"""Picture to Measurements: every number a rule or a person may want, and the maps behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegate.decode import Picture
from imagegate.header import Header
from imagegate.kernels import laplacian_sums
from imagegate.measure.colour import colour
from imagegate.measure.compression import compression
from imagegate.measure.descriptors import Source
from imagegate.measure.exposure import exposure
from imagegate.measure.focus import focus
from imagegate.measurements import Maps, Measurements


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
