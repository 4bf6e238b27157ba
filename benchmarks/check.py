"""check() against the recipe that people paste, and against decoding alone.

`python -m benchmarks.check` prints the table and records it in benchmarks/results/check.md.
"""

from __future__ import annotations

import argparse
import base64
import functools
import pathlib
from typing import TYPE_CHECKING

import cv2
import numpy as np
import simplejpeg
from rich.console import Console
from rich.table import Table

import imagegate
from benchmarks.photos import camera_originals
from benchmarks.race import machine, race
from imagegate.decode import decoder_factor

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = pathlib.Path(__file__).parent / "results" / "check.md"
CHECK = "imagegate.check(), Base64"
# The entropy decoding of every bit is in all of them; at 1/8 and grey there is next to nothing else.
FLOOR = "decoder at 1/8, luma only (the entropy floor)"


def contenders(data: bytes) -> dict[str, Callable[[], object]]:
    """What is raced on one JPEG; the first is the yardstick."""
    text = base64.b64encode(data).decode()
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    factor = decoder_factor(max(height, width))
    return {
        CHECK: lambda: imagegate.check(text),
        f"decoder alone, 1/{factor}, colour": lambda: at_scale(data, "RGB", height, width, factor),
        FLOOR: lambda: at_scale(data, "GRAY", height, width, 8),
        "pasted OpenCV recipe, Base64": lambda: pasted_recipe(text),
    }


def at_scale(data: bytes, space: str, height: int, width: int, factor: int) -> object:
    """The decoder as check() calls it, and nothing else."""
    return simplejpeg.decode_jpeg(
        data, space, fastupsample=True, min_height=-(-height // factor), min_width=-(-width // factor)
    )


def pasted_recipe(text: str) -> bool:
    """What answers to "opencv detect blurry image" have in common, fed from Base64."""
    buffer = np.frombuffer(base64.b64decode(text), np.uint8)
    grey = cv2.cvtColor(cv2.imdecode(buffer, cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
    return bool(cv2.Laplacian(grey, cv2.CV_64F).var() >= 100)


def measured(path: pathlib.Path, rounds: int) -> dict[str, float]:
    """check()'s time over each contender's, that is: below 1, check() is the faster."""
    ratios = race(contenders(path.read_bytes()), rounds)
    return {name: 1 / ratio for name, ratio in ratios.items() if name != CHECK}


def main() -> None:
    """Race on every photo; print the table and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--smoke", action="store_true", help="one round, nothing recorded: does it run?")
    arguments = parser.parse_args()
    # One thread each: the recipe would else borrow the second core for its Laplacian.
    cv2.setNumThreads(1)
    imagegate.warmup()
    rounds = 1 if arguments.smoke else arguments.rounds
    rows = {path.stem: measured(path, rounds) for path in camera_originals()}
    Console(width=120).print(_table(rows))
    if not arguments.smoke:
        RESULTS.write_text(_markdown(rows, rounds), encoding="utf-8")


def _table(rows: dict[str, dict[str, float]]) -> Table:
    table = Table(title="time of imagegate.check() over that of", title_justify="left")
    table.add_column("photo")
    for name in _columns(rows):
        table.add_column(name, justify="right")
    for photo, ratios in rows.items():
        table.add_row(photo, *(f"{ratios[name]:.2f} x" if name in ratios else "" for name in _columns(rows)))
    return table


def _markdown(rows: dict[str, dict[str, float]], rounds: int) -> str:
    columns = _columns(rows)
    lines = [
        "Time of `imagegate.check()` over that of each rival on the same photo: below 1, check() is the faster.",
        f"Medians of {rounds} interleaved rounds, one thread. Measured by `python -m benchmarks.check` on {machine()}.",
        "",
        f"| photo | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
    ]
    for photo, ratios in rows.items():
        lines.append(f"| {photo} | {' | '.join(f'{ratios[name]:.2f}' if name in ratios else '' for name in columns)} |")
    return "\n".join(lines) + "\n"


def _columns(rows: dict[str, dict[str, float]]) -> list[str]:
    return list(functools.reduce(lambda known, ratios: known | dict.fromkeys(ratios), rows.values(), {}))


if __name__ == "__main__":
    main()
