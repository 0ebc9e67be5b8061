"""refresh: users to refresh → the campaign's recommendations → the users' mParticle profiles."""

import functools
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from broker.clients import IMPATIENT_READ_TIMEOUT, SHUTDOWN_RESERVE_S, Aws, deadline
from broker.clock import Clock
from broker.failures import Failure, Misconfigured, Unavailable
from broker.failures import Rejected as NeverAccepted
from broker.invocation import invocation
from broker.lru_cache import LruCache
from broker.messages import Message, message_from_record, user_to_refresh
from broker.metric_names import Metric
from broker.mparticle import MParticle, session
from broker.outcomes import Accepted, Outcome, Rejected, Retryable, only
from broker.personalize import Campaign
from broker.position import position
from broker.profile_comparison import count_behind, digest_on_profile
from broker.profile_refresher import MAX_AGE, ClaimedUser, ProfileRefresher, RefreshResults
from broker.profile_state import ProfileState, ProfileStates
from broker.quarantine import Quarantine
from broker.queue_calls import MAX_VISIBILITY
from broker.rate_limit import RateLimiter
from broker.reasons import QuarantineReason, SkipReason
from broker.record_log import RecordLog, record_log
from broker.refresh_budget import covers, due, refreshed
from broker.refresh_lines import NOT_DUE, POSTPONED, STATE_FAILED, refresh_lines
from broker.refresh_queue import RefreshQueue, queue_url
from broker.settings import RefreshSettings, refresh_settings
from broker.suppression_store import SuppressionStore, store_from
from broker.telemetry import Counts
from broker.user_lists import UserLists, user_lists

DEDUP_CACHE_SIZE = 50_000
UPLOAD_THREADS = 10  # a thousand users are ten uploads, and mParticle may take seconds for each
FIRST_PAUSE = 5.0  # seconds until a message whose refresh failed comes back the first time
GROWTH = 1.5  # of that pause with each further receive
CONTESTED_PAUSE = 5.0  # seconds until a user whom another process refreshes now is looked at again
# Seconds after which an upload without an answer is no longer processed: 30, and those in which a straggler of this
# invocation may still be sent. No upload starts after the invocation's deadline, so a claim ends so long after it.
LANDING = 30.0 + MAX_AGE


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's SQS event with the messages that failed (ReportBatchItemFailures)."""
    with invocation(context) as counts:
        return _refresh().run(event["Records"], deadline(context), counts)


class Refresh:
    """The steps of one invocation, in order. What it remembers between invocations is best effort.

    ``queue_of(arn)``: the queue that an invocation's messages are from, and to which what is to come back returns.
    """

    def __init__(
        self,
        refresher: ProfileRefresher,
        states: ProfileStates,
        quarantine: Quarantine,
        queue_of: Callable[[str], RefreshQueue],
        *,
        environment: str,
        clock: Clock,
        per_day: int | None = None,
        suppressed: SuppressionStore | None = None,
        record_log: RecordLog | None = None,
    ) -> None:
        self._refresher = refresher
        self._states = states
        self._quarantine = quarantine
        self._queue_of = queue_of
        self._environment = environment
        self._clock = clock
        self._per_day = per_day
        self._suppressed = suppressed
        self._record_log = record_log
        self._asked_at: LruCache[float] = LruCache(DEDUP_CACHE_SIZE)

    def run(self, records: Sequence[Mapping[str, Any]], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the messages to be delivered again. Raises Misconfigured."""
        try:
            return self._run(records, deadline, counts)
        finally:
            campaign, mparticle = self._refresher.take_calls()
            counts.add_calls(Metric.GET_RECOMMENDATIONS_CALLS, Metric.GET_RECOMMENDATIONS_THROTTLED, campaign)
            counts.add_calls(Metric.MPARTICLE_BATCHES, Metric.MPARTICLE_BATCHES_THROTTLED, mparticle)

    def _run(self, records: Sequence[Mapping[str, Any]], deadline: float, counts: Counts) -> dict[str, Any]:
        queue = self._queue_of(records[0]["eventSourceARN"])
        messages = [message_from_record(record) for record in records]
        counts.position = position(map(_place, messages))
        counts.add(Metric.MESSAGES, len(messages))
        requested_at = min(message.sent_at for message in messages)
        queue_name = records[0]["eventSourceARN"].rpartition(":")[2]
        counts.ages_ms[Metric.OLDEST_REQUEST, queue_name] = (self._clock.now() - requested_at) * 1000
        users = self._to_refresh(messages, counts)
        try:
            outcome_of = self._refresh_users(users, queue, deadline, counts)
        except Misconfigured:
            self._hide([message for message in messages if message.user], {}, queue, deadline + SHUTDOWN_RESERVE_S)
            raise
        retryable = only(outcome_of, Retryable)
        late = _to_come_back(messages, {mpid: users[mpid] for mpid in retryable})
        with counts.stages.measure("queue"):
            self._hide(late, retryable, queue, deadline + SHUTDOWN_RESERVE_S)
        counts.add(Metric.REFRESHES_FAILED, len(retryable))
        rejected = only(outcome_of, Rejected)
        failed = late + self._quarantine_bad(messages, rejected, deadline + SHUTDOWN_RESERVE_S, counts)
        return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}

    def _to_refresh(self, messages: Sequence[Message], counts: Counts) -> dict[int, Message]:
        """Return the newest message of each user whose last refresh in this process did not cover it."""
        newest: dict[int, Message] = {}
        for message in sorted(messages, key=lambda message: message.sent_at):
            if message.user is None:
                continue
            if message.user.environment != self._environment:  # sent before the setting was changed
                counts.add(Metric.SKIPPED, 1, SkipReason.OTHER_ENVIRONMENT)
            elif covers(self._asked_at.get(str(message.user.mpid)) or 0.0, message.sent_at):
                counts.add(Metric.ALREADY_FRESH)
            else:
                newest[message.user.mpid] = _together(newest.get(message.user.mpid), message)
        return newest

    def _refresh_users(
        self, users: Mapping[int, Message], queue: RefreshQueue, deadline: float, counts: Counts
    ) -> dict[int, Outcome[Any]]:
        """Return each user's outcome; that of a user who needs no refresh now is Accepted."""
        try:
            users = self._without_suppressed(users, deadline, counts)
        except Unavailable as failure:
            return dict.fromkeys(users, Retryable(failure.retry_after))
        try:
            with counts.stages.measure("claim"):
                states = self._states.read(users, deadline)
                due, later, done = self._due(users, states, counts)
                claimed, unavailable = self._states.claim(due, deadline + LANDING, deadline)
        except Unavailable as failure:
            counts.add(Metric.STATE_FAILED, len(users))
            return dict.fromkeys(users, Retryable(failure.retry_after))
        except NeverAccepted as failure:  # nothing that a user can send: the table is another one
            raise Misconfigured(str(failure)) from None
        counts.add(Metric.STATE_FAILED, len(unavailable))
        count_behind(users, claimed, counts)
        contested = due.keys() - claimed.keys() - unavailable.keys()
        later |= dict.fromkeys(contested, self._clock.now() + CONTESTED_PAUSE)
        results = RefreshResults(stages=counts.stages)
        try:
            self._refresher.refresh(
                [self._claimed_user(users[mpid], state) for mpid, state in claimed.items()], deadline, results
            )
        finally:
            self._settle(claimed, results, deadline, counts)
        self._count(users, results, counts)
        if self._record_log:
            others = {POSTPONED: later, NOT_DUE: done, STATE_FAILED: unavailable}
            lines = functools.partial(refresh_lines, claimed, results, others)
            self._record_log.add(lines, deadline + SHUTDOWN_RESERVE_S, counts)
        # Not before, since all messages come back where the configuration is wrong, and each would be there twice.
        postponed = self._postpone(later, users, queue, deadline + SHUTDOWN_RESERVE_S, counts)
        unclaimed = {mpid: Retryable(failure.retry_after) for mpid, failure in unavailable.items()}
        return {**dict.fromkeys(done, Accepted(None)), **unclaimed, **postponed, **results.outcome_of}

    def _without_suppressed(
        self, users: Mapping[int, Message], deadline: float, counts: Counts
    ) -> Mapping[int, Message]:
        """Return the users of whom something may be sent. Raises Failure where there is no list."""
        if self._suppressed is None:
            return users
        suppressed = self._suppressed.current(deadline)
        kept = {mpid: message for mpid, message in users.items() if not suppressed.covers(mpid)}
        counts.add(Metric.SKIPPED, len(users) - len(kept), SkipReason.SUPPRESSED)
        return kept

    def _due(
        self, users: Mapping[int, Message], states: Mapping[int, ProfileState], counts: Counts
    ) -> tuple[dict[int, ProfileState], dict[int, float], list[int]]:
        """Return the states of the users to refresh now, the times of those to refresh later, and who is done."""
        now = self._clock.now()
        due_now: dict[int, ProfileState] = {}
        later: dict[int, float] = {}
        done: list[int] = []
        for mpid, state in states.items():
            user = user_to_refresh(users[mpid])
            at = due(state, now, is_purchase=user.is_purchase, per_day=self._per_day)
            if covers(state.asked_at, users[mpid].sent_at):
                counts.add(Metric.ALREADY_FRESH)
                done.append(mpid)
            elif at is None:
                counts.add(Metric.OVER_DAILY_CAP)
                done.append(mpid)
            elif state.claimed_until > now:
                later[mpid] = min(state.claimed_until, now + CONTESTED_PAUSE)
            elif at > now:
                later[mpid] = at
            else:
                due_now[mpid] = state
        return due_now, later, done

    def _postpone(
        self,
        times: Mapping[int, float],
        users: Mapping[int, Message],
        queue: RefreshQueue,
        deadline: float,
        counts: Counts,
    ) -> dict[int, Outcome[Any]]:
        """Send users' messages once more, to be received later: hidden ones would use up their receives."""
        if not times:
            return {}
        seconds = {mpid: max(0.0, at - self._clock.now()) for mpid, at in times.items()}
        postponed = [
            replace(user_to_refresh(users[mpid]), requested_ms=int(users[mpid].sent_at * 1000)) for mpid in seconds
        ]
        with counts.stages.measure("queue"):
            not_taken = queue.send(postponed, deadline, seconds)
        counts.add(Metric.POSTPONED, len(seconds) - len(not_taken))
        return {mpid: Retryable() if mpid in not_taken else Accepted(None) for mpid in seconds}

    def _claimed_user(self, message: Message, state: ProfileState) -> ClaimedUser:
        user = user_to_refresh(message)
        on_profile = digest_on_profile(message, state)
        return ClaimedUser(user.mpid, user.environment, state.generation, on_profile, state.variant)

    def _settle(
        self, claimed: Mapping[int, ProfileState], results: RefreshResults, deadline: float, counts: Counts
    ) -> None:
        """End the claims, and write what is known of the profiles now. A claim that stays ends by itself."""
        settled = {mpid: self._settled(mpid, state, results) for mpid, state in claimed.items()}
        try:
            with counts.stages.measure("settle"):
                unsettled = self._states.settle(settled, deadline + SHUTDOWN_RESERVE_S)
            counts.add(Metric.STATE_FAILED, len(unsettled))
        except Failure:  # the table is another one; the invocation's own failure, if there is one, says more
            counts.add(Metric.STATE_FAILED, len(settled))
        for mpid, new in {**results.written, **results.unchanged}.items():
            self._asked_at.remember(str(mpid), new.requested_at)

    def _settled(self, mpid: int, state: ProfileState, results: RefreshResults) -> ProfileState:
        new = results.written.get(mpid) or results.unchanged.get(mpid)
        if new:
            is_on_profile = new.items or new.is_withheld or mpid in results.written
            digest = new.digest if is_on_profile else state.digest
            return refreshed(state, new.requested_at, digest, results.variant_of.get(mpid, ""))
        landing_ends = self._clock.now() + LANDING if mpid in results.may_land else 0.0
        # Which list the profile has is not known after an upload that was not accepted.
        return replace(state, claimed_until=landing_ends, digest="" if mpid in results.sent else state.digest)

    def _count(self, users: Mapping[int, Message], results: RefreshResults, counts: Counts) -> None:
        for new in results.unchanged.values():
            is_as_wanted = new.items or new.is_withheld
            counts.add(Metric.PROFILES_UNCHANGED if is_as_wanted else Metric.NO_RECOMMENDATIONS)
        now_ms = self._clock.now() * 1000
        event_times = [user_to_refresh(users[mpid]).event_ms for mpid in results.written]
        counts.add(Metric.PROFILES_UPDATED, len(results.written))
        counts.add_lags(Metric.REQUEST_TO_PROFILE, (now_ms - users[mpid].sent_at * 1000 for mpid in results.written))
        counts.add_lags(Metric.EVENT_TO_PROFILE, (now_ms - event_ms for event_ms in event_times))

    def _hide(
        self, messages: Sequence[Message], retryable: Mapping[int, Retryable], queue: RefreshQueue, deadline: float
    ) -> None:
        """Hide messages for longer each time, with jitter, and never for less than the other side's Retry-After."""
        pauses = {}
        for message in messages:
            retry_after = retryable.get(user_to_refresh(message).mpid, Retryable()).retry_after or 0
            growing = min(FIRST_PAUSE * GROWTH ** min(message.receives - 1, 20), MAX_VISIBILITY)
            pause = max(retry_after, growing * (0.5 + self._clock.jitter() / 2))
            pauses[message.receipt_handle] = math.ceil(min(pause, MAX_VISIBILITY))
        queue.hide(pauses, deadline)

    def _quarantine_bad(
        self, messages: Sequence[Message], rejected: Mapping[int, Rejected], deadline: float, counts: Counts
    ) -> list[Message]:
        """Quarantine what can never work; return the messages concerned where the quarantine can't be written."""
        bad = {message: message.row(QuarantineReason.NOT_A_MESSAGE) for message in messages if message.user is None}
        for message in messages:
            if message.user and message.user.mpid in rejected:
                outcome = rejected[message.user.mpid]
                bad[message] = message.row(outcome.reason, outcome.detail)
        if not bad:
            return []
        counts.add_refusals(bad.values())
        try:
            with counts.stages.measure("quarantine"):
                self._quarantine.put(list(bad.values()), deadline)
        except Failure:
            counts.add(Metric.QUARANTINE_FAILED, len(bad))
            return list(bad)
        for row in bad.values():
            counts.add(Metric.QUARANTINED, 1, row.reason)
        return []


def _place(message: Message) -> tuple[str | None, str, int]:
    """Return the shard and the sequence number of the record that a message is from, and when it was sent first."""
    shard, number = (message.user.shard, message.user.sequence_number) if message.user else (None, "")
    return shard, number, int(message.sent_at * 1000)


def _to_come_back(messages: Sequence[Message], users: Mapping[int, Message]) -> list[Message]:
    """Return users' newest messages, which stand for the older ones: an overload queues users, not their events.

    Where only an older message says that they bought something, the newest of those comes back, too.
    """
    bought = {
        message.user.mpid: message
        for message in sorted(messages, key=lambda message: message.sent_at)
        if message.user and message.user.is_purchase
    }
    late = []
    for mpid, message in users.items():
        purchase = bought.get(mpid, message) if user_to_refresh(message).is_purchase else message
        late += [message] if purchase.id == message.id else [message, purchase]
    return late


def _together(older: Message | None, newer: Message) -> Message:
    """Return a user's newer message, which stands for the older one, too."""
    user = user_to_refresh(newer)
    if older is None or user.is_purchase or not user_to_refresh(older).is_purchase:
        return newer
    return replace(newer, user=replace(user, is_purchase=True))


@functools.cache
def _refresh() -> Refresh:
    """Connect the steps to AWS and mParticle, once per process, at its first invocation."""
    settings = refresh_settings()
    pool = ThreadPoolExecutor(settings.concurrency, "refresh")
    clock = Clock(time.time, time.sleep, random.random)
    aws = Aws(settings.concurrency, clock.now)
    sqs = aws.direct_client("sqs", "send_message_batch", "change_message_visibility_batch")
    dynamodb = aws.direct_client("dynamodb", "batch_get_item", "transact_write_items")
    secrets = functools.cache(lambda: aws.client("secretsmanager"))
    pace = functools.partial(RateLimiter, processes=settings.maximum_concurrency, clock=clock)
    mparticle = MParticle(
        session(UPLOAD_THREADS),
        settings.mparticle_url,
        secrets,
        settings.mparticle_secret_arn,
        clock,
        pace(settings.mparticle_batches_per_second),
    )
    refresher = ProfileRefresher(
        _user_lists(settings, aws, clock),
        mparticle,
        with_event=settings.write_back_event,
        pool=pool,
        upload_pool=ThreadPoolExecutor(UPLOAD_THREADS, "upload"),
        clock=clock,
        probe=None if settings.probe_mpid is None else (settings.probe_mpid, settings.environment),
        columns=settings.profile_columns,
    )
    return Refresh(
        refresher,
        ProfileStates(dynamodb, settings.state_table, pool, clock),
        Quarantine(functools.cache(lambda: aws.client("s3")), settings.quarantine_bucket, "refresh", clock),
        lambda arn: RefreshQueue(sqs, queue_url(arn, sqs.meta.endpoint_url), pool, clock),
        environment=settings.environment,
        clock=clock,
        per_day=settings.refreshes_per_day,
        suppressed=store_from(settings.suppression, aws, clock),
        record_log=record_log(aws, settings.correlation_table, clock),
    )


def _user_lists(settings: RefreshSettings, aws: Aws, clock: Clock) -> UserLists:
    """Connect the lists to AWS. The quota is each campaign's, so each has a rate of its own."""
    get_recommendations = functools.partial(aws.direct_client, "personalize-runtime", "get_recommendations")
    patient, impatient = get_recommendations(), get_recommendations(read_timeout=IMPATIENT_READ_TIMEOUT)

    @functools.cache
    def pace_of(campaign_arn: str) -> RateLimiter:
        return RateLimiter(settings.get_recommendations_per_second, settings.maximum_concurrency, clock)

    def campaign_of(campaign_arn: str | None, filter_arn: str | None) -> Campaign:
        arn, pace = campaign_arn or settings.campaign_arn, pace_of(campaign_arn or settings.campaign_arn)
        filtered = filter_arn or settings.filter_arn
        return Campaign(
            patient,
            arn,
            filtered,
            settings.num_results,
            clock,
            pace,
            impatient=impatient,
            columns=settings.profile_columns,
        )

    return user_lists(campaign_of, clock, settings.experiment)
