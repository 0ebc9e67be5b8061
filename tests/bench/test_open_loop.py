"""The client at a steady rate: it asks again where a server answers a single request on each connection."""

import pytest

from bench.open_loop import post, saturate
from tests.http_server import QuietHandler, serving


class _Counting(QuietHandler):
    protocol_version = "HTTP/1.1"
    connections = 0
    closing = ""

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:
        self.answer(200, self.body(), **({"Connection": self.closing} if self.closing else {}))


@pytest.mark.parametrize(("closing", "connections"), [("", 1), ("close", 5)])
def test_each_request_is_answered_whether_or_not_the_server_keeps_connections(closing: str, connections: int) -> None:
    handler = type("Handler", (_Counting,), {"closing": closing})
    with serving(handler) as url:
        measured = saturate(url, lambda number: post(url, "/", b"%d" % number), count=5, connections=1)
    assert (len(measured.seconds), measured.refused) == (5, [])
    assert handler.connections == connections
