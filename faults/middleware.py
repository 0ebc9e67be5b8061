"""Faults around an ASGI application: a request passes through unchanged, or it fails as decided.

It must be the outermost layer: only there is uvicorn's request cycle, which has the connection, within reach.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers

from faults.answers import Refusal, SplitBatch
from faults.control import PATH, control
from faults.injection import Decision, Faults
from faults.request import Request
from faults.rules import AFTER, ENTRIES, HALF_REPLY, HANGING, RESET, Rule

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
OperationName = Callable[[Scope, Headers, bytes], str]
Refuse = Callable[[Rule, str], Refusal]
Direct = Callable[[bytes, bytes], Any]
"""Takes a request's method and path; returns what answers it without ASGI, None for nothing."""

CONNECTION = "local.connection"


def in_real_time(name: str) -> Faults:
    """Return the faults of a service's process; none is switched on."""
    return Faults(name, clock=time.monotonic, chance=random.Random(0).random)  # noqa: S311 - a simulation


class WithFaults:
    """An application that fails on purpose. ``operation_name`` names an operation, ``refuse`` writes its refusal.

    ``direct``: where the application can also answer without ASGI.
    """

    def __init__(
        self,
        app: App,
        faults: Faults,
        *,
        operation_name: OperationName,
        refuse: Refuse,
        direct: Direct | None = None,
    ) -> None:
        self._app = app
        self._direct = direct
        self.faults = faults
        self._operation_name = operation_name
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("extensions", {})[CONNECTION] = getattr(send, "__self__", None)
        if scope["path"] == PATH:
            await control(self.faults)(scope, receive, send)
        elif not self.faults or scope["path"].startswith("/_local/"):
            await self._app(scope, receive, send)
        else:
            await self._decided(scope, receive, send)

    def direct(self, method: bytes, path: bytes) -> Any:
        """Return what answers a request without ASGI; None where there is no such thing, or a fault is switched on."""
        return None if self.faults or self._direct is None else self._direct(method, path)

    async def _decided(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await whole(receive)
        headers = Headers(scope=scope)
        operation = self._operation_name(scope, headers, body)
        request = Request(operation, body, headers.get("authorization", ""))
        await _Exchange(self, scope, receive, send).run(request, self.faults.decide(request))

    async def answer(self, scope: Scope, receive: Receive, body: bytes) -> list[Message]:
        """Let the service answer; return its answer without sending it."""
        answered: list[Message] = []

        async def keep(message: Message) -> None:
            answered.append(message)

        await self._app(scope, _replay(body, receive), keep)
        return answered

    def refusal(self, rule: Rule, operation: str) -> list[Message]:
        """Return the answer to a refused request."""
        refused = self._refuse(rule, operation)
        return _answer(refused.status, refused.headers, refused.body)


class _Exchange:
    """One request on its way through its faults."""

    def __init__(self, around: WithFaults, scope: Scope, receive: Receive, send: Send) -> None:
        self._around, self._scope, self._receive, self._send = around, scope, receive, send

    async def run(self, request: Request, decision: Decision) -> None:
        await asyncio.sleep(decision.pause_before)
        rule = decision.fault
        if rule and rule.fault == ENTRIES:
            answered = await self._some_fail(rule, request)
        elif rule is None or rule.moment == AFTER:
            answered = await self._around.answer(self._scope, self._receive, request.body)
        else:
            answered = []
        await asyncio.sleep(decision.pause_after)
        if rule is None or rule.fault == ENTRIES:
            await self._say(answered)
        else:
            await self._fail(rule, request.operation, answered)

    async def _fail(self, rule: Rule, operation: str, answered: list[Message]) -> None:
        if rule.fault == HALF_REPLY:
            await self._half(answered)
        elif rule.fault == HANGING:
            await _gone(self._receive, rule.seconds)
            await self._cut()
        elif rule.fault == RESET:
            await self._cut()
        else:
            await self._say(self._around.refusal(rule, operation))

    async def _some_fail(self, rule: Rule, request: Request) -> list[Message]:
        try:
            split = SplitBatch(request.body, lambda: self._around.faults.fails(rule))
        except (ValueError, AttributeError):  # not a batch: nothing in it can fail
            return await self._around.answer(self._scope, self._receive, request.body)
        if split.rest is None:
            return _answer(200, {"content-type": "application/x-amz-json-1.1"}, split.joined(None))
        answered = await self._around.answer(_with_length(self._scope, split.rest), self._receive, split.rest)
        start, content = answered[0], _content(answered)
        if start["status"] != 200:
            return answered
        headers = {name.decode(): value.decode() for name, value in start["headers"] if name != b"content-length"}
        return _answer(200, headers, split.joined(content))

    async def _say(self, answered: list[Message]) -> None:
        for message in answered:
            await self._send(message)

    async def _half(self, answered: list[Message]) -> None:
        """Send half of the answer; of one without a body, the promise of one."""
        content = _content(answered)
        promised = str(len(content) or 16).encode()
        headers = [header for header in answered[0]["headers"] if header[0] != b"content-length"]
        await self._send({**answered[0], "headers": [*headers, (b"content-length", promised)]})
        await self._send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
        await self._cut(flush=True)

    async def _cut(self, *, flush: bool = False) -> None:
        await cut(self._scope, self._receive, flush=flush)


async def cut(scope: Scope, receive: Receive, *, flush: bool = False) -> None:
    """Close the connection without an answer; ``flush``: the bytes that were already sent still arrive.

    ASGI cannot express this, so the transport of uvicorn's request cycle is closed.
    """
    transport = scope["extensions"][CONNECTION].transport
    (transport.close if flush else transport.abort)()
    await _gone(receive, None)


async def _gone(receive: Receive, seconds: float | None) -> None:
    """Return once the other side has disconnected, or after that many seconds."""

    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            continue

    try:
        await asyncio.wait_for(disconnected(), seconds)
    except TimeoutError:
        return


async def whole(receive: Receive) -> bytes:
    """Return a request's whole body."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body that was already read, and then the messages that follow."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _content(answered: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in answered[1:])


def _answer(status: int, headers: dict[str, str], body: bytes) -> list[Message]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    return [
        {"type": "http.response.start", "status": status, "headers": raw},
        {"type": "http.response.body", "body": body},
    ]


def _with_length(scope: Scope, body: bytes) -> Scope:
    headers = [header for header in scope["headers"] if header[0] != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
