"""Figures of whole processes: how long they take from cold, and how far their memory grows.

`python -m benchmarks.speed.processes CONTENDER PHOTO` prints by how many bytes the peak memory of this process grows.
"""

from __future__ import annotations

import base64
import functools
import gc
import pathlib
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import imagegate
from benchmarks.photos import ROOT
from benchmarks.race import race
from benchmarks.speed.record import figure, ratios
from benchmarks.speed.rivals import CHECK, RECIPE, pasted_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.speed.record import Figure

COLD, MEMORY = "Cold start", "Peak memory"
GROWTH = "growth"
IMPORT, NAMES, ONE_PHOTO = "import imagegate", "from imagegate import check", "imagegate check PHOTO"
IMPORT_CV2, SCRIPT = "import cv2", "script: import cv2, pasted recipe"
# What is pasted does not set OpenCV's threads; it may use them all.
RECIPE_SCRIPT = """
import sys, cv2
grey = cv2.cvtColor(cv2.imread(sys.argv[1]), cv2.COLOR_BGR2GRAY)
print(cv2.Laplacian(grey, cv2.CV_64F).var() >= 100)
"""
SMALL = ROOT / "sample_images" / "good_640x480.jpg"
JUDGES: dict[str, Callable[[str], object]] = {CHECK: imagegate.check, RECIPE: pasted_recipe}
STATUS, CLEAR = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")
RESET_PEAK = "5"


def of_cold_start(photo: pathlib.Path, python: str, rounds: int) -> list[Figure]:
    """Whole processes of an interpreter, its own start included; the kernels' cache is warm."""
    pairs = {
        IMPORT: {IMPORT: ["-c", IMPORT], IMPORT_CV2: ["-c", IMPORT_CV2]},
        NAMES: {NAMES: ["-c", NAMES], IMPORT_CV2: ["-c", IMPORT_CV2]},
        ONE_PHOTO: {
            ONE_PHOTO: ["-m", "imagegate", "check", str(photo)],
            SCRIPT: ["-c", RECIPE_SCRIPT, str(photo)],
        },
    }
    return [
        found
        for row, commands in pairs.items()
        for found in ratios(
            COLD, row, race({name: _process(python, *command) for name, command in commands.items()}, rounds)
        )
    ]


def has_scipy(python: str) -> bool:
    """Whether an interpreter has the SciPy that some rivals bring, and that Numba loads where it is."""
    code = "import importlib.util; print(importlib.util.find_spec('scipy') is not None)"
    return _process(python, "-c", code)().strip() == "True"


def _process(*command: str) -> Callable[[], str]:
    def run() -> str:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
        # 1 with a verdict: the photo is rejected; without: an error.
        if done.returncode and not (done.returncode == 1 and done.stdout):
            raise RuntimeError(done.stderr)
        return done.stdout

    return run


def of_memory(photo: pathlib.Path, rounds: int) -> list[Figure]:
    """Growth of a fresh process's peak on its first photo of this size, over the warm and idle process."""
    if no_memory():
        return []
    return [
        figure(MEMORY, name, GROWTH, [_growth_of(name, photo) / 1e6 for _ in range(rounds)], "MB") for name in JUDGES
    ]


def no_memory() -> str | None:
    """Why memory cannot be measured here, if so."""
    return None if CLEAR.exists() else "needs Linux, which alone can reset a process's peak"


def _growth_of(name: str, photo: pathlib.Path) -> int:
    return int(_process(sys.executable, "-m", "benchmarks.speed.processes", name, str(photo))())


def growth(run: Callable[[], object]) -> int:
    """Bytes by which this process's peak grows over what it held before."""
    gc.collect()
    CLEAR.write_text(RESET_PEAK, encoding="ascii")
    before = _peak()
    run()
    return _peak() - before


def _peak() -> int:
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="ascii"))[0])


def _text(photo: pathlib.Path) -> str:
    return base64.b64encode(photo.read_bytes()).decode()


def main() -> None:
    name, photo = sys.argv[1:]
    judge, text = JUDGES[name], _text(pathlib.Path(photo))
    imagegate.warmup()
    judge(_text(SMALL))
    print(growth(functools.partial(judge, text)))


if __name__ == "__main__":
    main()
