"""refresh: users to refresh → the campaign's recommendations → the customers' mParticle profiles."""

import functools
import math
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from broker.clients import SHUTDOWN_RESERVE_S, aws_client, deadline
from broker.delivery import Delivered, deliver, is_accepted
from broker.failures import Clock, Failure, Misconfigured
from broker.lru_cache import LruCache
from broker.messages import Message, message_from_record, user_to_refresh
from broker.mparticle import MParticle, session
from broker.personalize import Campaign
from broker.probe import PROBE
from broker.profile import Upload, bulk_requests, no_change, upload
from broker.quarantine import Quarantine
from broker.recommendations import Recommendations, is_changed
from broker.refresh_queue import MAX_VISIBILITY, RefreshQueue, queue_url
from broker.settings import SettingsError, refresh_settings
from broker.telemetry import Counts, telemetry

DEDUP_CACHE_SIZE = 50_000
# Events change a user's recommendations after 1-2 seconds (AWS, real-time events); a list asked for this long after a
# message was sent has seen what the message is about.
PERSONALIZE_LAG = 2.0
MAX_AGE = 10.0  # seconds after which a list is not uploaded but asked for again
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
    """The steps of one invocation, in order. Clients, pool and time come in; what it remembers is best effort."""

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
        self._clock = clock
        self._refreshed: LruCache[float] = LruCache(DEDUP_CACHE_SIZE)
        self._probe_mpid = probe_mpid

    def run(self, records: Sequence[Mapping[str, Any]], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the messages to be delivered again. Raises Misconfigured."""
        messages = [message_from_record(record) for record in records]
        counts.add("Messages", len(messages))
        users = self._to_refresh(messages, counts)
        try:
            recommended = self._ask(users, deadline)
            uploaded = self._upload(users, recommended, deadline, counts)
        except Misconfigured:
            self._postpone([message for message in messages if message.user], {}, deadline + SHUTDOWN_RESERVE_S)
            raise
        waiting = dict(recommended.waiting) | {upload_.mpid: pause for upload_, pause in uploaded.waiting}
        refused = dict(recommended.rejected) | {upload_.mpid: reason for upload_, reason in uploaded.rejected}
        # A user's newest message stands for the older ones: in an overload the queue holds users, not their events.
        late = [users[mpid] for mpid in waiting]
        self._postpone(late, waiting, deadline + SHUTDOWN_RESERVE_S)
        counts.add("RefreshesFailed", len(waiting))
        failed = late + self._quarantine_bad(messages, refused, deadline + SHUTDOWN_RESERVE_S, counts)
        return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}

    def _to_refresh(self, messages: Sequence[Message], counts: Counts) -> dict[int, Message]:
        """Return the newest message of each user whose last refresh in this process did not cover it."""
        newest: dict[int, Message] = {}
        for message in sorted(messages, key=lambda message: message.sent_at):
            if message.user is None:
                continue
            if message.user.environment != self._environment:  # sent before the setting was changed
                counts.add("Skipped", 1, "other_environment")
            elif self._covers(message, message.user.mpid):
                counts.add("AlreadyFresh")
            else:
                newest[message.user.mpid] = message
        return newest

    def _covers(self, message: Message, mpid: int) -> bool:
        refreshed_at = self._refreshed.get(str(mpid))
        return refreshed_at is not None and refreshed_at >= message.sent_at + PERSONALIZE_LAG

    def _ask(self, users: Mapping[int, Message], deadline: float) -> Delivered[int, Recommendations]:
        # What is asked for late would be too old before it is uploaded: better leave it to the next invocation.
        until = min(deadline, self._clock.now() + MAX_AGE * 0.8)
        return deliver(
            [[mpid] for mpid in users],
            lambda request: self._campaign.recommend(request[0], until),
            self._pool,
            lambda _: () if is_accepted(lambda: self._campaign.recommend(PROBE, deadline)) else None,
        )

    def _upload(
        self,
        users: Mapping[int, Message],
        recommended: Delivered[int, Recommendations],
        deadline: float,
        counts: Counts,
    ) -> Delivered[Upload, None]:
        now_ms = int(self._clock.now() * 1000)
        uploads = []
        for mpid, new in recommended.accepted:
            user = user_to_refresh(users[mpid])
            if is_changed(new, user.recommendations):
                uploads.append(upload(user, new, now_ms, with_event=self._with_event))
            else:
                counts.add("ProfilesUnchanged" if new.items else "NoRecommendations")
                self._refreshed.remember(str(mpid), new.requested_at)
        uploaded = deliver(
            bulk_requests(uploads),
            lambda request: self._send(request, deadline),
            self._pool,
            lambda so_far: self._proof_of_uploads(so_far, deadline),
        )
        self._remember(users, uploaded, counts)
        return uploaded

    def _send(self, request: Sequence[Upload], deadline: float) -> None:
        self._mparticle.upload(request, min(deadline, min(upload_.requested_at for upload_ in request) + MAX_AGE))

    def _remember(self, users: Mapping[int, Message], uploaded: Delivered[Upload, None], counts: Counts) -> None:
        for upload_, _ in uploaded.accepted:
            self._refreshed.remember(str(upload_.mpid), upload_.requested_at)
        now_ms = self._clock.now() * 1000
        counts.add("ProfilesUpdated", len(uploaded.accepted))
        counts.add_lags(
            "EventToProfile",
            (now_ms - user_to_refresh(users[upload_.mpid]).event_ms for upload_, _ in uploaded.accepted),
        )

    def _proof_of_uploads(self, so_far: Delivered[Upload, None], deadline: float) -> tuple[()] | None:
        """Prove it by the identity that is named for it; without one only by what was accepted a moment ago."""
        if self._probe_mpid is None:
            return () if so_far.accepted else None
        nothing = no_change(self._probe_mpid, self._environment, self._clock.now())
        return () if is_accepted(lambda: self._mparticle.upload([nothing], deadline)) else None

    def _postpone(self, messages: Sequence[Message], retry_after: Mapping[int, float | None], deadline: float) -> None:
        """Hide messages for longer each time, with jitter, and never for less than the other side's Retry-After."""
        pauses = {}
        for message in messages:
            growing = min(FIRST_PAUSE * 2 ** min(message.receives - 1, 10), MAX_VISIBILITY)
            pause = max(retry_after.get(user_to_refresh(message).mpid) or 0, growing * (0.5 + self._clock.jitter() / 2))
            pauses[message.receipt_handle] = math.ceil(min(pause, MAX_VISIBILITY))
        self._queue.postpone(pauses, deadline)

    def _quarantine_bad(
        self, messages: Sequence[Message], refused: Mapping[int, str], deadline: float, counts: Counts
    ) -> list[Message]:
        """Quarantine what can never work; return the messages concerned where the quarantine can't be written."""
        bad = {message: message.row("not_a_message") for message in messages if message.user is None}
        for message in messages:
            if message.user and message.user.mpid in refused:
                bad[message] = message.row("refused", refused[message.user.mpid])
        if not bad:
            return []
        try:
            self._quarantine.put(list(bad.values()), deadline)
        except Failure:
            counts.add("QuarantineFailed", len(bad))
            return list(bad)
        for row in bad.values():
            counts.add("Quarantined", 1, row.reason)
        return []


@functools.cache
def _refresh(queue_arn: str) -> Refresh:
    """Connect the steps to the real world, once a process, at its first invocation."""
    settings = refresh_settings()
    pool = ThreadPoolExecutor(settings.concurrency, "refresh")
    clock = Clock(time.time, time.sleep, random.random)
    client = functools.partial(aws_client, connections=settings.concurrency)
    runtime = client("personalize-runtime")
    sqs = client("sqs")
    secrets = functools.cache(lambda: client("secretsmanager"))
    return Refresh(
        Campaign(runtime, settings.campaign_arn, settings.filter_arn, settings.num_results, clock),
        MParticle(session(settings.concurrency), settings.mparticle_url, secrets, settings.mparticle_secret_arn, clock),
        Quarantine(functools.cache(lambda: client("s3")), settings.quarantine_bucket, "refresh", clock),
        RefreshQueue(sqs, queue_url(queue_arn, sqs.meta.endpoint_url), pool, clock),
        environment=settings.environment,
        with_event=settings.write_back_event,
        pool=pool,
        clock=clock,
        probe_mpid=settings.probe_mpid,
    )
