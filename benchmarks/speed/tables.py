"""The record as tables, for the terminal, for benchmarks/results/speed.md and for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.speed import calls, processes
from benchmarks.speed.guard import worse_rows
from benchmarks.speed.targets import target_lines
from benchmarks.tables import Grid, line_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.speed.guard import Compared
    from benchmarks.speed.record import Figure, Record

BESIDE_CHECK = "how many times as long as check() each takes"
SAYS = {
    calls.PHOTOS: BESIDE_CHECK,
    calls.SIZES: BESIDE_CHECK,
    calls.KERNELS: "how many times as long as the kernel each takes, on 1000 x 750 random pixels",
    calls.STAGES: "% of its time",
    calls.THREADS: "how many times as many pictures a second",
    processes.COLD: "how many times as long each takes as the process of its row",
    processes.MEMORY: "MB",
}


def grids(record: Record) -> list[Grid]:
    """The targets, and every table of the record."""
    tables = dict.fromkeys(figure.table for figure in record.figures)
    return [
        line_grid("Targets", target_lines(record.figures, record.skipped)),
        *(
            _grid(f"{table}: {SAYS[table]}", [figure for figure in record.figures if figure.table == table], _spread)
            for table in tables
        ),
    ]


def _grid(title: str, figures: Sequence[Figure], cell: Callable[[Figure], str]) -> Grid:
    """Rows and columns in the order in which they were measured."""
    rows, columns = dict.fromkeys(figure.row for figure in figures), dict.fromkeys(figure.column for figure in figures)
    cells = {(figure.row, figure.column): cell(figure) for figure in figures}
    body = [[row, *(cells.get((row, column), "") for column in columns)] for row in rows]
    return Grid(title, [["", *columns], *body])


def _spread(figure: Figure) -> str:
    return f"{figure.median:.2f} ({figure.low:.2f}-{figure.high:.2f})"


def document(record: Record) -> str:
    """Everything, as Markdown."""
    skipped = [f"- {name}: {reason}" for name, reason in record.skipped.items()]
    parts = ["# Speed", method(record), *(grid.markdown() for grid in grids(record))]
    return "\n\n".join([*parts, *(["## Skipped\n" + "\n".join(skipped)] if skipped else [])]) + "\n"


def method(record: Record) -> str:
    rivals = "".join(f", {name} {version}" for name, version in record.rivals.items())
    scipy = "with" if record.scipy else "without"
    return f"""\
Medians of {record.rounds} rounds, {calls.SLOW_ROUNDS} for other libraries, and the middle half of them. In each round
everybody runs, and is compared within it. Made by `python -m benchmarks.speed`.

- **Pictures**: {record.pictures}. The sizes are the first of them, resampled and stored anew as JPEG 90 or PNG.
- **check()** gets Base64 text; so do the other libraries and the pasted recipe (`base64`, `cv2.imdecode` in colour,
  `cvtColor`, `cv2.Laplacian(CV_64F).var()`). The decoder alone makes the very call that check() makes, without Base64.
  The entropy floor is the decoder at 1/8, luma only.
- **Threads**: one each, but for the table of threads and for the script of a cold start, which is as it is pasted.
- **Cold start**: whole processes with the interpreter's own start, the kernels' cache warm; {scipy} SciPy, which
  rivals bring and Numba loads.
- **Peak memory**: growth over the warm and idle process, on the first photo of its size; fresh processes.
- **Machine**: {record.machine}{rivals}."""


def summary(record: Record) -> str:
    """The README's table: medians, check() beside the others on whole pictures."""
    figures = [figure for figure in record.figures if figure.table in {calls.PHOTOS, calls.SIZES}]
    header, *rows = _grid("", figures, lambda figure: f"{figure.median:.2f}").rows
    says = "How many times as long as `check()` each takes on the same picture, one thread, on"
    lines = [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
    return "\n".join([f"{says} {record.machine}.", "", *lines])


def compared_grid(pairs: Sequence[Compared]) -> Grid:
    """The guard's table."""
    worse = worse_rows(pairs)
    rows = [
        [" / ".join(now.place), _spread(recorded), _spread(now), "worse" if (now.table, now.row) in worse else ""]
        for recorded, now in pairs
    ]
    return Grid("Beside the record", [["", "recorded", "now", ""], *rows])
