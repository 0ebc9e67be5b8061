"""One write to the network for each answer.

uvicorn writes head and body of an answer apart. Each write is a system call that wakes the caller: together they take a
fifth of the time of a small answer. Here, what is written in one turn of the event loop goes out at its end.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class OneWrite:
    """A transport that collects what is written; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._collected: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write at the end of this turn."""
        if not self._collected:
            self._loop.call_soon(self._flush)
        self._collected.append(data)

    def write_now(self, data: bytes) -> None:
        """Write the rest, and this."""
        self._flush()
        self._transport.write(data)

    def close(self) -> None:
        """Write the rest, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._collected and not self._transport.is_closing():
            self._transport.write(b"".join(self._collected))
        self._collected.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection."""
        super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]
