"""Every photo in every variant before every gate, and the figures that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.accuracy.gates import OURS, judges
from benchmarks.accuracy.scores import auc, estimate, false_rejects_at, rate, resamples
from benchmarks.accuracy.variants import SEED, VARIANTS, decode, load, render

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.accuracy.gates import Verdict
    from benchmarks.accuracy.scores import Estimate

SMALLEST_FOR_AUC = 500
MOTION = "motion_blurred"

ALL_ACCEPTABLE = "false rejects, all acceptable"
ALL_BLURRED = "caught, all blurred"
ALL_NAMED = "right cause named, of all caught"
AUC = "AUC of the number for blur"
EQUAL = "false rejects by its number for blur, at the catch of imagegate's verdict"
OURS_AT_THEIRS = "false rejects by blur_score, at the catch of this gate's verdict"

GOOD = np.array([variant.acceptable for variant in VARIANTS])
BLURRED = np.array([variant.blurred for variant in VARIANTS])


class PhotoVerdicts(NamedTuple):
    """One photo: the long side of each of its variants, and what each gate says of them."""

    name: str
    sides: list[int]
    verdicts: dict[str, list[Verdict]]


def judge_photo(path: pathlib.Path) -> PhotoVerdicts:
    """Degrade one photo in every way, and show each result to every gate that is installed."""
    photo = load(path)
    sides: list[int] = []
    verdicts: dict[str, list[Verdict]] = {name: [] for name in judges()}
    for variant in VARIANTS:
        data = render(photo, variant)
        rgb = decode(data)
        sides.append(max(rgb.shape[:2]))
        for name, judge in judges().items():
            verdicts[name].append(judge(data, rgb))
    return PhotoVerdicts(photo.name, sides, verdicts)


@dataclass(frozen=True)
class Sheet:
    """What one gate said: arrays (photos, variants).

    Attributes:
        rejected: Whether it refused the picture.
        blur: Its number for blur.
        right: Whether it refused it for a cause of the right kind.
        moved: Whether it named motion.
    """

    rejected: NDArray[np.bool_]
    blur: NDArray[np.float64]
    right: NDArray[np.bool_]
    moved: NDArray[np.bool_]


def sheet(photos: Sequence[PhotoVerdicts], gate: str) -> Sheet:
    """Lay the verdicts of one gate out."""
    table = [photo.verdicts[gate] for photo in photos]
    return Sheet(
        rejected=np.array([[verdict.rejected for verdict in row] for row in table]),
        blur=np.array([[verdict.blur for verdict in row] for row in table], np.float64),
        right=np.array(
            [[bool(said.causes & asked.right) for said, asked in zip(row, VARIANTS, strict=True)] for row in table]
        ),
        moved=np.array([[MOTION in verdict.causes for verdict in row] for row in table]),
    )


def figures(photos: Sequence[PhotoVerdicts]) -> dict[str, dict[str, Estimate]]:
    """Every figure: what it is of -> gate -> estimate."""
    weights = resamples(len(photos), SEED)
    large = np.array([photo.sides for photo in photos]) >= SMALLEST_FOR_AUC
    sheets = {gate: sheet(photos, gate) for gate in photos[0].verdicts}
    found: dict[str, dict[str, Estimate]] = {}
    for gate, own in sheets.items():
        for name, values in _of_gate(weights, own, sheets[OURS], large, ours=gate == OURS).items():
            found.setdefault(name, {})[gate] = estimate(values)
    return found


def _of_gate(
    weights: NDArray[np.float64], own: Sheet, best: Sheet, large: NDArray[np.bool_], *, ours: bool
) -> dict[str, NDArray[np.float64]]:
    values = {ALL_ACCEPTABLE: rate(weights, own.rejected[:, GOOD]), ALL_BLURRED: _catch(weights, own)}
    for column, variant in enumerate(VARIANTS):
        values[variant.name] = rate(weights, own.rejected[:, [column]])
    scores = np.where(large, own.blur, np.nan)
    values[AUC] = auc(weights, scores[:, BLURRED], scores[:, GOOD])
    values[EQUAL] = false_rejects_at(weights, own.blur[:, BLURRED], own.blur[:, GOOD], _catch(weights, best))
    if ours:
        return values | _named(weights, own)
    theirs = _catch(weights, own)
    return values | {OURS_AT_THEIRS: false_rejects_at(weights, best.blur[:, BLURRED], best.blur[:, GOOD], theirs)}


def _catch(weights: NDArray[np.float64], own: Sheet) -> NDArray[np.float64]:
    return rate(weights, own.rejected[:, BLURRED])


def _named(weights: NDArray[np.float64], own: Sheet) -> dict[str, NDArray[np.float64]]:
    """Of what was caught: how often for the right reason, and how often motion was named."""
    values = {ALL_NAMED: rate(weights, own.right[:, ~GOOD], own.rejected[:, ~GOOD])}
    for column, variant in enumerate(VARIANTS):
        caught = own.rejected[:, [column]]
        if not variant.acceptable:
            values[named(variant.name)] = rate(weights, own.right[:, [column]], caught)
        if variant.blurred:
            values[motion_named(variant.name)] = rate(weights, own.moved[:, [column]], caught)
    return values


def named(variant: str) -> str:
    return f"right cause named: {variant}"


def motion_named(variant: str) -> str:
    return f"motion named: {variant}"


def false_rejects(photos: Sequence[PhotoVerdicts]) -> list[str]:
    """Every acceptable picture that imagegate refused: variant, photo, causes."""
    return [
        f"{variant.name}, {photo.name}: {', '.join(sorted(photo.verdicts[OURS][column].causes))}"
        for column, variant in enumerate(VARIANTS)
        for photo in photos
        if variant.acceptable and photo.verdicts[OURS][column].rejected
    ]


def missed(photos: Sequence[PhotoVerdicts]) -> list[str]:
    """Every fault that imagegate let pass: variant, photos."""
    passed = {
        variant.name: [photo.name for photo in photos if not photo.verdicts[OURS][column].rejected]
        for column, variant in enumerate(VARIANTS)
        if not variant.acceptable
    }
    return [f"{variant}: {', '.join(names)}" for variant, names in passed.items() if names]
