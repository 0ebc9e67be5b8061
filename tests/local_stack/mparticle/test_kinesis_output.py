"""PutRecord as the local mParticle sends it: what is accepted, and what the forwarder has to send again."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_stack.aws.operations import service_name
from local_stack.mparticle.forwarding.forwarder import DeliveryFailed
from local_stack.mparticle.forwarding.kinesis import put_record
from tests.http_server import QuietHandler, serving


class Stream:
    """A server that gives one answer, and remembers what was put."""

    status, promised, content = 200, 2, b"{}"
    url = ""

    def __init__(self) -> None:
        self.put: list[tuple[str, str, dict[str, Any]]] = []


@pytest.fixture
def stream() -> Iterator[Stream]:
    given = Stream()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            record = json.loads(self.body())
            signed = {"authorization": self.headers["Authorization"]}
            given.put.append((service_name(signed), self.headers["X-Amz-Target"], record))
            self.send_response(given.status)
            self.send_header("Content-Length", str(given.promised))
            self.end_headers()
            self.wfile.write(given.content)

    with serving(Handler) as given.url:
        yield given


def test_a_record_arrives_byte_for_byte_signed_for_kinesis(stream: Stream) -> None:
    put_record("events", stream.url, connections=1)("-7", b"\x00\xffa")
    [(service, target, record)] = stream.put
    assert (service, target) == ("kinesis", "Kinesis_20131202.PutRecord")
    assert base64.b64decode(record.pop("Data")) == b"\x00\xffa"
    assert record == {"StreamName": "events", "PartitionKey": "-7"}


@pytest.mark.parametrize(("status", "promised"), [(400, 2), (500, 2), (503, 2), (200, 10)])
def test_a_refusal_and_half_an_answer_are_no_delivery_and_nothing_is_tried_again(
    stream: Stream, status: int, promised: int
) -> None:
    stream.status, stream.promised = status, promised
    put = put_record("events", stream.url, connections=1)
    with pytest.raises(DeliveryFailed):
        put("1", b"{}")
    assert len(stream.put) == 1
    stream.status, stream.promised = 200, 2
    put("1", b"{}")


def test_where_nobody_listens_nothing_is_delivered() -> None:
    with pytest.raises(DeliveryFailed):
        put_record("events", "http://127.0.0.1:9", connections=1)("1", b"{}")
