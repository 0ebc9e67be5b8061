"""What an invocation of ``ingest`` saw of users and items, into their table; what has changed, onto the queue.

It never holds up the stream: what the table does not take at once is kept for a later invocation of this process, and
after a failure the table is left alone for a while. Where the process ends before, the next event says it again.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

from broker.batch import Batch
from broker.clock import Clock
from broker.failures import Failure
from broker.interactions import Rules
from broker.lru_cache import LruCache
from broker.metadata.queue import MetadataQueue
from broker.metadata.sightings import Mapped, Sighting, sightings
from broker.metadata.state import Policy, State, Step, after, together
from broker.metadata.table import MetadataTable, key_of
from broker.metric_names import Metric
from broker.telemetry import Counts

PATIENCE = 1.0  # seconds after which no further call starts
PAUSE = 30.0  # seconds after a failure
SLOW, SHARE = 0.5, 0.1  # what takes longer, in seconds, may take so much of a process's time
ROUNDS = 5  # of reading and writing what other processes write at the same time
REMEMBERED = 50_000
MOST_KEPT = 5_000  # users and items, some megabytes


def sightings_of(batch: Batch, mapped: Mapped, rules: Rules, counts: Counts) -> list[Sighting]:
    """Return what a batch says of users and items, and count what of it does not fit."""
    if not any(mapped):
        return []
    unreadable = Counter[str]()
    seen = sightings(batch, mapped, rules, unreadable)
    counts.add(Metric.METADATA_UNREADABLE, unreadable.total())
    return seen


class MetadataCollector:
    """What one process knows of the table. ``mapped``: what comes from the stream; ``policies``: by dataset."""

    def __init__(
        self,
        mapped: Mapped,
        table: MetadataTable,
        queue: MetadataQueue,
        policies: Mapping[str, Policy],
        clock: Clock,
    ) -> None:
        self.mapped = mapped
        self._table = table
        self._queue = queue
        self._policies = policies
        self._clock = clock
        self._ask_at = 0.0
        self._final: LruCache[None] = LruCache(REMEMBERED)  # which the stream changes no more
        self._kept: dict[str, Sighting] = {}  # which table or queue did not take
        self._queued: LruCache[int] = LruCache(REMEMBERED)  # how often each was settled when its message was sent

    def collect(self, sightings: Iterable[Sighting], deadline: float, counts: Counts) -> None:
        """Write what is new, and ask for it to be sent."""
        kept, self._kept = self._kept, {}
        seen = self._by_key([*kept.values(), *sightings])
        if not seen:
            return
        left, now = dict(seen), self._clock.now()
        if now >= self._ask_at:
            deadline = min(deadline, now + PATIENCE)
            to_send: dict[str, State] = {}
            left, unavailable = self._write_all(left, to_send, deadline, counts)
            not_taken = self._send(to_send, deadline, counts)
            left |= {key: seen[key] for key in (*unavailable, *not_taken)}
            self._ask_at = self._next_time(now, is_failed=bool(left))
        self._kept = dict(islice(left.items(), MOST_KEPT))
        counts.add(Metric.METADATA_FAILED, len(left.keys() - kept.keys()))

    def _next_time(self, began: float, *, is_failed: bool) -> float:
        """Return when the table may be asked again: interactions must not wait for a slow one each time."""
        now = self._clock.now()
        took = now - began
        pause = took / SHARE - took if took > SLOW else 0.0
        return now + max(pause, PAUSE if is_failed else 0.0)

    def _write_all(
        self, seen: dict[str, Sighting], to_send: dict[str, State], deadline: float, counts: Counts
    ) -> tuple[dict[str, Sighting], set[str]]:
        """Write what sightings change; return those that were not written, and whose write had no answer."""
        left, unavailable = seen, set[str]()
        try:
            for _ in range(ROUNDS):
                left, unanswered = self._write(left, to_send, deadline, counts)
                unavailable |= unanswered
                if not left:
                    break
        except Failure:
            pass  # they are left
        return left, unavailable

    def _by_key(self, sightings: Iterable[Sighting]) -> dict[str, Sighting]:
        """Return one sighting for each user and item that may have changed."""
        seen: dict[str, Sighting] = {}
        for one in sightings:
            key = key_of(one.dataset, one.id)
            if key in seen:
                seen[key] = together(seen[key], one)
            elif key not in self._final:
                seen[key] = one
        return seen

    def _write(
        self, seen: Mapping[str, Sighting], to_send: dict[str, State], deadline: float, counts: Counts
    ) -> tuple[dict[str, Sighting], set[str]]:
        """Write what sightings change; return those that met another process, and whose write had no answer.

        Raises Failure.
        """
        states = self._table.read(seen, deadline)
        steps = {key: self._step(states.get(key, State()), one) for key, one in seen.items()}
        changed = {key: step.state for key, step in steps.items() if step.write}
        contested, unavailable = self._table.write(changed, deadline)
        counts.add(Metric.METADATA_CHANGED, len(changed) - len(contested) - len(unavailable))
        for key, step in steps.items():
            if key in contested or key in unavailable:
                continue
            if step.send and self._queued.get(key) != step.state.settled:
                to_send[key] = step.state
            if self._policies[seen[key].dataset].adds_only and step.state.is_final:
                self._final.remember(key, None)
        return {key: seen[key] for key in contested}, set(unavailable)

    def _step(self, state: State, seen: Sighting) -> Step:
        return after(state, seen, self._policies[seen.dataset], self._clock.now())

    def _send(self, states: Mapping[str, State], deadline: float, counts: Counts) -> set[str]:
        """Ask for records to be sent; return the keys that the queue did not take."""
        if not states:
            return set()
        not_taken = self._queue.send({key: state.settled for key, state in states.items()}, deadline)
        for key in states.keys() - not_taken.keys():
            self._queued.remember(key, states[key].settled)
        counts.add(Metric.METADATA_QUEUED, len(states) - len(not_taken))
        if not_taken:
            self._take_back({key: states[key] for key in not_taken}, deadline)
        return set(not_taken)

    def _take_back(self, states: Mapping[str, State], deadline: float) -> None:
        """Say that no message waits, so that the next event sends one. Where that fails, too, it is hours later."""
        waiting = {key: replace(state, version=state.version + 1, pending_since=0.0) for key, state in states.items()}
        with contextlib.suppress(Failure):
            self._table.write(waiting, deadline + PATIENCE)
