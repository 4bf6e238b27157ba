"""The regression guard: is check() slower, beside the same rivals, than the record says?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.speed.calls import KERNELS
from benchmarks.speed.processes import COLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.speed.record import Figure, Record

# What one run differs from the next without any change, where other processes share the machine.
TOLERANCE = 0.1


class Compared(NamedTuple):
    """One figure, recorded and now."""

    recorded: Figure
    now: Figure

    @property
    def worse(self) -> bool:
        """Whether it is worse by more than TOLERANCE, and more than the spread explains: the middle halves part."""
        if self.now.unit == "x":
            return self.now.median < self.recorded.median / (1 + TOLERANCE) and self.now.high < self.recorded.low
        return self.now.median > self.recorded.median * (1 + TOLERANCE) and self.now.low > self.recorded.high


def compare(recorded: Record, now: Sequence[Figure], pictures: str, *, scipy: bool) -> list[Compared]:
    """Pair the figures that both runs have and that can be compared.

    Of other pictures than the record's these are only those of kernels; of cold starts none where SciPy was there in
    one run only, for Numba loads it.
    Shares are left out: they add up to one, so that one stage's gain is another's loss; that a stage takes longer
    shows in check() against the decoder.
    """
    known = {figure.place: figure for figure in recorded.figures}
    return [
        Compared(known[new.place], new)
        for new in now
        if new.place in known
        and new.unit != "%"
        and (pictures == recorded.pictures or new.table == KERNELS)
        and (scipy == recorded.scipy or new.table != COLD)
    ]


def worse_rows(pairs: Sequence[Compared]) -> list[tuple[str, str]]:
    """Table and row where every figure is worse: what only one rival shows is that rival's doing."""
    rows: dict[tuple[str, str], bool] = {}
    for pair in pairs:
        place = pair.now.table, pair.now.row
        rows[place] = rows.get(place, True) and pair.worse
    return [place for place, worse in rows.items() if worse]
