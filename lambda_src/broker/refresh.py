"""refresh: users to refresh → the campaign's recommendations → the users' mParticle profiles."""

import functools
import math
import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from broker.clients import IMPATIENT_READ_TIMEOUT, SHUTDOWN_RESERVE_S, aws_client, deadline
from broker.clock import Clock
from broker.delivery import Delivery, is_accepted
from broker.failures import Failure, Misconfigured
from broker.lru_cache import LruCache
from broker.messages import Message, message_from_record, user_to_refresh
from broker.metric_names import Metric
from broker.mparticle import MParticle, session
from broker.outcomes import Accepted, Outcome, Rejected, Retryable, only
from broker.personalize import Campaign
from broker.probe import PROBE
from broker.profile import Upload, no_change, upload
from broker.quarantine import Quarantine
from broker.rate_limit import RateLimiter
from broker.reasons import QuarantineReason, SkipReason
from broker.recommendations import Recommendations, is_changed
from broker.refresh_queue import MAX_VISIBILITY, RefreshQueue, queue_url
from broker.settings import SettingsError, refresh_settings
from broker.telemetry import Counts, telemetry
from broker.upload_stream import UploadStream

DEDUP_CACHE_SIZE = 50_000
# Events change a user's recommendations after 1-2 seconds (AWS, real-time events). A list that is requested this long
# after a message was sent takes the message's events into account.
PERSONALIZE_LAG = 2.0
MAX_AGE = 10.0  # seconds after which a list is not uploaded but requested again
UPLOAD_RESERVE = 2.0  # seconds at the end of an invocation in which lists are uploaded, and no more are requested
RETRY_FEED_AFTER = 30.0  # seconds for which mParticle counts as down after uploads failed and none was accepted
UPLOAD_THREADS = 4  # each of them carries some hundred profiles per second
FIRST_PAUSE = 5.0  # seconds until a message whose refresh failed comes back the first time


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's SQS event with the messages that failed (ReportBatchItemFailures)."""
    counts, operators = Counts(), telemetry(context.function_name)
    try:
        return _refresh(event["Records"][0]["eventSourceARN"]).run(event["Records"], deadline(context), counts)
    except (Misconfigured, SettingsError) as error:
        operators.failed(error)
        raise
    finally:
        operators.publish(counts)


class Refresh:
    """The steps of one invocation, in order. What it remembers between invocations is best effort."""

    def __init__(
        self,
        campaign: Campaign,
        mparticle: MParticle,
        quarantine: Quarantine,
        queue: RefreshQueue,
        *,
        environment: str,
        with_event: bool,
        pool: Executor,
        upload_pool: Executor,
        clock: Clock,
        probe_mpid: int | None = None,
    ) -> None:
        self._campaign = campaign
        self._mparticle = mparticle
        self._quarantine = quarantine
        self._queue = queue
        self._environment = environment
        self._with_event = with_event
        self._pool = pool
        self._upload_pool = upload_pool
        self._clock = clock
        self._refreshed: LruCache[float] = LruCache(DEDUP_CACHE_SIZE)
        self._probe_mpid = probe_mpid
        self._down_since = -math.inf

    def run(self, records: Sequence[Mapping[str, Any]], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the messages to be delivered again. Raises Misconfigured."""
        messages = [message_from_record(record) for record in records]
        counts.add(Metric.MESSAGES, len(messages))
        users = self._to_refresh(messages, counts)
        try:
            outcome_of = self._refresh_users(users, deadline, counts)
        except Misconfigured:
            self._postpone([message for message in messages if message.user], {}, deadline + SHUTDOWN_RESERVE_S)
            raise
        # A user's newest message stands for the older ones: in an overload the queue holds users, not their events.
        retryable = only(outcome_of, Retryable)
        late = [users[mpid] for mpid in retryable]
        self._postpone(late, retryable, deadline + SHUTDOWN_RESERVE_S)
        counts.add(Metric.REFRESHES_FAILED, len(late))
        rejected = only(outcome_of, Rejected)
        failed = late + self._quarantine_bad(messages, rejected, deadline + SHUTDOWN_RESERVE_S, counts)
        return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}

    def _refresh_users(self, users: Mapping[int, Message], deadline: float, counts: Counts) -> dict[int, Outcome[Any]]:
        """Return each user's outcome: of the upload where there is one, else of the request for recommendations.

        While mParticle is down, one upload is tried before anybody else is asked about.
        """
        if not users or self._clock.now() >= self._down_since + RETRY_FEED_AFTER:
            return self._recommend_and_upload(users, deadline, counts)
        first, *others = users
        outcome_of = self._recommend_and_upload({first: users[first]}, deadline, counts)
        outcome = outcome_of[first]
        if isinstance(outcome, Retryable):
            return outcome_of | dict.fromkeys(others, Retryable(outcome.retry_after))
        return outcome_of | self._recommend_and_upload({mpid: users[mpid] for mpid in others}, deadline, counts)

    def _recommend_and_upload(
        self, users: Mapping[int, Message], deadline: float, counts: Counts
    ) -> dict[int, Outcome[Any]]:
        """Ask for each user's list, and upload a hundred of them, or a second's worth, as soon as they are there."""
        uploading: Delivery[Upload, None] = Delivery(lambda request: self._send(request, deadline), self._upload_pool)
        stream = UploadStream(uploading.start, self._clock)
        lists = _Lists(users, stream, self._clock, with_event=self._with_event)
        recommending: Delivery[int, Recommendations] = Delivery(
            lambda request: self._campaign.recommend(request[0], deadline - UPLOAD_RESERVE),
            self._pool,
            lambda request, new: lists.add(request[0], new),
            stream.flush_due,
        )
        for mpid in users:
            recommending.start([mpid])
        recommended = recommending.finish(lambda _: self._verify_campaign(deadline))
        for mpid, accepted in only(recommended, Accepted).items():
            lists.add(mpid, accepted.result)
        stream.flush()
        uploaded = uploading.finish(lambda so_far: self._find_unproven(so_far, deadline))
        self._remember(users, lists, uploaded, counts)
        return {**recommended, **{upload_.mpid: outcome for upload_, outcome in uploaded.items()}}

    def _verify_campaign(self, deadline: float) -> tuple[()] | None:
        return () if is_accepted(lambda: self._campaign.recommend(PROBE, deadline)) else None

    def _to_refresh(self, messages: Sequence[Message], counts: Counts) -> dict[int, Message]:
        """Return the newest message of each user whose last refresh in this process did not cover it."""
        newest: dict[int, Message] = {}
        for message in sorted(messages, key=lambda message: message.sent_at):
            if message.user is None:
                continue
            if message.user.environment != self._environment:  # sent before the setting was changed
                counts.add(Metric.SKIPPED, 1, SkipReason.OTHER_ENVIRONMENT)
            elif self._covers(message, message.user.mpid):
                counts.add(Metric.ALREADY_FRESH)
            else:
                newest[message.user.mpid] = message
        return newest

    def _covers(self, message: Message, mpid: int) -> bool:
        refreshed_at = self._refreshed.get(str(mpid))
        return refreshed_at is not None and refreshed_at >= message.sent_at + PERSONALIZE_LAG

    def _send(self, request: Sequence[Upload], deadline: float) -> None:
        self._mparticle.upload(request, min(deadline, min(upload_.requested_at for upload_ in request) + MAX_AGE))

    def _remember(
        self, users: Mapping[int, Message], lists: "_Lists", uploaded: Mapping[Upload, Outcome[None]], counts: Counts
    ) -> None:
        for mpid, new in lists.unchanged.items():
            counts.add(Metric.PROFILES_UNCHANGED if new.items else Metric.NO_RECOMMENDATIONS)
            self._refreshed.remember(str(mpid), new.requested_at)
        accepted = only(uploaded, Accepted)
        for upload_ in accepted:
            self._refreshed.remember(str(upload_.mpid), upload_.requested_at)
        now_ms = self._clock.now() * 1000
        event_times = [user_to_refresh(users[upload_.mpid]).event_ms for upload_ in accepted]
        counts.add(Metric.PROFILES_UPDATED, len(accepted))
        counts.add_lags(Metric.EVENT_TO_PROFILE, (now_ms - event_ms for event_ms in event_times))
        if accepted:
            self._down_since = -math.inf
        elif only(uploaded, Retryable):
            self._down_since = self._clock.now()

    def _find_unproven(self, so_far: Mapping[Upload, Outcome[None]], deadline: float) -> tuple[()] | None:
        """Verify the feed by an upload to the configured identity; without one, by what was accepted a moment ago."""
        if self._probe_mpid is None:
            return () if only(so_far, Accepted) else None
        probe = no_change(self._probe_mpid, self._environment, self._clock.now())
        return () if is_accepted(lambda: self._mparticle.upload([probe], deadline)) else None

    def _postpone(self, messages: Sequence[Message], retryable: Mapping[int, Retryable], deadline: float) -> None:
        """Hide messages for longer each time, with jitter, and never for less than the other side's Retry-After."""
        pauses = {}
        for message in messages:
            retry_after = retryable.get(user_to_refresh(message).mpid, Retryable()).retry_after or 0
            growing = min(FIRST_PAUSE * 2 ** min(message.receives - 1, 10), MAX_VISIBILITY)
            pause = max(retry_after, growing * (0.5 + self._clock.jitter() / 2))
            pauses[message.receipt_handle] = math.ceil(min(pause, MAX_VISIBILITY))
        self._queue.postpone(pauses, deadline)

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
        try:
            self._quarantine.put(list(bad.values()), deadline)
        except Failure:
            counts.add(Metric.QUARANTINE_FAILED, len(bad))
            return list(bad)
        for row in bad.values():
            counts.add(Metric.QUARANTINED, 1, row.reason)
        return []


class _Lists:
    """What became of the lists that the campaign gave: most are on their way to the users' profiles.

    ``unchanged``: those that are on the profile already, or empty. Each user's first list counts.
    """

    def __init__(self, users: Mapping[int, Message], stream: UploadStream, clock: Clock, *, with_event: bool) -> None:
        self._users = users
        self._stream = stream
        self._clock = clock
        self._with_event = with_event
        self._lock = threading.Lock()
        self._added: set[int] = set()
        self.unchanged: dict[int, Recommendations] = {}

    def add(self, mpid: int, new: Recommendations) -> None:
        """Take a user's list, from any thread."""
        with self._lock:
            if mpid in self._added:
                return
            self._added.add(mpid)
        user = user_to_refresh(self._users[mpid])
        if is_changed(new, user.list_digest):
            self._stream.add(upload(user, new, int(self._clock.now() * 1000), with_event=self._with_event))
        else:
            self.unchanged[mpid] = new


@functools.cache
def _refresh(queue_arn: str) -> Refresh:
    """Connect the steps to AWS and mParticle, once per process, at its first invocation."""
    settings = refresh_settings()
    pool = ThreadPoolExecutor(settings.concurrency, "refresh")
    clock = Clock(time.time, time.sleep, random.random)
    client = functools.partial(aws_client, connections=settings.concurrency)
    runtime = client("personalize-runtime")
    sqs = client("sqs")
    secrets = functools.cache(lambda: client("secretsmanager"))
    pace = functools.partial(RateLimiter, processes=settings.maximum_concurrency, clock=clock)
    return Refresh(
        Campaign(
            runtime,
            settings.campaign_arn,
            settings.filter_arn,
            settings.num_results,
            clock,
            pace(settings.get_recommendations_per_second),
            impatient=client("personalize-runtime", read_timeout=IMPATIENT_READ_TIMEOUT),
        ),
        MParticle(
            session(settings.concurrency),
            settings.mparticle_url,
            secrets,
            settings.mparticle_secret_arn,
            clock,
            pace(settings.mparticle_batches_per_second),
        ),
        Quarantine(functools.cache(lambda: client("s3")), settings.quarantine_bucket, "refresh", clock),
        RefreshQueue(sqs, queue_url(queue_arn, sqs.meta.endpoint_url), pool, clock),
        environment=settings.environment,
        with_event=settings.write_back_event,
        pool=pool,
        upload_pool=ThreadPoolExecutor(UPLOAD_THREADS, "upload"),
        clock=clock,
        probe_mpid=settings.probe_mpid,
    )
