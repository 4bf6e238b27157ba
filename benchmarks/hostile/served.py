"""One form sent to a real service, and how long /healthz takes to answer meanwhile."""

from __future__ import annotations

import http.client
import threading
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from benchmarks.web import Service

PATIENCE = 60.0
PAUSE = 0.002  # seconds between two questions


class Answered(NamedTuple):
    """The slowest answer of /healthz meanwhile, in milliseconds, and the status of the answer."""

    slowest: float
    status: int


def sent(service: Service, request: tuple[str, str], body: bytes) -> Answered:
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
    return Answered(1000 * max(times), status)


def _post(address: str, request: tuple[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    path, content_type = request
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
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
