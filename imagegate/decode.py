"""Bytes and Header to Picture: luma and colour at the working size, from one strict decode."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import cv2
import numpy as np
import PIL.Image
import simplejpeg

from imagegate import heif
from imagegate.causes import Unreadable
from imagegate.header import Header, png
from imagegate.intake import Received
from imagegate.integrity import (
    check_png_chunks,
    check_png_stream,
    essential_png,
    jpeg_failure,
    png_rows,
    tidied_jpeg,
)
from imagegate.kernels import luma_of, unfilter
from imagegate.pil import samples_of
from imagegate.privacy import Unprinted
from imagegate.reduction import (
    LARGEST_SIDE,
    SMALLEST_SIDE,
    Pixels,
    Samples,
    eighths,
    halved,
    reduced_luma,
    strips,
)
from imagegate.traces import check_stairs
from imagegate.words import Phrase

DECODER_FACTORS: Final = (8, 4, 2)
BLOCK: Final = 8  # pixels of a side in a JPEG
BITS: Final = 8
CHANNELS: Final = {"GRAY": 1, "RGB": 3, "CMYK": 4}
MIDDLE: Final = 128
WHITE: Final = 255
GREY: Final = 2  # dimensions of (H, W)
RGB: Final = 3  # channels
RGBA: Final = 4
# Without a turn to BGR, which takes a twentieth of the time; what may have alpha has to be asked for as it is.
OPAQUE: Final = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
# The bounds that OpenCV sets itself (CV_IO_MAX_IMAGE_WIDTH and _PIXELS).
OPENCV_SIDE: Final = 1 << 20
OPENCV_PIXELS: Final = 1 << 30


class Picture(Unprinted, frozen=True, kw_only=True):
    """A picture as it is measured: never enlarged, not turned by its EXIF orientation.

    Attributes:
        luma: (h, w) uint8, C-contiguous, writable; BT.601 luma of gamma-coded light.
        rgb: (H, W, 3) uint8, C-contiguous, of up to twice the sides of luma: no number depends on its detail, and to
            reduce it would take twice as long as to reduce luma. None for a grey picture.
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
    if header.format == "heic":
        return _picture(_from_pil(heif.opened(data)))
    factor = decoder_factor(header.long_side)
    unscaled = factor == 1 and header.long_side <= LARGEST_SIDE
    return _picture(_decode_jpeg(data, header, factor, strict=strict), jpeg_grid=unscaled)


def decoder_factor(long_side: int) -> int:
    """The largest of the JPEG decoder's own fast reductions that still fills the working size."""
    return next((factor for factor in DECODER_FACTORS if -(-long_side // factor) >= SMALLEST_SIDE), 1)


def _decode_jpeg(data: memoryview, header: Header, factor: int, *, strict: bool) -> Pixels:
    space = {"grey": "GRAY", "cmyk": "CMYK", "ycck": "CMYK"}.get(header.colour_space, "RGB")
    height, width = -(-header.height // factor), -(-header.width // factor)
    # What is saved of a damaged JPEG may be nothing: then simplejpeg's own buffer shows what memory held before,
    # which can be another patient's photo. libjpeg-turbo fills with the same grey.
    grey = None if strict else np.full((height, width, CHANNELS[space]), MIDDLE, np.uint8)
    # The fast chroma upsampling does not touch luma, which is what is judged at pixel level.
    options = {"min_height": height, "min_width": width, "buffer": grey, "strict": strict}
    decode = partial(simplejpeg.decode_jpeg, colorspace=space, fastupsample=True, **options)
    pixels = _decode_or_tidy(decode, data)
    if space == "CMYK":
        pixels = _from_cmyk(pixels, inverted=header.adobe)
    if strict:
        quantum = max((table[0] for table in header.quantisation if table), default=1)
        rgb = pixels.repeat(RGB, axis=2) if space == "GRAY" else pixels
        check_stairs(rgb, BLOCK * header.unit_blocks // factor, quantum)
    return pixels[:, :, 0] if space == "GRAY" else pixels


def _decode_or_tidy(decode: Callable[[memoryview], Pixels], data: memoryview) -> Pixels:
    """What the decoder makes of a JPEG, or of it tidied: once, for each further time would copy all of the file."""
    try:
        return decode(data)
    except ValueError as error:
        message = str(error)
    tidy = tidied_jpeg(data, message)
    if tidy is None:
        raise jpeg_failure(data, message)
    try:
        return decode(tidy)
    except ValueError as error:
        raise jpeg_failure(tidy, str(error)) from None


def _from_cmyk(pixels: Pixels, *, inverted: bool) -> Pixels:
    """CMYK to RGB as Pillow does it: no profile, ink on white. Adobe stores ink as 255 - ink."""
    light = pixels if inverted else WHITE - pixels
    black = light[:, :, 3:].astype(np.uint16)
    return ((light[:, :, :3] * black + WHITE // 2) // WHITE).astype(np.uint8)


def _decode_png(data: memoryview, header: Header) -> Samples:
    """Pixels of a PNG that was found whole before.

    libpng would inflate a stream to its end however long it is, and write to standard error what ails it. So it is
    inflated here, and the rows of common PNGs made pixels: together that takes as long as OpenCV (0.99 to 1.09 of it).
    Others are inflated twice.
    """
    chunks = check_png_chunks(data)
    if header.long_side > OPENCV_SIDE or header.pixels > OPENCV_PIXELS:
        raise Unreadable("image_too_large", Phrase("The picture is larger than the PNG decoder can read."))
    ihdr = png.read_ihdr(data)
    opaque = header.channels == RGB and all(chunk.kind != b"tRNS" for chunk in chunks)
    common = ihdr.colour_type in {png.GREY, png.RGB_ALPHA} or (ihdr.colour_type == png.RGB and opaque)
    try:
        if common and ihdr.depth == BITS and not ihdr.interlace:
            pixels = _unfiltered(data, ihdr)
            return _over_white(pixels) if ihdr.colour_type == png.RGB_ALPHA else _opaque_grey(pixels, data)
        pixels = _by_opencv(data, chunks, OPAQUE if opaque else cv2.IMREAD_UNCHANGED)
    except (cv2.error, MemoryError):
        raise Unreadable("image_too_large", Phrase("The PNG decoder has not enough memory for the picture.")) from None
    if opaque:
        return pixels
    return _opaque_grey(pixels, data) if pixels.ndim == GREY else _opaque_colour(pixels)


def _unfiltered(data: memoryview, ihdr: png.Ihdr) -> Pixels:
    """(H, W) or (H, W, samples) of a PNG of 8 bits that is not interlaced, as a view of its rows."""
    samples = png.COLOUR_TYPES[ihdr.colour_type].samples
    rows = np.frombuffer(png_rows(data), np.uint8).reshape(ihdr.height, -1)
    if unfilter(rows, samples) < ihdr.height:
        raise Unreadable("image_corrupt", Phrase("The PNG decoder could not read the pixels."))
    return rows[:, 1:] if samples == 1 else rows[:, 1:].reshape(ihdr.height, ihdr.width, samples)


def _by_opencv(data: memoryview, chunks: list[png.Chunk], flags: int) -> Samples:
    silent = essential_png(data, chunks, check_png_stream(data))
    pixels: Samples | None = cv2.imdecode(np.frombuffer(silent, np.uint8), flags)
    if pixels is None:
        raise Unreadable("image_corrupt", Phrase("The PNG decoder could not read the pixels."))
    return pixels


def _opaque_grey(pixels: Samples, data: memoryview) -> Samples:
    """Over white; OpenCV knows no transparent level of grey, and of what is not grey there is none."""
    level = png.transparent_grey(data)
    if level is not None:
        pixels[pixels == level] = np.iinfo(pixels.dtype).max
    return pixels


def _opaque_colour(pixels: Samples) -> Samples:
    """BGR, or BGRA laid over white, to RGB; reduced before that, which spares a copy of the whole picture."""
    bgr = halved(_over_white(pixels) if pixels.shape[2] == RGBA else pixels)
    rgb = np.empty(bgr.shape, bgr.dtype)
    for rows in strips(bgr.shape):
        rgb[rows] = cv2.cvtColor(np.ascontiguousarray(bgr[rows]), cv2.COLOR_BGR2RGB)
    return rgb


def _over_white(samples: Samples) -> Samples:
    """Colours laid over white by their alpha (not premultiplied), rounded: (H, W, 4) to (H, W, 3), same dtype.

    By OpenCV, which takes a fifth of the time of NumPy.
    """
    white = np.iinfo(samples.dtype).max
    if samples[:, :, 3].min() == white:
        return samples[:, :, :3]
    over = np.empty((*samples.shape[:2], 3), samples.dtype)
    for rows in strips(samples.shape):
        strip = samples[rows]
        alpha = cv2.cvtColor(strip[:, :, 3], cv2.COLOR_GRAY2BGR)
        over[rows] = cv2.multiply(strip[:, :, :3], alpha, scale=1 / white) + (white - alpha)
    return over


def _from_pil(image: PIL.Image.Image) -> Samples:
    """The pixels of a PIL image of any mode; alpha is laid over white, as for a PNG."""
    samples = samples_of(image)
    return _over_white(samples) if samples.ndim > GREY and samples.shape[2] == RGBA else samples


def _picture(samples: Samples, *, jpeg_grid: bool = False) -> Picture:
    """Luma is made before the last reduction, as it alone is reduced; writable: kernels compile once."""
    pixels = np.require(_to_8_bits(halved(samples)), requirements=("C", "W"))
    rgb = None if pixels.ndim == GREY else pixels
    luma = pixels if rgb is None else luma_of(rgb)
    return Picture(luma=reduced_luma(luma, eighths(max(luma.shape))), rgb=rgb, jpeg_grid=jpeg_grid)


def _to_8_bits(samples: Samples) -> Pixels:
    """16 bits to 8 by value / 257, rounded: 65535 is 255 and 0 is 0."""
    if samples.dtype == np.uint16:
        samples = (samples.astype(np.uint32) + 128) // 257
    return samples.astype(np.uint8, copy=False)
