"""Bytes and Header to Picture: luma and colour at the working size, from one strict decode."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from imagegate.causes import Unreadable
from imagegate.header.png import transparent_grey
from imagegate.integrity import check_png_chunks, check_png_stream, essential_png, jpeg_failure
from imagegate.kernels import luma_of
from imagegate.pil import samples_of
from imagegate.privacy import Unprinted

if TYPE_CHECKING:
    import PIL.Image

    from imagegate.header import Header
    from imagegate.intake import Received

Pixels: TypeAlias = NDArray[np.uint8]
Samples: TypeAlias = NDArray[Any]  # uint8 or uint16

WORKING_SIDE: Final = 1000
# A decoder scale that ends between these is measured as it is: resampling would blur what is to be measured.
SMALLEST_SIDE: Final = 900
LARGEST_SIDE: Final = 1100
# Blur before resampling by a factor f, in pixels over sqrt(f^2 - 1). With it a photo keeps its radius, whatever its
# size; areas (INTER_AREA) soften by up to a pixel, which is what a photo is rejected for, and take eight times as long.
SOFTENING: Final = 0.35
DECODER_FACTORS: Final = (8, 4, 2)
WHITE: Final = 255
GREY: Final = 2  # dimensions of (H, W)
RGBA: Final = 4  # channels
STRIP: Final = 64  # rows
# The bounds that OpenCV sets itself (CV_IO_MAX_IMAGE_WIDTH and _PIXELS).
OPENCV_SIDE: Final = 1 << 20
OPENCV_PIXELS: Final = 1 << 30


class Picture(Unprinted, frozen=True, kw_only=True):
    """A picture as it is measured: never enlarged, not turned by its EXIF orientation.

    Attributes:
        luma: (h, w) uint8, C-contiguous, writable; BT.601 luma of gamma-coded light.
        rgb: (h, w, 3) uint8, C-contiguous; None for a grey picture.
        jpeg_grid: True where the pixels still lie on the 8-pixel grid of a JPEG.
    """

    luma: Pixels
    rgb: Pixels | None
    jpeg_grid: bool = False


def decode(received: Received, header: Header, *, strict: bool = True) -> Picture:
    """Decode a picture at the working size.

    Args:
        received: The encoded picture, or its pixels.
        header: What is known of it; its size was held against the policy before.
        strict: Refuse a damaged JPEG; False saves what can be saved of it.

    Raises:
        Unreadable: The stream is damaged (`image_truncated`, `image_corrupt`).
    """
    pixels = received.pixels
    if isinstance(pixels, np.ndarray):
        # A copy of what would not be reduced: the maps must not change with the caller's array.
        return _picture(pixels.copy() if max(pixels.shape) <= LARGEST_SIDE else pixels)
    if pixels is not None:
        return _picture(_from_pil(pixels))
    data = received.data or memoryview(b"")
    if header.format == "png":
        return _picture(_decode_png(data, header))
    factor = decoder_factor(header.long_side)
    unscaled = factor == 1 and header.long_side <= LARGEST_SIDE
    return _picture(_decode_jpeg(data, header, factor, strict=strict), jpeg_grid=unscaled)


def decoder_factor(long_side: int) -> int:
    """The largest of the JPEG decoder's own reductions that still fills the working size."""
    return next((factor for factor in DECODER_FACTORS if -(-long_side // factor) >= SMALLEST_SIDE), 1)


def _decode_jpeg(data: memoryview, header: Header, factor: int, *, strict: bool) -> Pixels:
    space = {"grey": "GRAY", "cmyk": "CMYK", "ycck": "CMYK"}.get(header.colour_space, "RGB")
    try:
        # The fast chroma upsampling does not touch luma, which is what is judged at pixel level.
        pixels: Pixels = simplejpeg.decode_jpeg(
            data,
            space,
            fastupsample=True,
            min_height=-(-header.height // factor),
            min_width=-(-header.width // factor),
            strict=strict,
        )
    except ValueError as error:
        raise jpeg_failure(data, str(error)) from None
    if space == "GRAY":
        return pixels[:, :, 0]
    return _from_cmyk(pixels, inverted=header.adobe) if space == "CMYK" else pixels


def _from_cmyk(pixels: Pixels, *, inverted: bool) -> Pixels:
    """CMYK to RGB as Pillow does it: no profile, ink on white. Adobe stores ink as 255 - ink."""
    light = pixels if inverted else WHITE - pixels
    black = light[:, :, 3:].astype(np.uint16)
    return ((light[:, :, :3] * black + WHITE // 2) // WHITE).astype(np.uint8)


def _decode_png(data: memoryview, header: Header) -> Samples:
    """Checksums first, as OpenCV checks none; inflating a second time (40 % of a decode) only names what failed."""
    check_png_chunks(data)
    if header.long_side > OPENCV_SIDE or header.pixels > OPENCV_PIXELS:
        raise Unreadable("image_too_large", "The picture is larger than the PNG decoder can read.")
    try:
        pixels: Samples | None = cv2.imdecode(np.frombuffer(essential_png(data), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        raise Unreadable("image_too_large", "The PNG decoder has not enough memory for the picture.") from None
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        check_png_stream(data)
        raise Unreadable("image_corrupt", "The PNG decoder could not read the pixels.")
    if pixels.ndim == GREY:
        # OpenCV knows no transparent level of grey.
        level = transparent_grey(data)
        if level is not None:
            pixels[pixels == level] = np.iinfo(pixels.dtype).max
        return pixels
    if pixels.shape[2] == RGBA:
        pixels = _over_white(pixels)
    # Halved before its channels are turned, which spares a copy of the whole picture.
    return cv2.cvtColor(np.ascontiguousarray(_halved(pixels)), cv2.COLOR_BGR2RGB)


def _over_white(samples: Samples) -> Samples:
    """Colours laid over white by their alpha (not premultiplied), rounded: (H, W, 4) to (H, W, 3), same dtype.

    By strips, so that no wide copy of the whole picture is made; by OpenCV, which takes a fifth of the time of NumPy.
    """
    white = np.iinfo(samples.dtype).max
    if samples[:, :, 3].min() == white:
        return samples[:, :, :3]
    over = np.empty((*samples.shape[:2], 3), samples.dtype)
    for top in range(0, len(samples), STRIP):
        strip = samples[top : top + STRIP]
        alpha = cv2.cvtColor(strip[:, :, 3], cv2.COLOR_GRAY2BGR)
        over[top : top + STRIP] = cv2.multiply(strip[:, :, :3], alpha, scale=1 / white) + (white - alpha)
    return over


def _from_pil(image: PIL.Image.Image) -> Samples:
    """The pixels of a PIL image of any mode; alpha is laid over white, as for a PNG."""
    samples = samples_of(image)
    return _over_white(samples) if samples.ndim > GREY and samples.shape[2] == RGBA else samples


def _picture(samples: Samples, *, jpeg_grid: bool = False) -> Picture:
    """Luma is made before the last reduction, as it alone need be reduced with care; writable: kernels compile once."""
    pixels = np.require(_to_8_bits(_halved(samples)), requirements=("C", "W"))
    if pixels.ndim == GREY:
        return Picture(luma=reduced_luma(pixels), rgb=None, jpeg_grid=jpeg_grid)
    return Picture(luma=reduced_luma(luma_of(pixels)), rgb=_reduced_rgb(pixels), jpeg_grid=jpeg_grid)


def _halved(samples: Samples) -> Samples:
    """Means of 2x2 until at most twice the working size is left: OpenCV's only fast reduction by areas."""
    while max(samples.shape[:2]) > 2 * WORKING_SIDE:
        height, width = (max(1, side // 2) for side in samples.shape[:2])
        even = np.ascontiguousarray(samples[: 2 * height, : 2 * width])
        samples = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return samples


def reduced_luma(luma: Pixels, long_side: int = WORKING_SIDE, *, least: int = LARGEST_SIDE) -> Pixels:
    """Reduce (H, W) uint8 luma of more than `least` pixels by up to 2, as sharp as the decoder's own reductions."""
    if max(luma.shape) <= least:
        return luma
    factor = max(luma.shape) / long_side
    soft = cv2.GaussianBlur(luma, (5, 5), SOFTENING * math.sqrt(factor**2 - 1))
    return np.asarray(cv2.resize(soft, _size(luma, long_side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _reduced_rgb(rgb: Pixels) -> Pixels:
    if max(rgb.shape) <= LARGEST_SIDE:
        return rgb
    return np.asarray(cv2.resize(rgb, _size(rgb, WORKING_SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _size(pixels: Pixels, long_side: int) -> tuple[int, int]:
    """Width and height at which the longer is `long_side`."""
    height, width = (max(1, round(side * long_side / max(pixels.shape[:2]))) for side in pixels.shape[:2])
    return width, height


def _to_8_bits(samples: Samples) -> Pixels:
    """16 bits to 8 by value / 257, rounded: 65535 is 255 and 0 is 0."""
    if samples.dtype == np.uint16:
        samples = (samples.astype(np.uint32) + 128) // 257
    return samples.astype(np.uint8, copy=False)
