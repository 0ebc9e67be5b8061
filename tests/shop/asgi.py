"""Requests to an application in this process, without a server."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shop.app import Asgi


@dataclass(frozen=True)
class Answer:
    """An answer of the application."""

    status: int
    headers: Mapping[str, str]
    body: str


def ask(app: Asgi, path: str, *, method: str = "GET", body: str = "", **headers: str) -> Answer:
    """Return the answer to a request; ``sec_fetch_site`` stands for ``sec-fetch-site``."""
    parts, given = urlsplit(path), {"host": "127.0.0.1:8040"} | headers
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[Any] = []
    received = [{"type": "http.request", "body": body.encode(), "more_body": False}]

    async def receive() -> Any:
        return received.pop() if received else await asyncio.Future()  # the browser stays

    async def send(message: Any) -> None:
        sent.append(message)

    async def served() -> None:
        await app(scope, receive, send)

    asyncio.run(served())
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], names, b"".join(one.get("body", b"") for one in sent[1:]).decode())
