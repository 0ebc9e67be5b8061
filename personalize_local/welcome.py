"""What people see who open the address of a local service in a browser: the panel, where one is running."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

LOOPBACK = "http://127.0.0.1:"


class Welcome:
    """The page at ``/``; ``service`` is what it says that it is."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._panel = ""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/", self.first), Route("/_local/panel", self.known, methods=["PUT"])]

    async def first(self, _: Request) -> Response:
        """Lead to the panel, or say what this is."""
        if self._panel:
            return RedirectResponse(self._panel, 307)
        return PlainTextResponse(f"This is {self._service}, for programs. ./broker serve and make shop open a panel.\n")

    async def known(self, request: Request) -> Response:
        """Learn where the panel is: ``{"url": …}``."""
        try:
            url = (await request.json())["url"]
        except (ValueError, KeyError, TypeError):
            url = None
        if not isinstance(url, str) or not url.startswith(LOOPBACK):
            return JSONResponse({"message": f'the body is {{"url": "{LOOPBACK}…"}}'}, 400)
        self._panel = url
        return Response(status_code=204)
