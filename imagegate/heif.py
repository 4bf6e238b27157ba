"""HEIC: read by pillow-heif (libheif), where the extra imagegate[heif] is installed and the policy takes it."""

from __future__ import annotations

import importlib.util
import io
from typing import Final

import PIL.Image
from msgspec.structs import replace

from imagegate.causes import Unreadable
from imagegate.header import Header
from imagegate.pil import damage_of, of_pil
from imagegate.words import Phrase

# A photo has three to ten boxes, of which all but those of data have some kilobytes (ISO/IEC 14496-12, section 4.2).
# libheif reads millions of them, and holds the GIL meanwhile.
_MOST_BOXES: Final = 1000
_LONGEST_BOX: Final = 1 << 20
_OF_DATA: Final = (b"mdat", b"free", b"skip", b"uuid")
_WIDE: Final = 1  # instead of a length, which follows then


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

    _refuse_excess(data)
    try:
        image: PIL.Image.Image = HeifImageFile(io.BytesIO(data))
    except SyntaxError as error:
        raise Unreadable(damage_of(error), Phrase("The structure of the HEIC file is damaged.")) from None
    return image


def _refuse_excess(data: memoryview) -> None:
    """Refuse more and longer boxes than photos have; what is wrong with them otherwise, libheif says."""
    at = 0
    for _ in range(_MOST_BOXES):
        length, kind = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if length == _WIDE:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        length = min(length or len(data), len(data) - at)
        if length > _LONGEST_BOX and kind not in _OF_DATA:
            raise Unreadable("image_corrupt", Phrase("A box of the HEIC file is longer than any photo needs."))
        at += max(length, 8)
        if at >= len(data):
            return
    raise Unreadable("image_corrupt", Phrase("The HEIC file has more than {most:,} boxes.", most=_MOST_BOXES))
