"""Hostile forms of every parser at 20 MB: seconds, memory, and how long /healthz waits meanwhile.

`python -m benchmarks.hostile` prints the table and records it in benchmarks/results/hostile.md; it takes some five
minutes. The forms are those of tests/hostile.py.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import Console

from benchmarks.hostile.served import Answered, sent
from benchmarks.race import machine
from benchmarks.tables import Grid
from benchmarks.web import Service
from tests.hostile import FORMS, PARSERS, REQUESTS, TAKES_HEIC, Form, Taken, measured_forms

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS: Final = pathlib.Path(__file__).parents[1] / "results" / "hostile.md"
SIZE: Final = 20_000_000
SMOKE_SIZE: Final = 200_000
MODES: Final = ("process", "none")  # of isolation
SECONDS, MEGABYTES, WAIT = 1.0, 200.0, 100.0  # the targets; the last one in ms
PATIENCE: Final = 40  # seconds for one form
RUNS: Final = 3
RECORDS: Final = 40_000  # rows, entries or names that may take SECONDS: 25 us each, a hundredth of a check


class Result(NamedTuple):
    """What was measured of one form; `served` is empty for one that does not reach the service."""

    form: Form
    taken: Taken | None
    served: dict[str, Answered]

    def is_met(self) -> bool:
        """Whether all targets are met."""
        if self.taken is None:
            return False
        seconds = self.taken.seconds / max(1.0, self.taken.records / RECORDS)
        waits = all(answer.slowest < WAIT and answer.status for answer in self.served.values())
        return seconds < SECONDS and self.taken.memory < MEGABYTES * 1e6 and waits

    def row(self) -> list[str]:
        """Its row of the table."""
        waits = [f"{self.served[mode].slowest:.0f}" if mode in self.served else "" for mode in MODES]
        costs = [f"> {PATIENCE}", "", ""]
        if self.taken is not None:
            records = f"{self.taken.records:,}" if self.taken.records > 1 else ""
            costs = [f"{self.taken.seconds:.2f}", f"{self.taken.memory / 1e6:.0f}", records]
        return [f"{self.form.parser}: {self.form.name}", *costs, *waits, "yes" if self.is_met() else "**no**"]


def results(forms: Sequence[Form], size: int) -> list[Result]:
    """Measure each form apart and, where it can be sent, in a service of each mode."""
    parsers = dict.fromkeys(form.parser for form in forms)
    costs = {parser: measured_forms(parser, size, PATIENCE) for parser in parsers}
    served = {mode: answers(forms, size, mode) for mode in MODES}
    return [
        Result(
            form, costs[form.parser][form.name], {mode: served[mode][form] for mode in MODES if form in served[mode]}
        )
        for form in forms
    ]


def answers(forms: Sequence[Form], size: int, isolation: str) -> dict[Form, Answered]:
    """What the service answers, and /healthz meanwhile."""
    found = {}
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as policy:
        policy.write(TAKES_HEIC.to_toml())
        policy.flush()
        service = Service(IMAGEGATE_ISOLATION=isolation, IMAGEGATE_POLICY=policy.name)
        try:
            for form in forms:
                if form.parser in REQUESTS:
                    found[form] = best(service, form, size)
        finally:
            service.end()
    return found


def best(service: Service, form: Form, size: int) -> Answered:
    """The best of up to RUNS: where /healthz was late, it may have waited for others on the machine."""
    body, runs = form.make(size), []
    while len(runs) < RUNS and (not runs or min(runs).slowest >= WAIT):
        runs.append(sent(service, REQUESTS[form.parser], body))
    return min(runs)


def grid(found: Sequence[Result], size: int) -> Grid:
    """The table."""
    header = ["form", "s", "MB more", "records", *(f"/healthz, {mode}, ms" for mode in MODES), "met"]
    return Grid(f"Hostile forms of {size / 1e6:g} MB", [header, *(result.row() for result in found)])


def main() -> int:
    """Measure, print and record; 1 where a smoke run finds a form that does not end or is not answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="forms of 200 kB, nothing recorded: does it run?")
    parser.add_argument("--only", choices=[*PARSERS], help="the forms of one parser, nothing recorded")
    options = parser.parse_args()
    size = SMOKE_SIZE if options.smoke else SIZE
    forms = [form for form in FORMS if options.only in {None, form.parser}]
    found = results(forms, size)
    table = grid(found, size)
    Console(width=150).print(table.rich())
    met = sum(result.is_met() for result in found)
    summary = f"{met} of {len(found)} forms meet the targets."
    print(summary)
    if not options.smoke and options.only is None:
        RESULTS.write_text(f"{table.markdown()}\n\n{summary} {explained()}\n", encoding="utf-8")
    ended = all(result.taken and all(answer.status for answer in result.served.values()) for result in found)
    return 0 if ended else 1


def explained() -> str:
    """What the columns mean, and where they were measured."""
    return (
        f"Targets: less than {SECONDS:g} s of the processor, {MEGABYTES:g} MB more than the input, and {WAIT:g} ms\n"
        "for the slowest answer of /healthz while the service reads the form, with isolation in processes and\n"
        f"without (the best of up to {RUNS} runs). Where a form holds many records (rows, entries, names), each of\n"
        f"which gets an answer of its own, the seconds are those of {RECORDS:,} records.\n\n"
        f"Measured by `python -m benchmarks.hostile` on {machine()}."
    )


if __name__ == "__main__":
    sys.exit(main())
