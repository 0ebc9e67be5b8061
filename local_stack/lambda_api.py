"""Lambda's Invoke API for the local stack's functions, so that another process can send a sample event to one.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html. A failed asynchronous invocation is not repeated; Lambda
repeats it twice. Beside it are what shows a function's variables (API_GetFunctionConfiguration), the calls for event
source mappings that a rewind needs, CloudWatch's FilterLogEvents, ``GET /_local/rates?minutes=5`` with what the
functions counted lately, and ``GET /_local/positions`` with the last record of each shard that they are done with.
"""

import contextlib
import functools
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from local_stack.lambda_emulator.invocation import InvokeResult
from local_stack.lambda_emulator.runtime.function import FunctionClosed
from local_stack.log_lines import LogLines, log_group
from local_stack.stream_mappings import Refused, StreamMappings

CONFIGURATION = re.compile(r"/2015-03-31/functions/([\w-]+)/configuration")
MAPPINGS = re.compile(r"/2015-03-31/event-source-mappings(?:/([\w-]+))?/?")
PATH = re.compile(r"/2015-03-31/functions/([\w-]+)/invocations")
TYPE = "X-Amz-Invocation-Type"
RATES, POSITIONS = "/_local/rates", "/_local/positions"
Rates = Callable[[int], Mapping[str, Any]]
Positions = Callable[[], Mapping[str, str | None]]


class Invocable(Protocol):
    """A function as this API needs it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Its environment variables."""

    def invoke(self, payload: Any) -> InvokeResult:
        """Run one event."""


class LambdaApi:
    """A loopback server; ``with LambdaApi(functions) as api`` serves at ``api.url``.

    ``rates``: minutes → what the functions counted in the last of them. ``logs``: what they wrote. ``positions``: shard
    → sequence number, None before the first record.
    """

    def __init__(
        self,
        functions: Mapping[str, Invocable],
        port: int = 0,
        rates: Rates | None = None,
        logs: LogLines | None = None,
        mappings: StreamMappings | None = None,
        positions: Positions | None = None,
    ) -> None:
        handler = _handler(functions, rates, logs or LogLines(), mappings, positions)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LambdaApi":
        threading.Thread(target=self._server.serve_forever, name="lambda-api", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def _invoke(function: Invocable | None, invocation_type: str, body: bytes) -> _Answer:
    if function is None:
        return _refusal(404, "ResourceNotFoundException", "no such function")
    try:
        event = json.loads(body or b"{}")
    except ValueError:
        return _refusal(400, "InvalidRequestContentException", "not JSON")
    if invocation_type == "RequestResponse":
        return _result(function.invoke(event))
    if invocation_type == "Event":
        threading.Thread(target=_invoke_later, args=(function, event), name="lambda-event", daemon=True).start()
        return _Answer(202)
    if invocation_type == "DryRun":
        return _Answer(204)
    return _refusal(400, "InvalidParameterValueException", "no such InvocationType")


def _invoke_later(function: Invocable, event: Any) -> None:
    with contextlib.suppress(FunctionClosed):  # the local stack ends
        function.invoke(event)


def _result(result: InvokeResult) -> _Answer:
    if not result.function_error:
        return _Answer(200, json.dumps(result.payload).encode())
    failure = {"errorType": result.error_type, "errorMessage": result.error_message}
    return _Answer(200, json.dumps(failure).encode(), {"X-Amz-Function-Error": result.function_error})


def _refusal(status: int, error_type: str, message: str) -> _Answer:
    # Lambda names the error in the header, and CloudWatch Logs in the body.
    body = json.dumps({"Type": "User", "__type": error_type, "Message": message}).encode()
    return _Answer(status, body, {"x-amzn-ErrorType": error_type})


def _log_events(functions: Mapping[str, Invocable], logs: LogLines, request: Mapping[str, Any]) -> _Answer:
    group = request.get("logGroupName")
    if group not in {log_group(name) for name in functions}:
        return _refusal(400, "ResourceNotFoundException", f"The log group {group} does not exist.")
    return _Answer(200, json.dumps(logs.filter(request)).encode())


def _local(rates: Rates | None, positions: Positions | None, url: str) -> _Answer:
    parts = urlsplit(url)
    if positions is not None and parts.path == POSITIONS:
        return _Answer(200, json.dumps(positions()).encode())
    minutes = parse_qs(parts.query).get("minutes", [""])[0]
    if rates is None or parts.path != RATES or not re.fullmatch("[0-9]{1,4}", minutes):
        return _Answer(404)
    return _Answer(200, json.dumps(rates(int(minutes))).encode())


def _configuration(name: str, function: Invocable | None) -> _Answer:
    if function is None:
        return _refusal(404, "ResourceNotFoundException", "no such function")
    variables = {"Variables": dict(function.environment)}
    shown = {"FunctionName": name, "Environment": variables, "LoggingConfig": {"LogGroup": log_group(name)}}
    return _Answer(200, json.dumps(shown).encode())


def _mapping(mappings: StreamMappings | None, method: str, url: str, body: bytes) -> _Answer | None:
    """Return the answer to a call for event source mappings; None for another call."""
    parts = urlsplit(url)
    named = MAPPINGS.fullmatch(parts.path)
    if not named or mappings is None:
        return None
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    try:
        if method == "POST":
            return _Answer(202, json.dumps(mappings.create(json.loads(body or b"{}"))).encode())
        if named.group(1) is None:
            listed = mappings.listed(query.get("FunctionName"), query.get("EventSourceArn"))
            return _Answer(200, json.dumps(listed).encode())
        if method == "DELETE":
            return _Answer(202, json.dumps(mappings.delete(named.group(1))).encode())
        return _Answer(200, json.dumps(mappings.get(named.group(1))).encode())
    except Refused as refused:
        return _refusal(refused.status, refused.error_type, str(refused))


def _handler(
    functions: Mapping[str, Invocable],
    rates: Rates | None,
    logs: LogLines,
    mappings: StreamMappings | None,
    positions: Positions | None,
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            named = PATH.fullmatch(self.path)
            function = functions.get(named.group(1)) if named else None
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("X-Amz-Target", "").endswith(".FilterLogEvents"):
                self._send(_log_events(functions, logs, json.loads(body)))
                return
            invoke = functools.partial(_invoke, function, self.headers.get(TYPE, "RequestResponse"), body)
            self._send(_mapping(mappings, "POST", self.path, body) or invoke())

        def do_GET(self) -> None:
            named = CONFIGURATION.fullmatch(self.path)
            name = named.group(1) if named else ""
            shown = _configuration(name, functions.get(name)) if named else None
            self._send(shown or _mapping(mappings, "GET", self.path, b"") or _local(rates, positions, self.path))

        def do_DELETE(self) -> None:
            self._send(_mapping(mappings, "DELETE", self.path, b"") or _Answer(404))

        def _send(self, answer: _Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.body:
                self.send_header("Content-Type", "application/json")
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    return Handler
