"""Messages → records in their dataset: at what rate, what is put aside, and what comes back."""

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from broker.failures import Misconfigured
from broker.metric_names import Metric
from broker.suppression import SuppressionList

from tests.broker.metadata.world import World, saw, saw_user
from tests.broker.stubs import BROKEN, DENIED, NOW, THROTTLED, always, in_turn

HUNG = ReadTimeoutError(endpoint_url="https://personalize-events")


class Suppressed:
    """A suppression list of some users."""

    def __init__(self, *users: int) -> None:
        self._list = SuppressionList(b"key").with_users(users)

    def current(self, deadline: float) -> SuppressionList:
        return self._list


def test_ten_messages_are_one_call_and_a_call_takes_a_tenth_of_a_second() -> None:
    world = World()
    world.collect(*(saw(f"item {number}", NAME="x") for number in range(35)))
    for _ in range(4):
        world.invoke()
    times = world.datasets.called["items"]
    assert [len(request["items"]) for request in world.datasets.of("put_items")] == [10, 10, 10, 5]
    assert all(later - earlier >= 0.1 - 1e-6 for earlier, later in itertools.pairwise(times))
    assert world.time.now == pytest.approx(NOW + 0.4)


def test_a_batch_of_both_datasets_is_a_call_of_each() -> None:
    world = World()
    world.collect(saw(NAME="Mug"), saw_user(TIER="gold"))
    assert world.invoke() == []
    assert world.datasets.records == {"mug": {"name": "Mug"}, "7": {"tier": "gold"}}
    assert world.counts.outcomes[Metric.METADATA_SENT] == 2
    assert world.counts.outcomes[Metric.PUT_METADATA_CALLS] == 2


def test_a_refused_record_is_put_aside_and_the_others_arrive() -> None:
    world = World()
    world.collect(*(saw(f"item {number}", NAME="x") for number in range(10)))
    world.datasets.refuses = {"item 3", "item 7"}
    assert world.invoke() == []
    assert sorted(world.datasets.records) == [f"item {number}" for number in (0, 1, 2, 4, 5, 6, 8, 9)]
    assert world.counts.outcomes[Metric.METADATA_REFUSED] == 2
    assert world.fifo.messages == []
    assert world.table.read(["items:item 3"], NOW + 60)["items:item 3"].refused_at
    [((_, detail), number)] = world.counts.refusals.items()
    assert (detail, number) == ("PutItems: InvalidInputException", 2)
    world.datasets.refuses = set()
    world.collect(saw("item 3", at=60, NAME="y"))
    world.drain()
    assert world.datasets.records["item 3"] == {"name": "y"}


@pytest.mark.parametrize("error", [BROKEN, THROTTLED, HUNG])
def test_what_fails_for_now_comes_back_and_soon(error: Exception) -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    world.datasets.error = lambda: error
    [failed] = world.invoke()
    assert world.counts.outcomes[Metric.METADATA_FAILED] == 1
    [message] = world.fifo.messages
    assert failed == message["handle"]
    assert message["visible"] - world.time.now <= 5
    world.datasets.error = lambda: None
    world.drain()
    assert world.datasets.records == {"mug": {"name": "Mug"}}


def test_a_refused_call_rings_and_its_messages_stay() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    world.datasets.error = lambda: DENIED
    with pytest.raises(Misconfigured):
        world.invoke()
    assert len(world.fifo.messages) == 1


def test_where_one_dataset_fails_the_other_is_done() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    world.collect(saw_user(TIER="gold"))
    world.datasets.answers["put_users"] = always(BROKEN)
    assert len(world.invoke()) == 1
    assert world.datasets.records == {"mug": {"name": "Mug"}}
    assert world.fifo.waiting() == {"users:7": 1}


def test_what_changes_while_it_is_put_is_put_once_more() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    put = world.datasets.answers["put_items"]
    changes = [lambda: world.collect(saw(at=1, NAME="Cup"))]

    def put_and_change(request: Any) -> Any:
        if changes:
            changes.pop()()
        return put(request)

    world.datasets.answers["put_items"] = put_and_change
    world.invoke()
    assert world.datasets.records == {"mug": {"name": "Mug"}}
    assert world.fifo.waiting() == {"items:mug": 1}
    world.drain()
    assert world.datasets.history == [("mug", {"name": "Mug"}), ("mug", {"name": "Cup"})]


def test_a_call_without_an_answer_may_come_late_so_the_record_is_put_once_more() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    answers = in_turn(HUNG, None)
    world.datasets.error = lambda: answers(None)
    assert world.invoke() == []
    assert world.fifo.waiting() == {"items:mug": 1}
    world.drain()
    assert world.datasets.history == [("mug", {"name": "Mug"})] * 2


def test_a_forgotten_user_is_not_sent() -> None:
    world = World()
    world.collect(saw_user(TIER="gold"), saw_user(8, TIER="gold"))
    del world.table_end.items["users:7"]
    world.drain()
    assert world.datasets.records == {"8": {"tier": "gold"}}


def test_a_suppressed_user_is_not_sent_and_an_item_of_the_same_name_is() -> None:
    world = World(suppressed=Suppressed(7))  # type: ignore[arg-type]
    world.collect(saw_user(TIER="gold"), saw("7", NAME="Mug"), saw_user(8, TIER="gold"))
    world.drain()
    assert world.datasets.records == {"8": {"tier": "gold"}, "7": {"name": "Mug"}}
    assert [request["users"] for request in world.datasets.of("put_users")] == [
        [{"userId": "8", "properties": '{"tier":"gold"}'}]
    ]


def test_a_message_that_comes_twice_is_done_once() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    [message] = world.fifo.messages
    world.invoke()
    world.fifo.messages = [message | {"visible": 0.0}]
    assert world.invoke() == []
    assert len(world.datasets.history) == 1


@pytest.mark.parametrize("body", ["", "7", "{}", json.dumps({"key": "actions:7"}), json.dumps({"key": "items:"})])
def test_a_message_that_is_not_the_brokers_is_counted_and_stops_nothing(body: str) -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    world.fifo.messages.append(world.fifo.messages[0] | {"body": body, "handle": "strange"})
    assert world.invoke() == []
    assert world.counts.outcomes[Metric.METADATA_REFUSED] == 1
    assert world.datasets.records == {"mug": {"name": "Mug"}}


def test_a_record_that_lost_what_may_not_be_empty_is_not_sent() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    world.collect(saw(at=1, NAME=None, PRICE=3.0))
    world.drain()
    assert world.datasets.history == []
    world.collect(saw(at=2, NAME="Cup"))
    world.drain()
    assert world.datasets.records == {"mug": {"name": "Cup", "price": 3.0}}
