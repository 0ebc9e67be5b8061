"""A web server for one page, mParticle's web SDK beside it, and what the page reports."""

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.clients.install import MODULES
from tests.http_server import QuietHandler, serving

PATIENCE = 300.0  # seconds: a browser starts slowly on a busy machine
MODULES_PATH = "/node_modules/"


class Page:
    """A page at its ``url``. It reports by ``POST /report``, in JSON."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.url = ""
        self.reports: queue.Queue[Any] = queue.Queue()

    def report(self) -> Any:
        """Return the page's next report, or fail."""
        return self.reports.get(timeout=PATIENCE)


@contextmanager
def served(html: str) -> Iterator[Page]:
    """Yield a page while it is served."""
    page = Page(html)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self.answer(200, page.html.encode(), Content_Type="text/html; charset=utf-8")
            elif self.path.startswith(MODULES_PATH) and ".." not in self.path:
                script = (MODULES / self.path.removeprefix(MODULES_PATH)).read_bytes()
                self.answer(200, script, Content_Type="text/javascript")
            else:
                self.answer(204)  # the icon that every browser asks for

        def do_POST(self) -> None:
            page.reports.put(json.loads(self.body()))
            self.answer(204)

    with serving(Handler) as url:
        page.url = f"{url}/"
        yield page
