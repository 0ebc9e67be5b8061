"""ingest: Kinesis records → batches → interactions → Personalize, and which users to refresh → the queues."""

import functools
import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from broker.clients import IMPATIENT_READ_TIMEOUT, SHUTDOWN_RESERVE_S, Aws, deadline
from broker.clock import Clock
from broker.delivery import deliver
from broker.failures import Failure, Misconfigured, Unavailable
from broker.impression_matching import ImpressionMatching
from broker.impression_store import ImpressionStore
from broker.impressions import Lists
from broker.intake import Intake, Line, read
from broker.interactions import Interaction, Rules, pack, unique
from broker.invocation import invocation
from broker.json_values import mapping
from broker.lru_cache import LruCache
from broker.metadata.collector import MetadataCollector
from broker.metadata.queue import MetadataQueue
from broker.metadata.sightings import Mapped
from broker.metadata.table import MetadataTable
from broker.metric_names import Metric
from broker.outcomes import Accepted, Outcome, Rejected, Retryable, Unproven, only
from broker.personalize import EventTracker
from broker.quarantine import Quarantine, QuarantineRow
from broker.queue_calls import QueueCalls
from broker.rate_limit import RateLimiter
from broker.readers import FALLBACK_SHARDS, StreamReaders
from broker.reasons import QuarantineReason, SkipReason
from broker.recommendations import digest
from broker.record_lines import record_lines
from broker.record_log import RecordLog, record_log
from broker.refresh_queue import RefreshQueue, RefreshQueues
from broker.settings import IngestSettings, MetadataSettings, ingest_settings
from broker.suppression_store import SuppressionStore, store_from
from broker.telemetry import Counts
from broker.tracker_probe import TrackerProbe
from broker.unproven_events import UnprovenEvents
from broker.users import UserToRefresh
from broker.values.amounts import PURCHASE
from broker.view_sample import EVERYTHING

DEDUP_CACHE_SIZE = 50_000  # more than one invocation can hold, so that a retried one goes on where it stopped
# An empty identifier: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
WHOLE_BATCH = ""
OLD = 3600.0  # seconds after its arrival at the stream when a view is no reason for a refresh any more
OLD_PURCHASE_DELAY = 900.0  # seconds, SQS's longest: refreshes for old purchases go behind all others, in their queue
OutcomeOf = dict[str, Outcome[None]]  # by event id


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's Kinesis event with the records that failed (ReportBatchItemFailures)."""
    with invocation(context) as counts:
        return _ingest().run(event["Records"], deadline(context), counts)


class Ingest:
    """The steps of one invocation, in order. What it remembers between invocations is best effort."""

    def __init__(
        self,
        tracker: EventTracker,
        quarantine: Quarantine,
        queues: RefreshQueues | None,
        *,
        rules: Rules,
        refresh_actions: frozenset[str],
        pool: Executor,
        clock: Clock,
        readers: StreamReaders | None = None,
        view_sample: float = EVERYTHING,
        suppressed: SuppressionStore | None = None,
        record_log: RecordLog | None = None,
        impressions: ImpressionMatching | None = None,
        metadata: MetadataCollector | None = None,
    ) -> None:
        self._tracker = tracker
        self._quarantine = quarantine
        self._queues = queues
        self._rules = rules
        self._refresh_actions = refresh_actions
        self._pool = pool
        self._clock = clock
        self._readers = readers
        self._view_sample = view_sample
        self._suppressed = suppressed
        self._record_log = record_log
        self._impressions = impressions
        self._metadata = metadata
        self._accepted: LruCache[None] = LruCache(DEDUP_CACHE_SIZE)
        self._unproven = UnprovenEvents(DEDUP_CACHE_SIZE)
        self._probe = TrackerProbe(tracker, dict.fromkeys(rules.event_types.values()), clock)

    def run(self, records: Sequence[Any], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the records to be delivered again. Raises Misconfigured."""
        try:
            return self._run(records, deadline, counts)
        finally:
            counts.add_calls(Metric.PUT_EVENTS_CALLS, Metric.PUT_EVENTS_THROTTLED, self._tracker.take_calls())

    def _run(self, records: Sequence[Any], deadline: float, counts: Counts) -> dict[str, Any]:
        stage = counts.stages.measure
        with stage("read"):
            now, is_logged = self._clock.now(), self._record_log is not None
            mapped = self._metadata.mapped if self._metadata else Mapped()
            intake = read(records, self._rules, now, counts, self._view_sample, note_skipped=is_logged, mapped=mapped)
            try:
                self._leave_out_suppressed(intake, deadline, counts)
            except Unavailable:  # whom they are about must be known first
                return _answer({WHOLE_BATCH})
        shown = self._match_impressions(intake, deadline, counts)
        with stage("pace"):
            self._share_quota(records)
        with stage("put"):
            outcome_of = self._deliver(intake, deadline, counts)
        self._give_up(outcome_of, counts)
        failed = intake.deferred | _records_to_retry(intake, outcome_of)
        with stage("quarantine"):
            failed |= self._quarantine_bad(intake, outcome_of, deadline + SHUTDOWN_RESERVE_S, counts)
        with stage("queue"):
            self._queue_refreshes(intake, outcome_of, deadline + SHUTDOWN_RESERVE_S, counts)
        if self._impressions:
            self._impressions.keep(shown, deadline + SHUTDOWN_RESERVE_S, counts)
        if self._metadata:
            with counts.stages.measure("metadata"):
                self._metadata.collect(intake.sightings, deadline + SHUTDOWN_RESERVE_S, counts)
        if self._record_log:
            lines = functools.partial(record_lines, intake, outcome_of)
            self._record_log.add(lines, deadline + SHUTDOWN_RESERVE_S, counts)
        return _answer(failed)

    def _leave_out_suppressed(self, intake: Intake, deadline: float, counts: Counts) -> None:
        """Drop what is about users of whom nothing may be sent. Raises Failure where there is no list."""
        if self._suppressed is None:
            return
        suppressed = self._suppressed.current(deadline)
        users = {line.interaction.user_id for line in intake.lines}
        users |= {str(impression.mpid) for impression in intake.impressions}
        users |= {sighting.user for sighting in intake.sightings}
        left_out = {user for user in users if suppressed.covers(user)} if suppressed.digests else set()
        kept = [line for line in intake.lines if line.interaction.user_id not in left_out]
        counts.add(Metric.SKIPPED, len(intake.lines) - len(kept), SkipReason.SUPPRESSED)
        intake.lines = kept
        intake.impressions = [one for one in intake.impressions if str(one.mpid) not in left_out]
        intake.sightings = [one for one in intake.sightings if one.user not in left_out]

    def _match_impressions(self, intake: Intake, deadline: float, counts: Counts) -> Mapping[int, Lists]:
        """Give interactions the impressions that led to them; return the lists that are to be kept, by user."""
        if self._impressions is None:
            return {}
        with counts.stages.measure("impressions"):
            return self._impressions.match(intake, deadline, counts)

    def _share_quota(self, records: Sequence[Any]) -> None:
        """Divide PutEvents' quota by the readers of the stream that the records are from."""
        stream = mapping(records[0]).get("eventSourceARN") if records else None
        if self._readers and isinstance(stream, str):
            self._readers.share_quota(stream)

    def _deliver(self, intake: Intake, deadline: float, counts: Counts) -> OutcomeOf:
        """Return the outcome of each interaction, the oldest first; one that was given up before has none."""
        once = unique(line.interaction for line in intake.lines)
        current = [interaction for interaction in once if interaction.event_id not in self._unproven]
        fresh = [interaction for interaction in current if interaction.event_id not in self._accepted]
        outcomes = deliver(
            pack(fresh),
            lambda request: self._tracker.put(request, deadline),
            self._pool,
            lambda so_far: self._find_unproven(so_far, deadline),
        )
        accepted = only(outcomes, Accepted)
        self._remember(accepted)
        now_ms = self._clock.now() * 1000
        arrived_ms = {line.interaction.event_id: line.record.arrived_ms for line in intake.lines}
        counts.add(Metric.ACCEPTED, len(accepted))
        counts.add(Metric.RETRYABLE, len(only(outcomes, Retryable)))
        counts.add_lags(Metric.ARRIVAL_TO_PERSONALIZE, (now_ms - arrived_ms[event.event_id] for event in accepted))
        counts.add_lags(Metric.EVENT_TO_PERSONALIZE, (now_ms - interaction.time_ms for interaction in accepted))
        return {interaction.event_id: outcomes.get(interaction, Accepted(None)) for interaction in current}

    def _remember(self, accepted: Collection[Interaction]) -> None:
        for interaction in accepted:
            self._accepted.remember(interaction.event_id, None)
        self._probe.remember(accepted)

    def _find_unproven(
        self, so_far: Mapping[Interaction, Outcome[None]], deadline: float
    ) -> Collection[Interaction] | None:
        self._remember(only(so_far, Accepted))
        return self._probe.unproven(list(only(so_far, Rejected)), deadline)

    def _give_up(self, outcome_of: OutcomeOf, counts: Counts) -> None:
        """Reject what has been unproven for too long."""
        unproven = only(outcome_of, Unproven)
        if not unproven:
            return
        due = self._unproven.due(list(unproven), self._clock.now())
        counts.add(Metric.CONFIGURATION_ERRORS)  # its alarm must ring, though the invocation goes on
        counts.add(Metric.UNPROVEN, len(unproven) - len(due))
        for event_id in due:
            outcome_of[event_id] = Rejected(unproven[event_id].detail, QuarantineReason.REFUSED_UNPROVEN)

    def _quarantine_bad(self, intake: Intake, outcome_of: OutcomeOf, deadline: float, counts: Counts) -> set[str]:
        """Quarantine what can never work; return the records concerned where the quarantine can't be written."""
        rejected = only(outcome_of, Rejected)
        bad = intake.bad + [
            (line.record, _row(line, rejected[line.interaction.event_id]))
            for line in intake.lines
            if line.interaction.event_id in rejected
        ]
        if not bad:
            return set()
        counts.add_refusals(row for _, row in bad)
        try:
            self._quarantine.put(_each_record_once([row for _, row in bad]), deadline)
        except Failure:
            counts.add(Metric.QUARANTINE_FAILED, len(bad))
            return {record.sequence_number if record.is_numbered else WHOLE_BATCH for record, _ in bad}
        given_up = [id for id, outcome in rejected.items() if outcome.reason is QuarantineReason.REFUSED_UNPROVEN]
        self._unproven.give_up(given_up)
        for _, row in bad:
            counts.add(Metric.QUARANTINED, 1, row.reason)
        return set()

    def _queue_refreshes(self, intake: Intake, outcome_of: OutcomeOf, deadline: float, counts: Counts) -> None:
        """Send one message per user whose events are accepted and new. What a queue does not take holds nothing up."""
        if self._queues is None:
            return
        accepted = only(outcome_of, Accepted)
        lines = [
            line
            for line in intake.lines
            if line.interaction.action in self._refresh_actions and line.interaction.event_id in accepted
            if not line.record.is_redriven
        ]
        recent, late = _by_arrival(lines, self._clock.now())
        users = _users_to_refresh([*late, *recent], self._rules.environment)
        in_time = {line.interaction.user_id for line in recent}
        bought = {line.interaction.user_id for line in recent if line.interaction.action == PURCHASE}
        purchases = [user for user in users if str(user.mpid) in bought]
        others = [user for user in users if str(user.mpid) not in bought]
        slow_lane = {user.mpid: OLD_PURCHASE_DELAY for user in others if str(user.mpid) not in in_time}
        not_sent = self._queues.purchases.send(purchases, deadline)
        not_sent |= self._queues.others.send(others, deadline, slow_lane)
        counts.add(Metric.REFRESHES_QUEUED, len(users) - len(not_sent))
        counts.add(Metric.REFRESHES_NOT_QUEUED, len(not_sent))
        if any(isinstance(failure, Misconfigured) for failure in not_sent.values()):
            counts.add(Metric.CONFIGURATION_ERRORS)


def _by_arrival(lines: Sequence[Line], now: float) -> tuple[list[Line], list[Line]]:
    """Return the lines that arrived at the stream a moment ago, and the purchases among the others.

    After an outage, or where a stream is read from its beginning, nobody waits for the lists of views of long ago.
    """
    oldest_ms = (now - OLD) * 1000
    recent = [line for line in lines if line.record.arrived_ms >= oldest_ms]
    old = [line for line in lines if line.record.arrived_ms < oldest_ms]
    return recent, [line for line in old if line.interaction.action == PURCHASE]


def _answer(failed: set[str]) -> dict[str, Any]:
    """Return what Lambda is told: the records that failed, or the whole batch where one of them has no number."""
    numbers = [WHOLE_BATCH] if WHOLE_BATCH in failed else sorted(failed, key=int)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


def _records_to_retry(intake: Intake, outcome_of: OutcomeOf) -> set[str]:
    """Return the records that hold an interaction which may be accepted later."""
    open_ids = only(outcome_of, Retryable).keys() | only(outcome_of, Unproven).keys()
    return {line.record.sequence_number for line in intake.lines if line.interaction.event_id in open_ids}


def _row(line: Line, rejected: Rejected) -> QuarantineRow:
    return line.record.row(line.interaction.event_id, rejected.reason, rejected.detail)


def _each_record_once(rows: Iterable[QuarantineRow]) -> list[QuarantineRow]:
    """Keep the raw record in the first of its rows only: a large one may have hundreds of rejected lines."""
    with_record: set[str] = set()
    slim = []
    for row in rows:
        slim.append(replace(row, record="") if row.sequence_number in with_record else row)
        with_record.add(row.sequence_number)
    return slim


def _users_to_refresh(lines: Iterable[Line], environment: str) -> list[UserToRefresh]:
    """Return one message per user, from their newest record: Lambda passes the records of a shard oldest first."""
    newest: dict[str, UserToRefresh] = {}
    for line in lines:
        earlier = newest.get(line.interaction.user_id)
        newest[line.interaction.user_id] = UserToRefresh(
            mpid=int(line.interaction.user_id),
            environment=environment,
            list_digest=None if line.batch.recommendations is None else digest(line.batch.recommendations),
            sequence_number=line.record.sequence_number,
            shard=line.record.shard,
            arrived_ms=line.record.arrived_ms,
            event_ms=max(line.interaction.time_ms, earlier.event_ms if earlier else 0),
            is_purchase=line.interaction.action == PURCHASE or (earlier is not None and earlier.is_purchase),
        )
    return list(newest.values())


@functools.cache
def _ingest() -> Ingest:
    """Connect the steps to AWS, once per process, at its first invocation."""
    settings = ingest_settings()
    pool = ThreadPoolExecutor(settings.concurrency, "ingest")
    clock = Clock(time.time, time.sleep, random.random)
    return connect(settings, Aws(settings.concurrency, clock.now), pool, clock)


def connect(settings: IngestSettings, aws: Aws, pool: Executor, clock: Clock) -> Ingest:
    """Return the steps on AWS; without queues they ask for no refreshes."""
    queues = None
    if settings.purchase_queue_url and settings.refresh_queue_url:
        sqs = aws.direct_client("sqs", "send_message_batch")
        queue_at = functools.partial(RefreshQueue, sqs, pool=pool, clock=clock)
        queues = RefreshQueues(queue_at(settings.purchase_queue_url), queue_at(settings.refresh_queue_url))
    pace = RateLimiter(settings.put_events_per_second, FALLBACK_SHARDS * settings.parallelization_factor, clock)
    put_events = functools.partial(aws.direct_client, "personalize-events", "put_events")
    # A metric attribution may count a call twice that was cut short and made again.
    is_attributed = settings.metric_attribution or settings.experiment is not None
    impatient = None if is_attributed else put_events(read_timeout=IMPATIENT_READ_TIMEOUT)
    return Ingest(
        EventTracker(put_events(), settings.tracking_id, clock, pace, impatient, settings.experiment),
        Quarantine(functools.cache(lambda: aws.client("s3")), settings.quarantine_bucket, "ingest", clock),
        queues,
        rules=settings.rules,
        refresh_actions=settings.refresh_actions,
        pool=pool,
        clock=clock,
        readers=StreamReaders(aws.client("kinesis"), settings.parallelization_factor, pace, clock),
        view_sample=settings.view_sample,
        suppressed=store_from(settings.suppression, aws, clock),
        record_log=record_log(aws, settings.correlation_table, clock),
        impressions=_impressions(settings.impressions_table, aws, pool, clock),
        metadata=_metadata(settings.metadata, aws, pool, clock),
    )


def _impressions(table: str | None, aws: Aws, pool: Executor, clock: Clock) -> ImpressionMatching | None:
    if table is None:
        return None
    methods = "batch_get_item", "batch_write_item"
    dynamodb = aws.direct_client("dynamodb", *methods, read_timeout=IMPATIENT_READ_TIMEOUT)
    return ImpressionMatching(ImpressionStore(dynamodb, table, pool, clock), clock)


def _metadata(settings: MetadataSettings | None, aws: Aws, pool: Executor, clock: Clock) -> MetadataCollector | None:
    if settings is None or settings.queue_url is None:
        return None
    methods = "batch_get_item", "transact_write_items"
    dynamodb = aws.direct_client("dynamodb", *methods, read_timeout=IMPATIENT_READ_TIMEOUT)
    sqs = aws.direct_client("sqs", "send_message_batch", read_timeout=IMPATIENT_READ_TIMEOUT)
    queue = MetadataQueue(QueueCalls(sqs, settings.queue_url, pool, clock))
    table = MetadataTable(dynamodb, settings.table, pool, clock)
    return MetadataCollector(settings.mapped, table, queue, settings.policies, clock)
