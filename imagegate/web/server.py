"""Runs the service on uvicorn, with bounds on connections, and an end that loses no request."""

from __future__ import annotations

import ctypes
import signal
import sys
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, Final, cast
from uuid import uuid4

import cv2
import msgspec
import uvicorn
from prometheus_client import disable_created_metrics
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from imagegate.web.app import create_app
from imagegate.web.config import Settings
from imagegate.web.logs import configuration
from imagegate.web.refusals import RETRY_SECONDS

# Seconds for the head of a request, from the opening of a connection or from its first byte.
HEAD_SECONDS: Final = 10.0
# Seconds for which an idle connection is kept for another request. Proxies keep theirs up to a minute.
IDLE_SECONDS: Final = 65
# Bytes that may come without a request becoming any clearer: of a head, a trailer or a chunk's extension.
LONGEST_HEAD: Final = 64 * 1024
# Requests on one connection that may wait for the one before them; clients that do so at all send a few.
MOST_PIPELINED: Final = 16
# Chunks that may come at once, unless they are of some length: a megabyte in chunks of one byte keeps the loop busy for
# more than a second, as one piece for less than a hundredth of one.
MOST_CHUNKS: Final = 1000
SHORTEST_CHUNK: Final = 64
# Seconds for a request to arrive that was sent as the service was told to end.
LAST_SECONDS: Final = 1.0

# malloc.h; the largest threshold that glibc takes.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGEST_KEPT: Final = 32 << 20


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with the bounds that it leaves out: on heads, on silence, on the number of connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # a line for each request is ours to write; this one has the client's address
        self._ending = False
        self._vague = 0  # bytes since the request last became clearer
        self._chunks = 0  # of the body in the bytes that were fed last
        self._head_due: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > cast("Config", self.config).limit_connections:
            self._part(503, "Too many connections.", f"retry-after: {RETRY_SECONDS}\r\n")
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which drops what it has no use for, and would keep whatever it does not understand yet."""
        if self._head_due is None and self._is_idle():
            self._await_head()
        self._vague += len(data)
        self._chunks = 0
        super().data_received(data)
        if self._vague > LONGEST_HEAD:
            self._part(431, "The head of the request is too long.")
        elif self._chunks > MOST_CHUNKS and len(data) < SHORTEST_CHUNK * self._chunks:
            self._part(400, "The chunks of the request are too short.")

    def on_headers_complete(self) -> None:
        """A request is there."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("too many requests at once")  # ends the parser, which ends the connection
        self._vague = 0
        self._stop_waiting()
        super().on_headers_complete()
        if self._ending:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Some of its body is there."""
        self._vague = 0
        self._chunks += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._vague = 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answer what was sent before the client could know, and tell it to come no more."""
        self._ending = True
        super_shutdown = super().shutdown
        if self._is_idle():
            self.loop.call_later(LAST_SECONDS, super_shutdown)
        else:
            super_shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._part(400, msg)

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._part, 408, "The head of the request did not come.")

    def _stop_waiting(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _part(self, status: int, detail: str, headers: str = "") -> None:
        """Answer what has not become a request, and close."""
        self._stop_waiting()
        title, request_id = HTTPStatus(status).phrase, uuid4().hex
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "requestId": request_id}
        body = msgspec.json.encode(problem)
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
            f"{headers}x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)
            self.transport.close()


class Config(uvicorn.Config):
    """uvicorn's configuration, and the bound that it has no word for."""

    limit_connections: int


def server_of(settings: Settings, log_config: dict[str, Any] | None = None) -> uvicorn.Server:
    """The service, bound to nothing yet.

    Args:
        settings: Its bounds.
        log_config: For logging.config; None leaves the process's own.

    Raises:
        ValueError, TypeError, OSError: As `create_app`.
    """
    config = Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=log_config,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
    )
    config.limit_connections = settings.connections
    return uvicorn.Server(config)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way.

    Raises:
        ValueError: Nothing can listen on `host` and `port`; the log says why.
        ValueError, TypeError, OSError: As `create_app`.
    """
    server = server_of(settings, configuration())
    # This process is ours, so that its global state is too: there is a thread for each processor already, and when a
    # counter began is of no interest to anybody.
    cv2.setNumThreads(1)
    disable_created_metrics()  # type: ignore[no-untyped-call] # as it ships
    _keep_freed_memory()
    # uvicorn raises the signal that ended it once more when it has ended; the process then ends with code 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        server.run()
    except SystemExit:  # uvicorn's word for it
        raise ValueError(f"host and port: cannot listen on {settings.host}, port {settings.port}") from None


def _keep_freed_memory() -> None:
    """Let the next picture have what the last one gave back.

    By itself glibc returns blocks of some megabytes to the system, and has each of their pages brought anew: a fifth of
    the processor time of a picture of 2 megapixels. What is larger than the threshold is still returned.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has none
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST_KEPT)
