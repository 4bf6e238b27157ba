"""What isolation costs: check() in a worker process over check() in the caller's.

`python -m benchmarks.isolation` prints the table and records it in benchmarks/results/isolation.md.
"""

from __future__ import annotations

import argparse
import pathlib
from concurrent.futures import ThreadPoolExecutor
from operator import truediv
from statistics import median
from typing import TYPE_CHECKING

import cv2

import imagegate
from benchmarks.photos import camera_originals
from benchmarks.race import machine, race
from imagegate.isolation import worker_command
from imagegate.workers import Worker, cores

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = pathlib.Path(__file__).parent / "results" / "isolation.md"
POLICIES = {"caller": imagegate.Policy(), "worker": imagegate.Policy(isolation="process")}
AT_A_TIME = 4  # pictures for each thread
COLUMNS = ("one picture after the other", f"{cores()} at a time, on as many cores", "start of a worker")


def measured(data: bytes, rounds: int, callers: ThreadPoolExecutor) -> tuple[float, ...]:
    """Of one JPEG: the ratio by itself, the ratio for many at a time, and how many checks a start takes."""
    one = {name: single(data, policy) for name, policy in POLICIES.items()}
    many = {name: batch(data, policy, callers) for name, policy in POLICIES.items()}
    # Apart, as a start leaves nothing of another's cache.
    begun = {"caller": one["caller"], "start": start}
    return (
        beside_caller(race(one, rounds))["worker"],
        beside_caller(race(many, rounds))["worker"],
        beside_caller(race(begun, min(rounds, 5)))["start"],
    )


def beside_caller(times: dict[str, list[float]]) -> dict[str, float]:
    """Median of the ratios within a round."""
    return {name: median(map(truediv, of, times["caller"])) for name, of in times.items()}


def single(data: bytes, policy: imagegate.Policy) -> Callable[[], object]:
    """One picture."""
    return lambda: imagegate.check(data, policy=policy)


def batch(data: bytes, policy: imagegate.Policy, callers: ThreadPoolExecutor) -> Callable[[], object]:
    """As many pictures at a time as there are processors."""
    pictures = [data] * (AT_A_TIME * cores())
    return lambda: list(callers.map(lambda picture: imagegate.check(picture, policy=policy), pictures))


def start() -> None:
    """Start a worker, wait until it is ready, and end it."""
    worker = Worker(worker_command())
    worker.start()
    worker.end()


def main() -> None:
    """Race on every photo; print the table and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--smoke", action="store_true", help="one round, nothing recorded: does it run?")
    arguments = parser.parse_args()
    # A worker has one thread, as there is one for each processor.
    cv2.setNumThreads(1)
    imagegate.warmup()
    rounds = 1 if arguments.smoke else arguments.rounds
    with ThreadPoolExecutor(cores()) as callers:
        rows = {path.stem: measured(path.read_bytes(), rounds, callers) for path in camera_originals()}
    text = _markdown(rows, rounds)
    print(text)
    if not arguments.smoke:
        RESULTS.write_text(text, encoding="utf-8")


def _markdown(rows: dict[str, tuple[float, ...]], rounds: int) -> str:
    lines = [
        'Time of `check()` with `isolation="process"` over that without, on the same photo; and the start of a worker,',
        "which is paid once for each and again for each that dies, as a multiple of one check.",
        f"Medians of {rounds} interleaved rounds. Measured by `python -m benchmarks.isolation` on {machine()}.",
        "",
        f"| photo | {' | '.join(COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
        *(f"| {photo} | {one:.2f} | {many:.2f} | {begun:.0f} |" for photo, (one, many, begun) in rows.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
