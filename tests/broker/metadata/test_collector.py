"""What invocations of ``ingest`` write and ask for, and what they leave alone."""

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from broker.metadata.collector import MOST_KEPT, PAUSE
from broker.metadata.table import KEPT
from broker.metric_names import Metric

from tests.broker.metadata.world import World, saw, saw_user
from tests.broker.stubs import BROKEN, DENIED, NOW, client_error

HUNG = ConnectTimeoutError(endpoint_url="https://dynamodb")


def outcomes(world: World) -> dict[str, int]:
    return {name.value: number for name, number in world.counts.outcomes.items()}


def test_each_record_has_one_message_however_often_it_changes() -> None:
    world = World()
    for price in range(20):
        world.collect(saw(at=price, NAME="Mug", PRICE=float(price)), saw_user(at=price, TIER=f"tier {price}"))
        world.time.now += 20
    assert world.fifo.waiting() == {"items:mug": 1, "users:7": 1}
    world.drain()
    assert world.datasets.records == {"mug": {"name": "Mug", "price": 19.0}, "7": {"tier": "tier 19"}}
    assert len(world.datasets.history) == 2


def test_an_invocation_makes_two_calls_of_the_table_and_one_of_the_queue_for_ten_records() -> None:
    world = World()
    world.collect(*(saw(f"item {number}", NAME="x") for number in range(10)), *(saw("item 3", NAME="x"),) * 50)
    calls = [request["operation"] for request in world.table_end.requests + world.fifo.requests]
    assert calls == ["batch_get_item", "transact_write_items", "send_message_batch"]
    assert outcomes(world) == {"MetadataChanged": 10, "MetadataQueued": 10}
    assert world.table_end.requests[0]["RequestItems"]["metadata"]["ConsistentRead"]


def test_what_has_not_changed_costs_one_read_and_nothing_else() -> None:
    world = World()
    world.collect(saw(NAME="Mug"))
    world.drain()
    world.table_end.requests.clear()
    world.fifo.requests.clear()
    assert world.collect(saw(at=60, NAME="Mug")).outcomes == {}
    assert [request["operation"] for request in world.table_end.requests + world.fifo.requests] == ["batch_get_item"]


def test_an_item_that_the_dataset_has_costs_nothing_at_all_where_the_stream_only_adds() -> None:
    world = World(merges_items=False)
    process = world.collector()
    world.collect(saw(NAME="Mug", PRICE=12.5), process=process)
    world.drain()
    world.collect(saw(at=60, NAME="Mug", PRICE=0.01), process=process)
    world.table_end.requests.clear()
    world.collect(saw(at=61, NAME="Mug", PRICE=0.01), process=process)
    assert world.table_end.requests == []
    assert world.datasets.records == {"mug": {"name": "Mug", "price": 12.5}}


def test_a_price_from_a_made_up_event_changes_nothing_by_default() -> None:
    world = World(merges_items=False)
    for price in (12.5, 0.01):
        world.collect(saw(at=price, NAME="Mug", PRICE=price))
        world.collect(saw(at=price, NAME="Free!", PRICE=price))
        world.drain()
    assert world.datasets.history == [("mug", {"name": "Mug", "price": 12.5})]


def test_two_processes_at_once_lose_neither_of_two_values() -> None:
    world = World()
    meanwhile = [lambda: world.collect(saw(at=1, PRICE=9.0), process=world.collector())]
    write = world.table_end.answers["transact_write_items"]

    def after_the_other(request: Any) -> Any:
        if meanwhile:
            meanwhile.pop()()
        return write(request)

    world.table_end.answers["transact_write_items"] = after_the_other
    world.collect(saw(NAME="Mug", PRICE=12.5))
    world.drain()
    assert world.datasets.records["mug"] == {"name": "Mug", "price": 9.0}
    assert world.fifo.waiting() == {}


@pytest.mark.parametrize("error", [BROKEN, DENIED, HUNG, client_error("ResourceNotFoundException")])
def test_a_table_that_fails_is_left_alone_for_a_while_and_gets_what_was_kept(error: Exception) -> None:
    world = World()
    process = world.collector()
    world.table_end.error = error
    assert world.collect(saw(NAME="Mug"), process=process).outcomes == {Metric.METADATA_FAILED: 1}
    world.table_end.error = None
    world.table_end.requests.clear()
    world.collect(saw(at=1, NAME="Cup"), saw("plate", NAME="Plate"), process=process)
    assert (world.table_end.requests, outcomes(world)) == ([], {"MetadataFailed": 1}), "the cup was counted before"
    world.time.now += PAUSE
    world.collect(process=process)
    assert outcomes(world) == {"MetadataChanged": 2, "MetadataQueued": 2}
    world.drain()
    assert world.datasets.records == {"mug": {"name": "Cup"}, "plate": {"name": "Plate"}}


def test_a_slow_table_takes_a_tenth_of_a_process_time_and_then_gets_what_was_kept() -> None:
    world = World()
    process = world.collector()
    read = world.table_end.answers["batch_get_item"]

    def slowly(request: Any) -> Any:
        world.time.now += 0.8
        return read(request)

    world.table_end.answers["batch_get_item"] = slowly
    world.collect(saw(NAME="Mug"), process=process)
    assert outcomes(world) == {"MetadataChanged": 1, "MetadataQueued": 1}
    for seconds, is_asked in ((7.0, False), (0.3, True)):
        world.time.now += seconds
        world.table_end.requests.clear()
        world.collect(saw(at=seconds, NAME=f"Mug {seconds}"), process=process)
        assert bool(world.table_end.requests) == is_asked
    world.drain()
    assert world.datasets.records == {"mug": {"name": "Mug 7.0"}}


def test_no_more_is_kept_than_fits() -> None:
    world = World()
    process = world.collector()
    world.table_end.error = BROKEN
    world.collect(*(saw(f"item {number}", NAME="x") for number in range(MOST_KEPT + 10)), process=process)
    assert outcomes(world) == {"MetadataFailed": MOST_KEPT + 10}
    world.table_end.error = None
    world.time.now += PAUSE
    world.collect(process=process)
    assert outcomes(world)["MetadataChanged"] == MOST_KEPT


@pytest.mark.parametrize("ends", [False, True])
def test_what_the_queue_does_not_take_is_sent_with_the_next_invocation_or_event(ends: bool) -> None:
    world = World()
    process = world.collector()
    world.fifo.error = DENIED
    world.collect(saw(NAME="Mug"), process=process)
    assert outcomes(world) == {"MetadataChanged": 1, "MetadataFailed": 1}
    world.fifo.error = None
    world.time.now += 3_600
    if ends:
        world.collect(saw(at=3_600, NAME="Mug"))
    else:
        world.collect(process=process)
    world.drain()
    assert world.datasets.records == {"mug": {"name": "Mug"}}


def test_a_users_item_expires_and_an_items_stays() -> None:
    world = World()
    world.collect(saw(NAME="Mug"), saw_user(TIER="gold"))
    items = world.table_end.items
    assert items["users:7"]["expires"] == {"N": str(int(NOW) + KEPT)}
    assert "expires" not in items["items:mug"]


def test_nothing_seen_is_nothing_asked() -> None:
    world = World()
    assert world.collect().outcomes == {}
    assert world.table_end.requests == world.fifo.requests == []
