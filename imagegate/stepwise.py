"""Regular expressions over long texts, a step at a time: a match holds the GIL until it ends.

Over 20 MB that takes up to a quarter of a second, in which a service answers nobody.
"""

from __future__ import annotations

import re
from typing import Any, Final

STEP: Final = 1 << 20
# Bytes that a match may reach into the next step.
_REACH: Final = 8


def found(pattern: re.Pattern[Any], text: Any, at: int) -> re.Match[Any] | None:
    """The first match from `at` on, of a pattern whose matches are no longer than 8 characters."""
    for start in range(at, len(text), STEP):
        if match := pattern.search(text, start, start + STEP + _REACH):
            return match
    return None


def end_of(pieces: re.Pattern[Any], text: Any, at: int) -> int:
    """Where the matches that follow each other from `at` on end; each has a bound of its own."""
    while (match := pieces.match(text, at)) is not None and match.end() > at:
        at = match.end()
    return at
