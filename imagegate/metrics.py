"""The numbers a picture is judged by: one name for one thing, in code, TOML, JSON and docs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from imagegate.words import Digits, Phrase

_THREE_DIGITS: Final = 100
_EXACT: Final = 17  # significant digits that tell any two doubles apart


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """What one number means.

    Attributes:
        name: As in Measurements, policies and JSON.
        unit: Unit, "" for a pure number.
        meaning: One line for people.
        low: The smallest value it can have.
        high: The largest value it can have.
        open_low: True where `low` itself cannot be a limit (a blur radius below 0.0 px cannot be asked for).
    """

    name: str
    unit: str
    meaning: str
    low: float = 0.0
    high: float = math.inf
    open_low: bool = False

    def text(self, value: float, limit: float = math.nan) -> Phrase | Digits:
        """The number with its unit, and with as many digits as tell it from its limit: 2.004 is not 2."""
        if math.isnan(value):
            return Phrase("cannot be told")
        digits = _shown(value)
        if value != limit and digits == _shown(limit):
            longer = (f"{value:.{count}g}" for count in range(4, _EXACT + 1))
            digits = next(text for text in longer if text != digits)
        number = Digits(digits)
        return Phrase("{number} {unit}", number=number, unit=self.unit) if self.unit else number

    def limit_text(self, bound: Literal["min", "max"], limit: float) -> Phrase:
        """The limit in words: "at most 2 px"."""
        text = self.text(limit)
        return Phrase("at least {limit}", limit=text) if bound == "min" else Phrase("at most {limit}", limit=text)


def _shown(number: float) -> str:
    """Whole numbers and large ones whole, others to three digits."""
    if math.isfinite(number) and (float(number).is_integer() or abs(number) >= _THREE_DIGITS):
        return f"{number:,.0f}"
    return f"{number:.3g}"


def _metric(
    name: str, unit: str, meaning: str, low: float = 0.0, high: float = math.inf, *, open_low: bool = False
) -> Metric:
    return Metric(name=name, unit=unit, meaning=meaning, low=low, high=high, open_low=open_low)


# fmt: off
_TABLE: Final = (
    # known before any picture of a request is looked at
    _metric("request_size", "bytes", "length of the request's body", open_low=True),
    _metric("image_count", "", "number of pictures in the request", 0.0, 10_000.0, open_low=True),
    # known before anything is decoded
    _metric("base64_length", "characters", "length of the Base64 text", open_low=True),
    _metric("file_size", "bytes", "length of the encoded picture", open_low=True),
    _metric("pixels", "pixels", "width times height", open_low=True),
    _metric("decoded_size", "bytes", "length of the decoded picture", open_low=True),
    _metric("scans", "", "number of times that a JPEG goes over its picture", 1.0, 1024.0),
    _metric("scanned_pixels", "pixels", "pixels times scans", open_low=True),
    _metric("metadata_size", "bytes", "length of profiles, EXIF, XMP, thumbnails and text"),
    _metric("unpacked_size", "bytes", "length that compressed profiles and texts of a PNG unpack to", 0.0, 2097152.0),
    _metric("frames", "", "number of pictures that play one after another", open_low=True),
    _metric("short_side", "pixels", "shorter side of the picture", open_low=True),
    _metric("long_side", "pixels", "longer side of the picture", open_low=True),
    _metric("aspect_ratio", "", "longer side over shorter side", 1.0),
    _metric("gps_tags", "", "number of tags in the GPS directory of EXIF"),
    # measured on the working picture
    _metric("laplacian_variance", "", "variance of the 4-neighbour Laplacian of luma at the working size", open_low=True),
    _metric("blur_radius", "px", "radius of blur, in pixels of a 1000-pixel picture", open_low=True),
    _metric("blur_score", "", "log-odds that the picture is blurred", -math.inf),
    _metric("motion_ratio", "", "edge energy across the motion over edge energy along it", 1.0),
    _metric("motion_angle", "degrees", "direction of the motion, counter-clockwise from the x-axis", 0.0, 180.0),
    _metric("noise_sigma", "levels", "standard deviation of the noise", open_low=True),
    _metric("sharp_share", "", "share of the textured tiles that are in focus", 0.0, 1.0),
    _metric("centre_sharpness", "", "sharpness of the middle of the frame over that of its rim"),
    _metric("luma_mean", "levels", "mean luma", 0.0, 255.0),
    _metric("luma_p02", "levels", "2nd percentile of luma", 0.0, 255.0),
    _metric("luma_p98", "levels", "98th percentile of luma", 0.0, 255.0),
    _metric("dark_share", "", "share of pixels with luma at the black end", 0.0, 1.0),
    _metric("bright_share", "", "share of pixels with luma at the white end", 0.0, 1.0),
    _metric("glare_share", "", "share of pixels in small clipped blobs", 0.0, 1.0),
    _metric("contrast", "", "contrast of light, (light - dark) / (light + dark)", 0.0, 1.0),
    _metric("entropy", "bits", "entropy of the luma histogram", 0.0, 8.0),
    _metric("unevenness", "stops", "fall of light from one side of the picture to the other"),
    _metric("colour_cast", "stops", "distance of the colours from a plausible white balance"),
    _metric("skin_share", "", "share of pixels that can be skin of any tone", 0.0, 1.0),
    _metric("jpeg_quality", "", "IJG quality of the JPEG's luma quantisation table", 1.0, 100.0),
    _metric("blockiness", "", "steps at the borders of JPEG blocks over those within", 0.0),
)
# fmt: on

METRICS: Final[Mapping[str, Metric]] = MappingProxyType({metric.name: metric for metric in _TABLE})
