"""The destinations of a redrive: the stream for records, the refresh queue for users. Refused entries are retried.

PutRecords: at most 500 records and 5 MB, and it may take only some of them.
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.kinesis_record import redriven_key
from broker.retry import Retry

from replay.records import Record

MOST_RECORDS, MOST_BYTES = 500, 5_000_000  # of 5 MiB: the keys become longer
MOST_MESSAGES = 10
RETRY = Retry(attempts=10, base=0.1, cap=10.0)
FOREVER = float("inf")

OnDelivered = Callable[[Record], None]


class Stream:
    """A Kinesis stream behind a boto3 client; ``name``: its name or ARN.

    The partition keys tell ``ingest`` that the records come a second time.
    """

    most_records, most_bytes = MOST_RECORDS, MOST_BYTES

    def __init__(self, kinesis: Any, name: str, clock: Clock) -> None:
        self._put_records = kinesis.put_records
        self._stream = name.rpartition("/")[2]
        self._clock = clock

    def put(self, records: Sequence[Record], on_delivered: OnDelivered) -> None:
        """Put a batch, retry the refused records, and call ``on_delivered`` for each delivered one. Raises Failure."""

        def attempt_put(left: Sequence[Record]) -> list[Record]:
            entries = [{"Data": record.data, "PartitionKey": redriven_key(record.partition_key)} for record in left]
            answers = aws_call(self._put_records, Records=entries, StreamName=self._stream).get("Records", [])
            return [record for record, answer in zip(left, answers, strict=False) if answer.get("SequenceNumber")]

        _until_all(records, attempt_put, on_delivered, self._clock)


class Queue:
    """The refresh queue behind a boto3 client."""

    most_records, most_bytes = MOST_MESSAGES, 250_000

    def __init__(self, sqs: Any, url: str, clock: Clock) -> None:
        self._send = sqs.send_message_batch
        self._url = url
        self._clock = clock

    def put(self, records: Sequence[Record], on_delivered: OnDelivered) -> None:
        """Send one batch, retry the refused users, and call ``on_delivered`` for each delivered one. Raises Failure."""

        def attempt_put(left: Sequence[Record]) -> list[Record]:
            entries = [{"Id": str(place), "MessageBody": record.data.decode()} for place, record in enumerate(left)]
            answer = aws_call(self._send, QueueUrl=self._url, Entries=entries)
            return [left[int(record["Id"])] for record in answer.get("Successful", [])]

        _until_all(records, attempt_put, on_delivered, self._clock)


def _until_all(
    records: Sequence[Record],
    some: Callable[[Sequence[Record]], Sequence[Record]],
    on_delivered: OnDelivered,
    clock: Clock,
) -> None:
    left = {record.id: record for record in records}

    def attempt() -> None:
        for record in some(list(left.values())):
            del left[record.id]
            on_delivered(record)
        if left:
            raise Unavailable(f"{len(left)} of {len(records)} not taken")

    RETRY.call(attempt, clock, FOREVER)


def batches(records: Iterator[Record], most_records: int, most_bytes: int) -> Iterator[list[Record]]:
    """Split records, in order, into batches of at most that many records and bytes, partition keys included."""
    batch: list[Record] = []
    size = 0
    for record in records:
        more = len(record.data) + len(record.partition_key.encode())
        if batch and (len(batch) == most_records or size + more > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += more
    if batch:
        yield batch
