"""However a request comes over the wire, it has the same answer, whether or not it is given without ASGI."""

import asyncio
import json
import socket
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from uvicorn.server import ServerState

from personalize_local.direct import Answer, Answering, DirectProtocol
from tests.personalize_local.test_one_write import Recorder

BODY = json.dumps({"name": "direct", "schema": "no schema"}).encode()
TARGET = b"x-amz-target: AmazonPersonalize.CreateSchema\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
PIECES = [BODY[start : start + 5] for start in range(0, len(BODY), 5)]
SMALL_CHUNKS = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in PIECES)
EXPECTING = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\n" + TARGET + LENGTH + b"\r\n"
PLAIN = [b"POST / HTTP/1.1\r\nhost: x\r\n" + TARGET + LENGTH + b"\r\n" + BODY]


def connected(url: str) -> socket.socket:
    parsed = urlsplit(url)
    connection = socket.create_connection((parsed.hostname, parsed.port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def asked(url: str, parts: list[bytes], answers: int = 1) -> list[tuple[bytes, list[bytes], Any]]:
    """Send parts over one connection, the next once all before it has left; return status line, headers and body."""
    with connected(url) as connection:
        for part in parts:
            connection.sendall(part)
        stream = connection.makefile("rb")
        return [answer(stream) for _ in range(answers)]


def answer(stream: Any) -> tuple[bytes, list[bytes], Any]:
    status = stream.readline().strip()
    headers = []
    while line := stream.readline().strip():
        headers.append(line)
    if status.startswith(b"HTTP/1.1 100"):
        return answer(stream)
    length = next(int(line[15:]) for line in headers if line.startswith(b"content-length:"))
    varying = (b"date: ", b"x-amzn-requestid: ")
    shown = [line.partition(b" ")[0] if line.startswith(varying) else line for line in headers]
    return status, shown, json.loads(stream.read(length))


@pytest.fixture(scope="module")
def expected(url: str) -> tuple[bytes, list[bytes], Any]:
    """Return the answer of the ASGI application: a query is not answered directly."""
    (by_asgi,) = asked(url, [PLAIN[0].replace(b"POST / ", b"POST /?x ")])
    return by_asgi


@pytest.mark.parametrize(
    "parts",
    [
        PLAIN,
        [PLAIN[0][:7], PLAIN[0][7:-5], PLAIN[0][-5:]],
        [b"POST / HTTP/1.1\r\nhost: x\r\n" + TARGET + CHUNKED + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)],
        [b"POST / HTTP/1.1\r\nhost: x\r\n" + TARGET + CHUNKED + b"\r\n" + SMALL_CHUNKS + b"0\r\n\r\n"],
        [EXPECTING, BODY],
    ],
    ids=["whole", "in pieces", "chunked", "in small chunks", "after 100-continue"],
)
def test_the_answer_is_that_of_the_application(url: str, expected: Any, parts: list[bytes]) -> None:
    assert asked(url, parts) == [expected]
    status, headers, body = expected
    assert (status, body["__type"]) == (b"HTTP/1.1 400 Bad Request", "InvalidInputException")
    assert b"content-type: application/x-amz-json-1.1" in headers


def test_a_client_that_closes_the_connection_is_told_so(url: str, expected: Any) -> None:
    status, headers, body = expected
    closing = PLAIN[0].replace(b"host: x", b"connection: close")
    assert asked(url, [closing]) == [(status, [*headers, b"connection: close"], body)]


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(url: str, expected: Any) -> None:
    with connected(url) as connection:
        stream = connection.makefile("rb")
        connection.sendall(EXPECTING)
        assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
        connection.sendall(BODY)
        stream.readline()
        assert answer(stream) == expected


def test_requests_that_come_together_are_answered_in_order(url: str, expected: Any) -> None:
    one, two = ((b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % path) for path in (b"/_local/toggles", b"/_local/status"))
    answers = asked(url, [PLAIN[0] + PLAIN[0] + one + PLAIN[0] + two + PLAIN[0]], answers=6)
    found = [next(iter(body)) for _, _, body in answers]
    assert found == ["__type", "__type", "throttling", "__type", "datasetGroups", "__type"]
    assert [answers[place] for place in (0, 1, 3, 5)] == [expected] * 4


def test_a_fault_strikes_what_is_otherwise_answered_directly(url: str, expected: Any) -> None:
    faults = f"{url}/_local/faults"
    body = json.dumps({"faults": [{"fault": "unavailable"}]}).encode()
    urllib.request.urlopen(urllib.request.Request(faults, body, method="POST")).close()  # noqa: S310
    ((status, _, refused),) = asked(url, PLAIN)
    assert (status, refused["__type"]) == (b"HTTP/1.1 503 Service Unavailable", "ServiceUnavailable")
    urllib.request.urlopen(urllib.request.Request(faults, method="DELETE")).close()  # noqa: S310
    assert asked(url, PLAIN) == [expected]


class App:
    """Answers everything with nothing: directly with 200, by ASGI with 202."""

    def direct(self, method: bytes, path: bytes) -> Answering:
        return lambda headers, body: Answer(200, [(b"content-length", b"0")], b"")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


class Connection(Recorder):
    """A transport without a socket."""

    def get_extra_info(self, name: str) -> Any:
        return None


def served(**settings: Any) -> tuple[DirectProtocol, Connection]:
    """Return the protocol with a connection."""
    config = uvicorn.Config(App(), log_config=None, proxy_headers=False, **settings)
    config.load()
    protocol, connection = DirectProtocol(config, ServerState(), {}, asyncio.get_running_loop()), Connection()
    protocol.connection_made(connection)  # type: ignore[arg-type]
    return protocol, connection


async def written_to_a_client_that_does_not_read() -> tuple[list[bytes], list[bytes]]:
    """Return what is written while the connection takes nothing, and once it does."""
    protocol, connection = served()
    protocol.pause_writing()
    protocol.data_received(PLAIN[0])
    for _ in range(10):  # turns of the loop, which an answer by ASGI takes
        await asyncio.sleep(0)
    before = list(connection.done)
    protocol.resume_writing()
    async with asyncio.timeout(60):
        while not connection.done:
            await asyncio.sleep(0)
    return before, connection.done


def test_a_client_that_does_not_read_its_answers_is_waited_for() -> None:
    before, after = asyncio.run(written_to_a_client_that_does_not_read())
    assert before == []
    assert after[0].startswith(b"HTTP/1.1 202 Accepted")


async def done_on_an_idle_connection() -> list[Any]:
    """Return what a connection is asked for by one request, after which nothing comes."""
    protocol, connection = served(timeout_keep_alive=0)
    protocol.data_received(PLAIN[0])
    async with asyncio.timeout(60):
        while "closed" not in connection.done:
            await asyncio.sleep(0)
    return connection.done


def test_a_connection_on_which_nothing_more_comes_is_closed() -> None:
    answered, closed = asyncio.run(done_on_an_idle_connection())
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert closed == "closed"
