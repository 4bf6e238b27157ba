"""What the service counts, for Prometheus: verdicts, causes, seconds a stage, what is in flight, what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from imagegate.web.pool import Ledger, Pool

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
# From the header of a small picture, a tenth of a millisecond, to a deadline.
_SECONDS: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Metrics:
    """The counters of one service; several in a process do not meet.

    Attributes:
        in_flight: Requests that are being read or judged.
    """

    def __init__(self, pool: Pool, ledger: Ledger) -> None:
        own = self._registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self._requests = Counter("imagegate_requests", "Requests answered.", ["path", "status"], registry=own)
        self._verdicts = Counter("imagegate_verdicts", "Pictures and requests judged.", ["status"], registry=own)
        self._causes = Counter("imagegate_findings", "Findings.", ["cause", "severity"], registry=own)
        self._refused = Counter(
            "imagegate_refused", "Requests refused before a picture was judged.", ["cause"], registry=own
        )
        self._stages = Histogram(
            "imagegate_stage_seconds", "Seconds a stage.", ["stage"], buckets=_SECONDS, registry=own
        )
        self.in_flight = Gauge("imagegate_in_flight", "Requests being read or judged.", registry=own)
        waiting = Gauge("imagegate_waiting", "Requests waiting for a thread.", registry=own)
        waiting.set_function(lambda: pool.waiting)
        held = Gauge("imagegate_bytes_in_flight", "Bytes of requests in memory.", registry=own)
        held.set_function(lambda: ledger.held)

    def answered(self, path: str, status: int) -> None:
        """Count a request."""
        self._requests.labels(path, str(status)).inc()

    def refused(self, cause: str) -> None:
        """Count a request that was refused before a picture was judged."""
        self._refused.labels(cause).inc()

    def judged(self, status: int, findings: Iterable[tuple[str, str]], timings: dict[str, float]) -> None:
        """Count a verdict with the code and the severity of each finding."""
        self._verdicts.labels(str(status)).inc()
        for code, severity in findings:
            self._causes.labels(code, severity).inc()
        for stage, seconds in timings.items():
            self._stages.labels(stage).observe(seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
