"""Cells of CSV: RFC 4180, and no text that a spreadsheet takes for a formula.

The rules are those of OWASP, "CSV Injection": a text that begins as a formula does gets a single quote before it, and
every text stands in double quotes, for a spreadsheet may also split cells at a semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from imagegate.scanning.columns import Cell

# The full-width forms are taken for the others where Chinese, Japanese or Korean is typed.
_FORMULA: Final = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
# A text that already has such quotes gets one more, so that each can be taken off again.
_TO_QUOTE: Final = re.compile(rf"'*+{_FORMULA}")
_QUOTED: Final = re.compile(rf"'++{_FORMULA}")


def csv_row(cells: Iterable[Cell]) -> str:
    """One row of CSV with its line end; numbers stay numbers, and what is missing is empty."""
    return ",".join(map(_cell, cells)) + "\r\n"


def without_quote(text: str) -> str:
    """A text as it was before `csv_row` put a single quote before it; any other text as it is."""
    return text[1:] if _QUOTED.match(text) else text


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        text = f"'{value}" if _TO_QUOTE.match(value) else value
        return '"' + text.replace('"', '""') + '"'
    # JSON's words for the two truths: Python's are read by nobody else.
    return "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
