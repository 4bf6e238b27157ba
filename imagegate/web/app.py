"""create_app(): the service as an ASGI application."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from fastapi import FastAPI
from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import imagegate
from imagegate import heif
from imagegate.bodies import BODIES, Answer
from imagegate.gate import check, warmup
from imagegate.policy import PROFILES, Policy
from imagegate.web import openapi
from imagegate.web.answers import DEFAULT_DIALECT, Nobody, of_verdict, refusal, response
from imagegate.web.body import Gone, Upload
from imagegate.web.clients import Rates
from imagegate.web.config import Settings
from imagegate.web.inspection import of_report
from imagegate.web.judging import judge
from imagegate.web.logs import LOGGER
from imagegate.web.media_types import refuse_all_but_bytes, refuse_other_types
from imagegate.web.metrics import CONTENT_TYPE, Metrics
from imagegate.web.observer import Observer
from imagegate.web.pool import Full, Ledger, Pool
from imagegate.web.refusals import RETRY_SECONDS, Refused, overloaded
from imagegate.web.site import Site
from imagegate.words import Phrase, choose
from imagegate.workers import cores

Verdict: TypeAlias = imagegate.Report | imagegate.PayloadReport

T = TypeVar("T")

NOT_FOUND: Final = 404

_log: Final = logging.getLogger(LOGGER)

# Bytes enough to be handed to a worker process, which then is there.
_NO_PICTURE: Final = bytes(64)


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
        exception_handlers={Refused: service.refuse, Gone: service.give_up, HTTPException: service.refuse_plain},
    )
    app.state.service = service
    app.add_middleware(Observer, metrics=service.metrics)
    for path, method, endpoint, operation in service.routes():
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


class Asked(NamedTuple):
    """What a request wants: the policy that judges, the dialect of errors, the language."""

    policy: Policy
    api: str
    lang: str


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
        self.policies = {name: self._isolated(policy) for name, policy in offered.items()}
        self.ready = False
        self.default = self.policies[own.name]
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

    async def check(self, request: Request) -> Response:
        """Say whether an API will take a picture."""
        asked = self._asked(request)
        content_type = request.headers.get("content-type", "")
        refuse_other_types(content_type)

        def judge_it(body: bytearray) -> Verdict:
            return judge(content_type, body, asked.policy, asked.lang)

        return await self._judged(request, asked, judge_it)

    async def check_payload(self, request: Request) -> Response:
        """Say whether an API will take the request that an app is about to send, and every picture in it."""
        asked = self._asked(request)
        content_type = request.headers.get("content-type", "")

        def judge(body: bytearray) -> Verdict:
            return imagegate.check_payload(body, policy=asked.policy, content_type=content_type, lang=asked.lang)

        return await self._judged(request, asked, judge)

    async def inspect(self, request: Request) -> Response:
        """Say of a picture what the page shows: each number beside its limit, and where it is blurred or clipped."""
        asked = self._asked(request)
        refuse_all_but_bytes(request.headers.get("content-type", ""))

        def judge(body: bytearray) -> imagegate.Report:
            return check(body, policy=asked.policy, detail=True, lang=asked.lang)

        return await self._judged(request, asked, judge, of_report)

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
        if error.status_code == NOT_FOUND:
            return await self.refuse(request, Refused(404, "not_found", Phrase("There is no such path."), unread=True))
        refused = Refused(405, "method_not_allowed", Phrase("This path does not take this method."), unread=True)
        answer = await self.refuse(request, refused)
        answer.headers.update(error.headers or {})
        return answer

    async def give_up(self, _: Request, __: Exception) -> Response:
        """There is nobody to answer."""
        return Nobody()

    def _isolated(self, policy: Policy) -> Policy:
        return replace(policy, isolation="process") if self.settings.isolation == "process" else policy

    def _asked(self, request: Request) -> Asked:
        self._refuse_too_many(request)
        query = request.query_params
        name, api = query.get("profile", self.default.name), query.get("format", DEFAULT_DIALECT)
        for parameter, value, known in (("profile", name, self.policies), ("format", api, BODIES)):
            if value not in known:
                message = Phrase(
                    "The parameter {name} must be one of: {known}.", name=parameter, known=", ".join(known)
                )
                raise Refused(400, "field_invalid", message, unread=True)
        return Asked(self.policies[name], api, choose(request.headers.get("accept-language", "")))

    def _refuse_too_many(self, request: Request) -> None:
        if self._rates is None or request.client is None:
            return
        wait = self._rates.wait(request.client.host)
        if wait:
            message = Phrase("There are too many requests from this address.")
            raise Refused(429, "too_many_requests", message, retry_after=int(wait) + 1, unread=True)

    async def _judged(
        self,
        request: Request,
        asked: Asked,
        judge: Callable[[bytearray], Verdict],
        say: Callable[[Any, str, str], Answer] = of_verdict,
    ) -> Response:
        """Read a request, have it judged in time, and answer."""
        upload = Upload(request.receive, request.headers, self.settings, self._ledger)
        start = perf_counter()
        with self.metrics.in_flight.track_inprogress(), upload.held():
            body = await upload.read()
            read = perf_counter()
            work = partial(self._answered, judge, body, say, asked.api, request.state.request_id)
            answer, verdict, began = await self._in_time(request, work)
        timings = {"upload": read - start, "queue": began - read, **_timings(verdict)}
        self.metrics.judged(verdict.status, verdict.findings, timings)
        request.state.facts |= {
            "profile": asked.policy.name,
            "ok": verdict.ok,
            "causes": [finding.cause.code for finding in verdict.findings],
            "timings": {stage: round(seconds, 6) for stage, seconds in timings.items()},
        }
        return answer

    @staticmethod
    def _answered(
        judge: Callable[[bytearray], Verdict],
        body: bytearray,
        say: Callable[[Any, str, str], Answer],
        api: str,
        request_id: str,
    ) -> tuple[Response, Verdict, float]:
        """What a thread does: judge, and write the answer."""
        began = perf_counter()
        verdict = judge(body)
        return response(say(verdict, api, request_id)), verdict, began

    async def _in_time(self, request: Request, work: Callable[[], T]) -> T:
        """What comes of it before the deadline, if the client waits so long.

        Raises:
            Refused: There is no place, no time or no memory.
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
        except MemoryError:
            raise overloaded(Phrase("There is not enough memory at the moment.")) from None
        finally:
            under_way.cancel()
            leaving.cancel()
        if leaving.done() and not leaving.cancelled():
            raise Gone
        seconds = self.settings.deadline
        raise overloaded(Phrase("The request was not answered within {seconds:g} s.", seconds=seconds))

    async def _warm_up(self) -> None:
        await asyncio.to_thread(warmup)
        if self.default.isolation == "process":
            # Each at the same time, so that each starts a worker.
            started = (asyncio.to_thread(check, _NO_PICTURE, policy=self.default) for _ in range(cores()))
            await asyncio.gather(*started)
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


def _timings(verdict: Verdict) -> dict[str, float]:
    """Seconds a stage, of all pictures together."""
    reports = verdict.images if isinstance(verdict, imagegate.PayloadReport) else (verdict,)
    stages = {stage for report in reports for stage in report.timings}
    return {stage: sum(report.timings.get(stage, 0.0) for report in reports) for stage in stages}
