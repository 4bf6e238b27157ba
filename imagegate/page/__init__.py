"""Page: a scan as one HTML file that asks nothing of anybody, to be looked at and sorted.

page.html, page.css and page.js are the page; what a scan found stands in it as JSON, which the script shows.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

import msgspec

from imagegate.causes import CAUSES
from imagegate.header import Header
from imagegate.metrics import METRICS
from imagegate.page.worst import Worst, thumbnails
from imagegate.policy import Policy
from imagegate.rules import RULES
from imagegate.scanning import Record
from imagegate.unnamed import Unnamed, naming
from imagegate.versions import versions

__all__ = ["Page"]

# A record is some 800 bytes of the page; a browser that is given more than 50 MB is no longer quick.
MOST_LISTED: Final = 50_000
SIGNIFICANT: Final = 6  # digits of a number: more than are ever shown

# None is a file that could not be read.
_REFUSED: Final = {400: "unreadable", 422: "poor", None: "unread"}

# What would end the script element that holds the JSON, or not be JavaScript (ECMA-262 before 2019).
_ESCAPES: Final = {
    character.encode(): f"\\u{ord(character):04x}".encode() for character in ("<", ">", "&", "\u2028", "\u2029")
}


class Page:
    """The report page of a scan, written as its records come; memory holds the worst few of each cause.

    It holds small copies of the worst photos. The file appears under its name when it is whole, readable by its owner
    alone; if the scan is interrupted it tells of the pictures so far, and says so.

        with Page("report.html", policy) as page:
            for record in page.noting(records): ...

    Args:
        path: Where the page goes; what is there is replaced.
        policy: What the scan judges by.
        place: Where the file of a record is when the scan ends, by its source and whether it passed.

    Attributes:
        path: Where the page goes.
        interrupted: Whether the scan ended before its last picture, though by no exception.

    Raises:
        OSError: The page cannot be written. Then there is none, and what was there before is as it was.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        policy: Policy,
        *,
        place: Callable[[str, bool], Path] = lambda source, _: Path(source),
    ) -> None:
        self.path = Path(path)
        self.interrupted = False
        self._policy = policy
        self._place = place
        self._worst = Worst()
        self._verdicts: Counter[str] = Counter()
        self._causes: Counter[tuple[str, str]] = Counter()
        self._listed = 0

    def __enter__(self) -> Self:
        start, self._middle, self._end = _template()
        with ExitStack() as stack:
            self._unfinished = stack.enter_context(Unnamed(self.path.parent))
            self._file = self._unfinished.file
            self._file.write(start + b"[")
            self._closed = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._closed:
            if kind is None:
                self._finish(complete=not self.interrupted)
            elif self._verdicts:  # Where nothing was scanned, what is there is not replaced.
                with suppress(OSError):  # The error that ended the scan is the one to report.
                    self._finish(complete=False)

    def _finish(self, *, complete: bool) -> None:
        summary = self._summary(complete=complete)
        with naming(self.path):
            self._file.write(b"]" + self._middle + _as_script_data(summary) + self._end)
            self._unfinished.replace(self.path)

    def noting(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records as they come, each added on its way."""
        for record in records:
            self.add(record.to_dict())
            yield record

    def add(self, record: Mapping[str, Any]) -> None:
        """Add what `Record.to_dict()` gives."""
        self._worst.add(self._verdicts.total(), record)
        self._verdicts[_verdict(record)] += 1
        self._causes.update({(finding["severity"], finding["cause"]) for finding in record["findings"]})
        if self._listed < MOST_LISTED:
            with naming(self.path):
                self._file.write((b",\n" if self._listed else b"\n") + _as_script_data(_row(record)))
            self._listed += 1

    def _summary(self, *, complete: bool) -> dict[str, Any]:
        """What the page tells of the scan as a whole."""
        return {
            "made": datetime.now(UTC).isoformat(timespec="minutes"),
            "version": versions()["imagegate"],
            "profile": {"name": self._policy.name, "title": self._policy.title},
            "complete": complete,
            "listed": self._listed,
            "verdicts": dict(self._verdicts),
            "causes": [self._cause(*key, count) for key, count in sorted(self._causes.items(), key=_weight)],
            "metrics": [_metric(name, self._policy) for name in METRICS],
            "worst": {
                str(index): _row(record) | thumbnails(record, self._place(record["source"], record["ok"]), self._policy)
                for index, record in self._worst.records().items()
            },
        }

    def _cause(self, severity: str, code: str, count: int) -> dict[str, Any]:
        cause = CAUSES[code]
        return {
            "code": code,
            "title": cause.title,
            "advice": cause.advice,
            "status": self._policy.status(cause),
            "severity": severity,
            "count": count,
            "worst": self._worst.of(severity, code),
        }


def _weight(item: tuple[tuple[str, str], int]) -> tuple[bool, int, str]:
    """What rejects before what warns, the commonest first."""
    (severity, code), count = item
    return severity != "reject", -count, code


def _verdict(record: Mapping[str, Any]) -> str:
    """One word for it: what passes with warnings is told apart, as are the two kinds of refusal."""
    if record["ok"]:
        return "warned" if record["findings"] else "passed"
    return _REFUSED[record["status"]]


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of one record; its numbers in the order of METRICS."""
    return {
        "source": record["source"],
        "verdict": _verdict(record),
        "status": record["status"],
        "size": record["size"],
        "error": record["error"],
        "format": record["header"] and record["header"]["format"],
        "findings": [
            {key: finding[key] for key in ("cause", "severity", "message", "advice")} for finding in record["findings"]
        ],
        "numbers": _numbers(record),
    }


def _numbers(record: Mapping[str, Any]) -> list[float | None]:
    facts: list[Any] = [SimpleNamespace(**(record["measurements"] or {}), file_size=record["size"])]
    if record["header"] is not None:
        facts.append(Header(**record["header"]))
    return [_first(name, facts) for name in METRICS]


def _first(name: str, facts: Iterable[Any]) -> float | None:
    value = next((value for fact in facts if (value := getattr(fact, name, None)) is not None), None)
    if value is None or isinstance(value, int):
        return value
    short = float(f"{value:.{SIGNIFICANT}g}")
    return int(short) if short.is_integer() else short


def _metric(name: str, policy: Policy) -> dict[str, Any]:
    """What a number means, the limits that the policy holds it to, and the stage of their rules."""
    metric = METRICS[name]
    bounds = [(rule, policy.limit(rule)) for rule in RULES if rule.metric == name]
    limits = [(rule, limit) for rule, limit in bounds if limit is not None and math.isfinite(limit)]
    return {
        "name": name,
        "unit": metric.unit,
        "meaning": metric.meaning,
        "low": metric.low if math.isfinite(metric.low) else None,
        "high": metric.high if math.isfinite(metric.high) else None,
        "stage": limits[0][0].stage if limits else None,
        "limits": [{"bound": rule.bound, "limit": limit, "cause": rule.cause} for rule, limit in limits],
    }


def _template() -> tuple[bytes, bytes, bytes]:
    """The page before its records, between them and the summary, and after that."""
    html, style, script = (_file(f"page.{kind}") for kind in ("html", "css", "js"))
    page = html.replace("{{style-hash}}", _hash(style)).replace("{{script-hash}}", _hash(script))
    page = page.replace("{{style}}", style).replace("{{script}}", script)
    start, rest = page.split("{{records}}")
    middle, end = rest.split("{{summary}}")
    return start.encode(), middle.encode(), end.encode()


def _file(name: str) -> str:
    return (resources.files("imagegate.page") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a Content-Security-Policy names the one script or style that it lets run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _as_script_data(value: object) -> bytes:
    """JSON that a script element can hold, whatever a file was called; NaN is null."""
    data = msgspec.json.encode(value)
    for character, escape in _ESCAPES.items():
        data = data.replace(character, escape)
    return data
