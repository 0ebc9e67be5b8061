"""Turns an HTTP request into a call of an operation, and its result or refusal into an HTTP response, as AWS does.

Two protocols share one port. json 1.1 (the control plane): POST / with ``X-Amz-Target``; a refusal is a 400 whose body
names the error in ``__type``. rest-json (events, runtime): POST to a path; a refusal names the error in the header
``x-amzn-ErrorType``. Of a signature only the region counts.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from personalize_local.errors import MalformedRequest, NotServed, ServiceError, UnknownOperation
from personalize_local.region import DEFAULT
from personalize_local.wire.api import Api, Operation

LOG = logging.getLogger(__name__)
Handler = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Takes a checked request, returns the answer (None: an empty body), raises ServiceError."""
RegionalHandler = Callable[[dict[str, Any], str], dict[str, Any] | None]
"""The same for a request and its region."""


class Response(NamedTuple):
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


class WireProtocol:
    """Answers HTTP requests by handlers, one per operation name; ``requests`` counts the requests per operation."""

    def __init__(
        self,
        handlers: Mapping[str, RegionalHandler],
        new_id: Callable[[], str],
        api: Api | None = None,
        length_limits: Callable[[], bool] = lambda: True,
    ) -> None:
        """``length_limits()``: whether over-long fields are refused."""
        self._handlers = handlers
        self._length_limits = length_limits
        self._new_id = new_id
        self._api = api or Api()
        self.requests: Counter[str] = Counter()

    def answer(self, method: str, path: str, target: str | None, body: bytes, region: str = DEFAULT) -> Response:
        """Answer one request; ``target`` is its X-Amz-Target header. Never raises."""
        rest = path != "/"
        try:
            operation = self._find(method, path, target)
            self.requests[operation.name] += 1
            return self._response(200, rest, self._call(operation, body, region))
        except ServiceError as error:
            return self._refusal(error, rest)
        except Exception:
            LOG.exception("%s %s failed", target or method, path)
            return self._response(500, rest, {"__type": "InternalFailure", "message": "see the service's log"})

    def _find(self, method: str, path: str, target: str | None) -> Operation:
        if path == "/" and method == "POST":
            operation = self._api.by_target.get(target or "")
        else:
            operation = self._api.by_path.get((method, path))
        if operation is None:
            raise UnknownOperation(f"no operation {target or ''} at {method} {path}")
        return operation

    def _call(self, operation: Operation, body: bytes, region: str) -> dict[str, Any] | None:
        handler = self._handlers.get(operation.name)
        if handler is None:
            raise NotServed(f"{operation.name} is an operation of Amazon Personalize, but not served locally")
        request = _parse(body)
        operation.check(request, length_limits=self._length_limits())
        return handler({name: value for name, value in request.items() if value is not None}, region)

    def _refusal(self, error: ServiceError, rest: bool) -> Response:
        if rest:
            return self._response(error.status, rest, {"message": str(error)}, {"x-amzn-ErrorType": error.code})
        status = error.status if error.status >= 500 else 400
        return self._response(status, rest, {"__type": error.code, "message": str(error)})

    def _response(
        self, status: int, rest: bool, answer: dict[str, Any] | None, extra: dict[str, str] | None = None
    ) -> Response:
        # PutEvents and the Delete operations answer with no body at all.
        body = b"" if answer is None else json.dumps(answer).encode()
        content_type = "application/json" if rest else "application/x-amz-json-1.1"
        headers = {"content-type": content_type, "x-amzn-RequestId": self._new_id(), **(extra or {})}
        return Response(status, headers, body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = _READER.decode(body.decode(json.detect_encoding(body), "surrogatepass")) if body else {}
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"the body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise MalformedRequest("the body must be a JSON object")
    return request


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_READER = json.JSONDecoder(parse_constant=_refuse_constant)  # json.loads with the same argument makes one each time
