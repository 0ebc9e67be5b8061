"""A stream's records, and the event in which Lambda hands them to a function.

Form: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ROLE_ARN = "arn:aws:iam::123456789012:role/local-ingest"
# An upper bound of what the event says about a record beside its data, key and numbers.
_ENVELOPE_BYTES = 450


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a shard; ``arrival`` in epoch seconds."""

    sequence_number: str
    partition_key: str
    data: bytes
    arrival: float


class ReadFailed(Exception):
    """The stream could not be read just now; reading again later may work."""


class RecordSource(Protocol):
    """Where a poller's records come from."""

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        """Return at most ``limit`` records after sequence number ``position`` (None: from the oldest), in order.

        An empty answer means that there is nothing newer. Raises ReadFailed.
        """


def payload_bytes(record: Record) -> int:
    """Return how much of an invocation's payload a record takes (never less than it does)."""
    encoded = 4 * ((len(record.data) + 2) // 3)
    return encoded + _ENVELOPE_BYTES + 2 * len(record.sequence_number) + 6 * len(record.partition_key)


def kinesis_event(records: Sequence[Record], shard_id: str, stream_arn: str) -> dict[str, Any]:
    """Return the event for a batch of records of one shard."""
    return {"Records": [_event_record(record, shard_id, stream_arn) for record in records]}


def _event_record(record: Record, shard_id: str, stream_arn: str) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.data).decode("ascii"),
            "approximateArrivalTimestamp": round(record.arrival, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record.sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": ROLE_ARN,
        "awsRegion": stream_arn.split(":")[3],
        "eventSourceARN": stream_arn,
    }
