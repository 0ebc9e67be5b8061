"""Requests and answers of the local mParticle that its parts share."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Send

from faults.middleware import cut
from local_stack.mparticle.events_api import Answer

Count = Callable[[str, str, Response], Response]
"""Counts an answer by operation and input (empty if unknown), and returns it."""


class NoAnswer(Response):
    """Closes the connection without an answer, like a server that crashes during a request. Its status is 0."""

    def __init__(self) -> None:
        super().__init__(status_code=0)

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        await cut(scope, receive)


async def json_of(request: Request) -> Any:
    """Return the body, whatever its content type says; None if it is no JSON."""
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None


def to_upload(operation: str, answer: Answer, count: Count) -> Response:
    """Return the response to an upload, and count it."""
    kind = "application/json" if answer.code else None
    response = Response(answer.body, answer.status, answer.headers, media_type=kind) if answer.status else NoAnswer()
    return count(operation, answer.source.name if answer.source else "", response)
