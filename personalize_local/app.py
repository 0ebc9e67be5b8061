"""The HTTP face: AWS's three services on one port, and what a test or the run display may look at under /_local."""

import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from personalize_local.service import Personalize
from personalize_local.wire.protocol import Wire

MOST_DELIVERIES = 10_000


def make_app(service: Personalize, wire: Wire, on_stop: Callable[[], None] = lambda: None) -> Starlette:
    """Return the ASGI application; ``on_stop`` is called when it ends."""

    async def aws(request: Request) -> Response:
        answer = wire.answer(
            request.method, request.url.path, request.headers.get("x-amz-target"), await request.body()
        )
        return Response(answer.body, answer.status, answer.headers)

    async def requests(_: Request) -> Response:
        return JSONResponse(dict(wire.requests))

    async def status(_: Request) -> Response:
        return JSONResponse(service.status())

    async def events(request: Request) -> Response:
        try:
            after, limit = (int(request.query_params.get(name, default)) for name, default in PAGING)
        except ValueError:
            return JSONResponse({"message": "after and limit must be numbers"}, 400)
        if after < 0 or not 1 <= limit <= MOST_DELIVERIES:
            return JSONResponse({"message": f"after must be 0 or more, limit 1 to {MOST_DELIVERIES}"}, 400)
        return JSONResponse({"events": service.deliveries(after, limit)})

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        on_stop()

    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    routes = [
        Route("/_local/requests", requests),
        Route("/_local/status", status),
        Route("/_local/events", events),
        Route("/{path:path}", aws, methods=methods),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


PAGING = (("after", 0), ("limit", 1000))
