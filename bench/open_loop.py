"""A client that sends requests at a steady rate, independent of the answers, over a few plain connections.

A latency counts from the time at which the request was due: waiting for a busy server is part of it.
"""

import asyncio
import math
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"connection: *close", re.IGNORECASE)


@dataclass
class Measured:
    """``seconds``: the latencies, in the order of the answers; ``refused``: the answers that were refused."""

    seconds: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    lasted: float = 0.0

    def __iadd__(self, other: "Measured") -> "Measured":
        self.seconds += other.seconds
        self.refused += other.refused
        self.lasted += other.lasted
        return self

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies in milliseconds; ``share`` is 0 to 1."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection(asyncio.Protocol):
    """One connection, one request at a time; a new one to a server that answers a single request on each."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._buffer = b""
        self._answered: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if end and self._answered and len(body) >= int(length[1] if length else 0):
            answer, self._buffer = self._buffer, b""
            if CLOSES.search(head):
                self._transport.close()
            self._answered.set_result(answer)

    async def open(self) -> None:
        """Connect."""
        await asyncio.get_running_loop().create_connection(lambda: self, *self._address)

    async def ask(self, request: bytes) -> bytes:
        """Send a request; return the answer, head and body."""
        if self._transport.is_closing():
            await self.open()
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered


def post(url: str, path: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return a request as it goes over the wire."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nhost: {urlsplit(url).netloc}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def drive(
    url: str,
    make: Callable[[int], bytes],
    *,
    rate: float,
    seconds: float,
    connections: int = 16,
    accepted: int = 200,
) -> Measured:
    """Send ``make(0)``, ``make(1)``, … at ``rate`` per second for ``seconds``; return the measurements.

    ``accepted``: the status of an answer that is not refused.
    """
    return asyncio.run(_drive(urlsplit(url), make, rate, int(rate * seconds), connections, accepted))


def saturate(url: str, make: Callable[[int], bytes], count: int, connections: int = 16) -> Measured:
    """Send ``count`` requests, each connection the next one once it has its answer; only ``lasted`` says something."""
    return asyncio.run(_drive(urlsplit(url), make, math.inf, count, connections, accepted=200))


async def _drive(
    url: object, make: Callable[[int], bytes], rate: float, count: int, connections: int, accepted: int
) -> Measured:
    pool = [Connection(url.hostname, url.port) for _ in range(connections)]  # type: ignore[attr-defined]
    await asyncio.gather(*(connection.open() for connection in pool))
    measured, waiting = Measured(), deque(enumerate(i / rate for i in range(count)))
    began = time.perf_counter()

    async def work(connection: Connection) -> None:
        while waiting:
            number, due = waiting.popleft()
            if (early := began + due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            answer = await connection.ask(make(number))
            measured.seconds.append(time.perf_counter() - began - due)
            if not answer.startswith(b"HTTP/1.1 %d" % accepted):
                measured.refused.append(answer)

    await asyncio.gather(*(work(connection) for connection in pool))
    measured.lasted = time.perf_counter() - began
    return measured
