"""What a count of photos says of a share, and what it can promise: exact, whatever the distribution of the values.

Sources:
    Interval of a share: C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26 (1934).
    Interval of a quantile: H. A. David, H. N. Nagaraja, "Order Statistics", 3rd ed., 2003, section 7.1.
    Tolerance limits: the same, section 7.2; S. S. Wilks, "Determination of sample sizes for setting tolerance
    limits", Ann. Math. Statist. 12 (1941).
"""

from __future__ import annotations

import functools
import math
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
ONE_SIDED: Final = 1 - CONFIDENCE
TWO_SIDED: Final = ONE_SIDED / 2

_HALVINGS: Final = 60  # more than a double has bits


class Share(msgspec.Struct, frozen=True):
    """How many of how many, and what that says of the share of all photos like them.

    Attributes:
        count: How many photos.
        total: Of how many.
    """

    count: int
    total: int

    @property
    def rate(self) -> float:
        """The share; NaN of none."""
        return self.count / self.total if self.total else math.nan

    @property
    def low(self) -> float:
        """Lower end of its two-sided interval of Clopper and Pearson, at CONFIDENCE."""
        return 1 - upper_bound(self.total - self.count, self.total, TWO_SIDED)

    @property
    def high(self) -> float:
        """Upper end of that interval."""
        return upper_bound(self.count, self.total, TWO_SIDED)

    def to_dict(self) -> dict[str, float]:
        """Count, total, rate and interval."""
        return {"count": self.count, "total": self.total, "rate": self.rate, "low": self.low, "high": self.high}


class Ranks(NamedTuple):
    """Which of the values, the worst being number 1, hold a quantile between them; None: not even the last does."""

    outer: int | None
    inner: int | None


def at_most(count: int, total: int, rate: float) -> float:
    """P(X <= count) of X ~ Binomial(total, rate), for 0 < rate < 1."""
    return float(_terms(count, total, rate).sum())


def upper_bound(count: int, total: int, tail: float) -> float:
    """The rate at which `count` or fewer of `total` come with probability `tail`: Clopper and Pearson's upper end."""
    if count >= total:
        return 1.0
    low, high = count / total, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(count, total, middle) > tail else (low, middle)
    return high


def worst(total: int, rate: float, tail: float = ONE_SIDED) -> int:
    """The most values k such that at most `rate` of all photos are beyond the k-th worst of `total`, but for `tail`.

    The share beyond it is Beta(k, total - k + 1), so it is below `rate` as often as k or more of a binomial count come.
    """
    return int(np.searchsorted(np.cumsum(_terms(total, total, rate)), tail, side="right"))


def photos_needed(values: int, rate: float) -> int:
    """The fewest photos of which `worst` allows as many values."""
    low, high = values - 1, values
    while at_most(values - 1, high, rate) > ONE_SIDED:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(values - 1, middle, rate) > ONE_SIDED else (low, middle)
    return high


def quantile_ranks(total: int, share: float) -> Ranks:
    """Ranks of the two values that hold the quantile which `share` of all photos are beyond, at CONFIDENCE."""
    beyond = np.cumsum(_terms(total, total, share))
    inner = int(np.searchsorted(beyond, 1 - TWO_SIDED)) + 1
    return Ranks(worst(total, share, TWO_SIDED) or None, inner if inner <= total else None)


def _terms(count: int, total: int, rate: float) -> NDArray[np.float64]:
    """P(X = 0), ..., P(X = count)."""
    number = np.arange(count + 1, dtype=np.float64)
    logs = _log_choose(count, total) + number * math.log(rate) + (total - number) * math.log1p(-rate)
    return np.asarray(np.exp(logs), np.float64)


@functools.lru_cache(maxsize=4)
def _log_choose(count: int, total: int) -> NDArray[np.float64]:
    """Logarithms of the first binomial coefficients; as logarithms, for those of 1,100 no longer fit into a double."""
    number = np.arange(1, count + 1, dtype=np.float64)
    return np.concatenate(([0.0], np.cumsum(np.log((total - number + 1) / number))))
