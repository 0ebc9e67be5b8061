"""A small runtime client on Lambda's Runtime API, for systems without a wheel of awslambdaric. Run as a script.

In a loop it gets the next event, calls the handler and posts the result. Standard library only, like the real client.
"""

import http.client
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "/2018-06-01/runtime"
Handler = Callable[[Any, "Context"], Any]


@dataclass(frozen=True)
class Context:
    """Lambda's context object of an invocation, under Lambda's names."""

    aws_request_id: str
    invoked_function_arn: str
    deadline_ms: int
    function_name: str
    function_version: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation times out."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


class Client:
    """Speaks to the Runtime API over one kept connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[Mapping[str, str], bytes]:
        """Wait for the next invocation; return its headers and its event."""
        self._connection.request("GET", f"{PREFIX}/invocation/next")
        response = self._connection.getresponse()
        return response.headers, response.read()  # type: ignore[return-value]

    def post(self, path: str, content: Any) -> None:
        """Post a result or an error as JSON."""
        body = json.dumps(content).encode()
        self._connection.request("POST", f"{PREFIX}/{path}", body, {"Content-Type": "application/json"})
        self._connection.getresponse().read()


def load(name: str) -> Handler:
    """Return the handler ``package.module.function``."""
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return handler


def run(client: Client, handler: Handler, environment: Mapping[str, str]) -> None:
    """Serve invocations until the connection is lost."""
    while True:
        headers, event = client.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = handler(json.loads(event), context_from(headers, environment))
            # Encoded here, since an answer that is not JSON is an error of the function.
            json.dumps(answer)
        except Exception as error:
            traceback.print_exc()
            client.post(f"invocation/{request_id}/error", described(error))
        else:
            client.post(f"invocation/{request_id}/response", answer)


def context_from(headers: Mapping[str, str], environment: Mapping[str, str]) -> Context:
    """Return the context of an invocation, from its headers."""
    return Context(
        aws_request_id=headers["Lambda-Runtime-Aws-Request-Id"],
        invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
        deadline_ms=int(headers["Lambda-Runtime-Deadline-Ms"]),
        function_name=environment["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=environment["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=environment["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=environment["AWS_LAMBDA_LOG_STREAM_NAME"],
    )


def described(error: BaseException) -> dict[str, Any]:
    """Return an error in the Runtime API's form."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def main() -> int:
    """Load the handler or report the error; then serve."""
    # Lambda shows printed text at once, not when a buffer is full.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(sys.argv[1])
    except Exception as error:
        traceback.print_exc()
        client.post("init/error", described(error))
        return 1
    run(client, handler, os.environ)
    return 0


if __name__ == "__main__":
    sys.exit(main())
