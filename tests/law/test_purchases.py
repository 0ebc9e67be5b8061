"""In an overload purchases go first: however many views wait, whoever buys has their list within seconds."""

import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from broker.clock import Clock
from broker.ingest import Ingest
from broker.interactions import DEFAULT_ACTIONS, Rules
from broker.mparticle import MParticle
from broker.personalize import RETRY, Campaign, EventTracker
from broker.profile_refresher import ProfileRefresher
from broker.profile_state import ProfileStates
from broker.quarantine import Quarantine
from broker.rate_limit import RateLimiter
from broker.refresh import Refresh
from broker.refresh_budget import covers
from broker.refresh_queue import RefreshQueue, RefreshQueues, queue_url
from broker.settings import MPARTICLE_BATCHES_PER_SECOND
from broker.telemetry import Counts
from broker.upload_stream import WINDOW as UPLOAD_WINDOW
from broker.user_lists import UserLists

from blueprint import sizing
from blueprint.capacity import Capacity
from blueprint.mappings import QueueMapping
from local_stack.lambda_emulator.invocation import InvokeResult
from local_stack.lambda_emulator.polling.queue_poller import QueuePoller
from tests.broker.lambda_events import PURCHASE_QUEUE_ARN, QUEUE_ARN, batch, product_event, record, visit
from tests.broker.stubs import NOW, THROTTLED, AwsClient, Bucket, Inline, MParticleEnd, Table, always
from tests.law.steps import Fails, Spell, Step, Visit
from tests.law.test_lines import after, views
from tests.law.verdict import stale
from tests.law.world.functions import ENDPOINT, LAST_CALL
from tests.law.world.queue import Queue
from tests.law.world.turns import Turns

LIMIT = 20  # lists per second, of all processes
CAPACITY = Capacity(get_recommendations_per_second=LIMIT)
VIEWERS = range(1, 4_001)
NEWCOMERS, ALSO_VIEWERS = range(10_001, 10_051), VIEWERS[::80]  # who buy something
BEGIN, EVERY = 30.0, 1.5  # seconds until the first customer buys, and between two of them
# Seconds until a customer's list is there: the queue's delay and window, their calls at the share that is reserved for
# purchases and with a retry, and the upload's own window.
SHARE = LIMIT * (CAPACITY.purchase_queue.maximum_concurrency or 0) / CAPACITY.refresh_concurrency
WINDOW = CAPACITY.purchase_queue.maximum_batching_window
AT_MOST = sizing.QUEUE_DELAY + WINDOW + WINDOW / EVERY / SHARE + RETRY.cap / 2 + UPLOAD_WINDOW
LATENCY = 0.02  # seconds
CHANCE = 0.5


class Overload:
    """Both functions and their queues, with the deployed numbers, and a campaign that accepts ``LIMIT`` calls a second.

    Thousands of customers view something at once, and then a few buy something.
    """

    def __init__(self, purchases: str) -> None:
        """``purchases``: the queue to which ``ingest`` sends purchases."""
        self.bought: dict[int, float] = {}
        self.written: dict[int, list[tuple[float, float]]] = {}  # when a list was asked for, and when it was written
        self.time = Turns(NOW)
        self._clock = Clock(self.time.clock, self.time.wait, lambda: CHANCE)
        self._tokens, self._filled = float(LIMIT), NOW
        self._table, self._mparticle = Table(), MParticleEnd(self._write)
        self._idle: list[Refresh] = []
        self.queues = {arn: self._queue() for arn in (QUEUE_ARN, PURCHASE_QUEUE_ARN)}
        self._sqs = AwsClient(
            send_message_batch=lambda request: self._queue_of(request).send_message_batch(**request),
            change_message_visibility_batch=lambda request: self._queue_of(request).change_message_visibility_batch(
                **request
            ),
        )
        self._ingest = self._ingest_process(purchases)
        for arn, mapping in ((QUEUE_ARN, CAPACITY.queue), (PURCHASE_QUEUE_ARN, CAPACITY.purchase_queue)):
            for _ in range(mapping.maximum_concurrency or 0):
                self.time.start(functools.partial(self._read, arn, mapping))
        self.time.start(self._customers)
        self.time.run(self._is_done, limit=3600.0)

    def waited(self, buyers: Sequence[int]) -> list[float]:
        """Return the seconds from customers' purchases until their profiles have lists that take them into account."""
        return [
            min(at for asked_at, at in self.written[buyer] if covers(asked_at, self.bought[buyer])) - self.bought[buyer]
            for buyer in buyers
        ]

    def last_view(self) -> float:
        """Return when the last of the customers who viewed something had a list."""
        return max(self.written[viewer][0][1] for viewer in VIEWERS)

    def _is_done(self) -> bool:
        return self.bought.keys() >= {*NEWCOMERS, *ALSO_VIEWERS} and not any(map(len, self.queues.values()))

    def _customers(self) -> None:
        self._ingest.run([record(number, visit(number), at=NOW) for number in VIEWERS], NOW + LAST_CALL, Counts())
        self.time.wait(BEGIN)
        for buyer in itertools.chain.from_iterable(zip(NEWCOMERS, ALSO_VIEWERS, strict=True)):
            now = self.bought[buyer] = self.time.now
            bought = batch(product_event("purchase", at=now, event_id=str(buyer)), mpid=buyer)
            self._ingest.run([record(buyer, bought, at=now)], now + LAST_CALL, Counts())
            self.time.wait(EVERY)

    def _read(self, arn: str, mapping: QueueMapping) -> None:
        """Be one of the invocations of a mapping, all the time."""
        poller = QueuePoller(
            mapping, arn, queue=self.queues[arn], invoke=self._invoke, clock=self.time.clock, poll_interval=0.2
        )
        while True:
            self.time.wait(max(poller.poll(), 0.001))

    def _invoke(self, event: dict[str, Any]) -> InvokeResult:
        """Run one invocation of ``refresh`` in any process that is idle, whichever queue it read before."""
        process = self._idle.pop(0) if self._idle else self._refresh_process()
        answer = process.run(event["Records"], self.time.now + LAST_CALL, Counts())
        self._idle.append(process)
        return InvokeResult(payload=answer)

    def _recommend(self, request: Mapping[str, Any]) -> Any:
        """Answer GetRecommendations: a token bucket."""
        self.time.wait(LATENCY)
        now = self.time.now
        self._tokens, self._filled = min(LIMIT, self._tokens + (now - self._filled) * LIMIT), now
        if self._tokens < 1:
            return THROTTLED
        self._tokens -= 1
        return {"itemList": [{"itemId": str(now)}], "recommendationId": "rec"}

    def _write(self, batches: list[dict[str, Any]]) -> int:
        self.time.wait(LATENCY)
        for one in batches:
            [asked_at] = one["user_attributes"]["product_recs"]
            self.written.setdefault(one["mpid"], []).append((float(asked_at), self.time.now))
        return 202

    def _queue(self) -> Queue:
        return Queue(
            self.time.clock,
            delay=sizing.QUEUE_DELAY,
            visibility=sizing.QUEUE.visibility_timeout,
            max_receives=sizing.MAX_RECEIVES,
        )

    def _queue_of(self, request: Mapping[str, Any]) -> Queue:
        return next(queue for arn, queue in self.queues.items() if queue_url(arn, ENDPOINT) == request["QueueUrl"])

    def _sender(self, arn: str) -> RefreshQueue:
        return RefreshQueue(self._sqs, queue_url(arn, ENDPOINT), Inline(), self._clock)

    def _ingest_process(self, purchases: str) -> Ingest:
        return Ingest(
            EventTracker(AwsClient(put_events=always({})), "tracker", self._clock),
            Quarantine(Bucket, "bucket", "ingest", self._clock),
            RefreshQueues(self._sender(purchases), self._sender(QUEUE_ARN)),
            rules=Rules(),
            refresh_actions=frozenset(DEFAULT_ACTIONS),
            pool=Inline(),
            clock=self._clock,
        )

    def _refresh_process(self) -> Refresh:
        pace = functools.partial(RateLimiter, processes=CAPACITY.refresh_concurrency, clock=self._clock)
        secret = AwsClient(get_secret_value=always({"SecretString": json.dumps({"key": "key", "secret": "secret"})}))
        refresher = ProfileRefresher(
            UserLists(
                Campaign(AwsClient(get_recommendations=self._recommend), "arn", None, 1, self._clock, pace(LIMIT)),
                self._clock,
            ),
            MParticle(
                self._mparticle.session(),
                ENDPOINT,
                lambda: secret,
                "arn",
                self._clock,
                pace(MPARTICLE_BATCHES_PER_SECOND),
            ),
            with_event=True,
            pool=Inline(),
            upload_pool=Inline(),
            clock=self._clock,
        )
        return Refresh(
            refresher,
            ProfileStates(self._table, "states", Inline(), self._clock),
            Quarantine(Bucket, "bucket", "refresh", self._clock),
            self._sender,
            environment="production",
            clock=self._clock,
        )


@pytest.fixture(scope="module")
def overload() -> Overload:
    return Overload(PURCHASE_QUEUE_ARN)


@pytest.fixture(scope="module")
def in_one_queue() -> Overload:
    """Return the same overload, but purchases wait in line with the views."""
    return Overload(QUEUE_ARN)


def test_customers_who_buy_have_their_list_within_delay_window_and_share_while_views_wait_for_minutes(
    overload: Overload,
) -> None:
    waited = overload.waited(NEWCOMERS)
    assert len(waited) == len(NEWCOMERS)
    assert max(waited) < AT_MOST
    assert overload.last_view() > max(overload.bought.values()), "views waited all the time"
    assert overload.last_view() - NOW > len(VIEWERS) / LIMIT > 10 * AT_MOST


def test_a_customer_whom_a_view_refreshes_now_waits_for_the_end_of_that_invocation_at_most(overload: Overload) -> None:
    waited = overload.waited(ALSO_VIEWERS)
    assert len(waited) == len(ALSO_VIEWERS)
    assert max(waited) < AT_MOST + LAST_CALL


def test_in_one_queue_purchases_would_wait_for_the_views(in_one_queue: Overload) -> None:
    assert min(in_one_queue.waited(NEWCOMERS)) > AT_MOST


@pytest.mark.parametrize("name", ["overload", "in_one_queue"])
def test_nothing_is_lost_in_either_queue(name: str, request: pytest.FixtureRequest) -> None:
    overload: Overload = request.getfixturevalue(name)
    assert overload.written.keys() == {*VIEWERS, *NEWCOMERS}
    assert [(len(queue), queue.dead) for queue in overload.queues.values()] == [(0, [])] * 2


@pytest.mark.parametrize(
    "fault",
    [
        Spell("bulkevents", "unavailable", 25.0),
        Spell("BatchGetItem", "throttled", 25.0),
        Fails("GetRecommendations", "killed after"),
        Fails("SendMessageBatch", "reset after"),
        Fails("receive", "twice"),
    ],
    ids=str,
)
def test_whatever_fails_views_and_purchases_reach_their_profiles_each_through_its_queue(fault: Step) -> None:
    bought = [Visit(customer, ("i3",), "purchase", message=1) for customer in (1, 2)]
    loop = after(*views(0, 1), fault, *bought, 90.0)
    sent = [request for operation, request in loop.services.requests if operation == "SendMessageBatch"]
    assert {str(request["QueueUrl"]) for request in sent} == {queue_url(arn, ENDPOINT) for arn in loop.queues}  # type: ignore[index]
    assert list(stale(loop, (0, 1, 2))) == []
