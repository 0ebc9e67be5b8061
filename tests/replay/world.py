"""Buckets, stream and queue on a local AWS, with quarantined records in them just as the functions and Lambda do it."""

import base64
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from broker.clock import Clock
from broker.interactions import Rules
from broker.quarantine import Quarantine, QuarantineRow
from broker.suppression import SuppressionList

from local_stack.audit.services import stream_records
from local_stack.aws.resources import Resources
from local_stack.aws.session import local_client
from local_stack.lambda_emulator.polling.events import Record as OnStream
from local_stack.lambda_emulator.polling.on_failure import TOO_OLD, Discarded, MappingIdentity, document, object_key
from replay.destinations import Queue, Stream
from replay.inventory import Inventory, RecordFilter
from replay.records import ON_FAILURE, QUARANTINE, RECORD, USER
from replay.redrive import Replay
from replay.store import Store
from tests.broker.lambda_events import visit

NOW = 1_795_000_000
FAR = float("inf")
SHARD = "shardId-000000000007"
NAME = "Ada Lovelace"  # stands in every record


def row(
    number: int, reason: str = "refused", *, index: str = "e1-0-abc", raw: bool = True, **fields: Any
) -> QuarantineRow:
    """Return a row for record ``number``, which arrived that many seconds after the others began."""
    return QuarantineRow(
        source=fields.get("source", SHARD),
        sequence_number=str(number),
        index=index,
        reason=reason,
        detail="PutEvents: InvalidInputException",
        arrived_ms=(NOW + number) * 1000,
        partition_key=f"key-{number}",
        record=fields.get("record", encoded(number)) if raw else "",
    )


def content(number: int, **fields: Any) -> bytes:
    """Return record ``number``'s bytes."""
    return json.dumps(visit(number, user_attributes={"$FirstName": NAME}) | fields).encode()


def encoded(number: int) -> str:
    """Return it as a row holds it."""
    return base64.b64encode(content(number)).decode()


@functools.cache
def client(service: str, endpoint: str) -> Any:
    """Return a client; making one takes longer than a test."""
    return local_client(service, endpoint)


class World:
    """All that a replay works on, at one local AWS."""

    def __init__(self, endpoint: str, resources: Resources) -> None:
        self.now = float(NOW + 3600)
        self.made = resources
        self.s3, self.kinesis, self.sqs = (client(service, endpoint) for service in ("s3", "kinesis", "sqs"))
        self.paused: list[float] = []
        self.time = Clock(lambda: self.now, self.paused.append, lambda: 0.5)
        self.buckets = {QUARANTINE: resources.quarantine_bucket, ON_FAILURE: resources.on_failure_bucket}

    def quarantine(self, *rows: QuarantineRow, flow: str = "ingest") -> None:
        """Set rows aside as one invocation does."""
        Quarantine(lambda: self.s3, self.made.quarantine_bucket, flow, self.time).put(rows, FAR)

    def give_up(self, *numbers: int, shard: str = SHARD) -> None:
        """Set records aside as Lambda does."""
        identity = MappingIdentity("mapping", self.made.stream_arn, "arn:aws:lambda:us-east-1:1:function:ingest")
        records = [OnStream(str(number), f"key-{number}", content(number), float(NOW + number)) for number in numbers]
        body = document(identity, Discarded(shard, records, TOO_OLD, 3, None), self.now, "request")
        key = object_key(identity, shard, self.now, f"{numbers[0]}")
        self.s3.put_object(Bucket=self.made.on_failure_bucket, Key=key, Body=body)

    def replay(self, *sources: str, queue: bool = True, suppressed: SuppressionList | None = None) -> Replay:
        """Return what a command works with that has just been started."""
        stores = {name: Store(self.s3, self.buckets[name], name) for name in sources or tuple(self.buckets)}
        destinations: dict[str, Stream | Queue] = {RECORD: Stream(self.kinesis, self.made.stream_arn, self.time)}
        if queue:
            destinations[USER] = Queue(self.sqs, self.made.queue_url, self.time)
        return Replay(stores, destinations, rules=Rules(), clock=self.time, suppressed=suppressed)

    def inventory(self, *sources: str, choice: RecordFilter = RecordFilter(), key: str = "") -> Inventory:  # noqa: B008 - frozen
        replay = self.replay(*sources)
        return replay.inventory(replay.objects(choice, key), moved)

    def redrive(
        self,
        *sources: str,
        choice: RecordFilter = RecordFilter(),  # noqa: B008 - frozen
        key: str = "",
        moved: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Run the command's two passes; return how many were chosen."""
        replay = self.replay(*sources)
        chosen = replay.inventory(replay.objects(choice, key), lambda _: None).chosen(choice)
        replay.redrive(chosen, moved)
        return len(chosen)

    def on_stream(self) -> list[int]:
        """Return which records are on the stream, in the order in which they came."""
        return [
            json.loads(stream_record.data)["mpid"]
            for stream_record in stream_records(self.kinesis, self.made.stream_name)
        ]

    def messages(self) -> list[str]:
        """Return the bodies of the messages in the queue."""
        return list(self._messages())

    def _messages(self) -> Iterator[str]:
        while found := self.sqs.receive_message(QueueUrl=self.made.queue_url, MaxNumberOfMessages=10).get("Messages"):
            yield from (message["Body"] for message in found)

    def keys(self, source: str, prefix: str = "") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.buckets[source], Prefix=prefix).get("Contents", [])
        return [one["Key"] for one in listed]


def moved(_: int) -> None:
    """Show nobody how far it is."""


def reasons(lines: Sequence[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return how many wait and how many were redriven, by reason."""
    return {line["reason"]: (line["waiting"], line["redriven"]) for line in lines}
