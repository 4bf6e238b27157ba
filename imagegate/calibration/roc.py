"""How well a number tells two groups of photos apart: the ROC curve, and the area under it with its interval.

The area is the probability that a bad photo is worse than a good one (ties count half), the statistic of Mann and
Whitney over the number of pairs. Its interval is method 5 of R. G. Newcombe, "Confidence intervals for an effect size
measure based on the Mann-Whitney statistic. Part 2", Statistics in Medicine 25 (2006), on the variance of J. A. Hanley,
B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982). DeLong's and the bootstrap's
shrink to nothing where a few photos happen to be told apart without error; this one does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from imagegate.calibration.binomial import TWO_SIDED

Values = NDArray[np.float64]

_QUANTILE: Final = NormalDist().inv_cdf(1 - TWO_SIDED)
_HALVINGS: Final = 60
CHANCE: Final = 0.5


class Auc(msgspec.Struct, frozen=True):
    """Area under the ROC curve, and its interval at CONFIDENCE.

    Attributes:
        area: 1: every bad photo is worse than every good one; 0.5: no better than chance.
        low: Lower end of the interval.
        high: Upper end.
    """

    area: float
    low: float
    high: float

    @property
    def separates(self) -> bool:
        """Whether it is better than chance beyond doubt."""
        return self.low > CHANCE


def auc(good: Values, bad: Values) -> Auc:
    """Area under the ROC curve of two groups of numbers, higher being worse; -inf is a value as any other."""
    ordered = np.sort(good)
    better = np.searchsorted(ordered, bad, "left") + np.searchsorted(ordered, bad, "right")
    area = float(better.mean() / (2 * len(good)))
    deviation = _deviation(len(good), len(bad))
    return Auc(
        area,
        low=_crossing(area, 0.0, lambda low: area - low - _QUANTILE * deviation(low)),
        high=_crossing(area, 1.0, lambda high: high - area - _QUANTILE * deviation(high)),
    )


def curve(good: Values, bad: Values) -> tuple[Values, Values]:
    """The shares of good and of bad photos that are beyond each limit, from the strictest limit to the loosest."""
    limits = np.concatenate(([-np.inf], np.unique(np.concatenate((good, bad)))))
    # No limit rejects what is at -inf; the line from there to the corner is half of those pairs, as the area has it.
    return np.append(1.0, beyond(good, limits)), np.append(1.0, beyond(bad, limits))


def beyond(values: Values, limits: Values) -> Values:
    """The share of the values that is greater than each limit."""
    return np.asarray(1 - np.searchsorted(np.sort(values), limits, "right") / len(values), np.float64)


def _deviation(good: int, bad: int) -> Callable[[float], float]:
    """Standard deviation of an area, by what it is: Hanley and McNeil's, with Newcombe's mean of both group sizes."""
    pairs = (good + bad) / 2 - 1

    def deviation(area: float) -> float:
        spread = 1 + pairs * ((1 - area) / (2 - area) + area / (1 + area))
        return math.sqrt(area * (1 - area) * spread / (good * bad))

    return deviation


def _crossing(inside: float, outside: float, excess: Callable[[float], float]) -> float:
    """Where `excess` turns positive on the way out."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if excess(middle) > 0 else (middle, outside)
    return outside
