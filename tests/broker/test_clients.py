"""How AWS is reached: how often boto3 tries, how long it waits, and until when an invocation starts calls."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest
from broker.clients import aws_client, deadline
from broker.failures import Unavailable
from broker.interactions import Interaction
from broker.personalize import EventTracker

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
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
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
    tracker = EventTracker(aws_client("personalize-events", connections=1), "tracker", fake.time())
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
    config = aws_client("personalize-events", connections=7).meta.config
    assert config.connect_timeout + config.read_timeout <= 10
    assert config.max_pool_connections == 7
    assert broken_aws == []


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
