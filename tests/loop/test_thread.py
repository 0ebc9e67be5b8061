"""The thread of a recommendation: what is bought after it was shown is credited to its list, through the whole loop."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local_stack import loopback
from local_stack.audit.services import deliveries
from local_stack.aws.session import local_client
from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Post
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.json_numbers import rounded
from tests.loop.clone import eventually
from tests.loop.stack_commands import commands
from tests.loop.trained import ITEMS, trained_stack

CUSTOMER = -6_917_529_027_641_081_850
SESSION = "6D1F0C52-9E0B-4B7A-8E5E-2F5C3C1E7A10"
SLOT, SHOWN, PRICE = "recommendations", 4, 39.5
LATER_PRICE, EXPERIMENT = 12.5, {"name": "autumn", "variants": {"control": {"weight": 1}}}


@dataclass(frozen=True)
class Thread:
    """What came of one customer's visit: their profile, what Personalize got of them, and the report."""

    profile: dict[str, Any]
    events: list[dict[str, Any]]
    report: dict[str, Any]
    campaign: str
    kept: list[str]
    said: dict[str, Any]
    text: str

    @property
    def list_id(self) -> str:
        return str(self.profile["product_recs_id"])

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        """Return the events before there was an experiment."""
        return [event for event in self.events[:-1] if event["eventType"] == event_type]


@pytest.fixture(scope="module")
def thread() -> Iterator[Thread]:
    settings = LocalStackSettings(
        queue_delay=1, impression_list=SLOT, metric_attribution=True, profile_columns=("NAME", "PRICE")
    )
    with trained_stack(settings) as stack:
        put_items(stack)
        yield visit(stack)


def put_items(stack: Stack) -> None:
    """Put the items that these customers take beside those of the shop's catalogue, each with a name of its own."""
    control, events = (local_client(name, stack.personalize.url) for name in ("personalize", "personalize-events"))
    datasets = control.list_datasets(datasetGroupArn=stack.tracker.dataset_group_arn)["datasets"]
    (arn,) = (one["datasetArn"] for one in datasets if one["datasetType"] == "ITEMS")
    same = {"category": "any", "style": "any", "brand": "any"}
    for first in range(0, len(ITEMS), 10):
        records = [
            {"itemId": item, "properties": json.dumps(same | {"name": f"the {item}", "price": float(number)})}
            for number, item in enumerate(ITEMS[first : first + 10], first)
        ]
        events.put_items(datasetArn=arn, items=records)


def visit(stack: Stack) -> Thread:
    """Let a customer look, see the slot, and buy something of it; restart ``ingest`` in between, and repeat all."""
    shop = Shop(stack)
    shop.post({"product_action": {"action": "view_detail", "products": [{"id": ITEMS[0]}]}})
    assert eventually(lambda: "product_recs_id" in shop.profile())
    profile = shop.profile()
    brought_back = {"product_recs_id": profile["product_recs_id"]}
    shown = [{"id": item} for item in profile["product_recs"][:SHOWN]]
    shop.post(
        {
            "product_impressions": [{"product_impression_list": SLOT, "products": shown}],
            "custom_attributes": brought_back,
        }
    )
    assert eventually(lambda: stack.metrics.sum("Impressions") == 1)
    stack.ingest.update_environment(stack.ingest.environment)  # another process
    seen = {"id": shown[1]["id"], "price": PRICE, "quantity": 1, "custom_attributes": brought_back}
    other = {"id": ITEMS[1], "price": 10, "quantity": 1}
    shop.post({"product_action": {"action": "purchase", "products": [seen, other]}})
    assert eventually(lambda: stack.metrics.sum("ImpressionsMatched") >= 1)
    stack.ingest.update_environment(stack.ingest.environment)  # which has forgotten what was accepted
    before = len(deliveries(stack.personalize.url))
    shop.repeat_the_last()
    assert eventually(lambda: len(deliveries(stack.personalize.url)) == before + 2)
    stack.ingest.update_environment({**stack.ingest.environment, "EXPERIMENT": json.dumps(EXPERIMENT)})
    later = {"id": shown[2]["id"], "price": LATER_PRICE, "quantity": 1, "custom_attributes": brought_back}
    shop.post({"product_action": {"action": "purchase", "products": [later]}})
    assert eventually(lambda: len(deliveries(stack.personalize.url)) == before + 3)
    return found(stack, profile)


def found(stack: Stack, profile: dict[str, Any]) -> Thread:
    [report] = loopback.get(f"{stack.personalize.url}/_local/attribution").json()["reports"]
    items = stack.client("dynamodb").scan(TableName=stack.resources.impressions_table)["Items"]
    with commands(stack, lambda *_: pytest.fail("mapped")) as broker:
        said, text = broker("attribution", "--json"), broker("attribution")
    assert said.exit_code == text.exit_code == 0, said.output
    assert stack.campaign_arn
    return Thread(
        profile=profile,
        events=[event for event in deliveries(stack.personalize.url) if event["userId"] == str(CUSTOMER)],
        report=report,
        campaign=stack.campaign_arn,
        kept=[item["mpid"]["N"] for item in items],
        said=json.loads(said.stdout),
        text=text.stdout,
    )


class Shop:
    """One customer on the web site, in one session."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client = Client(stack.mparticle.url)
        self._numbers = itertools.count()

    def profile(self) -> dict[str, Any]:
        attributes: dict[str, Any] = self._client.profile(CUSTOMER)["user_attributes"]
        return attributes

    def post(self, data: dict[str, Any]) -> None:
        now = {"timestamp_unixtime_ms": int(time.time() * 1000), "session_uuid": SESSION}
        event = {"event_type": "commerce_event", "data": now | data}
        own = {"environment": "production", "mpid": CUSTOMER, "events": [event]}
        self._client.post(Post("web", own | {"source_request_id": f"thread-{next(self._numbers)}"}, ()))

    def repeat_the_last(self) -> None:
        """Put the customer's newest record on the stream once more, as mParticle does when it is not answered."""
        kinesis, resources = self._stack.client("kinesis"), self._stack.resources
        records = [
            record
            for shard in resources.shard_ids
            for record in kinesis.get_records(
                ShardIterator=kinesis.get_shard_iterator(
                    StreamName=resources.stream_name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
            )["Records"]
            if b'"purchase"' in record["Data"]
        ]
        [purchase] = records
        kinesis.put_record(
            StreamName=resources.stream_name, PartitionKey=purchase["PartitionKey"], Data=purchase["Data"]
        )


def test_put_events_holds_the_id_that_the_profile_had_where_it_was_brought_back(thread: Thread) -> None:
    assert thread.list_id.startswith("RID-")
    assert [event["recommendationId"] for event in thread.of_type("view_detail")] == [None]
    for first, second in (thread.of_type("purchase")[:2], thread.of_type("purchase")[2:]):
        assert first["recommendationId"] == thread.list_id
        assert (first["itemId"], first["eventValue"]) == (thread.profile["product_recs"][1], PRICE)
        assert second["recommendationId"] is None, "an id is never added"


def test_columns_of_the_items_dataset_are_beside_the_list_on_the_profile(thread: Thread) -> None:
    listed = thread.profile["product_recs"]
    assert thread.profile["product_recs_name"] == [f"the {item}" for item in listed]
    assert thread.profile["product_recs_price"] == [str(float(ITEMS.index(item))) for item in listed]


def test_what_was_shown_comes_with_the_purchase_from_another_process(thread: Thread) -> None:
    shown = thread.profile["product_recs"][:SHOWN]
    assert [event["impression"] for event in thread.of_type("purchase")] == [shown, [], shown, []]
    assert thread.kept == [str(CUSTOMER)]


def test_the_purchase_is_credited_to_its_list_and_to_the_campaign_that_gave_it_once(thread: Thread) -> None:
    assert thread.report["lists"] == [
        credit(thread.list_id, thread.campaign, PRICE),
        credit(thread.list_id, "autumn/control", LATER_PRICE),
    ]
    of_list = [row for row in thread.report["rows"] if row["EVENT_ATTRIBUTION_SOURCE"] == thread.campaign]
    assert {row["METRIC_NAME"]: row["VALUE"] for row in of_list} == {
        "items4u-revenue": PRICE,
        "items4u-purchase-count": 1,
    }
    others = [row for row in thread.report["rows"] if row["EVENT_ATTRIBUTION_SOURCE"] == "SOURCE_NAME_UNDEFINED"]
    assert {row["METRIC_NAME"]: row["VALUE"] for row in others}["items4u-revenue"] == 10


def test_in_an_experiment_it_is_credited_to_the_list_and_the_users_variant(thread: Thread) -> None:
    bought = thread.events[-1]
    assert bought["recommendationId"] == thread.list_id
    assert bought["impression"] == thread.profile["product_recs"][:SHOWN]
    of_variant = [row for row in thread.report["rows"] if row["EVENT_ATTRIBUTION_SOURCE"] == "autumn/control"]
    assert {row["METRIC_NAME"]: row["VALUE"] for row in of_variant} == {
        "items4u-revenue": LATER_PRICE,
        "items4u-purchase-count": 1,
    }


def credit(list_id: str, source: str, value: float) -> dict[str, Any]:
    """Return what the report says of one purchase."""
    of_list = {"recommendationId": list_id, "eventType": "purchase", "eventAttributionSource": source}
    return {**of_list, "events": 1, "value": value}


def test_every_repeat_is_a_delivery_with_the_same_body(thread: Thread) -> None:
    varying = {"number", "received_at"}
    bodies = [
        {key: value for key, value in event.items() if key not in varying} for event in thread.of_type("purchase")
    ]
    assert len(bodies) == 4
    assert bodies[:2] == bodies[2:]


def test_the_command_says_the_same(thread: Thread) -> None:
    earned = {(one["source"], one["metric"]): one["value"] for one in thread.said["attributed"]}
    assert earned[thread.campaign, "items4u-revenue"] == PRICE
    assert thread.said["lists"] == thread.report["lists"]
    assert rounded(thread.said) == []
    assert "campaign/items4u  " in thread.text
    assert thread.list_id in thread.text
