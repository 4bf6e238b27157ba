"""What a scan takes: two workers beside one and beside other libraries on the same photos, and its memory.

`python -m benchmarks.scan` prints the table and records it in benchmarks/results/scan.md. Libraries that are not
installed (extra `rivals`) are left out. Rivals start processes of their own, so the time of each is that of its call.
"""

from __future__ import annotations

import argparse
import io
import os
import pathlib
import subprocess
import sys
import tempfile
from importlib import import_module
from operator import truediv
from statistics import median
from typing import TYPE_CHECKING, Final

from PIL import Image

import imagegate
from benchmarks.photos import camera_originals
from benchmarks.race import machine, race

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESULTS: Final = pathlib.Path(__file__).parent / "results" / "scan.md"
MEBIBYTE: Final = 1 << 20
PIXELS: Final = 12_000_000
FEW, MANY = 2_000, 20_000
TWO: Final = "imagegate, two workers"

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
        "imagegate, one worker": lambda: list(imagegate.scan(folder, workers=1)),
    }
    rivals = {
        "cleanvision, find_issues(blurry, dark, light), n_jobs=2": _cleanvision,
        "image-quality-ai, assess_batch(workers=2)": _image_quality_ai,
    }
    for name, rival in rivals.items():
        try:
            found[name] = rival(paths)
        except ImportError:
            print(f"{name}: not installed", file=sys.stderr)
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


def growth(folder: pathlib.Path, rounds: int) -> tuple[float, float]:
    """Bytes of memory for each file that a scan of many takes more than one of few, and the part that they add."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    peaks = []
    for count in (FEW, MANY):
        files = folder / str(count)
        files.mkdir()
        for number in range(count):
            (files / f"IMG_{number:06}.jpg").write_bytes(out.getvalue())
        # What an allocator keeps differs from run to run by more than the files make.
        peaks.append(median(peak(files) for _ in range(rounds)))
    few, many = peaks
    return (many - few) / (MANY - FEW), many / few - 1


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
        more = growth(pathlib.Path(scratch), min(rounds, 3))
    text = _markdown(times, memory, more, count)
    print(text)
    if not arguments.smoke:
        RESULTS.write_text(text, encoding="utf-8")


def _markdown(times: Mapping[str, list[float]], memory: int, more: tuple[float, float], count: int) -> str:
    rounds = len(times[TWO])
    slower = {name: median(map(truediv, of, times[TWO])) for name, of in times.items() if name != TWO}
    added, part = more
    lines = [
        f"Time over that of `imagegate.scan(folder, workers=2)`, on {count} JPEGs of {PIXELS / 1e6:.0f} megapixels:",
        f"medians of the ratios in {rounds} interleaved rounds. Measured by `python -m benchmarks.scan` on",
        f"{machine()}, {os.cpu_count()} processors.",
        "",
        "| | times as long |",
        "|---|---|",
        *(f"| {name} | {ratio:.2f} |" for name, ratio in slower.items()),
        "",
        f"Peak memory of that scan: {memory / MEBIBYTE:.0f} MiB. A scan of {MANY:,} tiny files takes {added:.0f} bytes",
        f"a file more than one of {FEW:,}, {part:.1%} in all.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
