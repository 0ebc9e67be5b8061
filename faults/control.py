"""``/_local/faults``: GET shows the faults, POST adds some, PUT replaces them, DELETE removes all (or ?id=…)."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from faults.injection import Faults
from faults.rules import BadRule, read_rule

PATH = "/_local/faults"
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def control(faults: Faults) -> Asgi:
    """Return the page as an ASGI application. A body is ``{"faults": [{"fault": …}, …]}``."""

    async def page(scope: Any, receive: Any, send: Any) -> None:
        response = await _answer(faults, HttpRequest(scope, receive))
        await response(scope, receive, send)

    return page


async def _answer(faults: Faults, request: HttpRequest) -> Response:
    if request.method == "GET":
        return JSONResponse({"faults": faults.shown()})
    if request.method == "DELETE":
        return JSONResponse({"cleared": faults.clear(request.query_params.getlist("id"))})
    if request.method not in ("POST", "PUT"):
        return JSONResponse({"message": "GET, POST, PUT or DELETE"}, 405)
    try:
        rules = [read_rule(rule) for rule in _listed(await request.json())]
    except ValueError as error:
        message = str(error) if isinstance(error, BadRule) else "the body is not JSON"
        return JSONResponse({"message": message}, 400)
    if request.method == "PUT":
        faults.clear()
    return JSONResponse({"added": faults.add(rules)})


def _listed(body: Any) -> list[Any]:
    listed = body.get("faults") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise BadRule('the body is {"faults": [ … ]}')
    return listed
