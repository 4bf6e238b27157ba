"""What a scan takes: two workers beside one and beside other libraries on the same photos, and its memory.

`python -m benchmarks.scan` prints the table and records it in benchmarks/results/scan.md. Libraries that are not
installed (extra `rivals`) are reported as such. Rivals start processes of their own, so the time of each is that of its
call.
"""

from __future__ import annotations

import argparse
import io
import os
import pathlib
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from operator import truediv
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image
from rich.console import Console

import imagegate
from benchmarks.photos import camera_originals
from benchmarks.race import machine, race
from benchmarks.tables import Line, line_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

RESULTS: Final = pathlib.Path(__file__).parent / "results" / "scan.md"
PIXELS: Final = 12_000_000
FEW, MANY = 2_000, 20_000
# The targets.
FASTER: Final = {
    "imagegate, one worker": 1.85,
    "cleanvision, find_issues(blurry, dark, light), n_jobs=2": 15,
    "image-quality-ai, assess_batch(workers=2)": 8,
}
MOST: Final = 400_000_000
GROWTH: Final = 64  # bytes a file
TOLERANCE: Final = 1.05
TWO, ONE, *RIVALS = "imagegate, two workers", *FASTER

# Scan a folder, say the peak in KiB. Not ru_maxrss, which begins with the peak of the process that started this one.
_PEAK: Final = """
import re, sys, imagegate
imagegate.warmup()
for record in imagegate.scan(sys.argv[1], workers=2):
    pass
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def contenders(folder: pathlib.Path) -> dict[str, Callable[[], object]]:
    """What judges the photos of the folder, by name."""
    paths = sorted(map(str, folder.iterdir()))
    found: dict[str, Callable[[], object]] = {
        TWO: lambda: list(imagegate.scan(folder, workers=2)),
        ONE: lambda: list(imagegate.scan(folder, workers=1)),
    }
    for name, rival in zip(RIVALS, (_cleanvision, _image_quality_ai), strict=True):
        with suppress(ImportError):
            found[name] = rival(paths)
    return found


def _cleanvision(paths: list[str]) -> Callable[[], object]:
    lab = import_module("cleanvision").Imagelab
    wanted: Mapping[str, Mapping[str, object]] = {"blurry": {}, "dark": {}, "light": {}}
    return lambda: lab(filepaths=paths, verbose=False).find_issues(wanted, n_jobs=2, verbose=False)


def _image_quality_ai(paths: list[str]) -> Callable[[], object]:
    assess = import_module("image_quality_ai").assess_batch
    return lambda: assess(paths, workers=2)


def photos(folder: pathlib.Path, count: int) -> None:
    """Fill a folder with 12-megapixel JPEGs: camera originals, resized to one size, in turn."""
    encoded = [_resized(path) for path in camera_originals()]
    if not encoded:
        raise SystemExit("there are no camera originals: set IMAGEGATE_SHARED")
    for number in range(count):
        (folder / f"{number:04}.jpg").write_bytes(encoded[number % len(encoded)])


def _resized(path: pathlib.Path) -> bytes:
    out = io.BytesIO()
    Image.open(path).convert("RGB").resize((4000, 3000)).save(out, "JPEG", quality=90)
    return out.getvalue()


def peak(folder: pathlib.Path) -> int:
    """Peak memory of a process that scans the folder, in bytes; Linux says it."""
    command = [sys.executable, "-c", _PEAK, folder]
    run = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own command
    return int(run.stdout) << 10


def growth(folder: pathlib.Path, rounds: int) -> float:
    """Bytes of memory for each file that a scan of many takes more than one of few; no two are alike."""
    folders = [folder / str(count) for count in (FEW, MANY)]
    for files, count in zip(folders, (FEW, MANY), strict=True):
        files.mkdir()
        chosen = np.random.default_rng(0)
        for number in range(count):
            noise = chosen.integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise).save(files / f"IMG_{number:06}.jpg", quality=60)
    # What an allocator keeps differs from run to run by as much as the files make.
    few, many = (median(of) for of in zip(*([peak(files) for files in folders] for _ in range(rounds)), strict=True))
    return (many - few) / (MANY - FEW)


def main() -> None:
    """Measure; print the table and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="few photos, one round, nothing recorded: does it run?")
    arguments = parser.parse_args()
    count, rounds = (4, 1) if arguments.smoke else (arguments.photos, arguments.rounds)
    imagegate.warmup()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "photos"
        folder.mkdir()
        photos(folder, count)
        times = race(contenders(folder), rounds)
        memory = peak(folder)
        more = growth(pathlib.Path(scratch), rounds)
    grid = line_grid("A scan", list(_lines(times, memory, more)))
    Console(width=160).print(grid.rich())
    if not arguments.smoke:
        RESULTS.write_text(f"{_measured(len(times[TWO]), count)}\n\n{grid.markdown()}\n", encoding="utf-8")


def _measured(rounds: int, count: int) -> str:
    return (
        f"Medians of the ratios in {rounds} interleaved rounds on {count} JPEGs of {PIXELS / 1e6:.0f} megapixels, and\n"
        "of the peaks of processes that each scan one folder, with two workers. Measured by\n"
        f"`python -m benchmarks.scan` on {machine()},\n{os.cpu_count()} processors."
    )


def _lines(times: Mapping[str, list[float]], memory: int, more: float) -> Iterator[Line]:
    for name, target in FASTER.items():
        what = f"{TWO}, beside {name}: times as fast"
        if name not in times:
            yield Line(what, f"at least {target:g}", "not installed", met=None)
            continue
        ratio = median(map(truediv, times[name], times[TWO]))
        yield Line(what, f"at least {target:g}", f"{ratio:.2f}", met=ratio >= target)
    yield Line("peak memory", f"under {MOST / 1e6:.0f} MB", f"{memory / 1e6:.0f} MB", met=memory < MOST)
    yield Line(
        f"memory for {MANY:,} tiny files beside {FEW:,}",
        f"at most {GROWTH} bytes a file (within {TOLERANCE - 1:.0%})",
        f"{more:.0f}",
        met=more <= GROWTH * TOLERANCE,
    )


if __name__ == "__main__":
    main()
