"""The local mParticle over HTTP: Events API, Profile API, the sign-in of the IDSync API, ``/_local``, fault injection.

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
from starlette.types import Send

from faults.answers import MESSAGE, Refusal, retry_after
from faults.injection import Faults
from faults.middleware import App, Scope, WithFaults, cut, in_real_time
from faults.rules import DENIED, INVALID, THROTTLING, UNAVAILABLE, Rule
from local_stack.mparticle.core import ENVIRONMENTS, MParticle
from local_stack.mparticle.events_api import EVERY_INPUT, EventsApi, Operation
from local_stack.mparticle.inputs import INPUTS
from local_stack.mparticle.profiles import FIELDS

_PATHS = {"/v2/events": "UploadEvents", "/v2/bulkevents": "BulkUploadEvents", "/v1/identify": "Identify"}
_ANSWERS = {
    THROTTLING: (429, "TOO_MANY_REQUESTS"),
    UNAVAILABLE: (503, "SERVICE_UNAVAILABLE"),
    INVALID: (400, "BAD_REQUEST"),
    DENIED: (403, "FORBIDDEN"),
}
PAGE = 1000


class Service:
    """The endpoints. ``delivery`` reports the forwarder's counts."""

    def __init__(self, workspace: MParticle, events: EventsApi, delivery: Callable[[], dict[str, int]]) -> None:
        self._workspace = workspace
        self._events = events
        self._delivery = delivery
        self._requests: Counter[tuple[str, str, int]] = Counter()

    def routes(self) -> list[Route]:
        """Return every route."""
        return [
            Route("/v2/events", self._uploads("UploadEvents"), methods=["POST"]),
            Route("/v2/bulkevents", self._uploads("BulkUploadEvents"), methods=["POST"]),
            Route("/v1/identify", self.identify, methods=["POST"]),
            Route("/userprofile/v1/{org}/{account}/{workspace}/{mpid}", self.profile),
            Route("/_local/requests", self.requests),
            Route("/_local/status", self.status),
            Route("/_local/profiles", self.profiles),
            Route("/_local/dropped", self.dropped),
            Route("/_local/outage", self.start_outage, methods=["POST"]),
            Route("/_local/outage", self.end_outage, methods=["DELETE"]),
        ]

    def _uploads(self, operation: Operation) -> Callable[[Request], Any]:
        async def upload(request: Request) -> Response:
            answer = self._events.upload(operation, request.headers.get("authorization"), await request.body())
            self._requests[operation, answer.source.name if answer.source else "", answer.status] += 1
            if answer.status == 0:
                return NoAnswer()
            kind = "application/json" if answer.code else None
            return Response(answer.body, answer.status, answer.headers, media_type=kind)

        return upload

    async def identify(self, request: Request) -> Response:
        """Identify a user, as SDKs do at start and sign-in (docs.mparticle.com/developers/idsync/http-api/)."""
        caller = next((each.name for each in INPUTS.values() if each.key == request.headers.get("x-mp-key")), None)
        if caller is None:
            return self._counted("Identify", "", _problem(401, "x-mp-key is missing or wrong"))
        try:
            environment, identities, device = _known(await request.json())
        except (ValueError, AttributeError, KeyError, TypeError):
            return self._counted("Identify", caller, _problem(400, "environment and known_identities are needed"))
        mpid = self._workspace.identify(environment, identities, device)
        answer = {"context": None, "mpid": str(mpid), "is_ephemeral": False, "is_logged_in": bool(identities)}
        return self._counted("Identify", caller, JSONResponse(answer))

    async def profile(self, request: Request) -> Response:
        """Return a profile (Profile API); ``fields`` is required; ``environment_type`` is production if not given.

        The real API needs an OAuth2 bearer token; this one needs none.
        """
        return self._counted("GetProfile", "", self._profile(request))

    def _profile(self, request: Request) -> Response:
        fields = tuple(filter(None, request.query_params.get("fields", "").split(",")))
        environment = request.query_params.get("environment_type", ENVIRONMENTS[0])
        if not fields or not set(fields) <= set(FIELDS) or environment not in ENVIRONMENTS:
            return _problem(400, f"fields must be some of {', '.join(FIELDS)}")
        try:
            mpid = int(request.path_params["mpid"])
        except ValueError:
            return _problem(400, "the mpid is not an integer")
        profile = self._workspace.profile(mpid, fields, environment)
        return JSONResponse(profile) if profile else _problem(404, "no such profile")

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
        """Count batches: received, repeats, dropped, forwarded, copies, failed_attempts, waiting."""
        dropped = self._events.dropped()["count"]
        return JSONResponse({**self._workspace.counts(), "dropped": dropped, **self._delivery()})

    async def profiles(self, request: Request) -> Response:
        """List profiles with their recommendations, by mpid, paged: ``?environment=…&after=MPID&limit=N``."""
        query = request.query_params
        limit = int(query.get("limit", PAGE))
        after = int(query["after"]) if "after" in query else None
        page = self._workspace.recommendations(query.get("environment", ENVIRONMENTS[0]), after, limit)
        return JSONResponse({"profiles": page, "next": page[-1]["mpid"] if len(page) == limit else None})

    async def dropped(self, _request: Request) -> Response:
        """List refused and silently dropped batches with the reasons."""
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


class NoAnswer(Response):
    """Closes the connection without an answer, like a server that crashes during a request."""

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        await cut(scope, receive)


def make_app(workspace: MParticle, events: EventsApi, delivery: Callable[[], dict[str, int]]) -> WithFaults:
    """Return the ASGI application with its fault injection."""
    app = Starlette(routes=Service(workspace, events, delivery).routes())
    return with_faults(app, in_real_time("mparticle"))


def _known(request: Any) -> tuple[str, dict[str, Any], str | None]:
    identities = dict(request["known_identities"])
    device = identities.pop("device_application_stamp", None)
    environment = request.get("environment", ENVIRONMENTS[0])
    if environment not in ENVIRONMENTS or not (identities or device):
        raise ValueError(environment)
    return environment, identities, device


def _problem(status: int, message: str) -> Response:
    code = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 404: "NOT_FOUND"}[status]
    return Response(json.dumps({"errors": [{"code": code, "message": message}]}), status, media_type="application/json")


def with_faults(app: App, faults: Faults) -> WithFaults:
    """Return the local mParticle with its fault injection."""
    return WithFaults(app, faults, operation_name=_operation_name, refuse=_refuse)


def _operation_name(scope: Scope, _headers: Headers, _body: bytes) -> str:
    return f"mparticle.{_PATHS.get(scope['path'], 'GetProfile')}"


def _refuse(rule: Rule, _: str) -> Refusal:
    status, code = _ANSWERS[rule.fault]
    body = json.dumps({"errors": [{"code": code, "message": MESSAGE}]}).encode()
    return Refusal(rule.status or status, {"content-type": "application/json"} | retry_after(rule), body)
