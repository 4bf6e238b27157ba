"""create_app(): the service as an ASGI application."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, TypeVar

from fastapi import FastAPI
from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import imagegate
from imagegate import heif
from imagegate.bodies import BODIES
from imagegate.gate import warmup
from imagegate.policy import PROFILES, Isolation, Policy
from imagegate.web import openapi
from imagegate.web.answering import Answered, Kind, Question, answered
from imagegate.web.answers import DEFAULT_DIALECT, Nobody, refusal
from imagegate.web.body import Gone, Upload
from imagegate.web.clients import Rates
from imagegate.web.config import Settings
from imagegate.web.isolated import Workers
from imagegate.web.logs import LOGGER
from imagegate.web.media_types import refuse_all_but_bytes, refuse_encodings, refuse_other_types
from imagegate.web.metrics import CONTENT_TYPE, Metrics
from imagegate.web.observer import Observer
from imagegate.web.pool import Full, Ledger, Pool
from imagegate.web.refusals import RETRY_SECONDS, Refused, overloaded
from imagegate.web.site import Site
from imagegate.words import Phrase, choose

T = TypeVar("T")

_log: Final = logging.getLogger(LOGGER)

# Of the deadline, what a worker may have: the rest is for the answer where it has to be killed.
_WORKERS_SHARE: Final = 0.9


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, to be run by any ASGI server; `imagegate serve` runs it with the bounds on connections too.

    Args:
        settings: Its bounds; the default ones if None.

    Raises:
        ValueError, TypeError: A setting names no profile or no policy, or one that cannot be judged by here.
        OSError: The policy's file cannot be read.
    """
    service = Service(Settings() if settings is None else settings)
    app = FastAPI(
        title="imagegate",
        version=imagegate.__version__,
        summary="Says whether an API will take a photo.",
        lifespan=service.running,
        docs_url=None,  # its page would be loaded from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # it would lead to wherever the Host header says
        exception_handlers={Refused: service.refuse, Gone: service.give_up, HTTPException: service.refuse_plain},
    )
    app.state.service = service
    app.add_middleware(Observer, metrics=service.metrics)
    for path, method, endpoint, operation in service.routes():
        if method == "GET":  # first, so that it is this route which is called; the other one is described
            app.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False, response_model=None)
        app.add_api_route(path, endpoint, methods=[method], openapi_extra=operation, response_model=None)
    for path, endpoint in Site(service.policies, service.default).routes():
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False, response_model=None)
    app.openapi_schema = _described(app, service)
    return app


def _described(app: FastAPI, service: Service) -> dict[str, Any]:
    """FastAPI's own description, with our schemas, and without the answers that it takes for granted."""
    document = app.openapi()
    document["components"] = {"schemas": openapi.components()}
    for path, method, _, operation in service.routes():
        document["paths"][path][method.lower()]["responses"] = operation["responses"]
    return document


class Service:
    """What the endpoints share.

    Attributes:
        settings: The bounds.
        policies: Those that a request can name.
        default: The one that judges where a request names none.
        ready: Whether the kernels are loaded, and the service is not about to end.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        own = settings.judge()
        if "heic" in own.formats:
            heif.require()
        offered = {policy.name: policy for policy in (*filter(_readable, PROFILES.values()), own)}
        isolation: Isolation = "process" if "process" in (settings.isolation, own.isolation) else "none"
        self.policies = {name: replace(policy, isolation=isolation) for name, policy in offered.items()}
        self.ready = False
        self.default = self.policies[own.name]
        self._workers = Workers(settings.workers, self.policies.values()) if isolation == "process" else None
        self._pool = Pool(settings.workers, settings.queue)
        self._ledger = Ledger(settings.bytes_in_flight)
        self._rates = Rates(settings.client_rate) if settings.client_rate else None
        self.metrics = Metrics(self._pool, self._ledger)

    def routes(self) -> list[tuple[str, str, Callable[..., Any], dict[str, Any]]]:
        """Path, method, endpoint, and what OpenAPI says of it."""
        alive = {"responses": openapi.plain_responses("The process answers.")}
        ready = {"responses": openapi.plain_responses("The kernels are loaded.", may_fail=True)}
        counted = {"responses": openapi.plain_responses("Prometheus' text format.", "text/plain")}
        return [
            ("/v1/check", "POST", self.check, openapi.check_operation(self.policies)),
            ("/v1/check-payload", "POST", self.check_payload, openapi.check_payload_operation(self.policies)),
            ("/v1/inspect", "POST", self.inspect, openapi.inspect_operation(self.policies)),
            ("/healthz", "GET", self.healthz, alive),
            ("/readyz", "GET", self.readyz, ready),
            ("/metrics", "GET", self.exposition, counted),
        ]

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Load the kernels while the service is alive already; wait for the threads at the end."""
        warming = asyncio.create_task(self._warm_up())
        yield
        warming.cancel()
        self._pool.close()
        if self._workers is not None:
            self._workers.close()

    async def check(self, request: Request) -> Response:
        """Say whether an API will take a picture."""
        return await self._judged(request, "check", refuse_other_types)

    async def check_payload(self, request: Request) -> Response:
        """Say whether an API will take the request that an app is about to send, and every picture in it."""
        return await self._judged(request, "check-payload")

    async def inspect(self, request: Request) -> Response:
        """Say of a picture what the page shows: each number beside its limit, and where it is blurred or clipped."""
        return await self._judged(request, "inspect", refuse_all_but_bytes)

    async def healthz(self) -> Response:
        """Say that the process answers."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def readyz(self) -> Response:
        """Say whether requests are answered at full speed."""
        if not self.ready:
            raise Refused(503, "not_ready", Phrase("The kernels are not loaded."), retry_after=RETRY_SECONDS)
        return Response(b'{"status":"ready"}', media_type="application/json")

    async def exposition(self) -> Response:
        """What Prometheus asks for."""
        return Response(self.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def refuse(self, request: Request, refused: Exception) -> Response:
        """The answer to what the service itself refuses."""
        assert isinstance(refused, Refused)  # noqa: S101 - registered for these alone
        code = refused.finding.cause.code
        self.metrics.refused(code)
        request.state.facts["causes"] = [code]
        return refusal(request, refused, self.settings.largest_body)

    async def refuse_plain(self, request: Request, error: Exception) -> Response:
        """The answer where there is no endpoint."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for these alone
        if error.status_code == HTTPStatus.NOT_FOUND:
            return await self.refuse(request, Refused(404, "not_found", Phrase("There is no such path."), unread=True))
        refused = Refused(405, "method_not_allowed", Phrase("This path does not take this method."), unread=True)
        answer = await self.refuse(request, refused)
        answer.headers.update(error.headers or {})
        return answer

    async def give_up(self, _: Request, __: Exception) -> Response:
        """There is nobody to answer."""
        return Nobody()

    def _asked(self, request: Request) -> tuple[Policy, str, str]:
        """The policy that judges, the dialect of errors, the language."""
        self._refuse_too_many(request)
        query = request.query_params
        name, api = query.get("profile", self.default.name), query.get("format", DEFAULT_DIALECT)
        for parameter, value, known in (("profile", name, self.policies), ("format", api, BODIES)):
            if value not in known:
                message = Phrase(
                    "The parameter {name} must be one of: {known}.", name=parameter, known=", ".join(known)
                )
                raise Refused(400, "field_invalid", message, unread=True)
        return self.policies[name], api, choose(request.headers.get("accept-language", ""))

    def _refuse_too_many(self, request: Request) -> None:
        if self._rates is None or request.client is None:
            return
        wait = self._rates.wait(request.client.host)
        if wait:
            message = Phrase("There are too many requests from this address.")
            raise Refused(429, "too_many_requests", message, retry_after=int(wait) + 1, unread=True)

    async def _judged(self, request: Request, kind: Kind, refuse: Callable[[str], None] = lambda _: None) -> Response:
        """Read a request, have it judged in time, and answer."""
        policy, api, lang = self._asked(request)
        content_type = request.headers.get("content-type", "")
        refuse(content_type)
        refuse_encodings(request.headers.getlist("content-encoding"))
        upload = Upload(request.receive, request.headers, self.settings, self._ledger)
        question = Question(
            kind=kind, content_type=content_type, api=api, lang=lang, request_id=request.state.request_id
        )
        start = perf_counter()
        with self.metrics.in_flight.track_inprogress(), upload.held():
            body = await upload.read()
            read = perf_counter()
            answer, began = await self._in_time(request, partial(self._answered, question, body, policy, read))
        self._note(request, policy, answer, {"upload": read - start, "queue": began - read, **answer.timings})
        return Response(answer.body, answer.status, answer.headers)

    def _answered(self, question: Question, body: bytearray, policy: Policy, read: float) -> tuple[Answered, float]:
        """What a thread does: judge, or have it judged, and write the answer."""
        began = perf_counter()
        if self._workers is None:
            return answered(question, body, policy), began
        left = read + self.settings.deadline * _WORKERS_SHARE - began
        if left <= 0:
            raise overloaded(Phrase("There is no place for more requests at the moment."))
        return self._workers.answered(question, body, policy, left), began

    def _note(self, request: Request, policy: Policy, answer: Answered, timings: dict[str, float]) -> None:
        """Count an answer, and what the log says of it."""
        codes = [code for code, _ in answer.findings]
        request.state.facts["causes"] = codes
        if answer.verdict is None:
            self.metrics.refused(codes[0])
            return
        self.metrics.judged(answer.verdict, answer.findings, timings)
        request.state.facts |= {
            "profile": policy.name,
            "ok": answer.verdict == 200,  # noqa: PLR2004 - an HTTP status
            "timings": {stage: round(seconds, 6) for stage, seconds in timings.items()},
        }

    async def _in_time(self, request: Request, work: Callable[[], T]) -> T:
        """What comes of it before the deadline, if the client waits so long.

        Raises:
            Refused: There is no place or no time.
            Gone: The client has left.
        """
        under_way = asyncio.ensure_future(self._pool.run(work))
        leaving = asyncio.ensure_future(request.receive())
        try:
            await asyncio.wait(
                (under_way, leaving), timeout=self.settings.deadline, return_when=asyncio.FIRST_COMPLETED
            )
            if under_way.done():
                return under_way.result()
        except Full:
            raise overloaded(Phrase("There is no place for more requests at the moment.")) from None
        finally:
            under_way.cancel()
            leaving.cancel()
        if leaving.done() and not leaving.cancelled():
            raise Gone
        seconds = self.settings.deadline
        raise overloaded(Phrase("The request was not answered within {seconds:g} s.", seconds=seconds))

    async def _warm_up(self) -> None:
        try:
            await asyncio.to_thread(warmup if self._workers is None else self._workers.start)
        except (RuntimeError, OSError) as error:
            # It stays alive and unready, so that whoever started it sees why.
            _log.error("no worker can be started", extra={"facts": {"why": str(error)}})
            return
        # What libraries and kernels are made of stays. A full collection walks through it, and holds up all requests
        # for a tenth of a second, one of the first two among them.
        gc.collect()
        gc.freeze()
        self.ready = True
        _log.info("ready")


def _readable(policy: Policy) -> bool:
    """Whether every format that a profile takes can be read here."""
    try:
        if "heic" in policy.formats:
            heif.require()
    except ValueError:
        return False
    return True
