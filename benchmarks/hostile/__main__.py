"""Hostile forms of every parser at 20 MB: seconds, memory, and how long /healthz waits meanwhile.

`python -m benchmarks.hostile` prints the table and records it in benchmarks/results/hostile.md; it takes some minutes.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import Console

from benchmarks.hostile.apart import Cost, measured
from benchmarks.hostile.forms import FORMS, PARSERS, Form
from benchmarks.hostile.served import Answered, sent
from benchmarks.race import machine
from benchmarks.tables import Grid
from benchmarks.web import Service

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS: Final = pathlib.Path(__file__).parents[1] / "results" / "hostile.md"
SIZE: Final = 20_000_000
SMOKE_SIZE: Final = 200_000
MODES: Final = ("process", "none")  # of isolation
SECONDS, MEMORY, WAIT = 1.0, 200.0, 100.0  # the targets: s, MiB, ms


class Result(NamedTuple):
    """What was measured of one form; `served` has no row for one that does not reach the service."""

    form: Form
    cost: Cost
    served: dict[str, Answered]

    def missed(self) -> bool:
        """Whether a target was missed; NaN misses it."""
        met = self.cost.seconds < SECONDS and self.cost.memory < MEMORY
        return not met or any(not (answer.slowest < WAIT and answer.status) for answer in self.served.values())

    def row(self) -> list[str]:
        """Its row of the table."""
        waits = [f"{self.served[mode].slowest:.0f}" if mode in self.served else "" for mode in MODES]
        name = f"{self.form.parser}: {self.form.name}"
        cost = self.cost
        return [
            name,
            cost.outcome,
            f"{cost.seconds:.2f}",
            f"{cost.memory:.0f}",
            *waits,
            "**no**" if self.missed() else "yes",
        ]


def results(forms: Sequence[tuple[int, Form]], size: int) -> list[Result]:
    """Measure each form apart and, where it can be sent, in a service of each mode."""
    served: dict[int, dict[str, Answered]] = {number: {} for number, _ in forms}
    for mode in MODES:
        service = Service(IMAGEGATE_ISOLATION=mode)
        try:
            for number, form in forms:
                request = PARSERS[form.parser].request
                if request is not None:
                    served[number][mode] = sent(service, request, form.make(size))
        finally:
            service.end()
    return [Result(form, measured(number, size), served[number]) for number, form in forms]


def grid(found: Sequence[Result], size: int) -> Grid:
    """The table."""
    title = f"Hostile forms of {size / 1e6:g} MB"
    header = ["form", "answer", "s", "MiB more", *(f"/healthz, {mode}, ms" for mode in MODES), "met"]
    return Grid(title, [header, *(result.row() for result in found)])


def main() -> int:
    """Measure, print and record; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="forms of 200 kB, nothing recorded")
    parser.add_argument("--only", default="", help="forms whose parser and name have this in them; nothing recorded")
    options = parser.parse_args()
    size = SMOKE_SIZE if options.smoke else SIZE
    forms = [(n, form) for n, form in enumerate(FORMS) if options.only in f"{form.parser}: {form.name}"]
    found = results(forms, size)
    table = grid(found, size)
    Console(width=150).print(table.rich())
    missed = sum(result.missed() for result in found)
    print(f"{len(found) - missed} of {len(found)} forms within {SECONDS:g} s, {MEMORY:g} MiB and {WAIT:g} ms")
    if not options.smoke and not options.only:
        RESULTS.write_text(f"{table.markdown()}\n\n{_explained()}\n", encoding="utf-8")
    return 1 if missed else 0


def _explained() -> str:
    return (
        f"Targets: under {SECONDS:g} s, {MEMORY:g} MiB more than before the call (which has the input already), and {WAIT:g} ms\n"
        "for the slowest answer of /healthz while the form is sent and judged, in a service that isolates pictures in\n"
        f"processes and in one that does not. Measured by `python -m benchmarks.hostile` on {machine()}."
    )


if __name__ == "__main__":
    sys.exit(main())
