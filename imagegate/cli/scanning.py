"""`imagegate scan` while it runs: a line for each file, and a bar on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

from rich.cells import cell_len
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from imagegate.cli import screens
from imagegate.cli.output import visible, warnings_console, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console

    from imagegate.folder import Record


Form: TypeAlias = Literal["json", "quiet", "screen"]


def survey(files: Iterable[Path]) -> tuple[int, int]:
    """How many files there are, and the width of the column that shows their names."""
    count, width = 0, len("File")
    for file in files:
        count += 1
        width = max(width, cell_len(visible(str(file))))
    return count, min(width, screens.WIDEST_NAME)


def print_records(records: Iterable[Record], console: Console, form: Form, count: int, width: int) -> screens.Tally:
    """Print each record as it comes, and count them.

    Args:
        records: What the scan gives.
        console: Where results go.
        form: In which form.
        count: Number of files, for the bar.
        width: Columns of the names in the table.
    """
    tally = screens.Tally()
    with _bar(console, hidden=form == "quiet" or (form == "json" and console.is_terminal)) as bar:
        task = bar.add_task("", total=count)
        for record in records:
            tally.add(record.report)
            if form == "json":
                write_json(record.to_dict())
            elif form == "screen" or not record.ok:
                console.print(screens.record_line(record, width), soft_wrap=True)
            bar.advance(task)
    return tally


def _bar(console: Console, *, hidden: bool) -> Progress:
    """On standard error; or, where both are terminals, drawn by the results' console, so that lines pass above it."""
    return Progress(
        TextColumn("checking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console if sys.stdout.isatty() else warnings_console(),
        disable=hidden or not sys.stderr.isatty(),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
