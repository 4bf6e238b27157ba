"""Runs the service on uvicorn, with bounds on connections, and an end that loses no request."""

from __future__ import annotations

import ctypes
import signal
import sys
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, Final, NoReturn, cast
from uuid import uuid4

import cv2
import msgspec
import uvicorn
from prometheus_client import disable_created_metrics
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from imagegate.web.app import create_app
from imagegate.web.body import LINGER
from imagegate.web.clients import Shares
from imagegate.web.config import Settings
from imagegate.web.logs import configuration
from imagegate.web.observer import ALWAYS
from imagegate.web.refusals import RETRY_SECONDS

# Seconds for the head of a request, from the opening of a connection or from its first byte.
HEAD_SECONDS: Final = 10.0
# Seconds for which an idle connection is kept for another request. Proxies keep theirs up to a minute.
IDLE_SECONDS: Final = 65
# Bytes of a head, and those that may come without a request becoming any clearer: of a trailer or a chunk's extension.
LONGEST_HEAD: Final = 64 * 1024
# Headers of a request, as in Apache. Browsers and proxies send some thirty; each look-up goes over all of them.
MOST_HEADERS: Final = 100
# Seconds for a client to take what was sent to it, if there is more of it than the system's own buffers hold.
TAKING_SECONDS: Final = 30.0
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
        self._counted: str | None = None  # the client that this connection is counted for
        self._in_head = self._in_body = False
        self._head = 0  # bytes of the head so far
        self._vague = 0  # bytes since the request last became clearer
        self._chunks = 0  # of the body in the bytes that were fed last
        self._unanswered = 0  # requests whose head has come
        self._why: tuple[int, str] | None = None  # the parser was stopped
        self._last_answer: bytes | None = None  # waits for those before it
        self._is_over = False  # it was sent
        self._head_due: TimerHandle | None = None
        self._taking_due: TimerHandle | None = None

    # A connection

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        config, again = cast("Config", self.config), f"retry-after: {RETRY_SECONDS}\r\n"
        address = self.client[0] if self.client else None
        if len(self.connections) > config.limit_connections:
            self._turn_away(503, "Too many connections.", again)
        elif address is not None and not config.shares.take(address):
            self._turn_away(429, "Too many connections from this address.", again)
        else:
            self._counted = address
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        if self._counted is not None:
            cast("Config", self.config).shares.give_back(self._counted)
        self._stop_waiting()
        self._has_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take what is sent to it."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """It has taken enough of it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._has_taken()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing has come for long."""
        super().timeout_keep_alive_handler()
        self._await_taking()

    def shutdown(self) -> None:
        """Answer what was sent before the client could know, and tell it to come no more."""
        self._ending = True
        super_shutdown = super().shutdown
        if self._is_idle():
            self.loop.call_later(LAST_SECONDS, super_shutdown)
        else:
            super_shutdown()

    # A request

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which drops what it has no use for, and would keep whatever it does not understand yet."""
        if self._is_over or self._last_answer is not None:
            return
        if self._head_due is None and self._is_idle():
            self._await_head()
        self._vague += len(data)
        self._chunks = 0
        super().data_received(data)
        if self._vague > LONGEST_HEAD:
            self._part(431, _TOO_LONG)
        elif self._chunks > MOST_CHUNKS and len(data) < SHORTEST_CHUNK * self._chunks:
            self._part(400, "The chunks of the request are too short.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head = True, 0

    def on_url(self, url: bytes) -> None:
        """Some of its target is there."""
        self._refuse_long_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is there; a trailer changes nothing of a request that has begun (RFC 9110, section 6.5.1)."""
        if self._in_head:
            self._refuse_long_head(len(name) + len(value))
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request is there."""
        self._refuse_doubtful_head()
        self._vague = 0
        self._stop_waiting()
        super().on_headers_complete()
        self._in_head, self._in_body = False, True
        self._unanswered += 1
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
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered."""
        self._unanswered -= 1
        super().on_response_complete()
        if self._last_answer is not None and not self._unanswered:
            self._close_with(self._last_answer)
        elif self.transport.is_closing():
            self._await_taking()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or what the parser was stopped for."""
        self._part(*(self._why or (400, msg)))

    def _unsupported_upgrade_warning(self) -> None:
        """An offer to go on with another protocol, which no server has to take (RFC 9110, section 7.8)."""
        self.cycle.keep_alive = False  # the parser has ended

    def _refuse_long_head(self, length: int) -> None:
        self._head += length
        if self._head > LONGEST_HEAD or len(self.headers) >= MOST_HEADERS:
            self._stop_parsing(431, _TOO_LONG)

    def _refuse_doubtful_head(self) -> None:
        names, version = [name for name, _ in self.headers], self.parser.get_http_version()
        if len(self.pipeline) >= MOST_PIPELINED:
            self._stop_parsing(400, "There are too many requests at once.")
        if version not in _VERSIONS:
            self._stop_parsing(400, "The request must be of HTTP/1.0 or 1.1.")
        if version == "1.1" and names.count(b"host") != 1:
            self._stop_parsing(400, "The request must have one Host header.")
        # The parser would take the body for the other protocol's.
        if self.parser.should_upgrade() and {b"content-length", b"transfer-encoding"} & {*names}:
            self._stop_parsing(400, "A request with a body must not ask for an upgrade.")

    def _stop_parsing(self, status: int, detail: str) -> NoReturn:
        """End the parser, which calls `send_400_response`."""
        self._why = status, detail
        raise ValueError(detail)

    # Clocks

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._part, 408, "The head of the request did not come.")

    def _stop_waiting(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _await_taking(self) -> None:
        if self._taking_due is None:
            self._taking_due = self.loop.call_later(TAKING_SECONDS, self.transport.abort)

    def _has_taken(self) -> None:
        if self._taking_due is not None:
            self._taking_due.cancel()
            self._taking_due = None

    # The end

    def _turn_away(self, status: int, detail: str, headers: str) -> None:
        """Answer a connection, of which there are too many to linger on any."""
        self.transport.write(_plain_answer(status, detail, headers))
        self.transport.close()

    def _part(self, status: int, detail: str) -> None:
        """Answer what has not become a request, or cannot go on as one, after all before it are answered; and close."""
        self._stop_waiting()
        if self._is_over or self.transport.is_closing():
            return
        answer, before = _plain_answer(status, detail), self._unanswered
        if self._in_body and not self._is_idle():
            before -= 1
            if before:
                self._unanswered -= 1
                self.pipeline.popleft()
            elif self.cycle.response_started:
                answer = b""
        if before:
            self._last_answer = answer
        else:
            self._close_with(answer)

    def _close_with(self, answer: bytes) -> None:
        """Answer, and close when the client has done so or LINGER is over: see there."""
        self._is_over = True
        self.transport.write(answer)
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)
        self._await_taking()


_VERSIONS: Final = ("1.0", "1.1")
_TOO_LONG: Final = "The head of the request is too long."


def _plain_answer(status: int, detail: str, headers: str = "") -> bytes:
    title, request_id = HTTPStatus(status).phrase, uuid4().hex
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "requestId": request_id}
    body = msgspec.json.encode(problem)
    always = "".join(f"{name.lower()}: {value}\r\n" for name, value in ALWAYS.items())
    head = (
        f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
        f"{headers}{always}x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


class Config(uvicorn.Config):
    """uvicorn's configuration, and the bounds that it has no word for."""

    limit_connections: int
    shares: Shares


def server_of(settings: Settings, log_config: dict[str, Any] | None = None) -> uvicorn.Server:
    """The service, bound to nothing yet.

    Args:
        settings: Its bounds.
        log_config: For logging.config; None leaves the process's own.

    Raises:
        ValueError, TypeError, OSError: As `create_app`.
    """
    app = create_app(settings)
    config = Config(
        app,
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
    # Behind a proxy every client has its address.
    proxies = ProxyHeadersMiddleware(cast("Any", app), config.forwarded_allow_ips).trusted_hosts
    config.shares = Shares(settings.client_connections, lambda address: address in proxies)
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
