"""Users and items beside the interactions of whole invocations: whose they are, and that they hold nothing up."""

import json
from typing import Any

import pytest
from broker.interactions import Rules
from broker.metric_names import Metric
from broker.suppression import SuppressionList

from tests.broker import test_ingest
from tests.broker.lambda_events import batch, product_event, record
from tests.broker.metadata.world import World
from tests.broker.stubs import BROKEN, DENIED, NOW, always

MUG = {"id": "mug", "name": "Mug", "price": 12.5}


def view(mpid: int = 7, number: int = 1, at: float = NOW, **product: Any) -> Any:
    event = product_event(items=[MUG | product], at=at - 5, event_id=str(number))
    return record(number, batch(event, mpid=mpid, user_attributes={"tier": f"tier {mpid}"}), at=at)


def ingest(world: World, **parts: Any) -> test_ingest.World:
    return test_ingest.World(time=world.time, metadata=world.collector(), **parts)


def test_user_and_item_reach_their_datasets_with_the_interaction() -> None:
    world = World()
    process = ingest(world)
    assert process.run(view()) == []
    world.drain()
    assert process.sent_items() == ["mug"]
    assert world.datasets.records == {"mug": {"name": "Mug", "price": 12.5}, "7": {"tier": "tier 7"}}
    assert process.counts.outcomes[Metric.METADATA_QUEUED] == 2
    assert "metadata" in process.counts.stages


def test_a_user_without_events_reaches_the_dataset_too() -> None:
    world = World()
    ingest(world).run(record(1, {"events": [], "mpid": 7, "user_attributes": {"tier": "gold"}}))
    world.drain()
    assert world.datasets.records == {"7": {"tier": "gold"}}


def test_a_part_of_a_product_and_an_older_one_wipe_and_replace_nothing() -> None:
    world = World()
    for records in ([view()], [view(number=2, at=NOW + 60, name=None, price=11.0)], [view(number=3, price=9.0)]):
        ingest(world).run(*records)
        world.drain()
    assert world.datasets.records["mug"] == {"name": "Mug", "price": 11.0}


def test_a_forged_price_changes_nothing_by_default_even_with_a_time_of_the_future() -> None:
    world = World(merges_items=False)
    ingest(world).run(view())
    world.drain()
    ingest(world).run(view(number=2, at=NOW + 60, price=0.01, name="Free"))
    world.drain()
    assert world.datasets.records["mug"] == {"name": "Mug", "price": 12.5}


def test_a_clock_of_the_future_does_not_keep_newer_prices_out() -> None:
    world = World()
    ahead = product_event(items=[MUG | {"price": 99.0}], at=NOW + 20_000, event_id="1")
    ingest(world).run(record(1, batch(ahead, mpid=7)))
    world.drain()
    world.time.now += 60
    ingest(world).run(view(number=2, at=NOW + 60, price=11.0))
    world.drain()
    assert world.datasets.records["mug"]["price"] == 11.0


@pytest.mark.parametrize("end", ["table_end", "fifo"])
@pytest.mark.parametrize("error", [BROKEN, DENIED])
def test_a_table_or_queue_that_fails_holds_up_no_interaction(end: str, error: Exception) -> None:
    world = World()
    getattr(world, end).error = error
    process = ingest(world)
    assert process.run(view()) == []
    assert process.sent_items() == ["mug"]
    assert process.counts.outcomes[Metric.METADATA_FAILED] == 2
    assert Metric.CONFIGURATION_ERRORS not in process.counts.outcomes


def test_records_that_come_again_are_put_once() -> None:
    world = World()
    process = ingest(world)
    process.answer(always(BROKEN))
    assert len(process.run(view())) == 1
    process.answer(always({}))
    process.run(view())
    world.drain()
    assert len(world.datasets.history) == 2


def test_without_consent_nothing_is_sent() -> None:
    world = World()
    ingest(world, rules=Rules(consent_purpose="ads")).run(view())
    assert world.table_end.items == {}


class Suppressed:
    """A suppression list of user 7."""

    def current(self, deadline: float) -> SuppressionList:
        return SuppressionList(b"key").with_users([7])


def test_nothing_of_a_suppressed_users_batch_is_used() -> None:
    world = World()
    ingest(world, suppressed=Suppressed()).run(view(), view(8, number=2, id="cup"))
    assert sorted(world.table_end.items) == ["items:cup", "users:8"]


def test_without_columns_nothing_is_asked() -> None:
    process = test_ingest.World()
    process.run(view())
    assert "metadata" not in process.counts.stages


def test_messages_name_records_and_hold_nothing_of_them() -> None:
    world = World()
    ingest(world).run(view())
    assert [json.loads(message["body"]) for message in world.fifo.messages] == [
        {"key": "users:7"},
        {"key": "items:mug"},
    ]
