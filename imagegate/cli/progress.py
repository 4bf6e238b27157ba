"""How far a scan is: a bar on a terminal, else a line on standard error now and then."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from imagegate.cli.output import complain, results, warnings_console

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

# A night's log stays readable, and who waits for a minute's scan is not told of it.
SECONDS_PER_LINE: Final = 30.0


class Progress:
    """Counts pictures, and says how far they are as often as it is of use.

    Args:
        total: Number of pictures; None while it is not known.
        hidden: Show no bar; results are on the terminal.
        quiet: Say nothing at all.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self, total: Callable[[], int | None], *, hidden: bool, quiet: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total = total
        self._clock = clock
        self._began = self._said = clock()
        self._finished = self._done = self._rejected = 0
        self._in_lines = not (quiet or sys.stderr.isatty())
        self._bar = Bar(
            TextColumn("checking"),
            BarColumn(),
            TextColumn("{task.description}"),
            # Where both are terminals, the results' console draws it, so that lines pass above it.
            console=results() if sys.stdout.isatty() else warnings_console(),
            disable=quiet or hidden or not sys.stderr.isatty(),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, *, ok: bool, fresh: bool = True) -> None:
        """Count one picture; one that is not fresh was checked by an earlier run, and says nothing of the speed."""
        self._done += 1
        self._rejected += not ok
        self._finished += not fresh
        if not fresh:
            self._began = self._clock()
        if not self._bar.disable:
            self._bar.update(self._task, completed=self._done, total=self._total(), description=str(self))
        elif self._in_lines and self._clock() - self._said >= SECONDS_PER_LINE:
            self._said = self._clock()
            complain(str(self))

    def __str__(self) -> str:
        total = self._total()
        rate = self._rate()
        parts: list[Any] = [
            f"{self._done:,} pictures" if total is None else f"{self._done:,} of {total:,} pictures",
            f"{rate:.1f} a second" if rate else None,
            f"{self._rejected:,} rejected",
            f"{_duration((total - self._done) / rate)} left" if rate and total and total > self._done else None,
        ]
        return ", ".join(filter(None, parts))

    def _rate(self) -> float:
        seconds = self._clock() - self._began
        return (self._done - self._finished) / seconds if seconds else 0.0


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
