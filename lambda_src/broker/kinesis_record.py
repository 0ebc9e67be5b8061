"""One record of a Kinesis stream as Lambda passes it: what may be missing, and what may not.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html. A stream that distributes records by itself has no
partition keys: https://docs.aws.amazon.com/streams/latest/dev/service-managed-record-distribution.html.
"""

import base64
import hashlib
import json
import re
from typing import Any, NamedTuple, TypeGuard

from broker.json_values import mapping
from broker.quarantine import QuarantineRow
from broker.reasons import QuarantineReason
from broker.values.times import YEAR_2000, YEAR_2100

UNKNOWN_SHARD = "unknown-shard"
# Kinesis API reference: no leading zeros. A service that is not AWS's own may write some, and would read them again.
_SEQUENCE_NUMBER = re.compile(r"[0-9]{1,129}")
_SHARD = re.compile(r"[A-Za-z0-9_.-]{1,128}")
LARGEST_KEY = 256  # characters of a partition key, Kinesis API reference
REDRIVEN = "redriven/"  # begins the partition keys of records that ./broker replay puts back on the stream


class KinesisRecord(NamedTuple):
    """One Kinesis record. ``partition_key`` is never empty: one without is known by its sequence number."""

    shard: str
    sequence_number: str
    partition_key: str
    arrived_ms: int
    data: str

    def row(self, index: str, reason: QuarantineReason, detail: str) -> QuarantineRow:
        """Return what quarantine keeps of a part of this record."""
        key = self.shard, self.sequence_number, index
        return QuarantineRow(*key, reason, detail, self.arrived_ms, self.partition_key, self.data)

    @property
    def is_redriven(self) -> bool:
        """Whether it comes a second time, so that nobody waits for a list because of it."""
        return self.partition_key.startswith(REDRIVEN)

    @property
    def is_numbered(self) -> bool:
        """Whether it has a sequence number, so that Lambda can be told to deliver it again."""
        return _SEQUENCE_NUMBER.fullmatch(self.sequence_number) is not None


def redriven_key(partition_key: str) -> str:
    """Return the partition key of a record that is put back on the stream, by its own."""
    return REDRIVEN + partition_key.removeprefix(REDRIVEN)[: LARGEST_KEY - len(REDRIVEN)]


class MalformedRecord(ValueError):
    """A record that is not in Lambda's form; the message names what is wrong, and nothing of the content."""


def decoded(record: KinesisRecord) -> bytes:
    """Return a record's bytes. Raises MalformedRecord."""
    try:
        return base64.b64decode(record.data, validate=True)
    except ValueError:
        raise MalformedRecord("data is not base64") from None


def malformed_record(passed: Any, now_ms: int) -> KinesisRecord:
    """Return what is there of a record; its data as base64, which may be the base64 of what is not.

    In place of a sequence number it has a digest, which is the same at each delivery.
    """
    kinesis = mapping(mapping(passed).get("kinesis"))
    given, data = kinesis.get("sequenceNumber"), kinesis.get("data")
    number = given if _is(given, _SEQUENCE_NUMBER) else f"unnumbered-{_digest(passed)}"
    arrived_ms = _arrived_ms(kinesis.get("approximateArrivalTimestamp")) or now_ms
    data = data if isinstance(data, str) else ""
    key = _partition_key(kinesis.get("partitionKey"), number)
    record = KinesisRecord(_shard(passed), number, key, arrived_ms, data)
    try:
        decoded(record)
    except MalformedRecord:
        return record._replace(data=base64.b64encode(data.encode("utf-8", "surrogatepass")).decode())
    return record


def record_from_lambda(passed: Any) -> KinesisRecord:
    """Read one record of Lambda's event. Raises MalformedRecord."""
    kinesis = mapping(passed).get("kinesis")
    if not isinstance(kinesis, dict):
        raise MalformedRecord("it has no kinesis object")
    data: object = kinesis.get("data")
    number: object = kinesis.get("sequenceNumber")
    arrived_ms = _arrived_ms(kinesis.get("approximateArrivalTimestamp"))
    if not _is(number, _SEQUENCE_NUMBER):
        raise MalformedRecord("sequenceNumber is missing or wrong")
    if arrived_ms is None:
        raise MalformedRecord("approximateArrivalTimestamp is missing or wrong")
    if not isinstance(data, str):
        raise MalformedRecord("data is missing or wrong")
    return KinesisRecord(_shard(passed), number, _partition_key(kinesis.get("partitionKey"), number), arrived_ms, data)


def _digest(passed: Any) -> str:
    try:
        text = json.dumps(passed, sort_keys=True)
    except (ValueError, TypeError, RecursionError):  # nested too deep, or a number of thousands of digits
        text = type(passed).__name__
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _is(value: object, pattern: re.Pattern[str]) -> TypeGuard[str]:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _shard(passed: Any) -> str:
    event_id = mapping(passed).get("eventID")
    shard = event_id.partition(":")[0] if isinstance(event_id, str) else ""
    return shard if _is(shard, _SHARD) else UNKNOWN_SHARD


def _partition_key(value: object, number: str) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= LARGEST_KEY else number


def _arrived_ms(value: object) -> int | None:
    is_time = isinstance(value, int | float) and YEAR_2000 <= value < YEAR_2100
    return int(value * 1000) if is_time else None  # type: ignore[operator]
