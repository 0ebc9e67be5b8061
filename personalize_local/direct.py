"""Answers without an ASGI task: within the parser's callback, in one write.

An ASGI application costs a task, several turns of the event loop, and a look for other connections in each of them:
more than a small answer itself. An application that also has ``direct(method, path)`` is asked for what answers such a
request from its headers and its body. It gives None for requests that are to be answered by ASGI.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from personalize_local.one_write import OneWriteProtocol

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Names in lower case, and values."""


class Answer(NamedTuple):
    """An HTTP answer; ``headers`` include the content's length."""

    status: int
    headers: RawHeaders
    body: bytes


Answering = Callable[[RawHeaders, bytes], Answer]
"""Takes a request's headers and body."""


class DirectProtocol(OneWriteProtocol):
    """uvicorn's protocol, which also answers directly."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._direct: Callable[[bytes, bytes], Answering | None] | None = getattr(self.app, "direct", None)
        self._answering: Answering | None = None
        self._body = b""

    def on_headers_complete(self) -> None:
        """Decide who answers."""
        self._answering = (
            self._direct(self.parser.get_method(), self.url) if self._direct and self._is_plain() else None
        )
        self._body = b""
        if self._answering is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._answering is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        if self._answering is None:
            super().on_message_complete()
            return
        status, headers, body = self._answering(self.headers, self._body)
        lines = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
        lines += (b"\r\n", body)
        self.transport.write_now(b"".join(lines))  # type: ignore[attr-defined]
        self.on_response_complete()

    def _is_plain(self) -> bool:
        """Return whether a request waits for nothing, and nothing is to happen to the connection after its answer."""
        is_idle = self.cycle is None or self.cycle.response_complete
        is_plain = not self.expect_100_continue and not self.parser.should_upgrade()
        return is_idle and is_plain and self.parser.should_keep_alive() and not self.flow.write_paused
