"""Tables of texts, for the terminal and for Markdown, and the lines of targets in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


class Line(NamedTuple):
    """One row: what is measured, what it must be, what it is, and whether that is met (None: reported only)."""

    what: str
    target: str
    measured: str
    met: bool | None


class Grid(NamedTuple):
    """A table of texts, its first row the header; `numbers`: all but the first column are figures."""

    title: str
    rows: list[list[str]]
    numbers: bool = True

    def rich(self) -> Table:
        table = Table(title=self.title, title_justify="left")
        for number, name in enumerate(self.rows[0]):
            table.add_column(name, justify="right" if number and self.numbers else "left")
        for row in self.rows[1:]:
            table.add_row(*map(escape, row))
        return table

    def markdown(self) -> str:
        header, *body = (f"| {' | '.join(row)} |" for row in self.rows)
        return "\n".join([f"## {self.title}", header, f"|{'---|' * len(self.rows[0])}", *body])


def line_grid(title: str, lines: Sequence[Line]) -> Grid:
    says = {True: "yes", False: "**no**", None: ""}
    return Grid(
        title,
        [
            ["", "target", "measured", "met"],
            *([line.what, line.target, line.measured, says[line.met]] for line in lines),
        ],
        numbers=False,
    )
