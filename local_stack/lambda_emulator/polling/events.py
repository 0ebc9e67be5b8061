"""The events that Lambda passes a function on a stream or on a queue, in AWS's exact shape."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

ROLE_ARN = "arn:aws:iam::123456789012:role/local-ingest"
# An upper bound of the size of a record in the event, without its data, key and numbers.
_STREAM_ENVELOPE_BYTES = 450
# An upper bound of the size of a message in the event, without its body and attributes.
_QUEUE_ENVELOPE_BYTES = 500


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a shard; ``arrival`` in epoch seconds."""

    sequence_number: str
    partition_key: str
    data: bytes
    arrival: float


class ReadFailed(Exception):
    """The stream could not be read; a later attempt may succeed."""


class RecordSource(Protocol):
    """The source of a poller's records."""

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        """Return at most ``limit`` records after sequence number ``position`` (None: from the oldest), in order.

        An empty answer means that there is nothing newer. Raises ReadFailed.
        """


def payload_bytes(record: Record) -> int:
    """Return an upper bound of a record's size in an invocation's payload."""
    encoded = 4 * ((len(record.data) + 2) // 3)
    return encoded + _STREAM_ENVELOPE_BYTES + 2 * len(record.sequence_number) + 6 * len(record.partition_key)


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


@dataclass(frozen=True)
class Message:
    """One received message; ``attributes`` are the queue's own (ApproximateReceiveCount, SentTimestamp, …)."""

    message_id: str
    receipt_handle: str
    body: str
    md5_of_body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    message_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class QueueFailed(Exception):
    """The queue did not answer; the messages are still there, or come back after their visibility timeout."""


class QueueTransport(Protocol):
    """The source of a poller's messages."""

    def receive(self, limit: int) -> Sequence[Message]:
        """Return at most ``limit`` (1 to 10) visible messages, which then are hidden. Raises QueueFailed."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Remove messages for good. Raises QueueFailed if any of them may still be there."""


def message_bytes(message: Message) -> int:
    """Return an upper bound of a message's size in an invocation's payload."""
    body = len(json.dumps(message.body))
    return body + len(message.receipt_handle) + _QUEUE_ENVELOPE_BYTES + len(str(message.message_attributes))


def sqs_event(messages: Sequence[Message], queue_arn: str) -> dict[str, Any]:
    """Return the event for a batch of messages of one queue."""
    region = queue_arn.split(":")[3]
    return {"Records": [_event_message(message, queue_arn, region) for message in messages]}


def _event_message(message: Message, queue_arn: str, region: str) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": dict(message.attributes),
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event's spelling of an SQS attribute."""
    translated: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if "StringValue" in value:
        translated["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        translated["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode("ascii")
    return translated
