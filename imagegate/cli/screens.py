"""What people see of a verdict: one screen for a picture, one line for each of many."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import Group
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from imagegate.causes import CAUSES
from imagegate.cli.output import visible
from imagegate.header import FORMATS
from imagegate.limits import judged
from imagegate.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import Console, RenderableType

    from imagegate.causes import Finding
    from imagegate.folder import Record
    from imagegate.limits import Judged
    from imagegate.report import Report

# A terminal of 24 lines, one of them for the next prompt.
SCREEN: Final = 23
STYLES: Final = {"reject": "bold red", "warn": "yellow", "pass": "green", "unknown": "yellow"}
WIDEST_NAME: Final = 60
_VERDICT_WIDTH: Final = 10
_STAGES: Final = ("picture", "header", "file")


def picture_screen(console: Console, name: str, report: Report) -> RenderableType:
    """Verdict, causes with their advice, and the numbers beside their limits, on one screen."""
    head = Group(_verdict(name, report), _facts(report))
    findings = _findings_that_fit(console, report, SCREEN - _height(console, head) - 1)
    above = Group(head, "", findings, "") if report.findings else Group(head, "")
    return Group(above, _numbers(_by_interest(report), SCREEN - _height(console, above)))


def quiet_line(name: str, report: Report) -> Text:
    """One line for a picture that is rejected."""
    codes = ", ".join(finding.cause.code for finding in report.rejections)
    return Text(f"{visible(name)}: {report.status} {codes}")


def record_line(record: Record, name_width: int) -> Text:
    """One row of a scan's table: verdict, file, causes; a long name pushes its causes aside and is never cut."""
    verdict = "passed" if record.ok else "error" if record.report is None else "rejected"
    line = Text(f"{verdict:<{_VERDICT_WIDTH}}", style=STYLES["pass" if record.ok else "reject"])
    name = visible(record.source)
    causes = _causes_of(record)
    line.append(name, style="default")
    if causes:
        line.append(" " * (max(0, name_width - cell_len(name)) + 2)).append_text(causes)
    return line


def record_heading(name_width: int) -> Text:
    """The heading above the rows of a scan."""
    return Text(f"{'Verdict':<{_VERDICT_WIDTH}}{'File':<{name_width}}  Causes", style="bold")


class Tally:
    """How many pictures passed, and how often each cause was found."""

    def __init__(self) -> None:
        self.passed = 0
        self.rejected = 0
        self.unread = 0
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
        return Group(line, table) if table.row_count else line


def _verdict(name: str, report: Report) -> Text:
    line = Text(f"{visible(name)}: ", style="bold", overflow="fold")
    warnings = len(report.warnings)
    if not report.ok:
        return line.append(f"rejected ({report.status})", style=STYLES["reject"])
    line.append("passes", style=STYLES["pass"])
    if warnings:
        line.append(f", {warnings} {'warning' if warnings == 1 else 'warnings'}", style=STYLES["warn"])
    return line


def _facts(report: Report) -> Text:
    facts = []
    header = report.header
    if header is not None:
        facts += [FORMATS[header.format].title, f"{header.seen_width:,} x {header.seen_height:,} pixels"]
        if header.file_size is not None:
            facts.append(decimal(header.file_size))
    profile = f"profile: {visible(report.profile)}"
    return Text(", ".join([*facts, profile]), style="dim")


def _findings_that_fit(console: Console, report: Report, room: int) -> Table:
    """All findings; advice is left out first for warnings, then for all, where there is no room for it."""
    attempts = (report.findings, report.rejections, ())
    tables = [_findings(report.findings, advised) for advised in attempts]
    return next((table for table in tables if _height(console, table) <= room), tables[-1])


def _findings(findings: Sequence[Finding], advised: Collection[Finding]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        text = Text(f"{finding.cause.code}: ", style=STYLES[finding.severity])
        text.append(visible(finding.message), style="default")
        if finding in advised:
            text.append(f"\n{visible(finding.advice)}", style="cyan")
        table.add_row(Text(finding.severity, style=STYLES[finding.severity]), text)
    return table


def _by_interest(report: Report) -> list[Judged]:
    """What failed, then what whoever takes the picture can change, then what the file is."""
    stages = {rule.metric: _STAGES.index(rule.stage) for rule in RULES}
    rows = judged(report.policy, report.findings, report.measurements, report.header)
    return sorted(rows, key=lambda row: (row.verdict == "pass", stages[row.metric.name]))


def _in_words(row: Judged) -> str:
    if row.verdict in {"pass", "unknown"}:
        return "ok" if row.verdict == "pass" else "cannot tell"
    return "too low" if row.bound == "min" else "too high"


def _numbers(rows: Sequence[Judged], room: int) -> RenderableType:
    """As many rows as there is room for; which are left out are the last of those within their limits."""
    failed = sum(row.verdict != "pass" for row in rows)
    heading = 1
    fitting = len(rows) if len(rows) + heading <= room else max(failed, room - heading - 1)
    if not rows or (failed and failed + heading > room):
        return Group()  # The findings say it all.
    table = _number_table(rows[:fitting])
    left = len(rows) - fitting
    return Group(table, Text(f"{left} more within their limits", style="dim")) if left > 0 else table


def _number_table(rows: Iterable[Judged]) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("Number", no_wrap=True)
    table.add_column("Value", no_wrap=True)
    table.add_column("Limit", no_wrap=True)
    table.add_column("")
    for row in rows:
        words = Text(_in_words(row), style=STYLES[row.verdict])
        table.add_row(row.metric.name, row.value_text, row.limit_text, words)
    return table


def _causes_of(record: Record) -> Text:
    if record.report is None:
        return Text(visible(record.error or ""), style=STYLES["reject"])
    return Text(", ").join(
        Text(finding.cause.code, style=STYLES["reject"])
        if finding.severity == "reject"
        else Text(f"{finding.cause.code} (warning)", style=STYLES["warn"])
        for finding in record.report.findings
    )


def _height(console: Console, content: RenderableType) -> int:
    return len(console.render_lines(content, pad=False))
