"""What a member of somebody else's body says, where it is of the type that it should be."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any, Final

# A code or a status; any more digits are neither, and Python would not write thousands of them out.
_LARGEST_CODE: Final = 2**31 - 1
_STATUSES: Final = range(100, 600)


def mapping(value: object) -> dict[str, Any]:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def first(value: object) -> object:
    """The first item of an array; None where there is none."""
    return value[0] if isinstance(value, list) and value else None


def text(value: object) -> str:
    """A string; "" for anything else."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """A whole number from 0 to 2^31 - 1; JSON's true is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _LARGEST_CODE else None


def http_status(value: object) -> int | None:
    """A whole number from 100 to 599."""
    status = whole(value)
    return status if status in _STATUSES else None


def seconds(value: object) -> float | None:
    """Seconds: to wait, or of Unix time. Not what is negative, NaN, infinite, a string or a boolean."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= sys.float_info.max else None


def unix_time(value: object) -> float | None:
    """An ISO 8601 date and time as Unix time; in UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text(value))
        return seconds((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
