"""RULES, the table of what is judged: a row is a metric, a bound, a default limit and the cause that fails it.

The limits are argued, one by one, in docs/limits.md.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Bound: TypeAlias = Literal["min", "max"]
Stage: TypeAlias = Literal["request", "file", "header", "picture"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    Attributes:
        id: Stable name: the key in a policy's `limits`, as "blur_radius.max".
        stage: What must be known: the request, the file's length, the header, or the measured picture.
        cause: Code of the cause that a failed rule gives.
        metric: Name of the number that is judged.
        bound: "min": the number must not be below the limit; "max": not above.
        limit: Default limit; None reports the number without judging it.
        undetermined: Code of the cause where the number is NaN; None where not knowing is nothing to report.
        refines: Ids of rules: this row counts only where one of them failed, and then its cause stands for theirs.
        unless: Ids of rules: this row counts only where none of them failed, for then theirs says it all.
    """

    id: str
    stage: Stage
    cause: str
    metric: str
    bound: Bound
    limit: float | None
    undetermined: str | None = None
    refines: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def fails(self, value: float, limit: float) -> bool:
        """Whether a number is beyond a limit; NaN never is."""
        return value < limit if self.bound == "min" else value > limit


def _rule(
    stage: Stage, metric: str, bound: Bound, limit: float | None, cause: str, *,
    undetermined: str | None = None, refines: tuple[str, ...] = (), unless: tuple[str, ...] = (),
) -> Rule:  # fmt: skip
    return Rule(
        id=f"{metric}.{bound}", stage=stage, cause=cause, metric=metric, bound=bound, limit=limit,
        undetermined=undetermined, refines=refines, unless=unless,
    )  # fmt: skip


MEBIBYTE: Final = 1 << 20
_BLURRED: Final = ("blur_score.max", "blur_radius.max")

# fmt: off
RULES: Final = (
    _rule("request", "request_size", "max", 50 * MEBIBYTE, "file_too_large"),
    _rule("request", "image_count", "max", 500, "too_many_images"),

    _rule("file", "base64_length", "max", 4 * -(-20 * MEBIBYTE // 3), "file_too_large"),
    _rule("file", "file_size", "max", 20 * MEBIBYTE, "file_too_large"),
    _rule("file", "file_size", "min", 64, "file_too_small"),

    _rule("header", "pixels", "max", 1 << 26, "image_too_large"),
    _rule("header", "decoded_size", "max", 256 * MEBIBYTE, "image_too_large"),
    _rule("header", "scans", "max", 100, "image_too_large"),
    _rule("header", "scanned_pixels", "max", 1 << 31, "image_too_large"),
    _rule("header", "metadata_size", "max", 16 * MEBIBYTE, "image_too_large"),
    _rule("header", "unpacked_size", "max", MEBIBYTE, "image_too_large"),
    _rule("header", "long_side", "max", None, "image_too_large"),
    _rule("header", "frames", "max", 1, "image_animated"),
    _rule("header", "short_side", "min", 224, "resolution_too_low"),
    _rule("header", "long_side", "min", None, "resolution_too_low"),
    _rule("header", "aspect_ratio", "max", 4.0, "aspect_ratio_extreme"),
    _rule("header", "gps_tags", "max", 0, "location_embedded"),

    _rule("picture", "blur_radius", "max", 2.8, "image_blurred", undetermined="focus_undetermined"),
    _rule("picture", "blur_score", "max", 0.0, "image_blurred"),
    _rule("picture", "motion_ratio", "max", 2.0, "motion_blurred", refines=_BLURRED),
    _rule("picture", "centre_sharpness", "min", 0.8, "focus_undetermined",
          unless=(*_BLURRED, "bright_share.max")),
    _rule("picture", "laplacian_variance", "min", None, "image_blurred"),
    _rule("picture", "luma_p98", "min", 60, "underexposed"),
    _rule("picture", "bright_share", "max", 0.3, "overexposed"),
    _rule("picture", "contrast", "min", 0.35, "low_contrast"),
    _rule("picture", "glare_share", "max", 0.01, "glare"),
    _rule("picture", "unevenness", "max", 2.0, "uneven_lighting"),
    _rule("picture", "noise_sigma", "max", 10.0, "noise_high"),
    _rule("picture", "colour_cast", "max", 0.3, "colour_cast"),
    _rule("picture", "jpeg_quality", "min", 25, "compression_heavy"),
    _rule("picture", "skin_share", "min", 0.05, "no_skin_visible"),
)
# fmt: on
