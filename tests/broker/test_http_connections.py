"""Connections to AWS: kept, replaced when the other side closes them, and given up when a reply is late."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from broker.http_connections import HttpConnections, Request
from broker.tls import tls_context
from cryptography import x509

from tests.broker.loopback import Answer, Loopback, Sent, authority, close, loopback, reply

PATIENT, IMPATIENT = 30.0, 0.2  # seconds


@pytest.fixture
def service() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.fixture
def connections() -> HttpConnections:
    return HttpConnections(lambda: tls_context("not needed"), PATIENT)


def request(url: str, body: bytes = b"{}", read_timeout: float = PATIENT) -> Request:
    return Request("POST", url, {"Content-Type": "application/json"}, body, read_timeout)


def echo(sent: Sent, connection: socket.socket) -> bool | None:
    return reply(sent.body)(sent, connection)


def test_one_connection_carries_one_request_after_another(service: Loopback, connections: HttpConnections) -> None:
    service.answer = echo
    for number in range(5):
        body = str(number).encode()
        assert connections.send(request(f"{service.url}/path?query=1", body)).body == body
    assert {sent.connection for sent in service.sent} == {0}
    assert {sent.line for sent in service.sent} == {"POST /path?query=1 HTTP/1.1"}


def test_threads_share_connections_and_each_gets_its_own_reply(service: Loopback, connections: HttpConnections) -> None:
    service.answer = echo
    bodies = [str(number).encode() for number in range(400)]
    with ThreadPoolExecutor(16) as pool:
        assert [
            done.body for done in pool.map(lambda body: connections.send(request(service.url, body)), bodies)
        ] == bodies
    assert len(service.connections) <= 16


def test_hosts_share_nothing(service: Loopback, connections: HttpConnections) -> None:
    with loopback() as other:
        for url in (service.url, other.url, service.url, other.url):
            connections.send(request(url))
        assert (len(service.sent), len(other.sent)) == (2, 2)
        assert (len(service.connections), len(other.connections)) == (1, 1)


def reset(_: Sent, connection: socket.socket) -> bool:
    """Break the connection, so that the client is told of it at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    raise OSError


ENDS = pytest.mark.parametrize("end", [close, reset], ids=["closed", "reset"])


@ENDS
def test_what_gets_no_reply_on_a_kept_connection_is_sent_again_on_a_new_one(
    service: Loopback, connections: HttpConnections, end: Answer
) -> None:
    connections.send(request(service.url, b"first"))
    service.answer = lambda sent, connection: (echo if sent.connection else end)(sent, connection)
    assert connections.send(request(service.url, b"second")).body == b"second"
    assert [(sent.connection, sent.body) for sent in service.sent] == [(0, b"first"), (0, b"second"), (1, b"second")]


@ENDS
def test_a_service_that_only_closes_gets_a_request_twice_at_most(
    service: Loopback, connections: HttpConnections, end: Answer
) -> None:
    connections.send(request(service.url))
    service.answer = end
    with pytest.raises(ConnectionClosedError):
        connections.send(request(service.url))
    assert [sent.connection for sent in service.sent] == [0, 0, 1]


def test_connections_that_ended_while_the_process_was_stopped_are_replaced(
    service: Loopback, connections: HttpConnections
) -> None:
    gate = threading.Barrier(8, timeout=30)

    def together(sent: Sent, connection: socket.socket) -> bool | None:
        gate.wait()
        return echo(sent, connection)

    service.answer = together
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            bodies = [str(number).encode() for number in range(8)]
            assert [
                done.body for done in pool.map(lambda body: connections.send(request(service.url, body)), bodies)
            ] == bodies
            for connection in service.connections[-8:]:
                connection.shutdown(socket.SHUT_RDWR)
    assert len(service.connections) == 24


@ENDS
def test_what_gets_no_reply_on_a_new_connection_is_sent_once(
    service: Loopback, connections: HttpConnections, end: Answer
) -> None:
    service.answer = end
    with pytest.raises(ConnectionClosedError):
        connections.send(request(service.url))
    assert len(service.sent) == 1


def test_a_reply_that_broke_off_is_what_came_of_it_and_its_connection_is_not_used_again(
    service: Loopback, connections: HttpConnections
) -> None:
    connections.send(request(service.url))
    service.answer = reply(b"half", length=8)
    assert connections.send(request(service.url)).body == b"half"
    assert len(service.sent) == 2, "a reply that has begun is not asked for again"
    service.answer = reply(b"whole")
    assert connections.send(request(service.url)).body == b"whole"
    assert [sent.connection for sent in service.sent] == [0, 0, 1]


def test_what_is_reset_within_its_reply_is_not_sent_again(
    service: Loopback, connections: HttpConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections.send(request(service.url))
    arrived = threading.Event()

    def answer(sent: Sent, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        arrived.wait(30)
        return reset(sent, connection)

    def begin(response: HTTPResponse) -> None:
        whole_head(response)
        arrived.set()

    whole_head = HTTPResponse.begin
    monkeypatch.setattr(HTTPResponse, "begin", begin)
    service.answer = answer
    with pytest.raises(ConnectionClosedError):
        connections.send(request(service.url))
    assert len(service.sent) == 2


def test_a_connection_is_not_used_again_where_the_other_side_asks_to_close_it(
    service: Loopback, connections: HttpConnections
) -> None:
    service.answer = reply(headers="Connection: close\r\n")
    for _ in range(3):
        assert connections.send(request(service.url)).status == 200
    assert [sent.connection for sent in service.sent] == [0, 1, 2]


def test_a_reply_that_comes_too_late_is_nobody_elses(service: Loopback, connections: HttpConnections) -> None:
    given_up = threading.Event()

    def late(sent: Sent, connection: socket.socket) -> bool | None:
        given_up.wait(30)
        return echo(sent, connection)

    connections.send(request(service.url))
    service.answer = late
    with pytest.raises(ReadTimeoutError):
        connections.send(request(service.url, b"late", IMPATIENT))
    assert len(service.sent) == 2, "it may still be answered, so it is not sent again by itself"
    service.answer = echo
    given_up.set()
    for number in range(3):
        body = str(number).encode()
        assert connections.send(request(service.url, body)).body == body
    assert [sent.connection for sent in service.sent] == [0, 0, 1, 1, 1]


def test_each_request_has_a_timeout_of_its_own(service: Loopback, connections: HttpConnections) -> None:
    told = threading.Event()
    service.answer = lambda sent, connection: told.wait(30) and echo(sent, connection)
    with pytest.raises(ReadTimeoutError):
        connections.send(request(service.url, read_timeout=IMPATIENT))
    threading.Timer(3 * IMPATIENT, told.set).start()
    assert connections.send(request(service.url, b"slow")).body == b"slow"
    assert connections.send(request(service.url, b"quick", IMPATIENT)).body == b"quick"
    assert [sent.connection for sent in service.sent] == [0, 1, 1]


def test_a_port_where_nobody_listens(connections: HttpConnections) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(EndpointConnectionError):
        connections.send(request(f"http://127.0.0.1:{port}"))
    with pytest.raises(EndpointConnectionError):
        connections.send(request("http://personalize.invalid"))


def test_a_tls_connection_that_never_comes_about(tmp_path: Path) -> None:
    impatient = HttpConnections(lambda: tls_context(str(authority(tmp_path).bundle)), IMPATIENT)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ConnectTimeoutError):
        impatient.send(request(f"https://127.0.0.1:{listener.getsockname()[1]}"))


def test_what_is_not_http_is_an_error(service: Loopback, connections: HttpConnections) -> None:
    def answer(_: Sent, connection: socket.socket) -> bool:
        connection.sendall(b"SSH-2.0\r\n")
        return False

    service.answer = answer
    with pytest.raises(HTTPClientError):
        connections.send(request(service.url))


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\rb"])
def test_a_header_with_a_line_break_is_not_sent(service: Loopback, connections: HttpConnections, value: str) -> None:
    with pytest.raises(HTTPClientError):
        connections.send(Request("POST", service.url, {"X-Amz-Security-Token": value}, b"{}", PATIENT))
    assert service.sent == []


@pytest.mark.parametrize("trusted", ["another authority", "another host", "no file"])
def test_who_cannot_prove_the_host_gets_nothing(tmp_path: Path, trusted: str) -> None:
    issued = authority(tmp_path, "only.example")
    (tmp_path / "other").mkdir()
    bundle = {
        "another authority": authority(tmp_path / "other").bundle,
        "another host": issued.bundle,
        "no file": tmp_path / "none.pem",
    }[trusted]
    host = "localhost" if trusted == "another host" else "127.0.0.1"
    connections = HttpConnections(lambda: tls_context(str(bundle)), PATIENT)
    with loopback(issued.tls) as service:
        with pytest.raises(EndpointConnectionError if trusted == "no file" else SSLError):
            connections.send(request(f"https://{host}:{service.port}"))
        assert service.sent == []


def test_a_folder_of_certificates_is_as_good_as_a_file(tmp_path: Path) -> None:
    issued = authority(tmp_path)
    subject = x509.load_pem_x509_certificate(issued.bundle.read_bytes()).subject.public_bytes()
    digest = hashlib.sha1(subject[2:]).digest()[3::-1].hex()  # noqa: S324 - as `openssl x509 -subject_hash` names files
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f"{digest}.0").write_bytes(issued.bundle.read_bytes())
    connections = HttpConnections(lambda: tls_context(str(folder)), PATIENT)
    with loopback(issued.tls) as service:
        assert connections.send(request(service.url)).status == 200
