"""The header of a picture that was handed over decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from imagegate.causes import Unreadable
from imagegate.header.model import Header

if TYPE_CHECKING:
    import numpy as np
    import PIL.Image

ORIENTATION: Final = 0x0112
GPS_DIRECTORY: Final = 0x8825
COLOUR_SPACES: Final = {"1": "grey", "L": "grey", "P": "palette", "CMYK": "cmyk", "YCbCr": "ycbcr"}


def of_array(array: np.ndarray[Any, Any]) -> Header:
    """The header of an array, (H, W) or (H, W, 3)."""
    grey = array.ndim == 2  # noqa: PLR2004 - (H, W)
    return Header(
        format="array",
        width=array.shape[1],
        height=array.shape[0],
        bit_depth=8 * array.itemsize,
        channels=1 if grey else 3,
        colour_space="grey" if grey else "rgb",
    )


def of_pil(image: PIL.Image.Image) -> Header:
    """The header of a PIL image; nothing is decoded, a lazily opened file stays so.

    Raises:
        Unreadable: The image has no pixels.
    """
    if not image.width or not image.height:
        raise Unreadable("image_missing", "The picture has no pixels.")
    exif = image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    return Header(
        format="pil",
        width=image.width,
        height=image.height,
        orientation=orientation if orientation in range(1, 9) else 1,
        bit_depth=16 if image.mode in {"I", "F"} or image.mode.startswith("I;16") else 8,
        channels=len(image.getbands()),
        frames=getattr(image, "n_frames", 1),
        gps_tags=len(exif.get_ifd(GPS_DIRECTORY)),
        colour_space=COLOUR_SPACES.get(image.mode, "rgb"),
    )
