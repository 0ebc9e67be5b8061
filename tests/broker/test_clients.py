"""How AWS is reached: how often boto3 tries, how long it waits, and until when an invocation starts calls."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import SSLError
from botocore.httpsession import get_cert_path
from broker.clients import CONNECT_TIMEOUT, READ_TIMEOUT, Aws, deadline
from broker.failures import Unavailable
from broker.interactions import Interaction
from broker.mparticle import session
from broker.personalize import EventTracker
from requests.adapters import DEFAULT_CA_BUNDLE_PATH

from tests.broker.loopback import Loopback, Sent, authority, loopback, reply
from tests.broker.stubs import FAR, NOW, FakeTime

INTERACTION = Interaction("1-0-abc", "view_detail", "socks", "-5", "visit", int(NOW * 1000), "view_detail", 1.5)


class Broken(BaseHTTPRequestHandler):
    """Answers everything with 500."""

    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The test's output is for the test."""


@pytest.fixture
def broken_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Lead boto3 to a service that is down; the list is of what it was sent."""
    bodies: list[bytes] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (Broken,), {"bodies": bodies}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_the_brokers_own_rule_tries_again_and_every_try_says_the_same(broken_aws: list[bytes]) -> None:
    fake = FakeTime()
    tracker = EventTracker(Aws(1).direct_client("personalize-events", "put_events"), "tracker", fake.time())
    with pytest.raises(Unavailable):
        tracker.put([INTERACTION], FAR)
    assert len(broken_aws) == 4, "and not four times boto3's own four"
    assert len(fake.slept) == 3
    assert len(set(broken_aws)) == 1
    event = {"eventId": "1-0-abc", "eventType": "view_detail", "itemId": "socks", "eventValue": 1.5}
    assert json.loads(broken_aws[0]) == {
        "trackingId": "tracker",
        "userId": "-5",
        "sessionId": "visit",
        "eventList": [event | {"sentAt": int(NOW)}],
    }


def test_a_client_gives_up_long_before_an_invocation_does(broken_aws: list[bytes]) -> None:
    config = Aws(7).client("sqs").meta.config
    assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT, READ_TIMEOUT)
    assert CONNECT_TIMEOUT + READ_TIMEOUT <= 10
    assert config.max_pool_connections == 7
    assert broken_aws == []


@pytest.fixture
def tls_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Loopback]:
    """Stand in for AWS and mParticle; only the certificate of AWS_CA_BUNDLE and REQUESTS_CA_BUNDLE is theirs."""
    issued = authority(tmp_path)
    with loopback(issued.tls) as service:
        for name, value in {
            "AWS_ENDPOINT_URL": service.url,
            "AWS_CA_BUNDLE": str(issued.bundle),
            "REQUESTS_CA_BUNDLE": str(issued.bundle),
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield service


def test_a_process_reads_its_certificates_once_however_many_connections_it_opens(
    tls_service: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def count(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        reads.append((args, kwargs))
        load(context, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", count)
    aws, http = Aws(4), session(4)
    personalize = aws.direct_client("personalize-events", "put_events")
    together = threading.Barrier(4, timeout=30)
    secret = {"SecretString": json.dumps({"key": "key", "secret": "secret"})}

    def answer(sent: Sent, connection: socket.socket) -> bool | None:
        together.wait()  # so that each request needs a connection of its own
        return reply(json.dumps(secret).encode())(sent, connection)

    event = {"eventId": "1", "eventType": "view", "itemId": "sock", "sentAt": 1}
    calls: list[Callable[[], Any]] = [
        lambda: personalize.put_events(trackingId="t", userId="u", sessionId="s", eventList=[event]),
        lambda: aws.client("sqs").list_queues(),
        lambda: aws.client("dynamodb").list_tables(),
        lambda: aws.client("secretsmanager").get_secret_value(SecretId="mparticle"),
        lambda: http.post(f"{tls_service.url}/v2/bulkevents", data=b"[]", timeout=30).raise_for_status(),
    ]
    for call in calls:
        tls_service.answer = answer
        before = len(tls_service.sent)
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(call) for _ in range(4)]:
                done.result()
        assert len(tls_service.sent) == before + 4
    assert len(tls_service.connections) == 8, "four of AWS, which its clients share, and four of mParticle"
    assert len(reads) == 1


def test_without_a_bundle_of_the_users_boto3_and_requests_read_the_same_one() -> None:
    assert get_cert_path(True) == DEFAULT_CA_BUNDLE_PATH


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_each_side_trusts_the_bundle_of_its_own_variable(
    tls_service: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv(variable, str(authority(tmp_path / "other").bundle))
    trusted = [raises(lambda: Aws(1).client("sqs").list_queues()), raises(lambda: session(1).get(tls_service.url))]
    assert trusted == ([SSLError, None] if variable == "AWS_CA_BUNDLE" else [None, requests.exceptions.SSLError])


def raises(call: Callable[[], Any]) -> type[Exception] | None:
    try:
        call()
    except Exception as error:
        return type(error)
    return None


def test_what_is_sent_in_pieces_boto3_sends_itself(tls_service: Loopback) -> None:
    tls_service.answer = lambda sent, connection: bool(reply(b"")(sent, connection)) and False
    Aws(1).client("s3").put_object(Bucket="quarantine", Key="key", Body=b"row")
    [sent] = tls_service.sent
    assert sent.headers["transfer-encoding"] == "chunked"


class Context:
    """Lambda's context, as far as it is asked."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.mark.parametrize(("left", "to_use"), [(60, 50), (25, 15), (20, 10), (12, 6), (3, 1.5)])
def test_the_last_call_starts_ten_seconds_before_the_end_or_half_way_in_a_short_life(
    left: float, to_use: float
) -> None:
    before = time.time()
    until = deadline(Context(left))
    assert before + to_use <= until <= time.time() + to_use
