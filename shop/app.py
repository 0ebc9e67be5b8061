"""The shop and its panel over HTTP, on loopback only."""

import functools
import gzip
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
SDK, HTMX = MODULES / "@mparticle/web-sdk/dist/mparticle.js", MODULES / "htmx.org/dist/htmx.min.js"
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
HEADERS = {
    # Nothing is loaded from elsewhere; the SDK talks to the local mParticle, which is another port of this machine.
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' http://127.0.0.1:*; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def make_app(routes: Sequence[Route], missing: Callable[[Request], Response]) -> Asgi:
    """Return the application of these pages, with the files that they load; ``missing`` is the page for all others."""
    files: list[BaseRoute] = [Mount("/static", StaticFiles(directory=HERE / "static"))]
    files += [Route("/scripts/mparticle.js", _script(SDK)), Route("/scripts/htmx.js", _script(HTMX))]
    handlers = {404: lambda request, _: missing(request)}
    return _guarded(Starlette(routes=[*routes, *files], exception_handlers=handlers))


def _script(path: Path) -> Callable[[Request], Response]:
    @functools.cache
    def packed() -> bytes:
        return gzip.compress(path.read_bytes())

    def endpoint(request: Request) -> Response:
        if not path.is_file():
            return PlainTextResponse("not installed yet: run make shop", 404)
        headers = {"Cache-Control": "max-age=86400", "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(path.read_bytes(), media_type="text/javascript", headers=headers)
        return Response(packed(), media_type="text/javascript", headers=headers | {"Content-Encoding": "gzip"})

    return endpoint


def _guarded(app: Asgi) -> Asgi:
    """Refuse other sites: their forms, and names that lead to this machine; add headers to every answer."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request = Request(scope)
        from_elsewhere = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if request.url.hostname not in {name.strip("[]") for name in LOOPBACK} or (
            from_elsewhere and request.method != "GET"
        ):
            await PlainTextResponse("only for pages of this machine", 403)(scope, receive, send)
            return
        await app(scope, receive, _with_headers(send))

    return guarded


def _with_headers(send: Any) -> Any:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return sending
