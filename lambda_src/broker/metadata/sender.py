"""Messages of the queue → the newest record of each user and item → PutUsers and PutItems."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.clients import SHUTDOWN_RESERVE_S
from broker.clock import Clock
from broker.failures import Failure, Misconfigured, Rejected, Unavailable
from broker.metadata.columns import USERS
from broker.metadata.puts import MetadataPuts, Outcome, Record
from broker.metadata.queue import Message, MetadataQueue, message_from
from broker.metadata.state import Policy, State, properties, settled
from broker.metadata.table import MetadataTable, parts_of
from broker.metric_names import Metric
from broker.queue_calls import MAX_VISIBILITY
from broker.reasons import QuarantineReason, SkipReason
from broker.suppression_store import SuppressionStore
from broker.telemetry import Counts

FIRST_PAUSE, GROWTH = 5.0, 1.5  # seconds until a failed message comes back, and how they grow with each receive
ROUNDS = 5  # of settling what ``ingest`` writes at the same time


class MetadataSender:
    """The steps of one invocation. ``queue_of(arn)``: the queue of its messages. ``policies``: by dataset."""

    def __init__(
        self,
        puts: MetadataPuts,
        table: MetadataTable,
        queue_of: Callable[[str], MetadataQueue],
        policies: Mapping[str, Policy],
        clock: Clock,
        suppressed: SuppressionStore | None = None,
    ) -> None:
        self._puts = puts
        self._table = table
        self._queue_of = queue_of
        self._policies = policies
        self._clock = clock
        self._suppressed = suppressed

    def run(self, records: Sequence[Mapping[str, Any]], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the messages to be delivered again. Raises Misconfigured."""
        queue = self._queue_of(records[0]["eventSourceARN"])
        messages = [message_from(record) for record in records]
        counts.add(Metric.MESSAGES, len(messages))
        counts.add(Metric.METADATA_REFUSED, sum(message.key is None for message in messages))
        left = self._by_dataset(messages)
        try:
            while left:
                dataset, keys = next(iter(left.items()))
                self._send(dataset, keys, queue, deadline, counts)
                del left[dataset]
        except Unavailable:
            counts.add(Metric.METADATA_FAILED, sum(map(len, left.values())))
        except Rejected as failure:  # of the table, which is another one
            raise Misconfigured(str(failure)) from None
        finally:
            counts.add_calls(Metric.PUT_METADATA_CALLS, Metric.PUT_METADATA_THROTTLED, self._puts.take_calls())
            failed = [message for message in messages if any(message.key in keys for keys in left.values())]
            self._hide(failed, queue, deadline)
            self._puts.wait()
        return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}

    def _by_dataset(self, messages: Iterable[Message]) -> dict[str, list[str]]:
        keys: dict[str, list[str]] = {}
        for key in dict.fromkeys(message.key for message in messages if message.key):
            if parts_of(key)[0] in self._policies:  # one that is not there any more has nothing to be sent
                keys.setdefault(parts_of(key)[0], []).append(key)
        return keys

    def _send(self, dataset: str, keys: Sequence[str], queue: MetadataQueue, deadline: float, counts: Counts) -> None:
        """Put what is pending of some keys, and settle it. Raises Failure."""
        with counts.stages.measure("read"):
            states = self._without_suppressed(self._table.read(keys, deadline), deadline, counts)
        pending = {key: state for key, state in states.items() if state.pending_since}
        columns = self._policies[dataset].columns
        records = [_record(key, state) for key, state in pending.items() if state.is_complete(columns)]
        outcome, failed = Outcome(), None
        try:
            with counts.stages.measure("put"):
                self._puts.put(dataset, records, deadline, outcome)
        except Failure as failure:  # what was put before it is settled
            failed = failure
        self._count(pending, outcome, counts)
        with counts.stages.measure("settle"):
            done: dict[str, Record | None] = dict.fromkeys(pending.keys() - {record.key for record in records})
            done |= {record.key: record for record in (*outcome.accepted, *outcome.refused)}
            self._settle(pending, done, outcome, queue, deadline + SHUTDOWN_RESERVE_S)
        if failed:
            raise failed

    def _without_suppressed(self, states: Mapping[str, State], deadline: float, counts: Counts) -> Mapping[str, State]:
        """Return the states of what may be sent. Raises Failure where there is no list."""
        if self._suppressed is None:
            return states
        suppressed = self._suppressed.current(deadline)
        left_out = {key for key in states if parts_of(key)[0] == USERS and suppressed.covers(parts_of(key)[1])}
        counts.add(Metric.SKIPPED, len(left_out), SkipReason.SUPPRESSED)
        return {key: state for key, state in states.items() if key not in left_out}

    def _settle(
        self,
        states: Mapping[str, State],
        done: Mapping[str, Record | None],
        outcome: Outcome,
        queue: MetadataQueue,
        deadline: float,
    ) -> None:
        """Write what was done, and ask again for what has changed meanwhile. Raises Failure.

        ``done``: the keys that are settled, with the record that was put, if there was one.
        """
        left: Mapping[str, State] = {key: states[key] for key in done}
        again: dict[str, int] = {}
        for _ in range(ROUNDS):
            new = {key: self._settled(state, done[key], outcome) for key, state in left.items()}
            contested, unavailable = self._table.write(new, deadline)
            if unavailable:
                raise next(iter(unavailable.values()))
            again |= {key: state.settled for key, state in new.items() if state.pending_since and key not in contested}
            if not contested:
                break
            left = self._table.read(contested, deadline)  # what is not there any more was forgotten
        else:
            raise Unavailable("the table is written at the same time, again and again")
        if again and queue.send(again, deadline):
            raise Unavailable("the queue did not take what has changed")

    def _settled(self, state: State, record: Record | None, outcome: Outcome) -> State:
        new = settled(
            state,
            self._clock.now(),
            sent=record.digest if record else None,
            is_refused=record in outcome.refused,
        )
        # An earlier try may come after a newer record: this one, or what it has become, is put once more.
        return replace(new, pending_since=self._clock.now()) if record in outcome.may_land else new

    def _count(self, pending: Mapping[str, State], outcome: Outcome, counts: Counts) -> None:
        counts.add(Metric.METADATA_SENT, len(outcome.accepted))
        counts.add(Metric.METADATA_REFUSED, len(outcome.refused))
        counts.refusals.update((QuarantineReason.REFUSED, detail) for detail in outcome.refused.values())
        now = self._clock.now()
        lags = [1000 * (now - pending[record.key].pending_since) for record in outcome.accepted]
        counts.add_lags(Metric.CHANGE_TO_DATASET, lags)

    def _hide(self, messages: Sequence[Message], queue: MetadataQueue, deadline: float) -> None:
        """Let messages come back sooner than after the queue's own time, and later each time."""
        pauses = {}
        for message in messages:
            pause = min(FIRST_PAUSE * GROWTH ** min(message.receives - 1, 20), MAX_VISIBILITY)
            pauses[message.receipt_handle] = math.ceil(pause * (0.5 + self._clock.jitter() / 2))
        if pauses:
            queue.hide(pauses, deadline + SHUTDOWN_RESERVE_S)


def _record(key: str, state: State) -> Record:
    return Record(key, parts_of(key)[1], properties(state.values), state.digest)
