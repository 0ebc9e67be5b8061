"""However a request comes over the wire, it has the same answer, whether or not it is given without ASGI."""

import json
import socket
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest

BODY = json.dumps({"name": "direct", "schema": "no schema"}).encode()
TARGET = b"x-amz-target: AmazonPersonalize.CreateSchema\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
PLAIN = [b"POST / HTTP/1.1\r\nhost: x\r\n" + TARGET + LENGTH + b"\r\n" + BODY]


def asked(url: str, parts: list[bytes], answers: int = 1) -> list[tuple[bytes, list[bytes], Any]]:
    """Send parts over one connection, the next once all before it has left; return status line, headers and body."""
    parsed = urlsplit(url)
    with socket.create_connection((parsed.hostname, parsed.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
    return status, [line for line in headers if not line.startswith(varying)], json.loads(stream.read(length))


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
        [b"POST / HTTP/1.1\r\nexpect: 100-continue\r\n" + TARGET + LENGTH + b"\r\n", BODY],
    ],
    ids=["whole", "in pieces", "chunked", "after 100-continue"],
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


def test_requests_that_come_together_are_answered_in_order(url: str) -> None:
    one, two = ((b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % path) for path in (b"/_local/toggles", b"/_local/status"))
    answers = asked(url, [PLAIN[0] + PLAIN[0] + one + PLAIN[0] + two + PLAIN[0]], answers=6)
    found = [next(iter(body)) for _, _, body in answers]
    assert found == ["__type", "__type", "throttling", "__type", "datasetGroups", "__type"]


def test_a_fault_strikes_what_is_otherwise_answered_directly(url: str, expected: Any) -> None:
    faults = f"{url}/_local/faults"
    body = json.dumps({"faults": [{"fault": "unavailable"}]}).encode()
    urllib.request.urlopen(urllib.request.Request(faults, body, method="POST")).close()  # noqa: S310
    ((status, _, refused),) = asked(url, PLAIN)
    assert (status, refused["__type"]) == (b"HTTP/1.1 503 Service Unavailable", "ServiceUnavailable")
    urllib.request.urlopen(urllib.request.Request(faults, method="DELETE")).close()  # noqa: S310
    assert asked(url, PLAIN) == [expected]
