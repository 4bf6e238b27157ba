"""PIL images: the modes that are taken, what is known of an image undecoded, its file, and its samples."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from imagegate.causes import Unreadable
from imagegate.header import Header, exif, sniff
from imagegate.words import Phrase

Samples: TypeAlias = NDArray[Any]  # uint8 or uint16

# Formats of PIL images whose file is read as any other is. MPO is a JPEG with more pictures behind it.
_FILES: Final = MappingProxyType({"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png"})
# The second pictures of MPO and HEIF, the pages of TIFF and the layers of PSD do not play one after another.
_PLAYING: Final = ("GIF", "PNG", "WEBP", "AVIF", "FLI")
_DEEPEST: Final = 65535
_OPAQUE: Final = 255


class Mode(NamedTuple):
    """One mode of PIL.

    Attributes:
        channels: As in Header.
        bit_depth: As in Header.
        colour_space: As in Header.
        steps: Modes it is converted to, one after the other, before its samples are taken.
    """

    channels: int
    bit_depth: int
    colour_space: str
    steps: tuple[str, ...] = ()


# F has no white, so it is not taken. I holds what was read from 16-bit files.
MODES: Final = MappingProxyType(
    {
        "1": Mode(1, 1, "grey", ("L",)),
        "L": Mode(1, 8, "grey"),
        "I": Mode(1, 16, "grey"),
        "I;16": Mode(1, 16, "grey"),
        "I;16L": Mode(1, 16, "grey"),
        "I;16B": Mode(1, 16, "grey"),
        "I;16N": Mode(1, 16, "grey"),
        "LA": Mode(2, 8, "grey", ("RGBA",)),
        "La": Mode(2, 8, "grey", ("LA", "RGBA")),
        "P": Mode(3, 8, "palette"),
        "PA": Mode(4, 8, "palette"),
        "RGB": Mode(3, 8, "rgb"),
        "RGBX": Mode(3, 8, "rgb", ("RGB",)),
        "RGBA": Mode(4, 8, "rgb"),
        "RGBa": Mode(4, 8, "rgb", ("RGBA",)),
        "CMYK": Mode(4, 8, "cmyk", ("RGB",)),
        "YCbCr": Mode(3, 8, "ycbcr", ("RGB",)),
        "HSV": Mode(3, 8, "hsv", ("RGB",)),
        "LAB": Mode(3, 8, "lab", ("RGB",)),
    }
)


def of_pil(image: PIL.Image.Image) -> Header:
    """The header of a PIL image; nothing is decoded, a lazily opened file stays so.

    Raises:
        ValueError: Its mode is none of MODES.
        Unreadable: The image has no pixels.
    """
    mode = _mode_of(image)
    if not image.width or not image.height:
        raise Unreadable("image_missing", Phrase("The picture has no pixels."))
    orientation, gps_tags = _exif_of(image)
    return Header(
        format="pil",
        width=image.width,
        height=image.height,
        orientation=orientation,
        bit_depth=mode.bit_depth,
        channels=mode.channels,
        frames=_frames_of(image),
        gps_tags=gps_tags,
        colour_space=mode.colour_space,
    )


def encoded_of(image: PIL.Image.Image, read: Callable[[Any], memoryview]) -> memoryview | None:
    """The file that a PIL image was opened from, while it has not been decoded; None where there is none.

    Pillow decodes damaged JPEGs and PNGs without a word, so such a file is better read as a file. The image stays as
    usable as it was.

    Args:
        image: A PIL image.
        read: Reads a binary file from where it stands, as much of it as the caller is ready to read.
    """
    kind = _FILES.get(image.format or "")
    file = getattr(image, "fp", None)
    # A draft is a smaller picture than its file, and a later frame another one.
    if kind is None or file is None or _is_loaded(image) or getattr(image, "decoderconfig", None) or image.tell():
        return None
    try:
        data = _read_from_start(file, read)
    except (OSError, ValueError):  # closed, or damaged below: loading the image tells which
        return None
    return data if sniff(data) == kind else None


def samples_of(image: PIL.Image.Image) -> Samples:
    """The samples of a PIL image, which is decoded if it was not.

    Returns:
        (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, not premultiplied; uint16 where the mode has 16 bits, else uint8.
        A transparent level or colour is painted white. May be read-only.

    Raises:
        ValueError: Its mode is none of MODES, or its file was closed before it was decoded.
        Unreadable: It cannot be decoded (`image_truncated`, `image_corrupt`).
    """
    _load(image)
    mode = _mode_of(image)
    if mode.colour_space == "palette":
        return _looked_up(image)
    key = image.info.get("transparency")
    for step in mode.steps:
        image = image.convert(step)
    samples: Samples = np.asarray(image)
    if mode.bit_depth > 8:  # noqa: PLR2004
        # Mode I has 32 bits; what lies outside of 16 is clipped, as Pillow does on saving.
        samples = np.clip(samples, 0, _DEEPEST).astype(np.uint16)
    return _painted(samples, key)


def _mode_of(image: PIL.Image.Image) -> Mode:
    mode = MODES.get(image.mode)
    if mode is None:
        raise ValueError(f"image must be in one of PIL's modes {', '.join(MODES)}; got mode {image.mode}")
    return mode


def _exif_of(image: PIL.Image.Image) -> exif.Exif:
    """Read as a file's is: Pillow's own reader raises and warns on what is damaged.

    A TIFF has none here, and needs none for its orientation, because Pillow turns it itself.
    """
    block = image.info.get("exif")
    return exif.read(exif.without_prefix(memoryview(block))) if isinstance(block, bytes) else exif.Exif()


def _frames_of(image: PIL.Image.Image) -> int:
    """Frames of what plays; 1 where they cannot be counted."""
    if image.format not in _PLAYING:
        return 1
    # To count a GIF's frames rewinds it, which would undo what was drawn on it since it was decoded.
    if _is_loaded(image) and "n_frames" not in vars(image):
        return 1
    try:
        return max(1, getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001 - what a plugin raises of a damaged or closed file is not documented
        return 1


def _is_loaded(image: PIL.Image.Image) -> bool:
    """Whether an image has its pixels: tiles are what a lazily opened one has still to decode."""
    return not getattr(image, "tile", None)


def _read_from_start(file: Any, read: Callable[[Any], memoryview]) -> memoryview:
    at = file.tell()
    try:
        file.seek(0)
        return read(file)
    finally:
        file.seek(at)


def _load(image: PIL.Image.Image) -> None:
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - what a plugin raises of a damaged file is not documented
        if "closed" in str(error) or not (_is_loaded(image) or getattr(image, "fp", None)):
            raise ValueError("image must be open, but it was closed") from None
        raise Unreadable(damage_of(error), Phrase("Pillow could not decode the picture.")) from None


def damage_of(error: Exception) -> str:
    """Code of the cause for what Pillow or one of its plugins raised of a damaged file."""
    said = str(error)
    short = isinstance(error, EOFError) or "truncated" in said or "end of file" in said
    return "image_truncated" if short else "image_corrupt"


def _looked_up(image: PIL.Image.Image) -> Samples:
    """Palette indices to RGBA; not by Pillow's `convert`, which writes the transparency into the caller's palette."""
    indices = np.asarray(image)
    if image.mode == "P":
        return _table_of(image).take(indices, axis=0)
    samples = _table_of(image).take(indices[:, :, 0], axis=0)
    samples[:, :, 3] = indices[:, :, 1]
    return samples


def _table_of(image: PIL.Image.Image) -> NDArray[np.uint8]:
    """RGBA of the 256 indices, (256, 4); what the palette does not have is black, as Pillow takes it."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = _OPAQUE
    try:
        stated = np.array(image.getpalette("RGBA") or (), np.uint8).reshape(-1, 4)
    except ValueError:
        raise ValueError(
            f"image must have a palette of RGB or RGBA, and not as this one of mode {image.mode}"
        ) from None
    table[: len(stated)] = stated
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        table[: len(transparency), 3] = np.frombuffer(transparency[: len(table)], np.uint8)
    elif isinstance(transparency, int) and transparency in range(len(table)):
        table[transparency, 3] = 0
    return table


def _painted(samples: Samples, key: object) -> Samples:
    """White where a sample has the transparent level, an int, or colour, a tuple; what is neither is no key."""
    levels = key if isinstance(key, tuple) else (key,)
    planes = np.atleast_3d(samples)
    if len(levels) != planes.shape[2] or not all(isinstance(level, int) for level in levels):
        return samples
    clear = np.logical_and.reduce([planes[:, :, channel] == level for channel, level in enumerate(levels)])
    return np.where(clear[:, :, np.newaxis], np.iinfo(samples.dtype).max, planes).reshape(samples.shape)
