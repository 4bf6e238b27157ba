"""One form sent to a real service, and how long /healthz takes to answer meanwhile."""

from __future__ import annotations

import http.client
import threading
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from benchmarks.hostile.forms import Request
    from benchmarks.web import Service

PATIENCE = 60.0
PAUSE = 0.002  # seconds between two questions


class Answered(NamedTuple):
    """The status of the answer, and the slowest answer of /healthz meanwhile, in milliseconds."""

    status: int
    slowest: float


def sent(service: Service, request: Request, body: bytes) -> Answered:
    """Send a form while another connection asks /healthz again and again."""
    over = threading.Event()
    times: list[float] = []
    asking = threading.Thread(target=_ask, args=(service.address, over, times))
    asking.start()
    try:
        status = _post(service.address, request, body)
    finally:
        over.set()
        asking.join()
    return Answered(status, 1000 * max(times))


def _post(address: str, request: Request, body: bytes) -> int:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("POST", request.path, body, {"Content-Type": request.content_type})
        response = connection.getresponse()
        response.read()
    except OSError:
        return 0
    finally:
        connection.close()
    return response.status


def _ask(address: str, over: threading.Event, times: list[float]) -> None:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    while not times or not over.wait(PAUSE):
        start = perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        times.append(perf_counter() - start)
    connection.close()
