"""The photos of a folder as a calibration sees them: measured, each once, and how many were left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from imagegate.measurements import Measurements
from imagegate.report import Report
from imagegate.rules import RULES, Rule
from imagegate.scanning import Record

NOT_READ: Final = "not read"
REPEATED: Final = "the same file again"
IN_BOTH: Final = "in both folders"

_JUDGED_AS_PICTURE: Final = frozenset(rule.metric for rule in RULES if rule.stage == "picture")


class Photos(msgspec.Struct, frozen=True):
    """One group of photos.

    Attributes:
        measured: SHA-256 of the file to what was measured.
        left_out: Why a file does not count, to how many: the code of the cause that rejects it before it is measured
            or for other reasons than its picture, or one of the texts above.
    """

    measured: dict[str, Measurements]
    left_out: Counter[str]

    def __len__(self) -> int:
        return len(self.measured)


def photos_of(records: Iterable[Record]) -> Photos:
    """Sort out a scan: a photo is counted once, and where nothing but its picture rejects it."""
    measured: dict[str, Measurements] = {}
    left_out: Counter[str] = Counter()
    for record in records:
        numbers = None if record.report is None else record.report.measurements
        if record.report is None:
            left_out[NOT_READ] += 1
        elif numbers is None or _refused(record.report):
            left_out[_refused(record.report) or NOT_READ] += 1
        elif (key := record.sha256 or record.source) in measured:
            left_out[REPEATED] += 1
        else:
            measured[key] = numbers
    return Photos(measured, left_out)


def parted(good: Photos, bad: Photos) -> tuple[Photos, Photos]:
    """Leave out of both what is in both: it cannot be good and bad."""
    both = good.measured.keys() & bad.measured.keys()
    return _without(good, both), _without(bad, both)


def badness(rule: Rule, measured: Sequence[Measurements]) -> NDArray[np.float64]:
    """A rule's numbers, turned so that higher is worse; what cannot be told fails no limit, so it is -inf."""
    sign = -1.0 if rule.bound == "min" else 1.0
    values = sign * np.array([getattr(photo, rule.metric) for photo in measured], np.float64)
    return np.where(np.isnan(values), -np.inf, values)


def _refused(report: Report) -> str | None:
    """Code of what rejects it that no measured number is to blame for."""
    others = (found.cause.code for found in report.rejections if found.metric not in _JUDGED_AS_PICTURE)
    return next(others, None)


def _without(photos: Photos, keys: set[str]) -> Photos:
    kept = {key: numbers for key, numbers in photos.measured.items() if key not in keys}
    return Photos(kept, photos.left_out + Counter({IN_BOTH: len(keys)}))
