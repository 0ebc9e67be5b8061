"""Records of the raw archive for the function ``rewind``, in the form in which Lambda passes those of a stream.

The archive does not say where on the stream a record was. So all of them are of one shard, in the order of their
objects, with numbers that are the same each time.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.retry import Retry
from broker.rewind_plan import ARCHIVE

MOST_RECORDS = 1_000
MOST_BYTES = 4_000_000  # of a request; Lambda takes 6 MB
RETRY = Retry(attempts=8, base=1.0, cap=30.0)
FOREVER = float("inf")
Record = Mapping[str, Any]


def order(hour: datetime, key: str) -> tuple[datetime, int, str]:
    """Return by what the objects are sorted, so that the numbers of their records grow."""
    return hour, zlib.crc32(key.encode()), key


def record_of_archive(hour: datetime, key: str, index: int, data: bytes) -> Record:
    """Return a record as Lambda would pass it; it counts as arrived at the beginning of its object's hour."""
    number = f"{hour:%Y%m%d%H}{zlib.crc32(key.encode()):010}{index:09}"
    kinesis = {
        "sequenceNumber": number,
        "partitionKey": number,
        "approximateArrivalTimestamp": hour.timestamp(),
        "data": base64.b64encode(data).decode(),
    }
    return {"eventID": f"{ARCHIVE}:{number}", "kinesis": kinesis}


def fits(data: bytes) -> bool:
    """Return whether a record can be passed to a function."""
    return _size(data) <= MOST_BYTES


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield records together, as many as a request may have."""
    batch: list[Record] = []
    size = 0
    for record in records:
        own = _size(record["kinesis"]["data"])
        if batch and (len(batch) == MOST_RECORDS or size + own > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += own
    if batch:
        yield batch


class ArchiveFeed:
    """The function ``rewind`` behind a boto3 Lambda client."""

    def __init__(self, lambda_client: Any, function: str, clock: Clock) -> None:
        self._lambda = lambda_client
        self._function = function
        self._clock = clock

    def send(self, records: Sequence[Record]) -> None:
        """Let the function deliver records, in order. Raises Failure where it gets on no more."""
        left = list(records)
        while left:
            left = RETRY.call(lambda left=left: self._sent(left), self._clock, FOREVER)  # type: ignore[misc]

    def _sent(self, records: list[Record]) -> list[Record]:
        """Return the records that are left. Raises Unavailable where that is all of them."""
        payload = json.dumps({"Records": records}).encode()
        answer = aws_call(self._lambda.invoke, FunctionName=self._function, Payload=payload)
        outcome = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise Unavailable(f"rewind fails: {outcome.get('errorType', answer['FunctionError'])}: see its log")
        failed = {failure["itemIdentifier"] for failure in outcome["batchItemFailures"]}
        numbers = [record["kinesis"]["sequenceNumber"] for record in records]
        first = next((place for place, number in enumerate(numbers) if number in failed), len(records))
        if failed and (first == 0 or not failed & {*numbers}):
            raise Unavailable("rewind could not deliver the first of the records: see its log")
        return records[first:]


def _size(data: bytes | str) -> int:
    return 300 + (len(data) if isinstance(data, str) else len(data) * 4 // 3 + 4)
