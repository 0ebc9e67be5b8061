"""The local mParticle over HTTP: Events API, Profile API and its tokens, what pages ask, ``/_local``, faults.

Statuses of refusals: docs.mparticle.com/developers/server/http/.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from faults.answers import MESSAGE, Refusal, retry_after
from faults.injection import Faults
from faults.middleware import App, Scope, WithFaults, in_real_time
from faults.rules import DENIED, INVALID, THROTTLING, UNAVAILABLE, Rule
from local_stack.mparticle import idsync
from local_stack.mparticle.browser import ANY_PAGE, Browser
from local_stack.mparticle.core import ENVIRONMENTS, MParticle
from local_stack.mparticle.events_api import EVERY_INPUT, EventsApi, Operation
from local_stack.mparticle.inputs import INPUTS
from local_stack.mparticle.operations import IDSYNC, OF_PAGES, PREFLIGHT, operation_of
from local_stack.mparticle.profile_api import Problem, ProfileApi
from local_stack.mparticle.wire import json_of, to_upload
from personalize_local.welcome import Welcome

_ANSWERS = {
    THROTTLING: (429, "TOO_MANY_REQUESTS"),
    UNAVAILABLE: (503, "SERVICE_UNAVAILABLE"),
    INVALID: (400, "BAD_REQUEST"),
    DENIED: (403, "FORBIDDEN"),
}
PAGE = 1000


class Service:
    """The endpoints. ``delivery`` reports the forwarder's counts."""

    def __init__(
        self, workspace: MParticle, events: EventsApi, profiles: ProfileApi, delivery: Callable[[], dict[str, int]]
    ) -> None:
        self._workspace = workspace
        self._events = events
        self._profile_api = profiles
        self._delivery = delivery
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._browser = Browser(workspace, events, self._counted)

    def routes(self) -> list[Route]:
        """Return every route."""
        return [
            *Welcome("a local mParticle").routes(),
            Route("/v2/events", self._uploads("UploadEvents"), methods=["POST"]),
            Route("/v2/bulkevents", self._uploads("BulkUploadEvents"), methods=["POST"]),
            *self._browser.routes(),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/userprofile/v1/resolve/{org}/{account}/{workspace}", self.resolve, methods=["POST"]),
            Route("/userprofile/v1/{org}/{account}/{workspace}/{mpid}", self.profile),
            Route("/_local/requests", self.requests),
            Route("/_local/status", self.status),
            Route("/_local/profiles", self.profiles),
            Route("/_local/writes", self.writes),
            Route("/_local/dropped", self.dropped),
            Route("/_local/outage", self.start_outage, methods=["POST"]),
            Route("/_local/outage", self.end_outage, methods=["DELETE"]),
        ]

    def _uploads(self, operation: Operation) -> Callable[[Request], Any]:
        async def upload(request: Request) -> Response:
            answer = self._events.upload(operation, request.headers.get("authorization"), await request.body())
            return to_upload(operation, answer, self._counted)

        return upload

    async def token(self, request: Request) -> Response:
        """Issue a token for the Profile API."""
        status, answer = self._profile_api.token(await json_of(request))
        return self._counted("GetToken", "", JSONResponse(answer, status))

    async def profile(self, request: Request) -> Response:
        """Return a profile by mpid; ``fields`` is required; ``environment_type`` is production if not given."""
        query = request.query_params
        environment = query.get("environment_type", ENVIRONMENTS[0])
        return self._read_profile(
            lambda: self._profile_api.by_mpid(
                _authorization(request), request.path_params["mpid"], query.get("fields", ""), environment
            )
        )

    async def resolve(self, request: Request) -> Response:
        """Return a profile by an immutable identity."""
        content, fields = await json_of(request), request.query_params.get("fields", "")
        return self._read_profile(lambda: self._profile_api.by_identity(_authorization(request), content, fields))

    def _read_profile(self, read: Callable[[], dict[str, Any]]) -> Response:
        try:
            answer: Response = JSONResponse(read())
        except Problem as problem:
            answer = _problem(problem.status, str(problem))
        return self._counted("GetProfile", "", answer)

    async def requests(self, request: Request) -> Response:
        """Count requests by operation; with ``?detail=1`` a list by operation, input and status."""
        if "detail" in request.query_params:
            rows = sorted(self._requests.items())
            return JSONResponse(
                [
                    {"operation": operation, "input": name or None, "status": status, "count": count}
                    for (operation, name, status), count in rows
                ]
            )
        totals: Counter[str] = Counter()
        for (operation, _, _), count in self._requests.items():
            totals[operation] += count
        return JSONResponse(totals)

    async def status(self, _request: Request) -> Response:
        """Count batches: received, repeats, dropped, forwarded, copies, failed_attempts, refused, waiting."""
        dropped = self._events.dropped()["count"]
        return JSONResponse({**self._workspace.counts(), "dropped": dropped, **self._delivery()})

    async def profiles(self, request: Request) -> Response:
        """List profiles with their recommendations, by mpid, paged: ``?environment=…&after=MPID&limit=N``."""
        query = request.query_params
        limit = int(query.get("limit", PAGE))
        after = int(query["after"]) if "after" in query else None
        page = self._workspace.recommendations(query.get("environment", ENVIRONMENTS[0]), after, limit)
        return JSONResponse({"profiles": page, "next": page[-1]["mpid"] if len(page) == limit else None})

    async def writes(self, request: Request) -> Response:
        """List the newest writes of recommendations, in order, paged: ``?after=NUMBER&limit=N``."""
        after, limit = (
            int(request.query_params.get(name, default)) for name, default in (("after", 0), ("limit", PAGE))
        )
        return JSONResponse({"writes": self._workspace.writes(after, limit)})

    async def dropped(self, _request: Request) -> Response:
        """List refused and silently dropped batches and events with the reasons."""
        return JSONResponse(self._events.dropped())

    async def start_outage(self, request: Request) -> Response:
        """Start an outage: ``{"input": NAME or "*", "status": 503 or "reset", "seconds": 10}``."""
        outage = await request.json()
        name, status = outage.get("input", EVERY_INPUT), outage.get("status", 503)
        if name not in (EVERY_INPUT, *INPUTS):
            return _problem(400, f"input must be * or one of {', '.join(INPUTS)}")
        self._events.start_outage(name, 0 if status == "reset" else int(status), float(outage.get("seconds", 10)))
        return Response(status_code=204)

    async def end_outage(self, _request: Request) -> Response:
        """End all outages."""
        self._events.end_outages()
        return Response(status_code=204)

    def _counted(self, operation: str, name: str, response: Response) -> Response:
        self._requests[operation, name, response.status_code] += 1
        return response


def make_app(
    workspace: MParticle, events: EventsApi, profiles: ProfileApi, delivery: Callable[[], dict[str, int]]
) -> WithFaults:
    """Return the ASGI application with its fault injection."""
    app = Starlette(routes=Service(workspace, events, profiles, delivery).routes())
    return with_faults(app, in_real_time("mparticle"))


def _authorization(request: Request) -> str | None:
    return request.headers.get("authorization")


def _problem(status: int, message: str) -> Response:
    code = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 404: "NOT_FOUND"}[status]
    return Response(json.dumps({"errors": [{"code": code, "message": message}]}), status, media_type="application/json")


def with_faults(app: App, faults: Faults) -> WithFaults:
    """Return the local mParticle with its fault injection."""
    return WithFaults(app, faults, operation_name=_operation_name, refuse=_refuse)


def _operation_name(scope: Scope, _headers: Headers, _body: bytes) -> str:
    return f"mparticle.{operation_of(scope['method'], scope['path'])}"


def _refuse(rule: Rule, operation: str) -> Refusal:
    usual, code = _ANSWERS[rule.fault]
    status = rule.status or usual
    content = {"errors": [{"code": code, "message": MESSAGE}]}
    name = operation.removeprefix("mparticle.")
    if name in IDSYNC:
        content = idsync.refusal(MESSAGE, status, code)
    headers = {"content-type": "application/json"} | retry_after(rule)
    if name in OF_PAGES or name == PREFLIGHT:
        headers |= ANY_PAGE
    return Refusal(status, headers, json.dumps(content).encode())
