"""What a page with mParticle's web SDK asks of the local mParticle: identities, uploads, configuration, and CORS.

Recorded from ``@mparticle/web-sdk`` 2.68.0, and so is what it needs of the answers. IDSync is a JSON request with a
header of its own, so that the browser asks first by OPTIONS; events go as plain text on purpose, so that it does not.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_stack.mparticle import idsync
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.events_api import EventsApi
from local_stack.mparticle.inputs import WrongCredentials, by_key, of_pages
from local_stack.mparticle.operations import IDSYNC, OF_PAGES, PREFLIGHT
from local_stack.mparticle.wire import Count, json_of, to_upload

Answering = Callable[[Request], Awaitable[Response]]

ANY_PAGE = {"access-control-allow-origin": "*"}
_MAY = {
    **ANY_PAGE,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "content-type,x-mp-key",
    "access-control-max-age": "600",
}
CONFIGURATION: dict[str, Any] = {
    "appName": "Items4U",
    "kitConfigs": [],
    "pixelConfigs": [],
    "minWebviewBridgeVersion": 1,
    "workspaceToken": "items4u",
    "flags": {"eventBatchingIntervalMillis": "0"},
}
"""What a workspace without outputs in the page is answered. Below 500 ms, each event is uploaded at once."""


class Browser:
    """The endpoints of pages. Any page may call them, as in mParticle; the key says which input it is."""

    def __init__(self, workspace: MParticle, events: EventsApi, count: Count) -> None:
        self._workspace = workspace
        self._events = events
        self._count = count

    def routes(self) -> list[Route]:
        """Return the routes."""
        endpoints: dict[str, Answering] = {
            **{name: self._idsync(name) for name in IDSYNC},
            "UploadWebEvents": self.upload,
            "Alias": self.alias,
            "GetConfig": self.config,
        }
        return [
            Route(OF_PAGES[name], self._open(endpoint), methods=["GET" if name == "GetConfig" else "POST", "OPTIONS"])
            for name, endpoint in endpoints.items()
        ]

    def _open(self, endpoint: Answering) -> Answering:
        """Return an endpoint that tells the browser that any page may call it and read the answer."""

        async def answer(request: Request) -> Response:
            if request.method == "OPTIONS":
                return self._count(PREFLIGHT, "", Response(status_code=204, headers=_MAY))
            response = await endpoint(request)
            response.headers.update(ANY_PAGE)
            return response

        return answer

    def _idsync(self, operation: str) -> Answering:
        async def answer(request: Request) -> Response:
            """Say who a user is, as SDKs ask at start, sign-in and sign-out; a server may ask, too."""
            caller = by_key(request.headers.get("x-mp-key"))
            if caller is None:
                return self._count(operation, "", Response(status_code=401))
            content = await json_of(request)
            try:
                response = JSONResponse(self._identified(operation, request.path_params, content))
            except idsync.BadRequest as reason:
                response = JSONResponse(idsync.refusal(str(reason)), 400)
            return self._count(operation, caller.name, response)

        return answer

    def _identified(self, operation: str, path: dict[str, str], content: Any) -> dict[str, Any]:
        if operation == "Modify":
            return idsync.modify(self._workspace, path["mpid"], content)
        return idsync.identify(self._workspace, content, logout=operation == "Logout")

    async def upload(self, request: Request) -> Response:
        """Take a batch, whatever its content type says."""
        answer = self._events.upload_of_page(request.path_params["key"], await request.body())
        return to_upload("UploadWebEvents", answer, self._count)

    async def alias(self, request: Request) -> Response:
        """Accept that a user's earlier mpid is theirs, without effect: the local mParticle does not join profiles."""
        return self._of_page("Alias", request, lambda: Response(status_code=202))

    async def config(self, request: Request) -> Response:
        """Return the page's configuration."""
        return self._of_page("GetConfig", request, lambda: JSONResponse(CONFIGURATION))

    def _of_page(self, operation: str, request: Request, answer: Callable[[], Response]) -> Response:
        try:
            source = of_pages(request.path_params["key"])
        except WrongCredentials:
            return self._count(operation, "", Response(status_code=403))
        return self._count(operation, source.name, answer())
