"""What `check` and `scan` print: a screen or a line for people, JSON for programs; and the counts at the end."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from imagegate.causes import CAUSES
from imagegate.cli.inputs import STDIN
from imagegate.cli.output import as_utf8, complain, results, show, visible, warnings_console, write_json
from imagegate.cli.screens import STYLES, picture_screen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

    from imagegate.report import Report
    from imagegate.scanning import Record
    from imagegate.scanning.sources import Item

WIDEST_NAME: Final = 60
_VERDICT_WIDTH: Final = 10


class Printer:
    """Prints each picture in the form that the options ask for, and counts it.

    Attributes:
        tally: The pictures so far.
    """

    def __init__(self, *, json: bool, quiet: bool, api: str | None) -> None:
        self.tally = Tally()
        self._quiet = quiet
        self._json = json
        self._api = api
        self._for_people = not (json or quiet or api)

    def picture(self, name: str, report: Report) -> None:
        """Print one picture of `check`."""
        title = "standard input" if name == STDIN else name
        console = results()
        if self._for_people and self.tally.total:
            console.print()
        self.tally.add(report)
        if self._api is not None:
            _write_body(report, self._api)
        elif self._json:
            write_json(report.to_dict(as_utf8(name)))
        elif self._for_people:
            show(console, picture_screen(console, title, report))
        elif not report.ok:
            console.print(_quiet_line(title, report), soft_wrap=True)

    def records(self, records: Iterable[Record], count: int | None, width: int) -> None:
        """Print the records of a scan as they come.

        Args:
            records: What the scan gives.
            count: Number of files, for the bar; None where it is not known.
            width: Columns of the names in the table.
        """
        console = results()
        if self._for_people and count != 0:
            console.print(_record_heading(width), soft_wrap=True)
        with _bar(console, hidden=self._quiet or (not self._for_people and console.is_terminal)) as bar:
            task = bar.add_task("", total=count)
            for record in records:
                self.tally.add(record.report)
                self._record(record, console, width)
                bar.advance(task)

    def _record(self, record: Record, console: Console, width: int) -> None:
        if self._api is not None:
            if record.report is None:
                complain(f"{record.source}: {record.error}")
            else:
                _write_body(record.report, self._api)
        elif self._json:
            write_json(record.to_dict())
        elif self._for_people or not record.ok:
            console.print(_record_line(record, width), soft_wrap=True)

    def summary(self) -> None:
        """Print the counts, where people are to read them."""
        if self._for_people:
            console = results()
            console.print()
            show(console, self.tally.summary())


class Tally:
    """How many pictures passed, and how often each cause was found."""

    def __init__(self) -> None:
        self.passed = 0
        self.rejected = 0
        self.unread = 0
        self.skipped: Counter[str] = Counter()
        self._causes: Counter[tuple[str, str]] = Counter()

    def add(self, report: Report | None) -> None:
        """Count one picture; None is one that could not be read."""
        if report is not None and report.ok:
            self.passed += 1
        else:
            self.rejected += 1
        self.unread += report is None
        found = report.findings if report is not None else ()
        self._causes.update({(finding.severity, finding.cause.code) for finding in found})

    @property
    def total(self) -> int:
        """Pictures counted."""
        return self.passed + self.rejected

    def summary(self) -> RenderableType:
        """The counts, the commonest cause first."""
        pictures = "1 picture" if self.total == 1 else f"{self.total:,} pictures"
        line = Text(f"{pictures}: {self.passed:,} passed, {self.rejected:,} rejected", style="bold")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        if self.unread:
            table.add_row(f"{self.unread:,}", Text("could not be read", style=STYLES["reject"]), "")
        for (severity, code), count in sorted(self._causes.items(), key=lambda item: (-item[1], item[0])):
            label = code if severity == "reject" else f"{code} (warning)"
            table.add_row(f"{count:,}", Text(label, style=STYLES[severity]), CAUSES[code].title)
        for reason, count in self.skipped.most_common():
            table.add_row(f"{count:,}", "skipped", reason)
        return Group(line, table) if table.row_count else line


def survey(items: Iterable[Item]) -> tuple[int, int]:
    """How many pictures there are, and the width of the column that shows their names."""
    count, width = 0, len("File")
    for item in items:
        count += 1
        width = max(width, cell_len(visible(item.source)))
    return count, min(width, WIDEST_NAME)


def _write_body(report: Report, api: str) -> None:
    if not report.ok:
        write_json(report.to_error(api)[2])


def _quiet_line(name: str, report: Report) -> Text:
    codes = ", ".join(finding.cause.code for finding in report.rejections)
    return Text(f"{visible(name)}: {report.status} {codes}")


def _record_heading(name_width: int) -> Text:
    return Text(f"{'Verdict':<{_VERDICT_WIDTH}}{'File':<{name_width}}  Causes", style="bold")


def _record_line(record: Record, name_width: int) -> Text:
    """Verdict, file, causes; a long name pushes its causes aside and is never cut."""
    verdict = "passed" if record.ok else "error" if record.report is None else "rejected"
    line = Text(f"{verdict:<{_VERDICT_WIDTH}}", style=STYLES["pass" if record.ok else "reject"])
    name = visible(record.source)
    causes = _causes_of(record)
    line.append(name, style="default")
    if causes:
        line.append(" " * (max(0, name_width - cell_len(name)) + 2)).append_text(causes)
    return line


def _causes_of(record: Record) -> Text:
    if record.report is None:
        return Text(visible(record.error or ""), style=STYLES["reject"])
    return Text(", ").join(
        Text(finding.cause.code, style=STYLES["reject"])
        if finding.severity == "reject"
        else Text(f"{finding.cause.code} (warning)", style=STYLES["warn"])
        for finding in record.report.findings
    )


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
