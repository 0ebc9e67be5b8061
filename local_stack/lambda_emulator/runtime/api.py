"""Lambda's Runtime API for one process, which gets its next invocation here and posts the result.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import queue
import sys
import threading
import time
import uuid
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult, failed

PREFIX = "/2018-06-01/runtime"
LOOPBACK = "127.0.0.1"


@dataclass
class Invocation:
    """One event in a process; ``result`` is set once, by the answer or by the process's end."""

    event: bytes
    timeout: float
    function_arn: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    taken: threading.Event = field(default_factory=threading.Event)
    result: "Future[InvokeResult]" = field(default_factory=Future)

    def end(self, result: InvokeResult) -> None:
        """Set the result, unless it is set already."""
        # The process's end and its answer may come at the same time.
        with contextlib.suppress(InvalidStateError):
            self.result.set_result(result)
        self.taken.set()


class RuntimeApi:
    """A server on a free loopback port, for exactly one runtime process at a time."""

    def __init__(self) -> None:
        self.init_error: InvokeResult | None = None
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Invocation | None] = queue.Queue()
        self._running: dict[str, Invocation] = {}
        self._gone: InvokeResult | None = None
        self._server = _Server((LOOPBACK, 0), _Handler)
        self._server.api = self
        self._server.daemon_threads = True
        self.address = f"{LOOPBACK}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="runtime-api", daemon=True).start()

    def submit(self, invocation: Invocation) -> None:
        """Queue an invocation for the process; it ends at once if the process has ended."""
        with self._lock:
            if self._gone is not None:
                invocation.end(replace(self._gone, request_id=invocation.request_id))
                return
            self._running[invocation.request_id] = invocation
        self._waiting.put(invocation)

    def next(self) -> Invocation | None:
        """Return the next invocation, waiting for it; None when the API closes."""
        invocation = self._waiting.get()
        if invocation is not None:
            invocation.taken.set()
        return invocation

    def end(self, request_id: str, result: InvokeResult) -> bool:
        """Give an invocation its result; False if there is no such invocation."""
        with self._lock:
            invocation = self._running.pop(request_id, None)
        if invocation is None:
            return False
        invocation.end(result)
        return True

    def process_ended(self, message: str) -> None:
        """End running invocations, with the error that the process reported while loading, if any."""
        with self._lock:
            self._gone = self.init_error or failed("Runtime.ExitError", message)
            running, self._running = list(self._running.values()), {}
        for invocation in running:
            invocation.end(replace(self._gone, request_id=invocation.request_id))

    def close(self) -> None:
        """Stop serving; a process that waits for its next invocation loses its connection."""
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore broken connections, which a killed process leaves behind."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # An answer is sent in one piece: otherwise the next one waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != f"{PREFIX}/invocation/next":
            self._answer(404, b"{}")
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        deadline = time.time() + invocation.timeout
        self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(deadline):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == f"{PREFIX}/init/error":
            self.server.api.init_error = _error(body, "")
            self._accept()
            return
        request_id, _, kind = self.path.removeprefix(f"{PREFIX}/invocation/").partition("/")
        result = _response(body, request_id) if kind == "response" else _error(body, request_id)
        if kind in ("response", "error") and self.server.api.end(request_id, result):
            self._accept()
        else:
            self._answer(403, b'{"errorType":"InvalidRequestID"}')

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged per request."""

    def _accept(self) -> None:
        self._answer(202, b'{"status":"OK"}')

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()


def _response(body: bytes, request_id: str) -> InvokeResult:
    try:
        return InvokeResult(payload=json.loads(body) if body else None, request_id=request_id)
    except ValueError:
        return failed("Runtime.InvalidResponse", "the function's answer is not JSON", request_id)


def _error(body: bytes, request_id: str) -> InvokeResult:
    try:
        error = json.loads(body)
        return failed(str(error.get("errorType", "")), str(error.get("errorMessage", "")), request_id)
    except (ValueError, AttributeError):
        return failed("Runtime.Unknown", body[:200].decode("utf-8", "replace"), request_id)
