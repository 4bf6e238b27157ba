"""What people see of a verdict: one screen for a picture, and one for a request of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.filesize import decimal
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from imagegate.cli.inputs import STDIN
from imagegate.cli.output import UNBOUNDED, visible
from imagegate.header import FORMATS
from imagegate.judge import judged, stated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import Console, RenderableType

    from imagegate.causes import Finding
    from imagegate.explanation import ApiError
    from imagegate.judge import Judged
    from imagegate.payload import PayloadReport
    from imagegate.report import Report, Verdict

# A terminal of 24 lines, one of them for the next prompt.
SCREEN: Final = 23
STYLES: Final = {"reject": "bold red", "warn": "yellow", "pass": "green", "unknown": "yellow"}


def picture_screen(console: Console, name: str, report: Report) -> RenderableType:
    """Verdict, causes with their advice, and the numbers beside their limits, on one screen."""
    screen = Group(_verdict(name, report), _facts(report))
    if report.findings:
        screen = Group(screen, "", _findings_that_fit(console, report, SCREEN - _height(console, screen) - 1))
    numbers = _numbers(console, _by_interest(report), SCREEN - _height(console, screen) - 1)
    return screen if numbers is None else Group(screen, "", numbers)


def payload_screen(name: str, report: PayloadReport) -> RenderableType:
    """Verdict, and each cause with its advice below the pointer to its field."""
    count = len(report.images)
    pictures = "1 picture" if count == 1 else f"{count:,} pictures"
    facts = Text(f"{pictures}, profile: {visible(report.profile)}", style="dim")
    screen = Group(_verdict(name, report), facts)
    places = dict.fromkeys(finding.pointer for finding in report.findings)
    for place in places:
        found = [finding for finding in report.findings if finding.pointer == place]
        screen = Group(screen, Text(f"\n{visible(place) or 'the request'}", style="bold"), _findings(found, found))
    return screen


def answer_screen(source: str | None, error: ApiError) -> RenderableType:
    """What an API's answer means: cause, fault, whether a retry helps and when, advice."""
    status = str(error.status or ("no answer" if error.fault == "network" else "status unknown"))
    style = "reject" if error.fault else "pass" if error.status else "unknown"
    name = "standard input" if source == STDIN else visible(source or "")
    title = Text(f"{name}: " if name else "", style="bold", overflow="fold")
    title.append(", ".join(filter(None, (status, error.api, error.code))), style=STYLES[style])
    facts = {
        "Fault": error.fault,
        "Retry": _retry(error),
        "Request id": error.request_id,
        "Field": error.pointer,
        "Causes": ", ".join(error.causes),
        "Unread": error.unread,
    }
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        if fact:
            table.add_row(Text(name, style="bold"), visible(fact))
    return Group(title, error.cause, Text(error.advice, style="cyan"), table)


def _retry(error: ApiError) -> str:
    if not error.retryable:
        return "does not help"
    return "helps" if error.retry_after is None else f"helps, after {error.retry_after:,.15g} seconds"


def _verdict(name: str, report: Verdict) -> Text:
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
    rows = judged(report.policy, report.measurements, report.header, stated(report.findings))
    return sorted(rows, key=lambda row: (row.verdict == "pass", not _is_measured(row)))


def _is_measured(row: Judged) -> bool:
    return row.rule.stage == "picture"


def _in_words(row: Judged) -> str:
    if row.verdict in {"pass", "unknown"}:
        return "ok" if row.verdict == "pass" else "cannot tell"
    return "too low" if row.rule.bound == "min" else "too high"


def _numbers(console: Console, rows: Sequence[Judged], room: int) -> RenderableType | None:
    """What failed, and of what was measured as many rows as there is room for.

    That a file of good length has one frame tells nobody anything, so what the header passes is only counted.
    """
    failed = sum(row.verdict != "pass" for row in rows)
    telling = sum(row.verdict != "pass" or _is_measured(row) for row in rows)
    heading, ending = 1, 1
    if not telling or failed + heading > room:
        return None  # The findings say it all.
    shown = telling if telling + heading + (telling < len(rows)) <= room else max(failed, room - heading - ending)
    table, left = _number_table(console, rows[:shown]), len(rows) - shown
    return Group(table, Text(f"{left} more within their limits", style="dim")) if left else table


def _number_table(console: Console, rows: Sequence[Judged]) -> Table:
    """Where not all columns fit, limits are left out, then values: the findings tell both."""
    attempts = (("Number", "Value", "Limit", ""), ("Number", "Value", ""), ("Number", ""))
    tables = [_table_of(rows, headings) for headings in attempts]
    return next((table for table in tables if _width(console, table) <= console.width), tables[-1])


def _table_of(rows: Iterable[Judged], headings: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        words = Text(_in_words(row), style=STYLES[row.verdict])
        cells: dict[str, RenderableType] = {
            "Number": row.metric.name,
            "Value": row.value_text,
            "Limit": row.limit_text,
            "": words,
        }
        table.add_row(*(cells[heading] for heading in headings))
    return table


def _width(console: Console, content: RenderableType) -> int:
    return Measurement.get(console, console.options.update(width=UNBOUNDED), content).maximum


def _height(console: Console, content: RenderableType) -> int:
    return len(console.render_lines(content, pad=False))
