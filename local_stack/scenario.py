"""The scenario of ``./broker run``: the whole loop in three stages, and its result.

The shop's visits go through mParticle; a user's own batches are put directly on the stream. At the end everything is
reconciled, and the profiles' lists are compared with the next purchases.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from broker.metric_names import Metric

from local_stack import loopback
from local_stack.audit.services import deliveries
from local_stack.aws.session import local_client
from local_stack.items4u.client import Client, NotDelivered, PlayedSession
from local_stack.items4u.sessions import Session, Shop
from local_stack.items4u.slot import Slot
from local_stack.list_quality import Purchase
from local_stack.loop_result import LoopResult, PurchaseSample, judge
from local_stack.stack import Stack
from local_stack.user_batches import UserRecord, hold_back, put

# Interactions of the shop before the model is trained; the service's minimum is 1,000, of at least 25 users with two.
ENOUGH_TO_TRAIN = 1200
ENOUGH_TO_COMPARE = 2000
CONCURRENCY = 4
VISITS_PER_SECOND = 25
SETTLE_SECONDS = 300.0  # the wait ends as soon as the loop is settled; a busy machine needs longer
MOST_RESULTS = 500  # the limit of GetRecommendations
LOOK_EVERY = 0.25

Show = Callable[[str, dict[str, Any]], None]


class Scenario:
    """One run of the loop on a new stack. ``show(stage, counters)`` is called meanwhile.

    ``trained_on``: how many interactions of the shop there must be before the model is trained. ``slot``: what the
    shop has from then on.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        show: Show,
        seconds: float = 0,
        own_records: Sequence[bytes] = (),
        trained_on: int = ENOUGH_TO_TRAIN,
        slot: Slot | None = None,
    ) -> None:
        self._stack = stack
        self._trained_on = trained_on
        self._seconds = seconds
        self._show = show
        self._slot, self.slot_opened = slot, 0.0
        self._shop = Shop(stack.settings.seed, stack.settings.shoppers)
        self._visits = self._shop.sessions()
        self._over = threading.Event()
        self._client = Client(stack.mparticle.url, sleep=self._pause, rank=self._ranked)
        self._campaign = local_client("personalize-runtime", stack.personalize.url)
        self._kinesis = stack.client("kinesis")
        self._group: dict[str, Any] = {}
        self._began = time.time()
        self._own = hold_back(own_records, int(self._began * 1000))

    def run(self) -> LoopResult:
        """Collect, train, recommend, wait until the loop is idle, and return the result. Raises CreationFailed."""
        trained_on = self.prepare()
        played, own_purchases = self._recommend()
        settled = self._until(self._stack.is_idle, "recommending")
        self._show("checking", {"in Personalize": self._group["accepted"]})
        accepted = deliveries(self._stack.personalize.url)
        theirs = {row.item_id for record in self._own.training for row in record.rows}
        categories = {item.id: item.category for item in self._shop.items}
        result = judge(
            self._stack,
            began=self._began,
            settled=settled,
            trained_on=trained_on,
            shop=PurchaseSample(judged_purchases(played, accepted), set(categories), categories),
            own=PurchaseSample(own_purchases, theirs, self._own.categories()),
        )
        return replace(result, user_account=self._own.account if self._own.account.records else None)

    def prepare(self) -> list[dict[str, Any]]:
        """Bring the stack to its third stage; return the training events. Raises CreationFailed."""
        self._collect()
        self._until(self._all_is_visible, "collecting")
        trained_on = deliveries(self._stack.personalize.url)
        for version in self._stack.train():
            self._show("training", {"solution version": version["status"]})
        self._stack.recommend()
        return trained_on

    def _collect(self) -> None:
        self._put(self._own.training)
        with self._played(self._visits) as visits:
            collected = 0
            for visit in self._watch(visits, "collecting"):
                collected += visit.interactions
                if collected >= self._trained_on:
                    break
        self._until(self._stack.is_idle, "collecting")

    def _recommend(self) -> tuple[list[PlayedSession], list[Purchase]]:
        self._put(self._own.prompting)
        self._until(self._stack.is_idle, "recommending")
        histories = self._own.histories()
        own = [self._own_purchase(record, histories.get(record.customer, [])) for record in self._own.judging]
        self._put(self._own.judging)
        self._shop.slot, self.slot_opened = self._slot, time.time()
        end = time.time() + self._seconds
        played: list[PlayedSession] = []
        with self._played(self._paced()) as visits:
            for visit in self._watch(visits, "recommending"):
                played.append(visit)
                if time.time() >= end:
                    break
        return played, [visit for visit in own if visit.recommended]

    @contextmanager
    def _played(self, sessions: Iterator[Session]) -> Iterator[Iterator[PlayedSession]]:
        visits = self._client.play_all(sessions, concurrency=CONCURRENCY)
        try:
            yield visits
        except BaseException:  # Ctrl-C: the services may end before the shop's threads
            self._over.set()
            raise
        finally:
            visits.close()

    def _pause(self, seconds: float) -> None:
        """Wait before a request of the shop is retried. Raises NotDelivered once the run is over."""
        if self._over.wait(seconds):
            raise NotDelivered("the play is over")

    def _paced(self) -> Iterator[Session]:
        start = time.time()
        for number, visit in enumerate(self._visits):
            time.sleep(max(0.0, start + number / VISITS_PER_SECOND - time.time()))
            yield visit

    def _watch(self, visits: Iterator[PlayedSession], stage: str) -> Iterator[PlayedSession]:
        """Yield every visit, and show the counters from time to time."""
        looked = 0.0
        for visit in visits:
            if time.time() - looked >= LOOK_EVERY:
                looked = time.time()
                self._show(stage, self._counters())
            yield visit

    def _until(self, condition: Callable[[], bool], stage: str) -> bool:
        """Wait until a condition holds; return False on a timeout, which only a fault can cause."""
        end = time.time() + SETTLE_SECONDS
        while not condition():
            if time.time() >= end:
                return False
            self._show(stage, self._counters())
            time.sleep(LOOK_EVERY)
        return True

    def _all_is_visible(self) -> bool:
        """Return whether a training would now use all accepted events, which are visible only after a lag."""
        self._group = self._personalize_status()
        uncounted = sum(self._group["notCounted"].values())
        return bool(self._group["interactions"] + uncounted >= self._group["accepted"])

    def _counters(self) -> dict[str, Any]:
        metrics = self._stack.metrics
        self._group = self._personalize_status()
        counts = self._stack.stream_pollers.counts().values()
        shown: dict[str, Any] = {
            "records": sum(count.records_read for count in counts),
            "in Personalize": self._group["accepted"],
            "profiles written": metrics.sum(Metric.PROFILES_UPDATED),
            "behind": f"{max(count.iterator_age_ms for count in counts) / 1000:.1f} s",
        }
        errors = sum(count.errors for count in counts)
        return shown | ({"failed invocations": errors} if errors else {})

    def _personalize_status(self) -> dict[str, Any]:
        answer = loopback.get(f"{self._stack.personalize.url}/_local/status").json()
        group: dict[str, Any] = answer["datasetGroups"][0]
        return group

    def _put(self, records: Sequence[UserRecord]) -> None:
        self._stack.put_directly += put(self._kinesis, self._stack.resources.stream_name, records)

    def _own_purchase(self, record: UserRecord, history: Sequence[str]) -> Purchase:
        try:
            recommended = self._client.recommendations(int(record.customer))
        except NotDelivered:
            recommended = ()
        ranked = self._ranked(int(record.customer)) if recommended else ()
        return Purchase(record.customer, recommended, [row.item_id for row in record.rows], history, ranked)

    def _ranked(self, mpid: int) -> tuple[str, ...]:
        """Return the longest list that the campaign gives."""
        request = {"campaignArn": self._stack.campaign_arn, "userId": str(mpid), "numResults": MOST_RESULTS}
        return tuple(item["itemId"] for item in self._campaign.get_recommendations(**request)["itemList"])


def judged_purchases(played: Sequence[PlayedSession], accepted: Sequence[Mapping[str, Any]]) -> list[Purchase]:
    """Return the visits with a list and a purchase, each with the customer's earlier interactions in Personalize.

    The list on the profile may be some seconds older than the history.
    """
    histories: dict[str, list[Mapping[str, Any]]] = {}
    for event in sorted({event["eventId"]: event for event in accepted}.values(), key=lambda event: event["sentAt"]):
        histories.setdefault(event["userId"], []).append(event)
    return [
        Purchase(
            str(visit.mpid),
            visit.recommended,
            visit.session.purchased_items,
            [event["itemId"] for event in histories.get(str(visit.mpid), []) if event["sentAt"] < visit.began],
            visit.ranked,
        )
        for visit in played
        if visit.recommended and visit.session.purchased_items
    ]
