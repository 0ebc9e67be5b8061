"""Lambda's Invoke API for the local stack's functions, so that another process can send a sample event to one.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html; synchronous invocations only.
"""

import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local_stack.lambda_emulator.runtime.function import Function

PATH = re.compile(r"/2015-03-31/functions/([\w-]+)/invocations")


class LambdaApi:
    """A loopback server; ``with LambdaApi(functions) as api`` serves at ``api.url``."""

    def __init__(self, functions: Mapping[str, Function], port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(functions))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LambdaApi":
        threading.Thread(target=self._server.serve_forever, name="lambda-api", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(functions: Mapping[str, Function]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            named = PATH.fullmatch(self.path)
            function = functions.get(named.group(1)) if named else None
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if function is None:
                self._answer(404, {"Type": "User", "Message": "no such function"}, "ResourceNotFoundException")
                return
            try:
                event = json.loads(body or b"{}")
            except ValueError:
                self._answer(400, {"Type": "User", "Message": "not JSON"}, "InvalidRequestContentException")
                return
            result = function.invoke(event)
            if result.function_error:
                failure = {"errorType": result.error_type, "errorMessage": result.error_message}
                self._answer(200, failure, function_error=result.function_error)
            else:
                self._answer(200, result.payload)

        def _answer(
            self, status: int, content: object, error_type: str | None = None, function_error: str | None = None
        ) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            headers = {"x-amzn-ErrorType": error_type, "X-Amz-Function-Error": function_error}
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    return Handler
