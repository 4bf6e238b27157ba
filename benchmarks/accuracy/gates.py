"""imagegate and its rivals, each as one function from a picture to a verdict: GATES."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

import imagegate

if TYPE_CHECKING:
    from tests.samples.camera import Picture

OURS = "imagegate"
PASTED_LIMIT = 100.0


class Verdict(NamedTuple):
    """What a gate says of one picture.

    Attributes:
        rejected: Whether it refuses the picture, with the limits it ships.
        blur: Its number for blur: the higher, the more blurred.
        causes: Codes of what it refuses the picture for, where they are imagegate's.
    """

    rejected: bool
    blur: float
    causes: frozenset[str] = frozenset()


Judge: TypeAlias = Callable[[bytes, "Picture"], Verdict]


class Gate(NamedTuple):
    """A row of the comparison.

    Attributes:
        name: Column of the table.
        package: What must be installed, as in `pip install`; "" for what is.
        number: The number that is swept for AUC and for equal catch rates.
        judge: Loads the package; returns the function from a file and its RGB pixels to a verdict.
    """

    name: str
    package: str
    number: str
    judge: Callable[[], Judge]


def _imagegate() -> Judge:
    def judge(data: bytes, rgb: Picture) -> Verdict:
        del rgb
        report = imagegate.check(data)
        # A photo that could not be read has no score: it counts as blurred beyond any other.
        score = report.measurements.blur_score if report.measurements else np.inf
        return Verdict(not report.ok, score, frozenset(finding.cause.code for finding in report.rejections))

    return judge


def _pasted(long_side: int | None) -> Judge:
    """What answers to "opencv detect blurry image" have in common; reduced to `long_side` where that is given."""

    def judge(data: bytes, rgb: Picture) -> Verdict:
        del data
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        scale = (long_side or np.inf) / max(grey.shape)
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        variance = cv2.Laplacian(grey, cv2.CV_64F).var()
        return Verdict(bool(variance < PASTED_LIMIT), -float(variance))

    return judge


def _image_quality_ai() -> Judge:
    assess = import_module("image_quality_ai").assess

    def judge(data: bytes, rgb: Picture) -> Verdict:
        del data
        report = assess(rgb)
        return Verdict(not report.usable, -float(report.metrics["sharpness"].value))

    return judge


def _capturetrust() -> Judge:
    inspect_array = import_module("capturetrust").inspect_array

    def judge(data: bytes, rgb: Picture) -> Verdict:
        del data
        report = inspect_array(np.ascontiguousarray(rgb[..., ::-1]))
        # The number its verdict on blur begins with.
        return Verdict(not report.is_acceptable, -float(report.metrics["center_laplacian_variance"]))

    return judge


def _cleanvision() -> Judge:
    """Score one picture as its find_issues() does, which takes folders alone: same classes, same parameters."""
    manager = import_module("cleanvision.issue_managers.image_property_issue_manager").ImagePropertyIssueManager()
    frame = import_module("pandas").DataFrame
    image_of = import_module("PIL.Image").fromarray

    def judge(data: bytes, rgb: Picture) -> Verdict:
        del data
        image = image_of(rgb)
        scores = {kind: _cleanvision_score(manager, kind, frame, image) for kind in ("blurry", "dark", "light")}
        rejected = any(score < manager.params[kind]["threshold"] for kind, score in scores.items())
        return Verdict(rejected, -scores["blurry"])

    return judge


def _cleanvision_score(manager: Any, kind: str, frame: Any, image: object) -> float:
    rule = manager.image_properties[kind]
    raw = frame([rule.calculate(image)])[rule.score_columns]
    return float(rule.get_scores(raw_scores=raw, issue_type=kind, **manager.params[kind])[f"{kind}_score"].iloc[0])


GATES = (
    Gate(OURS, "", "blur_score", _imagegate),
    Gate("pasted recipe, native", "", "Laplacian variance", functools.partial(_pasted, None)),
    Gate("pasted recipe, 1000 px", "", "Laplacian variance", functools.partial(_pasted, 1000)),
    Gate("image-quality-ai", "image-quality-ai", "sharpness", _image_quality_ai),
    Gate("capturetrust", "capturetrust", "center_laplacian_variance", _capturetrust),
    Gate("cleanvision", "cleanvision", "blurry_score", _cleanvision),
)


@functools.cache
def judges() -> dict[str, Judge]:
    """Every gate that is installed, by name."""
    return {gate.name: gate.judge() for gate in GATES if _trouble(gate) is None}


def skipped(gates: Sequence[Gate] = GATES) -> dict[str, str]:
    """Every gate that is not, with the reason."""
    return {gate.name: trouble for gate in gates if (trouble := _trouble(gate)) is not None}


def _trouble(gate: Gate) -> str | None:
    try:
        gate.judge()
    except ImportError as error:
        return f"not installed ({error}); pip install {gate.package}"
    return None
