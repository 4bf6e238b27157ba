"""FastAPI: `photo: Annotated[GatedImage, gated("legit_health")]` in the endpoints of a router of `GatedRoute`s."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Annotated, Any, Final

try:
    from fastapi import Depends, File, Request, UploadFile
    from fastapi.exceptions import RequestValidationError
    from fastapi.routing import APIRoute
    from starlette.exceptions import HTTPException
    from starlette.formparsers import MultiPartException
except ImportError as error:
    raise ImportError("imagegate.frameworks.fastapi needs: pip install fastapi python-multipart") from error

from collections.abc import Callable, Coroutine, Iterator

from fastapi.dependencies.models import Dependant
from starlette.responses import Response

from imagegate.frameworks.asgi import Bounds, off_the_loop, replayed
from imagegate.frameworks.core import LARGEST_BODY, Gate, GatedImage, missing, several
from imagegate.policy import Policy
from imagegate.report import ImageRejected
from imagegate.web.answers import Nobody
from imagegate.web.body import Gone
from imagegate.web.media_types import JSON, refuse_all_but_forms, refuse_encodings
from imagegate.web.openapi import LANGUAGE_HEADER, REFUSALS, RETRY_HEADER, problem
from imagegate.web.refusals import Refused
from imagegate.words import Phrase

__all__ = ["GatedImage", "GatedRoute", "gated"]

ANSWERED: Final = (400, 408, 413, 415, 422, 503)
INVALID: Final = 422
BUSY: Final = 503


def gated(
    policy: Policy | str | None = None, *, field: str = "photo", api: str = "problem", largest_body: int = LARGEST_BODY
) -> Any:
    """The dependency that is a photo which has passed.

    Args:
        policy: What is taken: None for the default, a profile's name, or a Policy.
        field: The field of the form that has the file.
        api: The dialect of answers.
        largest_body: Bytes of the largest request, with all its fields; a longer one is answered with 413.

    Raises:
        ValueError, TypeError: An argument cannot be used; the message names it.
    """
    return Depends(_Upload(Gate(policy, api=api, largest_body=largest_body), field))


class GatedRoute(APIRoute):
    """A route that answers in the dialect of its gate what is not taken, and says so in OpenAPI.

    One line has an app's endpoints use it, before they are declared: `app.router.route_class = GatedRoute`; or those of
    a router: `APIRouter(route_class=GatedRoute)`. An endpoint without a gate is as ever. It is a route, and no handler
    of exceptions, because what is too long has to be refused before FastAPI reads it.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        uploads = list(_uploads(self.dependant))
        if uploads:
            self.responses = {**_described(_widest(uploads)), **self.responses}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, with the gate before and behind it."""
        handle = super().get_route_handler()
        uploads = list(_uploads(self.dependant))
        if not uploads:
            return handle
        bounds = Bounds(_widest(uploads))

        async def handle_gated(request: Request) -> Response:
            upload = bounds.upload(request)
            with upload.held():
                try:
                    refuse_all_but_forms(request.headers.get("content-type", ""))
                    refuse_encodings(request.headers.getlist("content-encoding"))
                    body = await upload.read()
                    return await handle(_Bounded(request.scope, replayed(body, request.receive)))
                except Gone:
                    return Nobody()
                except (Refused, ImageRejected) as refused:
                    why: Refused | ImageRejected = refused
                except (RequestValidationError, HTTPException) as fault:
                    found = _of_the_form(fault, [each.field for each in uploads])
                    if found is None:
                        raise
                    why = found
            return bounds.response(why, request)

        return handle_gated


class _Bounded(Request):
    """A request whose body is within bounds."""


class _Upload:
    """What FastAPI calls with the file in a field."""

    def __init__(self, gate: Gate, field: str) -> None:
        self.gate = gate
        self.field = field
        file = Annotated[UploadFile, File(alias=field, description="A photo.")]
        # The alias is known only now, so that no annotation could say it.
        self.__signature__ = Signature(
            [
                Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind)
                for name, kind in (("request", Request), ("file", file))
            ]
        )

    async def __call__(self, *, request: Request, file: UploadFile) -> GatedImage:
        if not isinstance(request, _Bounded):
            raise TypeError("gated() needs a GatedRoute: app.router.route_class = GatedRoute, before the endpoints")
        if len((await request.form()).getlist(self.field)) > 1:
            raise several(self.field)
        data = await file.read()
        await file.seek(0)
        return await off_the_loop(self.gate.accept, data, request.headers, self.field)


def _uploads(dependant: Dependant) -> Iterator[_Upload]:
    """The gates of an endpoint and of all that it depends on."""
    for each in dependant.dependencies:
        if isinstance(each.call, _Upload):
            yield each.call
        yield from _uploads(each)


def _widest(uploads: list[_Upload]) -> Gate:
    """Of several, the one that speaks for the whole request."""
    return max((each.gate for each in uploads), key=lambda gate: gate.largest_body)


def _of_the_form(fault: RequestValidationError | HTTPException, fields: list[str]) -> Refused | None:
    """What of FastAPI's own errors is about a photo: a form that cannot be read, or has none in its field."""
    if isinstance(fault, RequestValidationError):
        places = {error["loc"][:2] for error in fault.errors()}
        return next((missing(field) for field in fields if ("body", field) in places), None)
    if isinstance(fault.__context__, MultiPartException):
        message = Phrase("The body is not the form that it is declared to be.")
        return Refused(400, "content_type_unsupported", message)
    return None


def _described(gate: Gate) -> dict[int | str, dict[str, Any]]:
    """The answers to what is not taken, for OpenAPI."""
    kind = gate.answer(missing("photo"), {})[1]["Content-Type"]
    schema = _problem() if gate.api == "problem" else {"type": "object"}
    answers: dict[int | str, dict[str, Any]] = {
        status: {
            "description": REFUSALS[status],
            "headers": LANGUAGE_HEADER | (RETRY_HEADER if status == BUSY else {}),
            "content": {kind: {"schema": schema}},
        }
        for status in ANSWERED
    }
    # What else an endpoint asks for is FastAPI's to judge.
    answers[INVALID]["content"].setdefault(JSON, {"schema": {"type": "object"}})
    return answers


def _problem() -> dict[str, Any]:
    """The service's, whose requests always have an id."""
    described = problem()
    return described | {"required": [member for member in described["required"] if member != "requestId"]}
