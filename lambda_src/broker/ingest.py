"""ingest: Kinesis records → batches → interactions → Personalize, and which users to refresh → the queue."""

import functools
import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from broker.clients import SHUTDOWN_RESERVE_S, aws_client, deadline
from broker.delivery import Delivered, deliver
from broker.failures import Clock, Failure, Misconfigured
from broker.intake import Intake, Line, read
from broker.interactions import Interaction, Rules, pack, unique
from broker.lru_cache import LruCache
from broker.personalize import EventTracker
from broker.quarantine import Quarantine, QuarantineRow
from broker.refresh_queue import RefreshQueue
from broker.settings import SettingsError, ingest_settings
from broker.telemetry import Counts, telemetry
from broker.tracker_probe import TrackerProbe
from broker.unproven import Unproven
from broker.users import UserToRefresh

DEDUP_CACHE_SIZE = 50_000  # at least the most that one invocation can hold: tried again, it goes on where it stopped
UNPROVEN = "refused_unproven"
Why = tuple[str, str]  # a row's reason and detail


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's Kinesis event with the records that failed (ReportBatchItemFailures)."""
    counts, operators = Counts(), telemetry(context.function_name)
    try:
        return _ingest().run(event["Records"], deadline(context), counts)
    except (Misconfigured, SettingsError) as error:
        operators.failed(error)
        raise
    finally:
        operators.publish(counts)


class Ingest:
    """The steps of one invocation, in order. Clients, pool and time come in; what it remembers is best effort."""

    def __init__(
        self,
        tracker: EventTracker,
        quarantine: Quarantine,
        queue: RefreshQueue | None,
        *,
        rules: Rules,
        refresh_actions: frozenset[str],
        pool: Executor,
        clock: Clock,
    ) -> None:
        self._tracker = tracker
        self._quarantine = quarantine
        self._queue = queue
        self._rules = rules
        self._refresh_actions = refresh_actions
        self._pool = pool
        self._clock = clock
        self._accepted: LruCache[None] = LruCache(DEDUP_CACHE_SIZE)
        self._unproven = Unproven(DEDUP_CACHE_SIZE)
        self._probe = TrackerProbe(tracker, dict.fromkeys(rules.event_types.values()), clock)

    def run(self, records: Sequence[Mapping[str, Any]], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the records to be delivered again. Raises Misconfigured."""
        intake = read(records, self._rules, counts)
        delivered = self._deliver(intake, deadline, counts)
        refused = self._refused(intake, delivered, counts)
        waiting = {interaction.event_id for interaction, _ in delivered.waiting + delivered.unproven} - set(refused)
        failed = {line.record.sequence_number for line in intake.lines if line.interaction.event_id in waiting}
        failed |= intake.deferred
        failed |= self._quarantine_bad(intake, refused, deadline + SHUTDOWN_RESERVE_S, counts)
        self._queue_refreshes(intake, waiting | set(refused), deadline + SHUTDOWN_RESERVE_S, counts)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in sorted(failed, key=int)]}

    def _deliver(self, intake: Intake, deadline: float, counts: Counts) -> Delivered[Interaction, None]:
        once = unique(line.interaction for line in intake.lines)
        fresh = [
            interaction_
            for interaction_ in once
            if interaction_.event_id not in self._accepted and interaction_.event_id not in self._unproven
        ]
        delivered = deliver(
            pack(fresh),
            lambda request: self._tracker.put(request, deadline),
            self._pool,
            lambda so_far: self._proof(so_far, deadline),
        )
        self._remember(delivered)
        now_ms = self._clock.now() * 1000
        counts.add("Accepted", len(delivered.accepted))
        counts.add("Retryable", len(delivered.waiting))
        counts.add_lags("EventToPersonalize", (now_ms - interaction.time_ms for interaction, _ in delivered.accepted))
        return delivered

    def _remember(self, delivered: Delivered[Interaction, None]) -> None:
        for interaction, _ in delivered.accepted:
            self._accepted.remember(interaction.event_id, None)
        self._probe.remember(interaction for interaction, _ in delivered.accepted)

    def _proof(self, so_far: Delivered[Interaction, None], deadline: float) -> set[Interaction] | None:
        self._remember(so_far)
        return self._probe.unproven([interaction for interaction, _ in so_far.rejected], deadline)

    def _refused(self, intake: Intake, delivered: Delivered[Interaction, None], counts: Counts) -> dict[str, Why]:
        """Return what belongs into quarantine, by event id: what is bad, and what has been unproven for too long."""
        unproven = {interaction.event_id: detail for interaction, detail in delivered.unproven}
        oldest_first = dict.fromkeys(line.interaction.event_id for line in intake.lines)
        due = self._unproven.due([one for one in oldest_first if one in unproven], self._clock.now())
        if unproven:  # the alarm of a wrong configuration must ring, though the invocation goes on
            counts.add("ConfigurationErrors")
            counts.add("Unproven", len(unproven) - len(due))
        bad = {interaction.event_id: ("refused", detail) for interaction, detail in delivered.rejected}
        return bad | {event_id: (UNPROVEN, unproven[event_id]) for event_id in due}

    def _quarantine_bad(self, intake: Intake, refused: Mapping[str, Why], deadline: float, counts: Counts) -> set[str]:
        """Quarantine what can never work; return the records concerned where the quarantine can't be written."""
        bad = intake.bad + [
            (line.record, line.record.row(line.interaction.event_id, *refused[line.interaction.event_id]))
            for line in intake.lines
            if line.interaction.event_id in refused
        ]
        if not bad:
            return set()
        try:
            self._quarantine.put(_each_record_once([row for _, row in bad]), deadline)
        except Failure:
            counts.add("QuarantineFailed", len(bad))
            return {record.sequence_number for record, _ in bad}
        self._unproven.give_up([event_id for event_id, (reason, _) in refused.items() if reason == UNPROVEN])
        for _, row in bad:
            counts.add("Quarantined", 1, row.reason)
        return set()

    def _queue_refreshes(
        self, intake: Intake, undelivered_ids: Collection[str], deadline: float, counts: Counts
    ) -> None:
        """Send one message a user whose events arrived. It is a hint: what the queue refuses holds nothing up."""
        if self._queue is None:
            return
        delivered_lines = [
            line
            for line in intake.lines
            if line.interaction.action in self._refresh_actions
            and line.interaction.event_id not in undelivered_ids
            and line.interaction.event_id not in self._unproven
        ]
        users = _users_to_refresh(delivered_lines, self._rules.environment)
        not_sent = self._queue.send(users, deadline)
        counts.add("RefreshesQueued", len(users) - len(not_sent))
        counts.add("RefreshesNotQueued", len(not_sent))
        if any(isinstance(failure, Misconfigured) for failure in not_sent.values()):
            counts.add("ConfigurationErrors")


def _each_record_once(rows: Iterable[QuarantineRow]) -> list[QuarantineRow]:
    """Leave the raw record to the first of its rows: a large one may have hundreds of refused lines."""
    earlier: set[str] = set()
    rows_ = []
    for row in rows:
        rows_.append(replace(row, record="") if row.sequence_number in earlier else row)
        earlier.add(row.sequence_number)
    return rows_


def _users_to_refresh(lines: Iterable[Line], environment: str) -> list[UserToRefresh]:
    """Return one message a user, from the newest record of each; Lambda passes a shard's records oldest first."""
    newest: dict[str, UserToRefresh] = {}
    for line in lines:
        before = newest.get(line.interaction.user_id)
        newest[line.interaction.user_id] = UserToRefresh(
            mpid=int(line.interaction.user_id),
            environment=environment,
            recommendations=line.batch.recommendations,
            sequence_number=line.record.sequence_number,
            event_ms=max(line.interaction.time_ms, before.event_ms if before else 0),
        )
    return list(newest.values())


@functools.cache
def _ingest() -> Ingest:
    """Connect the steps to the real world, once a process, at its first invocation."""
    settings = ingest_settings()
    pool = ThreadPoolExecutor(settings.concurrency, "ingest")
    clock = Clock(time.time, time.sleep, random.random)
    client = functools.partial(aws_client, connections=settings.concurrency)
    queue = settings.refresh_queue_url
    return Ingest(
        EventTracker(client("personalize-events"), settings.tracking_id, clock),
        Quarantine(functools.cache(lambda: client("s3")), settings.quarantine_bucket, "ingest", clock),
        RefreshQueue(client("sqs"), queue, pool, clock) if queue else None,
        rules=settings.rules,
        refresh_actions=settings.refresh_actions,
        pool=pool,
        clock=clock,
    )
