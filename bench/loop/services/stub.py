"""All services on one port of the loopback, in a process of their own, each answer after a set time.

python -m bench.loop.services.stub [CERTIFICATE KEY]

Prints its port; ends when its standard input does. ``POST /stub`` sets a ``Behaviour`` and forgets what was counted;
``GET /stub`` returns the counts; ``POST /stub/messages`` returns the messages by queue, and takes them off.
"""

import asyncio
import json
import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import httptools

from bench.loop.services.answers import Answer, Services, operation_of, throttled

HANGS = 65.0  # seconds: longer than any client waits


@dataclass(frozen=True)
class Behaviour:
    """How the services answer.

    ``latency``: seconds until an answer; ``latency_of``: other ones by operation. ``hangs``: one request in so many of
    an operation is not answered, 0 for none. ``limit_of``: requests per second by operation, above which they are
    throttled.
    """

    latency: float = 0.0
    latency_of: dict[str, float] = field(default_factory=dict)
    hangs: int = 0
    limit_of: dict[str, float] = field(default_factory=dict)


class Quota:
    """A token bucket that holds a second's worth."""

    def __init__(self, rate: float) -> None:
        self._rate = self._tokens = rate
        self._filled = time.monotonic()

    def takes(self) -> bool:
        """Return whether a request is within the quota, and count it."""
        now = time.monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Stub:
    """The services, their behaviour, and how many requests were in flight at the most."""

    def __init__(self) -> None:
        self.set(Behaviour())

    def set(self, behaviour: Behaviour) -> None:
        """Set a behaviour, and forget what was counted."""
        self.services = Services()
        self.behaviour = behaviour
        self.quotas = {operation: Quota(rate) for operation, rate in behaviour.limit_of.items()}
        self.refused = 0
        self.in_flight = self.most_in_flight = 0

    def answer(self, operation: str, body: bytes) -> tuple[float, Answer]:
        """Return the answer to a request, and the seconds until it is given."""
        behaviour = self.behaviour
        latency = behaviour.latency_of.get(operation, behaviour.latency)
        quota = self.quotas.get(operation)
        if quota and not quota.takes():
            self.refused += 1
            self.services.requests[operation] += 1
            return latency, throttled()
        answer = self.services.answer(operation, body)
        if behaviour.hangs and self.services.requests[operation] % behaviour.hangs == behaviour.hangs // 2:
            return HANGS, answer
        return latency, answer

    def counts(self) -> dict[str, Any]:
        """Return what was sent since the behaviour was set."""
        services = self.services
        return {
            "requests": services.requests,
            "parts": {**services.parts, "event_ids": len(services.event_ids)},
            "refused": self.refused,
            "most_in_flight": self.most_in_flight,
        }

    def control(self, method: str, path: str, body: bytes) -> Answer:
        """Answer the benchmark's own requests."""
        if path == "/stub/messages":
            messages, self.services.messages = self.services.messages, {}
            return Answer(200, json.dumps(messages).encode())
        if method == "POST":
            self.set(Behaviour(**json.loads(body)))
        return Answer(200, json.dumps(self.counts()).encode())


class Connection(asyncio.Protocol):
    """One client's connection, with one request at a time."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url, self._target, self._body = b"", b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url, self._target, self._body = url, b"", b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-amz-target":
            self._target = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path, stub = self._url.decode(), self._stub
        if path.startswith("/stub"):
            self._write(stub.control(self._parser.get_method().decode(), path, self._body))
            return
        latency, answer = stub.answer(operation_of(path, self._target.decode()), self._body)
        stub.in_flight += 1
        stub.most_in_flight = max(stub.most_in_flight, stub.in_flight)
        if latency:
            self._loop.call_later(latency, self._finish, answer)
        else:
            self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        self._stub.in_flight = max(0, self._stub.in_flight - 1)
        self._write(answer)

    def _write(self, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        head = [f"HTTP/1.1 {answer.status} .", "content-type: application/json", f"content-length: {len(answer.body)}"]
        head += [f"x-amzn-errortype: {answer.error}"] if answer.error else []
        self._transport.write("\r\n".join([*head, "", ""]).encode() + answer.body)


async def serve() -> None:
    """Serve until the standard input ends."""
    loop, stub, tls = asyncio.get_running_loop(), Stub(), None
    if len(sys.argv) == 3:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*sys.argv[1:])
    server = await loop.create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=1024, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
