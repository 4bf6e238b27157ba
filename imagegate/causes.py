"""The catalogue of causes: every documented reason for which a picture is refused, and how to take a better one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import msgspec

from imagegate.words import ENGLISH, Phrase, say

Status: TypeAlias = Literal[400, 422]
Severity: TypeAlias = Literal["reject", "warn", "ignore"]

LEGIT_REQUEST: Final = "Legit.Health, technical troubleshooting, Invalid or malformed request payloads"
LEGIT_IMAGE: Final = "Legit.Health, technical troubleshooting, Image upload and quality issues"
LEGIT_UNCLEAR: Final = "Legit.Health, technical troubleshooting, Unclear or unexpected results"


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One documented reason for a 400 or 422.

    Attributes:
        code: Stable snake_case name; it goes over the wire.
        status: 400, the picture cannot be read; 422, it can be read but is too poor.
        severity: What the default policy makes of it.
        title: What is wrong, in a few words.
        advice: What to do, in one sentence for the person with the phone.
        source: Which API documents it, and where.
    """

    code: str
    status: Status
    severity: Severity
    title: str
    advice: str
    source: str

    def in_language(self, lang: str) -> Cause:
        """The cause with its title and advice in one of words.LANGUAGES; in English it is the row of the catalogue itself."""
        if lang == ENGLISH:
            return self
        return msgspec.structs.replace(self, title=say(self.title, lang), advice=say(self.advice, lang))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One cause that holds for one picture.

    Attributes:
        cause: The row of the catalogue, in the language of the report: compare its code.
        status: The status the policy gives this cause; `cause.status` unless the policy says otherwise.
        severity: "reject" or "warn".
        message: What was found, with the number and its limit where there is one; never a byte of the picture.
        metric: The name of the number that was judged, or None.
        value: That number; NaN where it could not be told.
        limit: The bound it was held against.
        unit: The unit of both.
        pointer: JSON Pointer (RFC 6901) to the picture in the request body; "" is the whole body.
        hint: What to do in this very case; "" where the cause's advice says it.
        decoder_failure: True where the decoder itself died of the picture, which only isolation outlives.
    """

    cause: Cause
    status: Status
    severity: Literal["reject", "warn"]
    message: str
    metric: str | None = None
    # Both types, for msgspec would read a whole number as a float.
    value: float | int | None = None
    limit: float | int | None = None
    unit: str | None = None
    pointer: str = ""
    hint: str = ""
    decoder_failure: bool = False

    @property
    def advice(self) -> str:
        """How to take a better picture, in one sentence."""
        return self.hint or self.cause.advice

    def in_language(self, lang: str) -> Finding:
        """The finding with all that it says in one of words.LANGUAGES."""
        return msgspec.structs.replace(
            self, cause=self.cause.in_language(lang), message=say(self.message, lang), hint=say(self.hint, lang)
        )

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON holds it; NaN is None."""
        return {
            "cause": self.cause.code,
            "status": self.status,
            "severity": self.severity,
            "metric": self.metric,
            "value": None if self.value is None or math.isnan(self.value) else self.value,
            "limit": self.limit,
            "unit": self.unit,
            "message": self.message,
            "advice": self.advice,
            "pointer": self.pointer,
        }


class Unreadable(Exception):  # noqa: N818 - no error: gate.check() makes a finding of it
    """Nothing is left of the picture to judge: raised by intake, header and decode, never seen by callers.

    Attributes:
        code: The code of the cause.
        message: What was found; never a byte of the picture.
        hint: As in Finding.
    """

    def __init__(self, code: str, message: Phrase, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint


def _cause(code: str, status: Status, severity: Severity, title: str, advice: str, source: str) -> Cause:
    return Cause(code=code, status=status, severity=severity, title=title, advice=advice, source=source)


# Nobody mends a request on a phone; what is wrong with it stands in the message, for those who can.
_APP: Final = "Update the app and send the photo again; if it is still refused, tell the makers of the app."

# The order is the order of a report: what must be mended first comes first.
# fmt: off
_CATALOGUE: Final = (
    # 400: the request, then the text, then the bytes cannot be read.
    _cause("json_malformed", 400, "reject", "The request is not valid JSON", _APP, LEGIT_REQUEST),
    _cause("content_type_unsupported", 400, "reject", "The request has the wrong content type", _APP, LEGIT_REQUEST),
    _cause("field_missing", 400, "reject", "A required field is missing",
           "Fill in everything that is asked for, and send the photo again.",
           f"{LEGIT_REQUEST}; Neolens, API troubleshooting, Example error payloads"),
    _cause("field_invalid", 400, "reject", "A field has a value the API does not take",
           "Look over what you filled in, and send the photo again.",
           "Telesoft, API reference, invalid_request_error parameter_invalid"),
    _cause("too_many_images", 400, "reject", "There are more pictures than the API takes in one request",
           "Send fewer photos at a time.", "Legit.Health, PHP SDK: at most three media a request"),
    _cause("image_missing", 400, "reject", "There is no picture",
           "Choose a photo and send it again.", LEGIT_REQUEST),
    _cause("data_uri_forbidden", 400, "reject", "The API takes bare Base64, not a data: URI", _APP,
           "Legit.Health, PHP SDK tests: 'Only base64 data is allowed'"),
    _cause("data_uri_required", 400, "reject", "The API takes a data: URI, not bare Base64", _APP,
           "OpenAI, images guide: 'Expected a base64-encoded data URL'"),
    _cause("base64_invalid", 400, "reject", "The text is not valid Base64", _APP, LEGIT_IMAGE),
    _cause("file_too_small", 400, "reject", "The file is too small to hold a picture",
           "Choose the original photo and send it again.", "Azure Face, error codes, InvalidImageSize"),
    _cause("file_too_large", 400, "reject", "The file is larger than the API takes",
           "Send a smaller photo: choose a medium size when sharing it.",
           "Amazon Rekognition, Image: Bytes; Neolens, request parameters"),
    _cause("format_unsupported", 400, "reject", "This kind of file is not supported",
           "Send the photo as JPEG or PNG; on an iPhone set Settings > Camera > Formats to Most Compatible.", LEGIT_IMAGE),
    _cause("format_mismatch", 400, "reject", "The file is not of the kind it is declared to be",
           "Save the photo anew as JPEG, and send that.", LEGIT_IMAGE),
    _cause("image_animated", 400, "reject", "The picture has more than one frame",
           "Send a still photo.", "OpenAI, images guide: non-animated pictures only"),
    _cause("image_too_large", 400, "reject", "The picture is larger than the API takes",
           "Save the photo anew as JPEG, in a smaller size.",
           "Amazon Rekognition, ImageTooLargeException; Anthropic, vision: 8000 pixels"),
    _cause("image_truncated", 400, "reject", "The file ends before the picture does",
           "Send the photo again; its transfer broke off.", LEGIT_IMAGE),
    _cause("image_corrupt", 400, "reject", "The file is damaged",
           "Send the original photo again, or take a new one.", LEGIT_IMAGE),
    # 422: it can be read, but is too poor.
    _cause("resolution_too_low", 422, "reject", "The picture is too small",
           "Send the original photo, not a preview or a screenshot of it.", LEGIT_IMAGE),
    _cause("underexposed", 422, "reject", "The picture is too dark",
           "Take the photo again in daylight or with the room's lights on.", LEGIT_IMAGE),
    _cause("overexposed", 422, "reject", "The picture is too bright",
           "Take the photo again without flash and out of direct sun.", LEGIT_IMAGE),
    _cause("motion_blurred", 422, "reject", "The camera or the skin moved",
           "Rest your elbows on something, hold still, and take the photo again.", LEGIT_IMAGE),
    _cause("image_blurred", 422, "reject", "The picture is out of focus",
           "Hold the phone about 20 cm away, tap on the spot to focus, and take the photo again.", LEGIT_IMAGE),
    _cause("low_contrast", 422, "reject", "The picture is hazy",
           "Wipe the lens, turn away from the light, and take the photo again.", LEGIT_IMAGE),
    _cause("glare", 422, "warn", "Light is reflected from the skin",
           "Turn the flash off or tilt the phone a little until the shine is gone.", LEGIT_IMAGE),
    _cause("uneven_lighting", 422, "warn", "One side is much darker than the other",
           "Turn towards the light so that no shadow falls on the spot.", LEGIT_IMAGE),
    _cause("noise_high", 422, "warn", "The picture is grainy",
           "Take the photo again with more light.", LEGIT_IMAGE),
    _cause("colour_cast", 422, "warn", "The colours are off",
           "Take the photo in daylight, away from coloured lamps and screens.", LEGIT_IMAGE),
    _cause("compression_heavy", 422, "warn", "The picture was compressed too much",
           "Send the original photo, not a copy from a messaging app.", LEGIT_IMAGE),
    _cause("no_skin_visible", 422, "warn", "No skin is visible",
           "Point the camera at the skin so that it fills most of the picture.", LEGIT_IMAGE),
    _cause("aspect_ratio_extreme", 422, "warn", "The picture is a narrow strip",
           "Send the whole photo, not a strip cut from it.", LEGIT_UNCLEAR),
    _cause("focus_undetermined", 422, "warn", "It cannot be told whether the picture is in focus",
           "Make sure that the spot is in the picture and that its edge looks sharp.", LEGIT_UNCLEAR),
    _cause("duplicate_image", 422, "warn", "The same picture was sent before",
           "Send each photo once.", "Neolens, API troubleshooting, 409 Conflict: Duplicate resource"),
    _cause("location_embedded", 422, "warn", "The file says where the photo was taken",
           "Turn location off for the camera, or share the photo without its location.",
           "GDPR, article 5(1)(c), data minimisation; no API whose documents were read asks for a location"),
)
# fmt: on

CAUSES: Final[Mapping[str, Cause]] = MappingProxyType({cause.code: cause for cause in _CATALOGUE})
