"""What `check` and `scan` print: a screen or a line for people, JSON for programs; and the counts at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.console import Group
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from imagegate.causes import CAUSES
from imagegate.cli.inputs import STDIN
from imagegate.cli.output import as_utf8, complain, results, show, visible, write_json
from imagegate.cli.screens import STYLES, payload_screen, picture_screen
from imagegate.words import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.console import Console, RenderableType

    from imagegate.causes import Cause
    from imagegate.payload import PayloadReport
    from imagegate.report import Report, Verdict
    from imagegate.scanning import Record

WIDEST_NAME: Final = 60
# As in scanning.filtering, which would load the decoders.
NOT_AN_IMAGE: Final = "not an image"
_VERDICT_WIDTH: Final = 10


class Printer:
    """Prints each picture in the form that the options ask for, and counts it.

    Args:
        json: One object a line.
        quiet: What is rejected alone.
        api: The dialect of error bodies; None for no bodies.
        lang: Language tag or Accept-Language value of titles and advice.
        table: People see every picture, not only the counts.

    Attributes:
        tally: The pictures so far.
    """

    def __init__(self, *, json: bool, quiet: bool, api: str | None, lang: str, table: bool = True) -> None:
        self.tally = Tally(choose(lang))
        self._quiet = quiet
        self._json = json
        self._api = api
        self._for_people = not (json or quiet or api)
        self._in_table = self._for_people and table
        self._width = WIDEST_NAME

    def picture(self, name: str, report: Report) -> None:
        """Print one picture of `check`."""
        self._verdict(name, report, lambda console, title: picture_screen(console, title, report))

    def payload(self, name: str, report: PayloadReport) -> None:
        """Print the request of `payload`."""
        self._verdict(name, report, lambda _, title: payload_screen(title, report))

    def _verdict(self, name: str, report: Verdict, screen: Callable[[Console, str], RenderableType]) -> None:
        title = "standard input" if name == STDIN else name
        console = results()
        if self._for_people and self.tally.total:
            console.print()
        self.tally.add(report.to_dict(title))
        if self._api is not None:
            _write_body(report, self._api)
        elif self._json:
            write_json(report.to_dict(as_utf8(name)))
        elif self._for_people:
            show(console, screen(console, title))
        elif not report.ok:
            console.print(_quiet_line(title, report), soft_wrap=True)

    def heading(self, width: int) -> None:
        """Begin the table of a scan.

        Args:
            width: Columns of the names in it.
        """
        self._width = width
        if self._in_table:
            results().print(_record_heading(width), soft_wrap=True)

    def record(self, record: Record, plain: Mapping[str, Any]) -> None:
        """Print one record of a scan, whose object is `plain`."""
        self.tally.add(plain)
        if self._api is not None:
            if record.report is None:
                complain(f"{record.source}: {record.error}")
            else:
                _write_body(record.report, self._api)
        elif self._json:
            write_json(plain)
        elif self._in_table or (self._quiet and not record.ok):
            results().print(_record_line(record, self._width), soft_wrap=True)

    def summary(self) -> None:
        """Print the counts, where people are to read them."""
        if self._for_people:
            console = results()
            if self._in_table:
                console.print()
            show(console, self.tally.summary())


class Tally:
    """How many pictures passed, how often each cause was found, and which picture was the largest and the slowest.

    Attributes:
        passed: Pictures that pass.
        rejected: Pictures that do not, those that could not be read among them.
        unread: Pictures that could not be read.
        skipped: What a source holds beside pictures, by kind.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self.passed = 0
        self.rejected = 0
        self.unread = 0
        self.skipped: Counter[str] = Counter()
        self._causes: Counter[tuple[str, str]] = Counter()
        self._advised: Counter[str] = Counter()
        self._largest = (0, "")
        self._slowest = (0.0, "")

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one picture by its object; one that could not be read has no status."""
        if record["ok"]:
            self.passed += 1
        else:
            self.rejected += 1
        self.unread += record["status"] is None
        findings = record["findings"]
        self._causes.update({(finding["severity"], finding["cause"]) for finding in findings})
        if not record["ok"] and findings:
            self._advised[findings[0]["cause"]] += 1
        self._largest = max(self._largest, (record.get("size") or 0, record["source"] or ""))
        self._slowest = max(self._slowest, (sum(record.get("timings", {}).values()), record["source"] or ""))

    @property
    def total(self) -> int:
        """Pictures counted."""
        return self.passed + self.rejected

    def summary(self) -> RenderableType:
        """The counts, the commonest cause first; of a scan also its extremes and the advice that helps most."""
        pictures = "1 picture" if self.total == 1 else f"{self.total:,} pictures"
        line = Text(f"{pictures}: {self.passed:,} passed, {self.rejected:,} rejected", style="bold")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        if self.unread:
            table.add_row(f"{self.unread:,}", Text("could not be read", style=STYLES["reject"]), "")
        for (severity, code), count in sorted(self._causes.items(), key=lambda item: (-item[1], item[0])):
            label = code if severity == "reject" else f"{code} (warning)"
            table.add_row(f"{count:,}", Text(label, style=STYLES[severity]), self._said(code).title)
        for kind, count in self.skipped.most_common():
            if kind != NOT_AN_IMAGE:
                table.add_row(f"{count:,}", "skipped", kind)
        told = [Text(sentence) for sentence in self._sentences()]
        return Group(line, *([table] if table.row_count else []), *told)

    def _said(self, code: str) -> Cause:
        return CAUSES[code].in_language(self._lang)

    def _sentences(self) -> Iterator[str]:
        if others := self.skipped[NOT_AN_IMAGE]:
            files = "1 file that is not an image was" if others == 1 else f"{others:,} files that are not images were"
            yield f"{files} skipped; --strict rejects such files"
        if self._slowest[0] and self.total > 1:
            yield f"Slowest: {visible(self._slowest[1])} ({self._slowest[0]:.2f} s)"
        if self._largest[0] and self.total > 1:
            yield f"Largest: {visible(self._largest[1])} ({decimal(self._largest[0])})"
        if self._advised:
            ((code, count),) = self._advised.most_common(1)
            yield f"Would help most ({count:,} of {self.rejected:,} rejected): {self._said(code).advice}"


def width_of(names: Iterable[str]) -> int:
    """Columns of a table that shows these names."""
    return min(max((cell_len(visible(name)) for name in names), default=0) or len("File"), WIDEST_NAME)


def _write_body(report: Verdict, api: str) -> None:
    if not report.ok:
        write_json(report.to_error(api)[2])


def _quiet_line(name: str, report: Verdict) -> Text:
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
