"""The report as HTML for notebooks: in the notebook's own colours, light or dark, and without a pixel of the photo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from http import HTTPStatus
from typing import Final

from imagegate.causes import Finding
from imagegate.header import Header
from imagegate.judge import Judged, judged, stated, unlimited
from imagegate.measurements import Measurements
from imagegate.policy import Policy

# Middle tones: at least 3:1 against both white and near-black (WCAG 2.2, 1.4.11). Text takes the notebook's colour,
# so that no meaning rests on these alone.
GREEN: Final = "#2e8b57"
AMBER: Final = "#b8860b"
RED: Final = "#d9534f"
GREY: Final = "#808080"

# Styles stand on the elements: a notebook that is not trusted, or shown on a forge, drops style sheets.
FRAME: Final = "color:inherit;background:none;font-size:0.95em;line-height:1.45;max-width:64em;padding-left:0.8em"
TABLE: Final = "color:inherit;background:none;font-size:inherit;border-collapse:collapse;margin:0.4em 0"
CELL: Final = f"text-align:left;padding:0.15em 1em 0.15em 0;border:0;border-bottom:1px solid {GREY}55"
STRONG: Final = f"{CELL};font-weight:bold"

VERDICTS: Final = {"pass": "✓ passes", "warn": "! warns", "reject": "✗ fails", "unknown": "? cannot be told"}


def to_html(  # noqa: PLR0913, PLR0917 - the fields of a report
    status: int,
    policy: Policy,
    findings: Sequence[Finding],
    header: Header | None,
    measurements: Measurements | None,
    lang: str,
) -> str:
    """One block of HTML without scripts, style sheets or outside resources; all text is escaped.

    Args:
        status: The verdict: 200, 400 or 422.
        policy: What the picture was judged by.
        findings: What was found, in the order of the report.
        header: What the file says of itself; its numbers are shown.
        measurements: The numbers that were measured.
        lang: Language of the findings; all else is English.
    """
    sign, words, colour = _verdict(status, findings)
    numbers = judged(policy, measurements, header, stated(findings))
    others = unlimited(policy, measurements, header)
    parts = (
        f"<div>{sign} <strong>{words}</strong> · {escape(_subject(header, policy))}</div>",
        _list(findings, lang),
        _table(("Number", "Meaning", "Value", "Limit", "Verdict"), map(_judged_row, numbers)),
        _details(_row((m.name, m.meaning, m.text(value))) for m, value in others),
    )
    frame = f'<div lang="en" style="{FRAME};border-left:0.3em solid {colour}">'
    return f"{frame}{''.join(parts)}</div>"


def _verdict(status: int, findings: Sequence[Finding]) -> tuple[str, str, str]:
    """Sign, words and colour."""
    if status != HTTPStatus.OK:
        return "✗", f"Rejected ({status})", RED
    return ("✓", "Passes, with warnings", AMBER) if findings else ("✓", "Passes", GREEN)


def _subject(header: Header | None, policy: Policy) -> str:
    """What was judged, and by what."""
    if header is None:
        return f"profile {policy.name}"
    return f"{header.format}, {header.seen_width} x {header.seen_height} pixels, profile {policy.name}"


def _list(findings: Iterable[Finding], lang: str) -> str:
    items = "".join(map(_item, findings))
    return f'<ul lang="{lang}" style="margin:0.4em 0;padding-left:1.2em">{items}</ul>' if items else ""


def _item(finding: Finding) -> str:
    kind = "" if finding.severity == "reject" else "Warning: "
    return (
        f"<li>{kind}<strong>{escape(finding.cause.title)}.</strong> {escape(finding.advice)}"
        f"<br><small><code>{escape(finding.cause.code)}</code> {escape(finding.message)}</small></li>"
    )


def _judged_row(row: Judged) -> str:
    cells = (row.metric.name, row.metric.meaning, row.value_text, row.limit_text, VERDICTS[row.verdict])
    return _row(cells, STRONG if row.verdict in {"warn", "reject"} else CELL)


def _details(rows: Iterable[str]) -> str:
    table = _table(("Number", "Meaning", "Value"), rows)
    return f"<details><summary>Numbers without a limit</summary>{table}</details>" if table else ""


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    """A table, or nothing where it has no rows."""
    body = "".join(rows)
    if not body:
        return ""
    names = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in head)
    return f'<table style="{TABLE}"><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>'


def _row(cells: tuple[str, ...], style: str = CELL) -> str:
    """One number: its name, its meaning, and what is known of it; only the meaning may be wrapped."""
    name, meaning, *rest = map(escape, cells)
    known = "".join(f'<td style="{style};white-space:nowrap">{text}</td>' for text in rest)
    named = f'<th scope="row" style="{CELL};font-weight:normal"><code>{name}</code></th>'
    return f'<tr>{named}<td style="{style}">{meaning}</td>{known}</tr>'
