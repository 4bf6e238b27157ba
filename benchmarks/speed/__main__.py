"""How long check() takes beside its rivals, by ratios; recorded, held to targets, and guarded.

`python -m benchmarks.speed` measures and records (benchmarks/results/speed.json and .md; then `python -m
tests.generated`). `--compare` measures imagegate's own part again and holds it to the record: exit code 3 if
it has become slower. With FILES only prints.

Numba loads SciPy where there is one, as beside some rivals: `--alone PYTHON` takes the cold starts with the interpreter
of an environment that holds imagegate and what it needs. Cold starts with and without SciPy are not compared.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from typing import TYPE_CHECKING

import cv2
from rich.console import Console

import imagegate
from benchmarks.race import machine
from benchmarks.speed import calls, processes
from benchmarks.speed.guard import compare, worse_rows
from benchmarks.speed.libraries import loaded
from benchmarks.speed.pictures import at_sizes, pictures
from benchmarks.speed.record import RECORDED, Record, read, write
from benchmarks.speed.tables import compared_grid, document, grids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.speed.pictures import Photo, Pictures
    from benchmarks.speed.record import Figure

ROUNDS, MEMORY_ROUNDS = 11, 3
GUARD_ROUNDS, GUARD_MEGAPIXELS = 5, 2
SLOWER = 3


def main() -> int:
    """Measure; print, and record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path, metavar="FILES", help="JPEGs; best of 12 megapixels")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--smoke", action="store_true", help="one round, nothing recorded: does it run?")
    mode.add_argument("--compare", action="store_true", help="hold imagegate's part to the record; record nothing")
    parser.add_argument("--alone", default=sys.executable, metavar="PYTHON", help="interpreter for the cold starts")
    arguments = parser.parse_args()
    # One thread each: the recipe would else borrow the second core for its Laplacian.
    cv2.setNumThreads(1)
    imagegate.warmup()
    console = Console(width=max(Console().width, 160))
    taken = pictures(arguments.files)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "photo.jpg")
        file.write_bytes(taken.photos[0].data)
        if arguments.compare:
            figures = guarded(taken.photos, file, arguments.alone)
            return _compared(console, taken.origin, figures, scipy=processes.has_scipy(arguments.alone))
        record = measured(taken, file, arguments.alone, 1 if arguments.smoke else ROUNDS)
    for grid in grids(record):
        console.print(grid.rich())
    if not (arguments.smoke or arguments.files):
        write(record)
        RECORDED.with_suffix(".md").write_text(document(record), encoding="utf-8")
    return 0


def measured(taken: Pictures, file: pathlib.Path, alone: str, rounds: int) -> Record:
    """Every figure."""
    photos, others, no_memory = taken.photos, loaded(), processes.no_memory()
    return Record(
        machine=machine(),
        pictures=taken.origin,
        rounds=rounds,
        scipy=processes.has_scipy(alone),
        rivals=others.versions,
        skipped=others.skipped | ({processes.MEMORY: no_memory} if no_memory else {}),
        figures=[
            *calls.of_photos(photos, others.prepare, rounds),
            *calls.of_sizes(at_sizes(photos[0]), rounds),
            *calls.of_stages(photos, rounds),
            *calls.of_kernels(rounds),
            *calls.of_threads(photos, rounds),
            *processes.of_cold_start(file, alone, rounds),
            *processes.of_memory(file, min(rounds, MEMORY_ROUNDS)),
        ],
    )


def guarded(photos: Sequence[Photo], file: pathlib.Path, alone: str) -> list[Figure]:
    """What imagegate changes, within a minute: no other libraries, no large pictures but the photos."""
    return [
        *calls.of_photos(photos, {}, GUARD_ROUNDS),
        *calls.of_sizes(at_sizes(photos[0], largest=GUARD_MEGAPIXELS), GUARD_ROUNDS),
        *calls.of_kernels(GUARD_ROUNDS),
        *processes.of_cold_start(file, alone, GUARD_ROUNDS),
        *processes.of_memory(file, 1),
    ]


def _compared(console: Console, pictures: str, figures: Sequence[Figure], *, scipy: bool) -> int:
    recorded = read()
    pairs = compare(recorded, figures, pictures, scipy=scipy)
    worse = worse_rows(pairs)
    console.print(compared_grid(pairs).rich())
    console.print(f"{len(pairs)} figures compared; rows that are worse: {'; '.join(map(', '.join, worse)) or 'none'}")
    console.print(f"now: {pictures}; {machine()}\nrecorded: {recorded.pictures}; {recorded.machine}")
    return SLOWER if worse else 0


if __name__ == "__main__":
    sys.exit(main())
