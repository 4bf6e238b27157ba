"""Header: what a file says of its picture."""

from __future__ import annotations

from typing import Final

import msgspec

# For the decoding and measuring code, not for readers of a report.
UNREPORTED: Final = ("quantisation", "unit_blocks")

_TURNED = 5  # EXIF orientations 5 to 8 lay the picture on its side
_DECODED_CHANNELS: Final = {2: 4}  # OpenCV and Pillow give grey with alpha as RGBA


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of its picture before anything is decoded.

    Attributes:
        format: Name by content, never by extension: "jpeg", "png"; "array" or "pil" where there is no file.
        width: Pixels as stored, before EXIF orientation.
        height: Pixels as stored, before EXIF orientation.
        file_size: Length of the encoded picture in bytes; None where there is no file.
        orientation: EXIF orientation, 1 to 8 (EXIF 2.32, tag 0x0112); 1 where absent or invalid.
        bit_depth: Bits a channel, as stored; of a palette picture, the bits of an index.
        channels: 1 grey, 2 grey + alpha, 3 colour (also palette), 4 colour + alpha or CMYK.
        frames: Pictures in the file that play one after another (APNG's acTL); 1 for a still. The second
            pictures of a JPEG (MPF: previews, depth maps) do not play, so they are not frames.
        progressive: JPEG SOF2 or PNG Adam7.
        scans: Scans of a JPEG, in which a decoder goes over the whole picture; 1 for all else.
        coefficients: What a decoder keeps of a JPEG of several scans until the last is read, 2 bytes each; else 0.
        unit_blocks: Rows of blocks that one row of a JPEG's units (MCU) holds, 1 to 4; 1 for all else.
        metadata_size: Bytes of what is not the picture: profiles, EXIF, XMP, thumbnails and text.
        unpacked_size: Bytes that the compressed profiles and texts of a PNG unpack to, counted up to 2 MiB.
        gps_tags: Number of tags in EXIF's GPS directory, never their values; 0 where none of them is a
            position.
        quantisation: The JPEG's quantisation tables, 64 steps each in natural (row-major) order, by table
            number: () for a number that is not used, and () as a whole for what is not JPEG.
        colour_space: How the samples are stored: "grey", "rgb", "ycbcr", "cmyk", "ycck" or "palette";
            of a PIL image also "hsv" and "lab".
        adobe: Whether a JPEG has an Adobe APP14 marker (its CMYK is stored inverted).
    """

    format: str
    width: int
    height: int
    file_size: int | None = None
    orientation: int = 1
    bit_depth: int = 8
    channels: int = 3
    frames: int = 1
    progressive: bool = False
    scans: int = 1
    coefficients: int = 0
    unit_blocks: int = 1
    metadata_size: int = 0
    unpacked_size: int = 0
    gps_tags: int = 0
    quantisation: tuple[tuple[int, ...], ...] = ()
    colour_space: str = "rgb"
    adobe: bool = False

    @property
    def seen_width(self) -> int:
        """Width in pixels as a viewer shows it."""
        return self.height if self.orientation >= _TURNED else self.width

    @property
    def seen_height(self) -> int:
        """Height in pixels as a viewer shows it."""
        return self.width if self.orientation >= _TURNED else self.height

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def decoded_size(self) -> int:
        """Bytes of the decoded samples: pixels times channels times 1 byte, or 2 above 8 bits.

        Channels are those that decoders give: three of a palette picture, four of grey with alpha. A JPEG counts at
        full scale, and by its coefficients where it has several scans and they take more.
        """
        channels = _DECODED_CHANNELS.get(self.channels, self.channels)
        samples = self.pixels * channels * (1 if self.bit_depth <= 8 else 2)  # noqa: PLR2004
        return max(samples, 2 * self.coefficients)

    @property
    def scanned_pixels(self) -> int:
        """What a decoder goes over: pixels times scans."""
        return self.pixels * self.scans

    @property
    def short_side(self) -> int:
        """The shorter side, in pixels."""
        return min(self.width, self.height)

    @property
    def long_side(self) -> int:
        """The longer side, in pixels."""
        return max(self.width, self.height)

    @property
    def aspect_ratio(self) -> float:
        """Longer side over shorter side, 1.0 or more."""
        return self.long_side / self.short_side
