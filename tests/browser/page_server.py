"""A web server for one page, mParticle's web SDK beside it, and what the page reports."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients.install import MODULES

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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self._answer(200, "text/html; charset=utf-8", page.html.encode())
            elif self.path.startswith(MODULES_PATH) and ".." not in self.path:
                self._answer(200, "text/javascript", (MODULES / self.path.removeprefix(MODULES_PATH)).read_bytes())
            else:
                self._answer(204, "text/plain", b"")  # the icon that every browser asks for

        def do_POST(self) -> None:
            page.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(204, "text/plain", b"")

        def _answer(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.url = f"http://127.0.0.1:{server.server_port}/"
    yield page
    server.shutdown()
    server.server_close()
