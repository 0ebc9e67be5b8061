"""The HTTP application: AWS's three services on one port, and pages for tests and the run display under /_local."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from faults.answers import from_aws
from faults.injection import Faults
from faults.middleware import App, Direct, Receive, Scope, Send, WithFaults, in_real_time, whole
from personalize_local.direct import Answer, Answering, RawHeaders
from personalize_local.errors import ServiceError
from personalize_local.region import signed_for
from personalize_local.service import CHECK_EVERY, Personalize
from personalize_local.welcome import Welcome
from personalize_local.wire.protocol import WireProtocol

# The REST services' paths (botocore's service models); the control plane names the operation in a header.
_PATHS = {
    "/events": "PutEvents",
    "/users": "PutUsers",
    "/items": "PutItems",
    "/actions": "PutActions",
    "/action-interactions": "PutActionInteractions",
    "/recommendations": "GetRecommendations",
    "/personalize-ranking": "GetPersonalizedRanking",
    "/action-recommendations": "GetActionRecommendations",
}
MOST_DELIVERIES = 10_000
PAGING = (("after", 0), ("limit", 1000))


def make_app(service: Personalize, wire: WireProtocol, on_stop: Callable[[], None] = lambda: None) -> WithFaults:
    """Return the ASGI application; ``on_stop`` is called when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(_tick(service))
        yield
        ticking.cancel()
        on_stop()

    welcome = Welcome("a local Amazon Personalize").routes()
    pages = Starlette(routes=[*welcome, *_looks(service, wire)], lifespan=lifespan)
    aws = _Aws(wire, pages)
    return with_faults(aws, in_real_time("personalize"), direct=aws.direct)


class _Aws:
    """AWS's services as a bare ASGI application: routing by a framework takes as long as an answer. And the pages."""

    def __init__(self, wire: WireProtocol, pages: App) -> None:
        self._wire = wire
        self._pages = pages
        self._operations = {path.encode(): functools.partial(self._answer, "POST", path) for path in ("/", *_PATHS)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _is_page(scope):
            await self._pages(scope, receive, send)
            return
        body = await whole(receive)
        status, headers, content = self._answer(scope["method"], scope["path"], scope["headers"], body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def direct(self, method: bytes, path: bytes) -> Answering | None:
        """Return what answers a request for an operation; see ``direct``."""
        return self._operations.get(path) if method == b"POST" else None

    def _answer(self, method: str, path: str, headers: RawHeaders, body: bytes) -> Answer:
        by_name = dict(headers)
        target = by_name.get(b"x-amz-target", b"").decode("latin-1")
        region = signed_for(by_name.get(b"authorization", b"").decode("latin-1"))
        answer = self._wire.answer(method, path, target, body, region)
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        raw.append((b"content-length", b"%d" % len(answer.body)))
        return Answer(answer.status, raw, answer.body)


def _is_page(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/_local/") or (path == "/" and scope["method"] in ("GET", "HEAD"))


def _looks(service: Personalize, wire: WireProtocol) -> list[Route]:
    async def requests(_: Request) -> Response:
        return JSONResponse(dict(wire.requests))

    async def status(_: Request) -> Response:
        return JSONResponse(service.status())

    async def events(request: Request) -> Response:
        return _page(request, "events", service.deliveries)

    async def lists(request: Request) -> Response:
        return _page(request, "lists", service.recent_lists)

    async def attribution(_: Request) -> Response:
        return JSONResponse({"reports": service.attribution()})

    return [
        Route("/_local/requests", requests),
        Route("/_local/status", status),
        Route("/_local/events", events),
        Route("/_local/lists", lists),
        Route("/_local/attribution", attribution),
        _terms(service),
        _toggles(service),
    ]


def _terms(service: Personalize) -> Route:
    async def terms(request: Request) -> Response:
        """Show why items have their scores: ``?campaignArn=…&userId=…&itemId=…&itemId=…``."""
        query = request.query_params
        try:
            shown = service.terms(query.get("campaignArn", ""), query.get("userId", ""), query.getlist("itemId"))
        except ServiceError as error:
            return JSONResponse({"message": str(error)}, 404)
        return JSONResponse({"terms": shown})

    return Route("/_local/terms", terms)


def _toggles(service: Personalize) -> Route:
    async def toggles(request: Request) -> Response:
        """Show the production limits; PUT ``{"throttling": false, …}`` changes them."""
        known = asdict(service.toggles)
        if request.method == "PUT":
            changes = await _json(request)
            if not isinstance(changes, dict) or not _are_switches(changes, known):
                return JSONResponse({"message": f"switches are {', '.join(known)}: true or false"}, 400)
            service.set_toggles(changes)
        return JSONResponse(asdict(service.toggles))

    return Route("/_local/toggles", toggles, methods=["GET", "PUT"])


def _page(request: Request, name: str, read: Callable[[int, int], list[dict[str, Any]]]) -> Response:
    try:
        after, limit = (int(request.query_params.get(key, default)) for key, default in PAGING)
    except ValueError:
        return JSONResponse({"message": "after and limit must be numbers"}, 400)
    if after < 0 or not 1 <= limit <= MOST_DELIVERIES:
        return JSONResponse({"message": f"after must be 0 or more, limit 1 to {MOST_DELIVERIES}"}, 400)
    return JSONResponse({name: read(after, limit)})


async def _tick(service: Personalize) -> None:
    """Start automatic trainings even if no request arrives."""
    while True:
        service.tick()
        await asyncio.sleep(CHECK_EVERY)


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        return None


def _are_switches(changes: dict[Any, Any], known: dict[str, Any]) -> bool:
    return all(name in known and isinstance(value, bool) for name, value in changes.items())


def with_faults(app: App, faults: Faults, direct: Direct | None = None) -> WithFaults:
    """Return the local Personalize with its fault injection."""
    return WithFaults(app, faults, operation_name=_operation_name, refuse=from_aws, direct=direct)


def _operation_name(scope: Scope, headers: Headers, _: bytes) -> str:
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return f"personalize.{target or _PATHS.get(scope['path'], 'Unknown')}"
