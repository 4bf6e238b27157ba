"""HEIC: read by pillow-heif (libheif), where the extra imagegate[heif] is installed and the policy takes it."""

from __future__ import annotations

import importlib.util
import io

import PIL.Image
from msgspec.structs import replace

from imagegate.causes import Unreadable
from imagegate.header import Header
from imagegate.pil import damage_of, of_pil
from imagegate.words import Phrase


def require() -> None:
    """Refuse a policy that takes HEIC where nothing here can read it, before the first HEIC arrives.

    Raises:
        ValueError: pillow-heif is not installed.
    """
    if importlib.util.find_spec("pillow_heif") is None:
        raise ValueError("policy takes heic, which needs pillow-heif: pip install 'imagegate[heif]'")


def read(data: memoryview) -> Header:
    """The header of a HEIC file; nothing is decoded. The size is as seen, because libheif turns pictures itself.

    Raises:
        Unreadable: The boxes of the file are damaged (`image_truncated`, `image_corrupt`).
    """
    return replace(of_pil(opened(data)), format="heic", file_size=len(data))


def opened(data: memoryview) -> PIL.Image.Image:
    """A HEIC file as a PIL image that is not decoded yet; no format is registered with Pillow, for that is global.

    Raises:
        Unreadable: As `read`.
    """
    from pillow_heif import HeifImageFile  # noqa: PLC0415 - an extra

    try:
        image: PIL.Image.Image = HeifImageFile(io.BytesIO(data))
    except SyntaxError as error:
        raise Unreadable(damage_of(error), Phrase("The structure of the HEIC file is damaged.")) from None
    return image
