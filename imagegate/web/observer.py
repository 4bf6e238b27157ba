"""Around every request: its id, its line in the log, its count, and an answer of our own where the service fails."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagegate.web.answers import refusal
from imagegate.web.logs import LOGGER, place_of
from imagegate.web.metrics import Metrics
from imagegate.web.refusals import Refused
from imagegate.web.request_ids import REQUEST_ID, given_id
from imagegate.words import Phrase

# As nginx counts a client that did not wait for its answer.
CLIENT_GONE: Final = 499
# No cache keeps what a person's photo came to, and no browser takes an answer for another type than it is declared as.
ALWAYS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_UNLOGGED: Final = ("/healthz", "/readyz", "/metrics")

_log: Final = logging.getLogger(LOGGER)


class Observer:
    """ASGI middleware: the outermost of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        request_id = given_id(Headers(scope=scope).get(REQUEST_ID, "")) or uuid4().hex
        scope.setdefault("state", {}).update(request_id=request_id, facts={})
        status = CLIENT_GONE

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                headers[REQUEST_ID] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is answered, and no byte of it logged
            scope["state"]["facts"]["error"] = place_of(error)
            if status == CLIENT_GONE:
                await _failed(scope, receive, send_named)
        finally:
            self._note(scope, status, perf_counter() - start)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        path = getattr(scope.get("route"), "path", "other")
        self._metrics.answered(path, status)
        if path in _UNLOGGED:
            return
        facts = {"requestId": scope["state"]["request_id"], "method": scope["method"], "path": path, "status": status}
        level = logging.ERROR if "error" in scope["state"]["facts"] else logging.INFO
        _log.log(level, "request", extra={"facts": {**facts, "seconds": round(seconds, 6), **scope["state"]["facts"]}})


async def _failed(scope: Scope, receive: Receive, send: Send) -> None:
    refused = Refused(500, "internal_error", Phrase("The service failed at this request."), unread=True)
    await refusal(Request(scope, receive), refused, 0)(scope, receive, send)
