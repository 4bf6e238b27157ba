"""Any ASGI app, as of Starlette, FastAPI or Django: middleware that gates the uploads to chosen paths."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

try:
    import python_multipart  # noqa: F401 - what reads forms is imported below, by others
    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.routing import compile_path
except ImportError as error:
    raise ImportError("imagegate.frameworks.asgi needs: pip install starlette python-multipart") from error

from collections.abc import Callable, Iterable, Iterator

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagegate.frameworks.core import LARGEST_BODY, Gate, lang_of
from imagegate.policy import Policy
from imagegate.report import ImageRejected
from imagegate.web.answers import Nobody, parting, response
from imagegate.web.body import Gone, Upload
from imagegate.web.config import Settings
from imagegate.web.judging import judge
from imagegate.web.media_types import refuse_encodings, refuse_other_types
from imagegate.web.pool import Ledger
from imagegate.web.refusals import Refused
from imagegate.workers import cores

P = ParamSpec("P")
T = TypeVar("T")

# RFC 9110, section 9.3: the meaning of a body of these is not defined, and usually there is none.
BODILESS: Final = ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE")
# As servers hand bodies over: the app makes one piece of them, and two whole ones need not be in memory.
PIECE: Final = 1 << 16

# More threads than processors would only hold more decoded pictures at once; they start with the first upload.
_JUDGES: Final = ThreadPoolExecutor(cores(), thread_name_prefix="imagegate")


class GateMiddleware:
    """Judges the picture in a request before the app sees it, and answers itself where it is not taken.

    The picture is the body itself (`image/*`, `application/octet-stream`), the one file of a form, or Base64 in JSON,
    `{"image": "..."}`. What passes reaches the app as it was sent, with the report in `scope["state"]["imagegate"]`,
    which is `request.state.imagegate` in Starlette. All other paths, and requests without a body, are untouched.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        paths: str | Iterable[str],
        policy: Policy | str | None = None,
        api: str = "problem",
        largest_body: int = LARGEST_BODY,
    ) -> None:
        """State what is gated.

        Args:
            app: The app behind it.
            paths: Paths to gate, written as in Starlette's routes: "/patients/{id}/photo".
            policy: What is taken: None for the default, a profile's name, or a Policy.
            api: The dialect of answers.
            largest_body: Bytes of the largest request; a longer one is answered with 413.

        Raises:
            ValueError, TypeError: An argument cannot be used; the message names it.
        """
        paths = [paths] if isinstance(paths, str) else [*paths]
        if not paths or not all(path.startswith("/") for path in paths):
            raise ValueError("paths must name paths, each of which begins with a slash")
        self._app = app
        # The `$` of these takes a newline at the end for nothing, as the routes' own do: no path slips between the two.
        self._paths = [_any_case(path) for each in paths for path in (each, _plain(each))]
        self._bounds = Bounds(Gate(policy, api=api, largest_body=largest_body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http" or not self._names(scope) or not _may_bring_a_photo(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        upload = self._bounds.upload(request)
        with upload.held():
            refusal = await self._refusal(request, upload)
            if refusal is None:
                await self._app(scope, replayed(upload.data, receive), send)
                return
        await refusal(scope, receive, send)

    def _names(self, scope: Scope) -> bool:
        # Of a path that only begins like the root, some frameworks take that off, and some do not.
        routed = (scope["path"], scope["path"].removeprefix(scope.get("root_path", "")))
        paths = {path for each in routed for path in (each, _plain(each))}
        return any(pattern.match(path) for pattern in self._paths for path in paths)

    async def _refusal(self, request: Request, upload: Upload) -> Response | None:
        """The answer to what is not taken; None for what passes."""
        # Of several, some frameworks read the first, some the last, some all of them as one (RFC 9110, section 5.3).
        types = request.headers.getlist("content-type")
        content_type = types[0] if len(types) == 1 else ""
        try:
            refuse_other_types(content_type)
            refuse_encodings(request.headers.getlist("content-encoding"))
            body = await upload.read()
            verdict = await off_the_loop(judge, content_type, body, self._bounds.gate.policy, lang_of(request.headers))
            verdict.raise_for_status()
        except Gone:
            return Nobody()
        except (Refused, ImageRejected) as why:
            return self._bounds.response(why, request)
        request.state.imagegate = verdict
        return None


def _any_case(path: str) -> re.Pattern[str]:
    return re.compile(compile_path(path)[0].pattern, re.IGNORECASE)


def _plain(path: str) -> str:
    """Without slashes in a row or at the end: to some frameworks that is the same path, as it is in any case."""
    return "/" + "/".join(filter(None, path.split("/")))


def _may_bring_a_photo(scope: Scope) -> bool:
    """Whether there is a body; Django takes "post" for a POST, which servers hand on as it came."""
    headers = Headers(scope=scope)
    announced = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    return announced or scope["method"].upper() not in BODILESS


class Bounds:
    """The bounds of the service, on length, speed and bytes in memory, for the uploads through one gate.

    Attributes:
        gate: The gate.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._settings = Settings(largest_body=gate.largest_body)
        self._ledger = Ledger(max(self._settings.bytes_in_flight, gate.largest_body))

    def upload(self, request: Request) -> Upload:
        """The body of a request, to be read."""
        return Upload(request.receive, request.headers, self._settings, self._ledger)

    def response(self, why: Refused | ImageRejected, request: Request) -> Response:
        """The answer to a request that is not taken."""
        answer = self.gate.answer(why, request.headers)
        if isinstance(why, Refused) and why.unread:
            return parting(request, answer, self.gate.largest_body)
        return response(answer)


async def off_the_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Have a thread do it."""
    return await asyncio.get_running_loop().run_in_executor(_JUDGES, partial(work, *args, **kwargs))


def replayed(body: bytearray, receive: Receive) -> Receive:
    """A body that was read already, to be read again; and then what else the client does."""
    pieces = _pieces(memoryview(body))

    async def again() -> Message:
        return next(pieces, None) or await receive()

    return again


def _pieces(body: memoryview) -> Iterator[Message]:
    for start in range(0, len(body) or 1, PIECE):
        end = start + PIECE
        yield {"type": "http.request", "body": bytes(body[start:end]), "more_body": end < len(body)}
