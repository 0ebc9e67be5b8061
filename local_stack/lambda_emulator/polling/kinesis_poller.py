"""One shard's event source mapping: reads, batches, invokes, retries, discards, and moves the checkpoint, in order.

Clock, source, function and destination are passed in, and nothing waits. A thread calls ``poll()`` and waits as long as
it says; a scheduler in virtual time can call ``begin()`` and ``finish()`` separately, so that an invocation takes time.
Two differences to Lambda: ``poll_interval`` is a setting (Lambda polls a shard once per second), and records whose
on-failure document cannot be stored are kept, while Lambda would lose them.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from blueprint.mappings import MAXIMUM_PAYLOAD_BYTES, UNLIMITED, KinesisMapping
from local_stack.lambda_emulator.invocation import Invoke, InvokeResult
from local_stack.lambda_emulator.polling.events import ReadFailed, Record, RecordSource, kinesis_event, payload_bytes
from local_stack.lambda_emulator.polling.on_failure import (
    RETRIES_EXHAUSTED,
    TOO_OLD,
    Deliver,
    DeliveryFailed,
    Discarded,
    MappingIdentity,
    document,
    object_key,
)
from local_stack.lambda_emulator.polling.retrying import Backoff, Batch, judge, split_by_age
from local_stack.lambda_emulator.polling.window import Window


@dataclass
class ShardCounts:
    """A poller's counts; ``iterator_age_ms`` is the age of the oldest unread record (0 if it has read everything)."""

    records_read: int = 0
    records_done: int = 0
    records_given_up: int = 0
    invocations: int = 0
    errors: int = 0
    read_failures: int = 0
    delivery_failures: int = 0
    iterator_age_ms: int = 0


class KinesisPoller:
    """See the module. ``checkpoint``: the sequence number up to which everything is settled (None: nothing yet)."""

    def __init__(
        self,
        mapping: KinesisMapping,
        identity: MappingIdentity,
        shard_id: str,
        *,
        source: RecordSource,
        invoke: Invoke,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        deliver: Deliver | None = None,
        checkpoint: str | None = None,
        poll_interval: float = 1.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.shard_id = shard_id
        self.checkpoint = checkpoint
        self.counts = ShardCounts()
        self._mapping = mapping
        self._identity = identity
        self._source = source
        self._invoke = invoke
        self._clock = clock
        self._new_id = new_id
        self._deliver = deliver
        self._interval = poll_interval
        self._backoff = backoff or Backoff()
        self._position = checkpoint
        self._window: Window[Record] = Window(
            mapping.batch_size, mapping.maximum_batching_window, MAXIMUM_PAYLOAD_BYTES, payload_bytes
        )
        self._batches: deque[Batch] = deque()
        self._given_up: deque[Discarded] = deque()
        self._not_before = 0.0
        self._next_read = 0.0
        self._failures = 0

    def poll(self) -> float:
        """Do the due work; return the seconds until more is due."""
        event = self.begin()
        if event is not None:
            self.finish(self._invoke(event))
        return self.due_in()

    def begin(self) -> dict[str, Any] | None:
        """Read records and settle batches; return the event for the next invocation, or None if none is due."""
        now = self._clock()
        if now < self._not_before or not self._deliver_given_up(now):
            return None
        if not self._batches:
            self._read(now)
            if self._window.is_ready(now):
                self._batches.append(Batch(self._window.take(now)))
        self._give_up_expired(now)
        if self._given_up and not self._deliver_given_up(now):
            return None
        return (
            kinesis_event(self._batches[0].records, self.shard_id, self._identity.stream_arn) if self._batches else None
        )

    def finish(self, result: InvokeResult) -> None:
        """Process the result of the invocation that ``begin`` returned the event for."""
        now = self._clock()
        batch = self._batches.popleft()
        verdict = judge(batch, result, self._mapping)
        self.counts.invocations += 1
        self.counts.errors += result.function_error is not None
        self._settle(verdict.done, now)
        self.counts.records_done += len(verdict.done)
        self._batches.extendleft(reversed(verdict.again))
        if verdict.given_up is not None:
            self._give_up(verdict.given_up, RETRIES_EXHAUSTED)
        elif len(verdict.again) == 1 and verdict.again[0].retries > batch.retries:
            # Bisecting continues at once: each part is smaller, so it terminates.
            self._not_before = now + self._backoff.seconds(verdict.again[0].retries)

    def due_in(self) -> float:
        """Return the seconds until ``begin`` has work."""
        now = self._clock()
        due = self._not_before
        if not self._batches and not self._given_up:
            due = max(due, self._window.due(self._next_read))
        return max(0.0, due - now)

    def _read(self, now: float) -> None:
        if now < self._next_read or self._window.is_ready(now):
            return
        limit = self._window.room()
        try:
            records = self._source.read(self.shard_id, self._position, limit)
        except ReadFailed:
            self.counts.read_failures += 1
            self._failures += 1
            self._next_read = now + max(self._interval, self._backoff.seconds(self._failures))
            return
        self._failures = 0
        self.counts.records_read += len(records)
        if records:
            self._position = records[-1].sequence_number
            self._window.add(records, now)
        elif not self._window:
            self.counts.iterator_age_ms = 0
        # A full answer means that more records may follow.
        self._next_read = now if len(records) >= limit else now + self._interval

    def _give_up_expired(self, now: float) -> None:
        """Discard records that are too old, tried or not: they are at the front, since arrival grows along a shard."""
        if self._mapping.maximum_record_age == UNLIMITED:
            return
        while self._batches:
            expired, remaining = split_by_age(self._batches[0], now - self._mapping.maximum_record_age)
            if expired is None:
                return
            self._batches.popleft()
            self._give_up(expired, TOO_OLD)
            if remaining is not None:
                self._batches.appendleft(remaining)

    def _give_up(self, batch: Batch, condition: str) -> None:
        self._given_up.append(Discarded(self.shard_id, batch.records, condition, batch.invocations, batch.result))

    def _deliver_given_up(self, now: float) -> bool:
        """Store the discarded records; return False if the destination refuses, which blocks the shard meanwhile."""
        while self._given_up:
            discarded = self._given_up[0]
            if self._deliver is not None and not self._delivered(self._deliver, discarded, now):
                return False
            self._given_up.popleft()
            self.counts.records_given_up += len(discarded.records)
            self._settle(discarded.records, now)
        return True

    def _delivered(self, deliver: Deliver, discarded: Discarded, now: float) -> bool:
        key = object_key(self._identity, self.shard_id, now, self._new_id())
        try:
            deliver(key, document(self._identity, discarded, now, self._new_id()))
        except DeliveryFailed:
            self.counts.delivery_failures += 1
            self._failures += 1
            self._not_before = now + self._backoff.seconds(self._failures)
            return False
        self._failures = 0
        return True

    def _settle(self, records: Any, now: float) -> None:
        if records:
            self.checkpoint = records[-1].sequence_number
            self.counts.iterator_age_ms = max(0, int((now - records[-1].arrival) * 1000))
