"""A Kinesis that only knows PutRecord, and keeps what the local mParticle forwards to it."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.http_server import QuietHandler, serving


class Stream:
    """The records; it refuses the first records that it is told to refuse."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.refusals = 0
        self.url = ""

    def put(self, record: dict[str, Any]) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.records.append(record)
        return True

    def data(self) -> list[bytes]:
        return [base64.b64decode(record["Data"]) for record in list(self.records)]

    def batches(self) -> list[dict[str, Any]]:
        return [json.loads(data) for data in self.data()]


@contextmanager
def served_stream() -> Iterator[Stream]:
    """Yield a stream that answers at its ``url``."""
    stream = Stream()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecord"
            taken = stream.put(json.loads(self.body()))
            answer = b'{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}' if taken else b"{}"
            self.answer(200 if taken else 500, answer)

    with serving(Handler) as stream.url:
        yield stream
