"""Verdicts and refusals as HTTP responses."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from imagegate.bodies import BODIES, Answer
from imagegate.web.body import discard
from imagegate.web.refusals import Refused
from imagegate.words import choose

DEFAULT_DIALECT: Final = "problem"


def response(answer: Answer) -> Response:
    """An answer as a response."""
    status, headers, body = answer
    return Response(msgspec.json.encode(body), status, headers)


def refusal(request: Request, refused: Refused, most: int) -> Response:
    """A refusal, in the dialect and the language that the request asks for.

    Args:
        request: The request.
        refused: Why.
        most: Bytes of the request to read on.
    """
    api = request.query_params.get("format", DEFAULT_DIALECT)
    known = api if api in BODIES else DEFAULT_DIALECT
    answer = refused.answer(known, choose(request.headers.get("accept-language", "")), request.state.request_id)
    return parting(request, answer, most) if refused.unread and _has_body(request) else response(answer)


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def parting(request: Request, answer: Answer, most: int) -> Response:
    """An answer to a request of which up to `most` bytes may still be on their way; the last on its connection."""
    status, headers, body = answer
    # HTTP/2 knows no such header (RFC 9113, section 8.2.2): there a stream ends alone.
    closing = {"Connection": "close"} if request.scope["http_version"].startswith("1") else {}
    # A client that waits for leave to send its body (RFC 9110, section 10.1.1) has not sent any.
    most = 0 if "expect" in request.headers else most
    return Parting(msgspec.json.encode(body), status, headers | closing, most=most)


class Parting(Response):
    """The last response on a connection, whose request may still be on its way.

    It is sent at once; the connection is closed when the request is over, or has gone on for too long.
    """

    def __init__(self, body: bytes, status: int, headers: dict[str, str], *, most: int) -> None:
        super().__init__(body, status, headers)
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, read on, close."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if scope["method"] != "HEAD":
            await discard(receive, self._most)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Nobody(Response):
    """The response to a client that has gone: none."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""
