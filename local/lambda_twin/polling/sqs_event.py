"""A queue's messages, and the event in which Lambda hands them to a function.

Form: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

# An upper bound of what the event says about a message beside its body and attributes.
_ENVELOPE_BYTES = 500


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
    """Where a poller's messages come from."""

    def receive(self, limit: int) -> Sequence[Message]:
        """Return at most ``limit`` (1 to 10) visible messages, which then are hidden. Raises QueueFailed."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Remove messages for good. Raises QueueFailed if any of them may still be there."""


def message_bytes(message: Message) -> int:
    """Return how much of an invocation's payload a message takes."""
    body = len(json.dumps(message.body))
    return body + len(message.receipt_handle) + _ENVELOPE_BYTES + len(str(message.message_attributes))


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
    """Translate SQS's spelling of an attribute into the event's."""
    translated: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if "StringValue" in value:
        translated["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        translated["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode("ascii")
    return translated
