"""Times that a noisy machine cannot set apart: every contender runs in every round, to be compared within it."""

from __future__ import annotations

import platform
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIBRARIES = ("numpy", "numba", "opencv-python-headless", "pillow", "simplejpeg", "pybase64")


def race(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds that each contender takes in each round, by name; each runs once before the clock starts."""
    for run in contenders.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        # Every other round backwards, so that nobody always runs on its neighbour's warm or cold cache.
        order = list(contenders.items())[:: 1 if number % 2 == 0 else -1]
        for name, run in order:
            start = perf_counter()
            run()
            times[name].append(perf_counter() - start)
    return times


def machine() -> str:
    """The machine and the versions a result was measured with, in one line of Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{platform.machine()}, {_processor()}, Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="ascii") as file:  # noqa: PTH123 - one line of a system file
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"
