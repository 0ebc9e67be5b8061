"""A standard SQS queue in memory: delay, visibility, receive counts, dead letters.

Rules: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local_stack.lambda_emulator.polling.events import Message

LARGEST_BATCH = 10


@dataclass
class _Stored:
    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0


class Queue:
    """See the module; ``delay`` and ``visibility`` in seconds. ``written()`` is called after each message."""

    def __init__(self, clock: Callable[[], float], *, delay: float, visibility: float, max_receives: int) -> None:
        self.dead: list[str] = []
        self.written: Callable[[], None] = lambda: None
        self._clock = clock
        self._delay = delay
        self._visibility = visibility
        self._max_receives = max_receives
        self._messages: dict[str, _Stored] = {}
        self._sent = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, body: str, delay: float | None = None) -> None:
        """Send one message. ``delay``: in place of the queue's own."""
        self._sent += 1
        now = self._clock()
        visible_at = now + (self._delay if delay is None else delay)
        self._messages[str(self._sent)] = _Stored(str(self._sent), body, now, visible_at)
        self.written()

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Take at most ten messages."""
        assert 1 <= len(Entries) <= LARGEST_BATCH, QueueUrl
        for entry in Entries:
            self.put(entry["MessageBody"], entry.get("DelaySeconds"))
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def change_message_visibility_batch(
        self,
        QueueUrl: str,
        Entries: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """Hide messages from now on for so many seconds."""
        assert 1 <= len(Entries) <= LARGEST_BATCH, QueueUrl
        for entry in Entries:
            found = self._messages.get(entry["ReceiptHandle"].partition("/")[0])
            if found:
                found.visible_at = self._clock() + entry["VisibilityTimeout"]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def receive(self, limit: int, *, hide: bool = True) -> list[Message]:
        """Return visible messages, hidden from now on; those received too often go to the dead letters instead."""
        now = self._clock()
        visible = [value for value in self._messages.values() if value.visible_at <= now][:limit]
        for one in visible:
            one.receives += 1
            one.visible_at = now + self._visibility if hide else now
            if one.receives > self._max_receives:
                self.dead.append(self._messages.pop(one.id).body)
        return [_message(one) for one in visible if one.id in self._messages]

    def delete(self, messages: Sequence[Message]) -> None:
        """Remove messages for good."""
        for message in messages:
            self._messages.pop(message.message_id, None)


def _message(one: _Stored) -> Message:
    attributes = {"ApproximateReceiveCount": str(one.receives), "SentTimestamp": str(int(one.sent_at * 1000))}
    return Message(one.id, f"{one.id}/{one.receives}", one.body, "", attributes)
