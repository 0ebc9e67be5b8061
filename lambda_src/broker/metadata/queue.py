"""The queue of users and items whose record is to be put: a FIFO queue with one group per dataset.

Of a group, SQS hands out one batch at a time. So each dataset has one reader, whatever the number of processes, which
keeps to its rate without knowing of others. A message names a record and holds nothing of it: whoever reads it sends
what is the newest by then. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
FIFO-queues-understanding-logic.html
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from broker.failures import Failure
from broker.metadata.columns import DATASETS
from broker.metadata.table import parts_of
from broker.queue_calls import QueueCalls


class Message(NamedTuple):
    """A message as Lambda passes it; ``key`` is None where the body is not the broker's. ``sent_at``: epoch seconds."""

    id: str
    receipt_handle: str
    receives: int
    sent_at: float
    key: str | None


class MetadataQueue:
    """The queue."""

    def __init__(self, calls: QueueCalls) -> None:
        self._calls = calls

    def send(self, settled_of: Mapping[str, int], deadline: float) -> dict[str, Failure | None]:
        """Send a message for each key; return the keys that the queue did not take.

        ``settled_of``: how often each record's message was worked off. While that number is the same, SQS takes the
        message of a record once in five minutes.
        """
        keys = list(settled_of)
        not_taken = self._calls.send([_entry(key, settled_of[key]) for key in keys], deadline)
        return {keys[place]: failure for place, failure in not_taken.items()}

    def hide(self, seconds: Mapping[str, int], deadline: float) -> None:
        """Hide messages for a number of seconds, by receipt handle; their group waits with them."""
        self._calls.hide(seconds, deadline)


def message_from(record: Mapping[str, Any]) -> Message:
    """Read one record of Lambda's SQS event."""
    attributes = record["attributes"]
    return Message(
        id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        receives=int(attributes["ApproximateReceiveCount"]),
        sent_at=int(attributes["SentTimestamp"]) / 1000,
        key=_key(record["body"]),
    )


def _entry(key: str, settled: int) -> dict[str, Any]:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "MessageBody": json.dumps({"key": key}),
        "MessageGroupId": parts_of(key)[0],
        "MessageDeduplicationId": f"{digest}-{settled}",
    }


def _key(body: str) -> str | None:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    key = fields.get("key") if isinstance(fields, dict) else None
    return key if isinstance(key, str) and parts_of(key)[0] in DATASETS and parts_of(key)[1] else None
