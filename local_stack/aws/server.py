"""moto's services behind one ASGI application: one request after the other, counted per operation.

moto is not thread-safe (two simultaneous PutRecord calls can get the same sequence number and lose a record; a message
that is sent while another is deleted can vanish), and it holds Python's global lock anyway. So each request runs to its
end on the event loop before the next one starts.
"""

import asyncio
import io
import json
import sys
import uuid
from collections import Counter
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from local_stack.aws.direct_answers import direct_answer
from local_stack.aws.json_app import WsgiApp, json_app
from local_stack.aws.operations import operation_name, service_name
from local_stack.aws.record_size import limit_record_size
from local_stack.aws.speedups import speed_up

# Seconds between two looks into the queue during a long poll.
LONG_POLL_STEP = 0.05
RECEIVE = "sqs.ReceiveMessage"


class LocalAws:
    """The ASGI application; ``requests`` counts what was served, for example ``{"kinesis.PutRecord": 12}``."""

    def __init__(self) -> None:
        speed_up()
        limit_record_size()
        self.requests: Counter[str] = Counter()
        self._apps: dict[str, WsgiApp] = {
            "s3": create_backend_app("s3"),
            "dynamodb": json_app("dynamodb"),
            "kinesis": json_app("kinesis"),
            "sqs": json_app("sqs"),
            "secretsmanager": json_app("secretsmanager"),
        }
        self._other = DomainDispatcherApplication(create_backend_app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        if request.url.path.startswith("/_local/"):
            response: Response = self._local(request)
        else:
            response = await self._aws(request, body)
        await response(scope, receive, send)

    def _local(self, request: Request) -> Response:
        if request.url.path == "/_local/requests":
            return JSONResponse(dict(self.requests))
        return Response(status_code=404)

    async def _aws(self, request: Request, body: bytes) -> Response:
        service = service_name(request.headers)
        operation = operation_name(
            service, request.method, request.scope["path"], request.scope["query_string"], request.headers, body
        )
        app = self._apps.get(service, self._other)
        self.requests[operation] += 1
        if operation == RECEIVE:
            return await _long_poll(app, request, body)
        return _direct(operation, request, body) or _call(app, request, body)


async def _long_poll(app: WsgiApp, request: Request, body: bytes) -> Response:
    """Receive messages; repeat until there is one or the caller's waiting time is over."""
    message = json.loads(body)
    seconds = message.get("WaitTimeSeconds") or 0
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    at_once = json.dumps(message | {"WaitTimeSeconds": 0}).encode() if 0 < seconds <= 20 else body
    while True:
        response = _direct(RECEIVE, request, at_once) or _call(app, request, at_once)
        if b'"Messages"' in response.body or response.status_code != 200 or loop.time() >= deadline:
            return response
        await asyncio.sleep(LONG_POLL_STEP)


def _direct(operation: str, request: Request, body: bytes) -> Response | None:
    answer = direct_answer(operation, request.headers.get("authorization", ""), body)
    if answer is None:
        return None
    headers = {"server": "amazon.com", "x-amzn-requestid": str(uuid.uuid4())}
    return Response(answer, headers=headers, media_type=request.headers.get("content-type"))


def _call(app: WsgiApp, request: Request, body: bytes) -> Response:
    """Run one request through a WSGI application, synchronously."""
    started: list[Any] = []
    chunks = app(_environ(request, body), lambda status, headers, _=None: started.extend((status, headers)))
    try:
        content = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started
    response = Response(content, status_code=int(status.split()[0]))
    # Headers may repeat, so they go in as a list; a HEAD answer's length is the object's.
    response.raw_headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"content-length" for name, _ in response.raw_headers):
        response.raw_headers.append((b"content-length", str(len(content)).encode()))
    return response


def _environ(request: Request, body: bytes) -> dict[str, Any]:
    """Translate an ASGI request (PEP 3333's other side)."""
    scope = request.scope
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    server, port = scope.get("server") or ("127.0.0.1", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{raw}?{query}" if query else raw,
        "REQUEST_URI": f"{raw}?{query}" if query else raw,
        "SERVER_NAME": server,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    environ.pop("HTTP_TRANSFER_ENCODING", None)  # the body is whole, and of a chunked one nothing would be read
    environ["CONTENT_TYPE"] = request.headers.get("content-type", "")
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
