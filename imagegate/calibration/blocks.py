"""Limits on several numbers at once that keep one promise, whatever the distribution of the numbers and their relation.

One after another, each limit cuts off its share of the worst photos that are left. Among n photos, k cut off so in all
leave a region that holds a share Beta(n - k + 1, k) of all photos like them: as if one number had been cut, without
a correction for their number (J. W. Tukey, "Nonparametric estimation II: statistically equivalent blocks and tolerance
regions", Ann. Math. Statist. 18 (1947)), and also where each cut goes by what the earlier ones met (D. A. S. Fraser,
"Sequentially determined statistically equivalent blocks", Ann. Math. Statist. 22 (1951)). Equal values only make the
share beyond the limits smaller.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def least(numbers: int, condemned: int | None) -> int:
    """The fewest photos that must be cut off: the worst one for each number, and all that are condemned and one more.

    Args:
        numbers: How many numbers get a limit.
        condemned: How many photos are rejected whatever the limits; None where nothing can be.
    """
    return numbers + (0 if condemned is None else condemned + 1)


def cut(badness: Sequence[NDArray[np.float64]], condemned: NDArray[np.bool_] | None, photos: int) -> list[float]:
    """The limit of each number, beyond which photos are rejected.

    Args:
        badness: Each number of all photos, higher being worse.
        condemned: Which photos are rejected whatever the limits; None where nothing can be.
        photos: How many to cut off in all: `least` or more.
    """
    left = np.arange(len(badness[0]))
    if condemned is not None:
        # Being condemned is a number too, 1 or 0, and its limit is the first 0.
        left = left[~condemned][1:]
        photos -= int(condemned.sum()) + 1
    each, more = divmod(photos, len(badness))
    limits = []
    for place, values in enumerate(badness):
        count = each + (place < more)
        order = left[np.argsort(-values[left], kind="stable")]
        limits.append(float(values[order[count - 1]]))
        left = order[count:]
    return limits
