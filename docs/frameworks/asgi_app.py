"""Starlette, and any other ASGI app: `uvicorn asgi_app:app --port 8000`."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import imagegate
from imagegate.frameworks.asgi import GateMiddleware

imagegate.warmup()  # now, and not with the first photo


async def upload(request: Request) -> JSONResponse:
    """Take a photo that passes, as raw bytes, in a form or in JSON: the body is as it was sent."""
    body = await request.body()
    warnings = [finding.cause.code for finding in request.state.imagegate.warnings]
    return JSONResponse({"bytes": len(body), "warnings": warnings})


async def comment(request: Request) -> JSONResponse:
    """Take whatever comes: this path is not gated."""
    return JSONResponse({"bytes": len(await request.body())})


app = Starlette(
    routes=[
        Route("/photos", upload, methods=["POST"]),
        Route("/patients/{id}/photo", upload, methods=["PUT"]),
        Route("/comments", comment, methods=["POST"]),
    ],
    middleware=[
        Middleware(GateMiddleware, paths=["/photos"], policy="legit_health", api="problem"),
        Middleware(GateMiddleware, paths=["/patients/{id}/photo"], api="telesoft", largest_body=5_000_000),
    ],
)
