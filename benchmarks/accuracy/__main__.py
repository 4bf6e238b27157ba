"""False rejects, catches and named causes, beside the rivals': on any folder of sharp, good photos.

`python -m benchmarks.accuracy` measures on the shared photos and writes docs/accuracy.md;
`python -m benchmarks.accuracy FOLDER...` measures on your own and only prints. Nothing else is written.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pathlib
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import cv2
from PIL import Image
from rich.console import Console
from rich.progress import track

from benchmarks.accuracy import lines
from benchmarks.accuracy.gates import skipped
from benchmarks.accuracy.sheets import false_rejects, figures, judge_photo, missed
from benchmarks.accuracy.tables import causes, comparison, document, method, target_lines
from benchmarks.photos import ROOT, shared_data
from benchmarks.tables import line_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.accuracy.sheets import PhotoVerdicts
    from benchmarks.tables import Grid, Line

DOCUMENT = ROOT / "docs" / "accuracy.md"
KINDS = {".jpg", ".jpeg", ".png"}
# Of the shared folder; of the pairs, the sharp ones.
SETS = ("camera_originals", "derm_isic_uda1")
PAIRS = ("blur_kwentar_2048", "blur_kwentar_300")
STACK = "focus_stack"
WORKERS = 2


def main() -> None:
    """Measure, print, and write docs/accuracy.md where the photos are the shared ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=pathlib.Path, metavar="FOLDER", help="sharp, good photos")
    parser.add_argument("--output", type=pathlib.Path, help=f"write Markdown here (without folders: {DOCUMENT.name})")
    arguments = parser.parse_args()
    shared = shared_data()
    photos = _of_folders(arguments.folders) if arguments.folders else _of_shared(shared)
    if not photos:
        parser.error("no photo found; name a folder, or set IMAGEGATE_SHARED")
    console = Console(width=max(Console().width, 160))
    # One thread a worker, so that OpenCV does not take the other's core.
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
        judged = list(track(pool.map(judge_photo, photos), "photos", len(photos), console=console))
        found = _lines(pool, photos, shared)
    measured = figures(judged)
    found += lines.cost_lines(_large(photos))
    grids = [line_grid("Targets", target_lines(measured) + found), comparison(measured), causes(measured)]
    _print(console, grids, judged)
    output = arguments.output or (None if arguments.folders else DOCUMENT)
    if output:
        written = document(grids, method(_named(photos), len(photos)), skipped(), false_rejects(judged))
        output.write_text(written, encoding="utf-8")


def _print(console: Console, grids: Sequence[Grid], judged: Sequence[PhotoVerdicts]) -> None:
    """Print the tables, and imagegate's mistakes one by one: they are what to look at next."""
    for grid in grids:
        console.print(grid.rich())
    for line in false_rejects(judged):
        console.print(f"acceptable, but rejected: {line}")
    for line in missed(judged):
        console.print(f"passed, in spite of {line}")
    for gate, reason in skipped().items():
        console.print(f"skipped: {gate}, {reason}")


def _of_shared(data: pathlib.Path) -> list[pathlib.Path]:
    whole = _of_folders([data / name for name in SETS])
    return whole + [path for path in _of_folders([data / PAIRS[0]]) if path.stem.endswith("_S")]


def _of_folders(folders: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    return sorted(
        path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.suffix.lower() in KINDS
    )


def _large(photos: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    return [path for path in photos if _megapixels(path) >= lines.SMALLEST_TO_SCALE]


def _megapixels(path: pathlib.Path) -> float:
    with Image.open(path) as picture:
        return picture.width * picture.height / 1e6


def _lines(pool: ProcessPoolExecutor, photos: Sequence[pathlib.Path], data: pathlib.Path) -> list[Line]:
    """Run what is not a table of rates; what needs photos that are not here is left out."""
    scaled = pool.map(lines.scaled, _large(photos))
    drawn = pool.map(lines.bokeh, lines.TONES)
    tones = pool.map(lines.tone_statuses, lines.TONES)
    pairs = [data / name for name in PAIRS if (data / name).is_dir()]
    found = lines.scale_lines([row for rows in scaled for row in rows]) if _large(photos) else []
    found += lines.pair_lines(pairs) if pairs else []
    found += lines.stack_lines(data / STACK) if (data / STACK).is_dir() else []
    found += lines.bokeh_lines([picture for pictures in drawn for picture in pictures])
    return found + lines.fairness_lines(list(tones))


def _named(photos: Sequence[pathlib.Path]) -> list[str]:
    """Folder: names, for the record."""
    folders = dict.fromkeys(path.parent for path in photos)
    return [f"{folder.name}: {', '.join(p.stem for p in photos if p.parent == folder)}" for folder in folders]


if __name__ == "__main__":
    main()
