"""ingest, whole invocations: what is delivered, quarantined, reported and asked to be refreshed; nothing is lost."""

import base64
import json
import re
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from broker.batch import Batch, decode
from broker.experiment import Experiment
from broker.failures import Misconfigured
from broker.impression_matching import ImpressionMatching
from broker.ingest import Ingest
from broker.interactions import Rules, extract
from broker.metadata.collector import MetadataCollector
from broker.personalize import EventTracker
from broker.quarantine import Quarantine
from broker.rate_limit import RateLimiter
from broker.readers import StreamReaders
from broker.recommendations import digest
from broker.refresh_queue import RefreshQueue, RefreshQueues
from broker.suppression_store import SuppressionStore
from broker.telemetry import Counts

from tests.broker.lambda_events import MPID, SHARD, batch, failures, number_of, product_event, record, visit
from tests.broker.stubs import (
    BROKEN,
    DENIED,
    FAR,
    INVALID,
    NOW,
    THROTTLED,
    AwsClient,
    Bucket,
    FakeTime,
    Inline,
    Sqs,
    always,
    client_error,
    in_turn,
    refuses_items,
)

ALL = frozenset(Rules().event_types)


@dataclass
class World:
    """One process of ``ingest`` and what it talks to."""

    events: AwsClient = field(default_factory=lambda: AwsClient(put_events=always({})))
    bucket: Bucket = field(default_factory=Bucket)
    sqs: Sqs | None = field(default_factory=Sqs)
    time: FakeTime = field(default_factory=FakeTime)
    rules: Rules = field(default_factory=Rules)
    refresh_actions: frozenset[str] = ALL
    pool: Executor = field(default_factory=Inline)
    readers: StreamReaders | None = None
    pace: RateLimiter | None = None
    view_sample: float = 1.0
    suppressed: SuppressionStore | None = None
    experiment: Experiment | None = None
    impressions: ImpressionMatching | None = None
    metadata: MetadataCollector | None = None

    def __post_init__(self) -> None:
        self.counts = Counts()
        self.ingest = Ingest(
            EventTracker(self.events, "tracker", self.time.time(), self.pace, experiment=self.experiment),
            Quarantine(lambda: self.bucket, "bucket", "ingest", self.time.time()),
            RefreshQueues(*map(self.queue, ("https://purchases", "https://queue"))) if self.sqs else None,
            rules=self.rules,
            refresh_actions=self.refresh_actions,
            pool=self.pool,
            clock=self.time.time(),
            readers=self.readers,
            view_sample=self.view_sample,
            suppressed=self.suppressed,
            impressions=self.impressions,
            metadata=self.metadata,
        )

    def queue(self, url: str) -> RefreshQueue:
        return RefreshQueue(self.sqs, url, self.pool, self.time.time())

    def run(self, *records: Any, deadline: float = FAR) -> list[str]:
        self.counts = Counts()
        return failures(self.ingest.run(records, deadline, self.counts))

    def answer(self, answer: Any) -> None:
        """Let PutEvents answer otherwise from now on."""
        self.events.answers["put_events"] = answer

    def sent_items(self) -> list[str]:
        return [event["itemId"] for event in self.sent_events()]

    def sent_events(self) -> list[dict[str, Any]]:
        """Return the customers' events that were sent, without the probes."""
        requests = [request for request in self.events.of("put_events") if request["userId"] != "broker-probe"]
        return [event for request in requests for event in request["eventList"]]

    def queued(self) -> dict[str, list[int]]:
        """Return by queue for whom there is a message."""
        assert self.sqs
        queued: dict[str, list[int]] = {}
        for request in self.sqs.requests:
            queued.setdefault(request["QueueUrl"], []).extend(
                json.loads(entry["MessageBody"])["mpid"] for entry in request["Entries"]
            )
        return queued

    def asked(self) -> dict[int, Any]:
        assert self.sqs
        messages = {message["mpid"]: message for message in self.sqs.sent()}
        assert len(messages) == len(self.sqs.sent()), "one message a customer"
        return messages


def ids_of(record: Mapping[str, Any]) -> list[str]:
    data = base64.b64decode(record["kinesis"]["data"])
    decoded = decode(data, int(NOW * 1000))
    return [one.event_id for found in decoded if isinstance(found, Batch) for one in extract(found, Rules())[0]]


def test_good_records_are_delivered_and_none_is_reported() -> None:
    world = World()
    assert world.run(record(1, visit(1)), record(2, visit(2, "hat"), at=NOW - 3), record(3, batch(mpid=None))) == []
    assert world.sent_items() == ["socks", "hat"]
    assert {request["trackingId"] for request in world.events.of("put_events")} == {"tracker"}
    assert world.bucket.requests == []
    assert world.counts.outcomes == {"Records": 3, "Accepted": 2, "Skipped": 1, "RefreshesQueued": 2}
    assert world.counts.reasons == {("Skipped", "no_customer"): 1}
    assert world.counts.lags == {"ArrivalToPersonalize": [0, 3000], "EventToPersonalize": [5000, 5000]}


def test_views_that_arrived_over_an_hour_ago_ask_for_no_refresh_and_old_purchases_wait_behind_all_others() -> None:
    world = World()
    world.run(
        record(1, visit(1), at=NOW - 3601),
        record(2, bought(4), at=NOW - 3601),
        record(3, visit(3), at=NOW - 3599),
        record(4, visit(5), bought(5), at=NOW - 4000),
        record(5, visit(5, "hat")),
    )
    assert world.sqs
    delays = {
        json.loads(entry["MessageBody"])["mpid"]: entry.get("DelaySeconds")
        for entry in world.sqs.entries("send_message_batch")
    }
    assert delays == {4: 900, 3: None, 5: None}
    assert world.asked()[5]["is_purchase"]
    assert set(world.queued()) == {"https://queue"}, "they hold up no new purchase"
    assert world.counts.outcomes["Accepted"] == 6


def test_put_events_quota_is_divided_by_the_readers_of_the_stream_that_records_come_from() -> None:
    kinesis = AwsClient(describe_stream_summary=always({"StreamDescriptionSummary": {"OpenShardCount": 10}}))
    clock = FakeTime().time()
    pace = RateLimiter(1000, 8, clock)
    world = World(readers=StreamReaders(kinesis, 5, pace, clock))
    world.run(record(1, visit(1)))  # as a test in the console sends it: from no stream
    assert (pace.rate, kinesis.requests) == (125, [])
    world.run(record(1, visit(1)) | {"eventSourceARN": "arn:stream"})
    assert (pace.rate, kinesis.requests[0]["StreamARN"]) == (20, "arn:stream")


def test_calls_and_throttled_calls_are_counted_also_where_the_invocation_fails() -> None:
    time = FakeTime()
    world = World(time=time, pace=RateLimiter(1000, 1, time.time()))
    world.answer(in_turn(THROTTLED, {}, {}))
    assert world.run(record(1, visit(1)), record(2, visit(2))) == []
    assert (world.counts.outcomes["PutEventsCalls"], world.counts.outcomes["PutEventsThrottled"]) == (3, 1)
    world.answer(always(DENIED))
    with pytest.raises(Misconfigured):
        world.run(record(3, visit(3)))
    assert (world.counts.outcomes["PutEventsCalls"], world.counts.outcomes["PutEventsThrottled"]) == (1, 0)


def test_the_events_of_one_visit_travel_together_whichever_records_they_came_in() -> None:
    world = World()
    views = [visit(1, name, events=[product_event(items=[name], session_uuid="s")]) for name in "abc"]
    world.run(record(1, views[0]), record(2, visit(2)), record(3, views[1], views[2]))
    assert [len(request["eventList"]) for request in world.events.of("put_events")] == [3, 1]


def test_what_cannot_be_read_goes_to_quarantine_whole_and_the_rest_goes_on() -> None:
    world = World()
    poison = record(2, data=b'{"mpid": 5, \xff}')
    assert world.run(record(1, visit(1)), poison, record(3, visit(3))) == []
    assert len(world.sent_items()) == 2
    assert world.bucket.rows() == [
        {
            "source": SHARD,
            "sequence_number": number_of(poison),
            "index": "0",
            "reason": "not_utf8",
            "detail": "byte 12",
            "arrived_ms": int(NOW * 1000),
            "partition_key": "key-2",
            "record": poison["kinesis"]["data"],
        }
    ]
    [put] = world.bucket.of("put_object")
    assert (put["Bucket"], put["ContentType"]) == ("bucket", "application/x-ndjson")
    assert put["Key"].startswith(f"ingest/2026/09/14/{SHARD}-")
    assert world.counts.reasons == {("Quarantined", "not_utf8"): 1}


def test_good_batches_beside_a_bad_one_in_a_record_are_delivered_and_the_row_says_which_was_bad() -> None:
    world = World()
    assert world.run(record(1, visit(1), {"not": "a batch"}, visit(2, "hat"))) == []
    assert world.sent_items() == ["socks", "hat"]
    assert [(row["index"], row["reason"]) for row in world.bucket.rows()] == [("1", "not_a_batch")]


def test_a_record_of_thousands_of_bad_batches_is_kept_once_not_as_often() -> None:
    world = World()
    assert world.run(record(1, data=json.dumps([0] * 3000).encode()), record(2, visit(2))) == []
    assert [row["reason"] for row in world.bucket.rows()] == ["not_a_batch"]
    assert len(world.sent_items()) == 1


class Trap(dict[str, str]):
    """Event types, the look-up of one of which fails as only a bug of ours could."""

    def __contains__(self, action: object) -> bool:
        if action == "boom":
            raise ZeroDivisionError
        return super().__contains__(action)


def test_an_exception_over_one_record_quarantines_that_record_alone() -> None:
    world = World(rules=Rules(event_types=Trap(Rules().event_types)))
    trapped = record(2, batch(product_event("boom")))
    assert world.run(record(1, visit(1)), trapped, record(3, visit(3))) == []
    assert len(world.sent_items()) == 2
    [row] = world.bucket.rows()
    assert (row["reason"], row["record"]) == ("exception", trapped["kinesis"]["data"])
    assert re.fullmatch(r"ZeroDivisionError at broker/interactions\.py:\d+", row["detail"])


def test_one_refused_event_goes_to_quarantine_under_its_id_and_the_others_of_its_request_arrive() -> None:
    world = World(AwsClient(put_events=refuses_items("bad")))
    mixed = record(1, batch(product_event("purchase", items=["a", "bad", "b"], event_id="7")))
    assert world.run(mixed, record(2, visit(2))) == []
    [row] = world.bucket.rows()
    assert (row["reason"], row["detail"]) == ("refused", "PutEvents: InvalidInputException")
    assert (row["sequence_number"], row["index"]) == (number_of(mixed), ids_of(mixed)[1])
    assert row["record"] == mixed["kinesis"]["data"]
    assert {"a", "b", "socks"} <= set(world.sent_items())
    assert world.counts.outcomes["Accepted"] == 3
    assert world.counts.reasons == {("Quarantined", "refused"): 1}


def test_a_redelivery_overwrites_what_is_in_quarantine() -> None:
    worlds = World(AwsClient(put_events=refuses_items("bad"))), World(AwsClient(put_events=refuses_items("bad")))
    records = [record(1, visit(1, "bad")), record(2, data=b"?"), record(3, visit(3))]
    for world in worlds:
        world.time.now += 86_400 * (world is worlds[1])
        world.run(*records, deadline=world.time.now + 60)
    first, again = (world.bucket.of("put_object") for world in worlds)
    assert first == again
    assert [put["Key"] for put in first] == [first[0]["Key"]], "one object an invocation"


def test_records_in_quarantine_do_not_overwrite_one_another() -> None:
    world = World()
    for number in (1, 2):
        world.run(record(number, data=b"?"))
    assert len({put["Key"] for put in world.bucket.of("put_object")}) == 2


@pytest.mark.parametrize("error", [DENIED, BROKEN, client_error("NoSuchBucket", 404)])
def test_what_cannot_be_put_into_quarantine_is_reported_and_only_that(error: Exception) -> None:
    world = World(AwsClient(put_events=refuses_items("bad")), Bucket(error))
    records = [record(1, visit(1)), record(2, data=b"?"), record(3, visit(3, "bad")), record(4, visit(4))]
    assert world.run(*records) == [number_of(records[1]), number_of(records[2])]
    assert world.counts.outcomes["QuarantineFailed"] == 2
    assert "Quarantined" not in world.counts.outcomes


def test_what_was_accepted_a_moment_ago_is_not_sent_again() -> None:
    world = World()
    records = [record(1, visit(1)), record(2, visit(2, "hat"))]
    world.run(*records)
    assert world.run(*records, record(3, visit(3, "scarf"))) == []
    assert world.sent_items() == ["socks", "hat", "scarf"]


def test_an_event_that_arrives_twice_in_one_invocation_is_sent_once() -> None:
    world = World()
    assert world.run(record(1, visit(1)), record(2, visit(1))) == []
    assert world.sent_items() == ["socks"]


def test_once_throttled_all_that_is_not_there_is_reported_lowest_first() -> None:
    world = World(AwsClient(put_events=in_turn({}, THROTTLED)))
    records = [record(number, visit(number, f"item-{number}")) for number in (9, 10, 11, 12)]
    assert world.run(*records) == [number_of(one) for one in records[1:]]
    assert world.sent_items() == ["item-9", *["item-10"] * 4], "one request is tried again, and no other one started"
    assert world.counts.outcomes["Retryable"] == 3
    assert list(world.asked()) == [9]


def test_after_throttling_only_what_was_not_there_is_sent() -> None:
    world = World(AwsClient(put_events=in_turn({}, THROTTLED)))
    records = [record(number, visit(number, f"item-{number}")) for number in (1, 2)]
    world.run(*records)
    world.events.requests.clear()
    world.answer(always({}))
    assert world.run(*records) == []
    assert world.sent_items() == ["item-2"]


def test_reported_numbers_are_sorted_as_numbers() -> None:
    world = World(AwsClient(put_events=always(BROKEN)))
    records = [record(number, visit(number)) for number in (1, 2, 3)]
    for one, number in zip(records, ("100", "9", "20"), strict=True):
        one["kinesis"]["sequenceNumber"] = number
    assert world.run(*records) == ["9", "20", "100"]


def test_an_error_of_the_service_concerns_the_records_of_its_request_only() -> None:
    fails_for_two = lambda request: BROKEN if request["userId"] == "2" else {}  # noqa: E731
    world = World(AwsClient(put_events=fails_for_two))
    records = [record(1, visit(1)), record(2, visit(2)), record(3, visit(3)), record(4, visit(2, "hat"))]
    assert world.run(*records) == [number_of(records[1]), number_of(records[3])]
    assert list(world.asked()) == [1, 3]
    assert world.bucket.requests == []


def test_a_passing_error_is_waited_out() -> None:
    world = World(AwsClient(put_events=in_turn(THROTTLED, BROKEN, {})))
    assert world.run(record(1, visit(1))) == []
    assert world.time.slept == [0.4, 0.8]


WRONG = [
    (DENIED, "PutEvents: AccessDeniedException"),
    (client_error("ResourceNotFoundException", 404, operation="PutEvents"), "PutEvents: ResourceNotFoundException"),
    (INVALID, "PutEvents: InvalidInputException"),
]


@pytest.mark.parametrize("count", [1, 19, 20, 150])
@pytest.mark.parametrize(("error", "said"), WRONG, ids=["denied", "not found", "invalid"])
def test_a_wrong_tracker_fails_the_invocation_and_quarantines_nothing(error: Exception, said: str, count: int) -> None:
    world = World(AwsClient(put_events=always(error)))
    with pytest.raises(Misconfigured, match=said):
        world.run(record(0, data=b"?"), *(record(number, visit(number)) for number in range(1, count + 1)))
    assert world.bucket.requests == []
    assert world.sqs
    assert world.sqs.requests == []


def paid(number: int, item: str = "bad") -> dict[str, Any]:
    """Return a batch of one purchase with a value, which an earlier view without one says nothing about."""
    product = {"id": item, "price": 2.5, "quantity": 1}
    event = product_event("purchase", [product], event_id=str(2000 + number), session_uuid=f"session-{number}")
    return batch(event, mpid=number)


def test_all_events_of_a_record_may_be_bad_where_a_probe_of_their_kind_is_accepted() -> None:
    """Else a single record that is mostly bad would hold up its shard until it is given up."""
    world = World(AwsClient(put_events=refuses_items("bad")))
    assert world.run(*(record(n, paid(n)) for n in range(10, 35))) == []
    assert len(world.bucket.rows()) == 25


def test_a_tracker_that_becomes_wrong_in_the_middle_of_an_invocation_quarantines_nothing() -> None:
    world = World()
    world.answer(in_turn({}, INVALID))
    with pytest.raises(Misconfigured):
        world.run(record(1, visit(1)), record(2, visit(2)), record(3, visit(3)))
    assert world.bucket.requests == []


def test_a_tracker_that_becomes_right_in_the_middle_of_an_invocation_quarantines_nothing() -> None:
    world = World()
    world.answer(in_turn(INVALID, INVALID, {}))
    assert world.run(*(record(n, visit(n)) for n in (1, 2, 3))) == []
    assert world.bucket.requests == []
    assert len({event["eventId"] for event in world.sent_events()[2:]}) == 3


def test_what_was_refused_waits_while_it_cannot_be_told_whose_fault_it_is() -> None:
    world = World()
    world.run(record(1, visit(1)))
    world.answer(in_turn(INVALID, BROKEN))
    refused = record(2, visit(2))
    assert world.run(refused) == [number_of(refused)]
    assert world.bucket.requests == []
    assert world.counts.outcomes["Retryable"] == 1


def test_of_several_refused_events_of_one_record_only_the_first_row_holds_the_record() -> None:
    world = World()
    world.answer(lambda request: INVALID if any("bad" in e["itemId"] for e in request["eventList"]) else {})
    assert world.run(record(1, batch(product_event(items=["bad-1", "good", "bad-2"])))) == []
    assert [(row["reason"], bool(row["record"])) for row in world.bucket.rows()] == [
        ("refused", True),
        ("refused", False),
    ]


@pytest.mark.parametrize("error", [INVALID, DENIED])
def test_a_tracker_that_went_wrong_is_noticed_even_after_good_events(error: Exception) -> None:
    world = World()
    world.run(record(1, visit(1)))
    world.answer(in_turn(INVALID, error))
    with pytest.raises(Misconfigured):
        world.run(record(2, visit(2)))
    assert world.bucket.requests == []


def test_a_queue_that_hangs_is_not_asked_on_and_on_past_the_deadline() -> None:
    def hang(_: Any) -> Exception:
        time.now += 7
        return ConnectTimeoutError(endpoint_url="https://queue")

    time, sqs = FakeTime(), Sqs()
    sqs.answers["send_message_batch"] = hang
    records = [record(number, visit(number)) for number in range(1, 101)]
    world = World(sqs=sqs, time=time)
    assert world.run(*records, deadline=NOW + 20) == []
    assert world.counts.outcomes["RefreshesNotQueued"] == 100
    assert time.now < NOW + 20 + 10, "one call may be under way when the time is over"


def test_with_no_time_left_nothing_is_called_and_all_is_reported() -> None:
    world = World()
    records = [record(number, visit(number)) for number in (1, 2)]
    assert world.run(*records, deadline=NOW) == [number_of(one) for one in records]
    assert world.events.requests == []
    assert world.sqs
    assert world.sqs.requests == []


def test_when_time_runs_out_what_is_done_counts_and_the_rest_is_reported() -> None:
    world = World()

    def slow(_: Mapping[str, Any]) -> Any:
        world.time.now += 4
        return {}

    world.answer(slow)
    records = [record(number, visit(number)) for number in (1, 2, 3, 4)]
    assert world.run(*records, deadline=NOW + 8) == [number_of(one) for one in records[2:]]
    assert len(world.events.requests) == 2


def recommended(*items: str) -> dict[str, Any]:
    return {"user_attributes": {"product_recs": list(items), "name": "Ada"}}


def test_a_customer_is_refreshed_once_with_what_the_newest_record_says() -> None:
    world = World()
    last = record(5, visit(1, "scarf", **recommended("x")))
    world.run(
        record(1, visit(1, **recommended("old")), batch(product_event(items=["a"], at=NOW - 2), mpid=1)),
        record(2, visit(2)),
        record(3, batch(product_event("refund", event_id="9"), mpid=3)),
        last,
    )
    assert list(world.asked()) == [1, 2]
    assert world.asked()[1] == {
        "mpid": 1,
        "environment": "production",
        "list_digest": digest(["x"]),
        "sequence_number": number_of(last),
        "event_ms": int(NOW - 2) * 1000,
        "is_purchase": False,
        "requested_ms": None,
        "shard": SHARD,
        "arrived_ms": int(NOW * 1000),
    }
    assert world.asked()[2]["list_digest"] is None


def test_messages_go_in_tens_to_the_queue() -> None:
    world = World()
    world.run(*(record(number, visit(number)) for number in range(1, 24)))
    assert world.sqs
    assert [len(request["Entries"]) for request in world.sqs.requests] == [10, 10, 3]
    assert {request["QueueUrl"] for request in world.sqs.requests} == {"https://queue"}
    assert list(world.asked()) == list(range(1, 24))
    for request in world.sqs.requests:
        assert len({entry["Id"] for entry in request["Entries"]}) == len(request["Entries"])


def bought(number: int) -> dict[str, Any]:
    return batch(product_event("purchase", event_id=str(2000 + number)), mpid=number)


def test_a_purchase_goes_to_the_queue_of_purchases_and_all_else_to_the_other_one() -> None:
    world = World()
    cart = batch(product_event("add_to_cart", event_id="9"), mpid=3)
    world.run(record(1, visit(1)), record(2, bought(2)), record(3, cart))
    assert world.queued() == {"https://purchases": [2], "https://queue": [1, 3]}


@pytest.mark.parametrize("turn", [1, -1], ids=["the view first", "the purchase first"])
def test_a_customer_with_a_view_and_a_purchase_has_one_message_in_the_queue_of_purchases(turn: int) -> None:
    world = World()
    records = [record(number, did) for number, did in enumerate([visit(1), bought(1)][::turn])]
    world.run(*records)
    assert world.queued() == {"https://purchases": [1]}
    assert world.asked()[1]["sequence_number"] == number_of(records[1])


@pytest.mark.parametrize(("views", "purchases"), [(0, 1), (23, 0), (10, 10), (21, 11)])
def test_each_queue_takes_one_request_per_ten_messages(views: int, purchases: int) -> None:
    world = World()
    did = [*map(visit, range(1, views + 1)), *map(bought, range(100, purchases + 100))]
    world.run(*(record(number, one) for number, one in enumerate(did)))
    assert world.sqs
    assert len(world.sqs.requests) == -(-views // 10) + -(-purchases // 10)
    assert len(world.asked()) == views + purchases


def test_only_the_actions_of_the_setting_cause_a_refresh_whatever_personalize_calls_them() -> None:
    rules = Rules(event_types={"view_detail": "View", "purchase": "Purchase"})
    world = World(rules=rules, refresh_actions=frozenset({"purchase"}))
    world.run(record(1, visit(1)), record(2, bought(2)), record(3, visit(2)))
    assert {name: message["sequence_number"][-1] for name, message in world.asked().items()} == {2: "2"}


def test_a_customer_whose_only_event_was_refused_is_not_refreshed() -> None:
    world = World(AwsClient(put_events=refuses_items("bad")))
    world.run(record(1, visit(1, "bad")), record(2, visit(2)))
    assert list(world.asked()) == [2]


def test_the_environment_of_a_batch_without_one_is_the_brokers() -> None:
    world = World(rules=Rules(environment="development"))
    world.run(record(1, visit(1, environment=None)), record(2, visit(2, environment="Development")))
    assert {message["environment"] for message in world.asked().values()} == {"development"}


def test_a_customer_whom_the_queue_refuses_is_counted_and_their_records_go_on() -> None:
    world = World(sqs=Sqs(refuses=lambda entry: '"mpid":2,' in entry.get("MessageBody", "")))
    assert world.run(record(1, visit(2)), record(2, visit(1)), record(3, visit(2, "hat"))) == []
    assert (world.counts.outcomes["RefreshesQueued"], world.counts.outcomes["RefreshesNotQueued"]) == (1, 1)
    assert "ConfigurationErrors" not in world.counts.outcomes


def test_what_the_queue_does_not_say_it_took_counts_as_refused_as_of_a_reply_that_broke_off() -> None:
    world = World()
    assert world.sqs
    world.sqs.answers["send_message_batch"] = always({"Successful": [{"Id": "1"}]})
    assert world.run(*(record(number, visit(number)) for number in (1, 2, 3))) == []
    assert (world.counts.outcomes["RefreshesQueued"], world.counts.outcomes["RefreshesNotQueued"]) == (1, 2)


def test_the_next_event_of_a_customer_asks_again_after_the_queue_has_failed() -> None:
    world = World(sqs=Sqs(error=BROKEN))
    assert world.run(record(1, visit(1))) == []
    assert world.sqs
    assert len(world.sqs.requests) == 3, "it was tried within the budget"
    world.sqs.answers["send_message_batch"] = always({"Successful": [{"Id": "0"}]})
    world.sqs.requests.clear()
    assert world.run(record(2, visit(1, "hat"))) == []
    assert list(world.asked()) == [1]


def test_after_a_failed_invocation_the_customers_of_what_was_accepted_in_it_are_asked_for() -> None:
    world = World()
    world.answer(lambda request: {} if request["userId"] == "1" else INVALID)
    records = [record(1, visit(1)), record(2, visit(2))]
    with pytest.raises(Misconfigured):
        world.run(*records)
    world.answer(always(BROKEN))
    assert world.run(*records) == [number_of(records[1])]
    assert list(world.asked()) == [1]


def test_without_a_queue_events_are_collected_and_nobody_is_refreshed() -> None:
    world = World(sqs=None)
    assert world.run(record(1, visit(1))) == []
    assert world.sent_items() == ["socks"]
    assert world.counts.outcomes == {"Records": 1, "Accepted": 1}


def test_an_own_write_back_that_comes_back_is_neither_sent_nor_refreshed() -> None:
    world = World()
    back = {"event_type": "custom_event", "data": {"event_name": "Recommendations Updated"}}
    assert world.run(record(1, batch(back, **recommended("a"))), record(2, batch(events=[], **recommended("a")))) == []
    assert world.events.requests == []
    assert world.sqs
    assert world.sqs.requests == []
    assert world.counts.reasons == {("Skipped", "own_write_back"): 1, ("Skipped", "no_events"): 1}


def test_a_batch_with_an_opt_out_neither_trains_nor_refreshes_and_other_batches_do() -> None:
    world = World()
    opt_out = {"event_type": "opt_out", "data": {"is_opted_out": "true"}}
    leaving = batch(product_event("purchase"), opt_out, mpid=1)
    assert world.run(record(1, leaving), record(2, visit(2))) == []
    assert set(world.asked()) == {2}
    assert world.counts.outcomes == {"Records": 2, "Accepted": 1, "Skipped": 1, "RefreshesQueued": 1}
    assert world.counts.reasons == {("Skipped", "no_consent"): 1}


def test_an_unknown_consent_is_counted_by_a_reason_of_its_own_and_asks_for_no_refresh() -> None:
    world = World(rules=Rules(consent_purpose="personalisation"))
    agreed = {"gdpr": {"personalisation": {"consented": "true"}}}
    assert world.run(record(1, visit(1)), record(2, visit(2, consent_state=agreed))) == []
    assert set(world.asked()) == {2}
    assert world.counts.reasons == {("Skipped", "consent_unknown"): 1}


def test_no_records_are_no_failure() -> None:
    assert World().run() == []


def test_sixteen_threads_lose_nothing_and_send_nothing_twice() -> None:
    records = [record(n, visit(n % 40 + 1, "bad" if n % 23 == 0 else f"item-{n}")) for n in range(300)]
    for n, one in enumerate(records):
        if n % 50 == 7:
            one["kinesis"]["data"] = "x"
    with ThreadPoolExecutor(16) as pool:
        world = World(AwsClient(put_events=refuses_items("bad")), pool=pool)
        assert world.run(*records) == []
    good = [one for one in records if one["kinesis"]["data"] != "x"]
    refused = {row["index"] for row in world.bucket.rows() if row["reason"] == "refused"}
    accepted = {
        event["eventId"]
        for request in world.events.of("put_events")
        if request["userId"] != "broker-probe" and all(event["itemId"] != "bad" for event in request["eventList"])
        for event in request["eventList"]
    }
    assert accepted & refused == set()
    assert accepted | refused == {event_id for one in good for event_id in ids_of(one)}
    assert world.counts.outcomes["Accepted"] == len(accepted)
    assert sum(row["reason"] == "malformed_record" for row in world.bucket.rows()) == len(records) - len(good)
    assert set(world.asked()) == set(range(1, 41))
    assert MPID not in world.asked()
