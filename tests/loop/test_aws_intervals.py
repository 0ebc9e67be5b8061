"""The loop with AWS's own delay and windows, which the local stack shortens: a list still follows each visit's clicks.

What is waited for comes by itself; lists are counted, and the delays are those that the services' clocks show.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from broker.refresh_budget import INTERVALS, PERSONALIZE_LAG

from blueprint import sizing
from local_stack import loopback
from local_stack.audit.services import deliveries
from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Post
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.loop.clone import eventually
from tests.loop.trained import ITEMS, trained_stack

VISITOR = -6_917_529_027_641_081_843
FIRST, OTHERS = ITEMS[5], ITEMS[50:53]
ON_AWS = LocalStackSettings(
    shards=1, stream=sizing.STREAM, queue=sizing.QUEUE, queue_delay=sizing.QUEUE_DELAY, shard_poll=1.0
)
ALLOWED = (
    INTERVALS[1] + sizing.QUEUE_DELAY + sizing.QUEUE.maximum_batching_window + sizing.STREAM.maximum_batching_window
)
"""Seconds from a click to its list within a visit, beside what the machine itself needs."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with trained_stack(ON_AWS) as running:
        yield running


def view(stack: Stack, *items: str) -> None:
    now = int(time.time() * 1000)
    products = [{"id": item} for item in items]
    data = {"product_action": {"action": "view_detail", "products": products}, "timestamp_unixtime_ms": now}
    event = {"event_type": "commerce_event", "data": data}
    Client(stack.mparticle.url).post(Post("web", {"environment": "production", "mpid": VISITOR, "events": [event]}, ()))


def attributes(stack: Stack) -> dict[str, Any]:
    path = f"{stack.mparticle.url}/userprofile/v1/org/account/workspace/{VISITOR}"
    found: dict[str, Any] = loopback.get(path, params={"fields": "user_attributes"}).json().get("user_attributes", {})
    return found


def lists(stack: Stack) -> list[dict[str, Any]]:
    answer = loopback.get(f"{stack.personalize.url}/_local/lists", params={"after": 0, "limit": 1000}).json()
    return [one for one in answer["lists"] if one["userId"] == str(VISITOR)]


def near(items: list[str], place: int) -> int:
    """Return how many items are of those that people like who like the one at a place."""
    return sum(abs(int(item.partition("-")[2]) - place) < 20 for item in items)


def test_each_list_knows_the_clicks_before_it_and_comes_after_the_delay_and_the_interval(
    stack: Stack, record_property: Any
) -> None:
    view(stack, FIRST)
    assert eventually(lambda: "product_recs" in attributes(stack))
    first = attributes(stack)
    clicked = time.time()
    view(stack, *OTHERS)
    assert eventually(lambda: attributes(stack)["product_recs_id"] != first["product_recs_id"])
    record_property("seconds from the clicks to their list", round(time.time() - clicked, 1))
    record_property("allowed, beside the machine", ALLOWED + PERSONALIZE_LAG)
    second = attributes(stack)
    assert near(first["product_recs"], 5) > near(first["product_recs"], 51)
    assert near(second["product_recs"], 51) > near(second["product_recs"], 5), "it has turned to the newest clicks"

    given = lists(stack)
    assert [one["recommendationId"] for one in given] == [first["product_recs_id"], second["product_recs_id"]]
    accepted = {
        one["itemId"]: one["received_at"] for one in deliveries(stack.personalize.url) if one["userId"] == str(VISITOR)
    }
    began, then = (one["given_at"] for one in given)
    assert began - accepted[FIRST] >= sizing.QUEUE_DELAY - 1  # SQS and the records' times have whole seconds
    assert then - max(accepted[item] for item in OTHERS) >= sizing.QUEUE_DELAY - 1
    assert then - began >= INTERVALS[1]
