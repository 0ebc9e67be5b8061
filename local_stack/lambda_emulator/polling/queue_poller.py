"""A queue's event source mapping, one invocation at a time: receives messages, invokes, deletes the successful ones.

Like ``KinesisPoller`` it never waits. Several pollers over one queue are the mapping's concurrency. Failed messages
stay hidden for their visibility timeout, or as long as the function has set; the queue's redrive policy moves dead
letters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from blueprint.mappings import MAXIMUM_PAYLOAD_BYTES, QueueMapping
from local_stack.lambda_emulator.invocation import Invoke, InvokeResult, failed_items
from local_stack.lambda_emulator.polling.events import Message, QueueFailed, QueueTransport, message_bytes, sqs_event
from local_stack.lambda_emulator.polling.retrying import Backoff
from local_stack.lambda_emulator.polling.window import Window

RECEIVE_LIMIT = 10


@dataclass
class QueueCounts:
    """A poller's counts."""

    messages_received: int = 0
    messages_deleted: int = 0
    messages_failed: int = 0
    invocations: int = 0
    errors: int = 0
    queue_failures: int = 0


class QueuePoller:
    """See the module."""

    def __init__(
        self,
        mapping: QueueMapping,
        queue_arn: str,
        *,
        queue: QueueTransport,
        invoke: Invoke,
        clock: Callable[[], float],
        poll_interval: float = 1.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.counts = QueueCounts()
        self._mapping = mapping
        self._queue_arn = queue_arn
        self._queue = queue
        self._invoke = invoke
        self._clock = clock
        self._interval = poll_interval
        self._backoff = backoff or Backoff()
        self._window: Window[Message] = Window(
            mapping.batch_size, mapping.maximum_batching_window, MAXIMUM_PAYLOAD_BYTES, message_bytes
        )
        self._batch: tuple[Message, ...] = ()
        self._next_receive = 0.0
        self._failures = 0

    def poll(self) -> float:
        """Do the due work; return the seconds until more is due."""
        event = self.begin()
        if event is not None:
            self.finish(self._invoke(event))
        return self.due_in()

    def begin(self) -> dict[str, Any] | None:
        """Receive messages; return the event for the next invocation, or None if none is due."""
        if not self._batch:
            self._gather()
            now = self._clock()
            if self._window.is_ready(now):
                self._batch = self._window.take(now)
        return sqs_event(self._batch, self._queue_arn) if self._batch else None

    def finish(self, result: InvokeResult) -> None:
        """Process the result of the invocation that ``begin`` returned the event for."""
        batch, self._batch = self._batch, ()
        identifiers = [message.message_id for message in batch]
        failed = failed_items(result, identifiers, partial=self._mapping.report_batch_item_failures)
        succeeded = [message for message in batch if message.message_id not in failed]
        self.counts.invocations += 1
        self.counts.errors += result.function_error is not None
        self.counts.messages_failed += len(batch) - len(succeeded)
        self._delete(succeeded)

    def due_in(self) -> float:
        """Return the seconds until ``begin`` has work."""
        due = 0.0 if self._batch else self._window.due(self._next_receive)
        return max(0.0, due - self._clock())

    def _gather(self) -> None:
        """Receive until the batch is complete or the queue is empty."""
        while (now := self._clock()) >= self._next_receive and not self._window.is_ready(now):
            try:
                messages = self._queue.receive(min(RECEIVE_LIMIT, self._window.room()))
            except QueueFailed:
                self._failed(now)
                return
            self._failures = 0
            self.counts.messages_received += len(messages)
            if not messages:
                self._next_receive = now + self._interval
            self._window.add(messages, now)
            if self._mapping.maximum_batching_window == 0:
                return

    def _delete(self, messages: Sequence[Message]) -> None:
        """Delete successful messages; if that fails they are delivered again (SQS: at least once)."""
        if not messages:
            return
        try:
            self._queue.delete(messages)
        except QueueFailed:
            self._failed(self._clock())
        else:
            self.counts.messages_deleted += len(messages)

    def _failed(self, now: float) -> None:
        self.counts.queue_failures += 1
        self._failures += 1
        self._next_receive = now + max(self._interval, self._backoff.seconds(self._failures))
