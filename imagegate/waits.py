"""How long to wait before a request is sent again: Retry-After and its kin, to seconds from now."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from imagegate.bodies import ParsedBody

# A year: what asks for more is no wait but a mistake, such as milliseconds.
LONGEST: Final = 366 * 86_400.0
# Unix time of 2001. A reset below it is no date, and may be anything.
EARLIEST: Final = 1e9
# The longest date, "Wednesday, 31-Dec-2026 23:59:59 GMT", leaves room; all that is longer is none.
LONGEST_TEXT: Final = 64

_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def wait(headers: Mapping[str, str], parsed: ParsedBody, *, limited: bool) -> float | None:
    """Seconds from now until the request may be sent again; None where the answer does not say.

    Of what says so, the first that makes sense counts: the header Retry-After (seconds or a date, RFC 9110, section
    10.2.3); the body's `retry_after` or `retryAfter`; the header X-RateLimit-Reset; the body's `reset`. Dates are held
    against the answer's own Date header, else against this machine's clock; a past one is 0.

    Args:
        headers: The answer's headers, their names in lower case.
        parsed: Its body.
        limited: Whether requests are being limited. The last two count only then: APIs send them with every answer.
    """
    date = _date(headers.get("date", ""))
    now = time.time() if date is None or date < EARLIEST else date
    stated = [_retry_after(headers.get("retry-after", ""), now), _seconds(parsed.retry_after)]
    if limited:
        stated += [_until(_moment(headers.get("x-ratelimit-reset", "")), now), _until(parsed.reset, now)]
    return next((seconds for seconds in stated if seconds is not None), None)


def _retry_after(text: str, now: float) -> float | None:
    number = _number(text)
    return _until(_date(text), now) if number is None else _seconds(number)


def _seconds(value: float | None) -> float | None:
    """A wait that makes sense; NaN never does."""
    return float(value) if value is not None and 0 <= value <= LONGEST else None


def _until(moment: float | None, now: float) -> float | None:
    """The wait until a moment, given in Unix time; none once it is past."""
    return None if moment is None or not moment >= EARLIEST else _seconds(max(0.0, moment - now))


def _moment(text: str) -> float | None:
    """Unix time, or a date, as Unix time."""
    number = _number(text)
    return _date(text) if number is None else number


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _date(text: str) -> float | None:
    """An HTTP date or an ISO 8601 one as Unix time, in UTC where it names no zone."""
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
