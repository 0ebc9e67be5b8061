"""Impressions through whole invocations: a minute and another process between, and a table that fails."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from broker.impression_matching import PAUSE, ImpressionMatching
from broker.impression_store import ImpressionStore
from broker.impressions import KEPT
from broker.interactions import Rules
from broker.suppression import SuppressionList

from tests.broker.lambda_events import batch, product_event, record
from tests.broker.stubs import BROKEN, DENIED, NOW, AwsClient, FakeTime, Inline, Table, always, client_error
from tests.broker.test_impressions import RULES, shown
from tests.broker.test_ingest import World

HUNG = ConnectTimeoutError(endpoint_url="https://dynamodb")


@dataclass
class Shop:
    """A table, and processes of ``ingest`` that share it: ``process()`` starts one."""

    table: Any = field(default_factory=Table)
    time: FakeTime = field(default_factory=FakeTime)
    rules: Rules = RULES

    def process(self, **parts: Any) -> World:
        store = ImpressionStore(self.table, "impressions", Inline(), self.time.time())
        matching = ImpressionMatching(store, self.time.time())
        return World(time=self.time, rules=self.rules, impressions=matching, **parts)


def saw(*items: str, mpid: int = 7, recs: str | None = "RID-1", number: int = 1, at: float = NOW) -> Any:
    return record(number, batch(shown(*items, recs=recs), mpid=mpid), at=at)


def does(
    item: str, mpid: int = 7, recs: str | None = "RID-1", number: int = 2, at: float = NOW, action: str = "view_detail"
) -> Any:
    attributes = {"product_recs_id": recs} if recs else None
    event = product_event(action, [item], at - 1, custom_attributes=attributes, session_uuid="s", event_id=str(number))
    return record(number, batch(event, mpid=mpid), at=at)


def impressions_sent(world: World) -> list[Any]:
    return [event.get("impression") for event in world.sent_events()]


def counted(world: World) -> dict[str, int]:
    return {name: number for name, number in world.counts.outcomes.items() if name.startswith("Impressions")}


def test_what_was_shown_comes_with_the_click_a_minute_and_another_process_later() -> None:
    shop = Shop()
    first = shop.process()
    assert first.run(saw("a", "b")) == []
    assert first.sent_events() == []
    assert counted(first) == {"Impressions": 1}
    shop.time.now += 60
    second = shop.process()
    assert second.run(does("b", at=shop.time.now), deadline=shop.time.now + 60) == []
    [event] = second.sent_events()
    assert (event["recommendationId"], event["impression"]) == ("RID-1", ["a", "b"])
    assert counted(second) == {"ImpressionsMatched": 1}


def test_both_in_one_invocation_match_in_whatever_order_they_come() -> None:
    for records in ((saw("a"), does("a")), (does("a"), saw("a"))):
        world = Shop().process()
        world.run(*records)
        assert impressions_sent(world) == [["a"]]


def test_the_next_lists_impression_leaves_the_one_before_in_place() -> None:
    shop = Shop()
    shop.process().run(saw("a", recs="RID-1"))
    shop.process().run(saw("b", recs="RID-2"))
    world = shop.process()
    world.run(does("a", recs="RID-1"), does("b", recs="RID-2", number=3))
    assert sorted(impressions_sent(world)) == [["a"], ["b"]]


def test_what_no_impression_led_to_is_counted_and_sent_with_its_id() -> None:
    world = Shop().process()
    world.run(saw("a"), does("x"), does("a", mpid=8, number=3), does("a", recs=None, number=4), saw("f", recs=None))
    assert [event.get("recommendationId") for event in world.sent_events()] == ["RID-1", None, "RID-1"]
    assert impressions_sent(world) == [None, None, None]
    assert counted(world) == {"Impressions": 1, "ImpressionsUnmatched": 2, "ImpressionsWithoutList": 1}


def test_an_impression_ends_with_the_time_of_a_session_and_its_item_expires() -> None:
    shop = Shop()
    shop.process().run(saw("a"))
    [item] = shop.table.items.values()
    assert item["expires"] == {"N": str(int(NOW) + KEPT)}
    world = shop.process()
    world.run(does("a", at=NOW + KEPT + 1))
    assert impressions_sent(world) == [None]


def test_an_invocation_reads_100_users_and_writes_25_in_a_request_and_those_alone_that_it_needs() -> None:
    shop = Shop()
    world = shop.process()
    views = [does("v", mpid=number, recs=None, number=number) for number in range(500, 600)]
    world.run(*(saw("a", mpid=number, number=number) for number in range(1, 131)), *views)
    read = [request["RequestItems"]["impressions"]["Keys"] for request in shop.table.of("batch_get_item")]
    written = [request["RequestItems"]["impressions"] for request in shop.table.of("batch_write_item")]
    assert list(map(len, read)) == [100, 30]
    assert list(map(len, written)) == [25, 25, 25, 25, 25, 5]
    shop.table.requests.clear()
    world.run(*views)
    assert shop.table.requests == []


@pytest.mark.parametrize("error", [BROKEN, DENIED, HUNG, client_error("ResourceNotFoundException")])
def test_a_table_that_fails_costs_the_impression_and_no_interaction(error: Exception) -> None:
    shop = Shop(table=Table(error))
    world = shop.process()
    assert world.run(saw("a"), does("a"), does("z", mpid=8, recs=None, number=3)) == []
    assert sorted(map(str, impressions_sent(world))) == ["None", "['a']"], "what the invocation itself knows"
    assert counted(world) == {"Impressions": 1, "ImpressionsMatched": 1, "ImpressionsFailed": 1}
    assert shop.table.of("batch_write_item") == [], "it would take the user's other lists away"


def test_after_a_failure_the_table_is_left_alone_for_a_while() -> None:
    shop = Shop(table=Table(BROKEN))
    world = shop.process()
    world.run(saw("a"))
    asked = len(shop.table.requests)
    world.run(does("a"))
    assert len(shop.table.requests) == asked <= 2
    assert counted(world) == {"ImpressionsFailed": 1, "ImpressionsUnmatched": 1}
    shop.table.error = None
    shop.time.now += PAUSE
    world.run(saw("a"))
    assert list(shop.table.items) == ["7"]


def test_a_write_that_fails_holds_nothing_up() -> None:
    table = Table()
    table.answers["batch_write_item"] = always(BROKEN)
    world = Shop(table=table).process()
    assert world.run(saw("a"), does("b")) == []
    assert len(world.sent_events()) == 1
    assert counted(world)["ImpressionsFailed"] == 1


def test_what_dynamodb_leaves_over_is_asked_for_again() -> None:
    table = Table()
    get, left = table.answers["batch_get_item"], [1]

    def half(request: Any) -> Any:
        return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]} if left and left.pop() else get(request)

    Shop(table=table).process().run(saw("a"))
    table.answers["batch_get_item"] = half
    world = Shop(table=table).process()
    world.run(does("a"))
    assert impressions_sent(world) == [["a"]]


def test_what_another_version_wrote_in_another_form_is_nothing() -> None:
    shop = Shop()
    for text in ("no json", "[]", '{"RID-1": 7}'):
        shop.table.items["7"] = {"mpid": {"N": "7"}, "shown": {"S": text}}
        world = shop.process()
        assert world.run(does("a")) == []
        assert impressions_sent(world) == [None]


class Suppressed:
    """A suppression list that covers one user."""

    def current(self, _: float) -> SuppressionList:
        return SuppressionList(b"key").with_users([7])


def test_of_a_suppressed_user_nothing_is_kept() -> None:
    shop = Shop()
    shop.process(suppressed=Suppressed()).run(saw("a"), saw("b", mpid=8, number=3))
    assert list(shop.table.items) == ["8"]


def test_a_repeated_delivery_sends_the_same_body_and_keeps_the_same_item() -> None:
    shop = Shop()
    bodies = []
    for _ in range(2):
        world = shop.process()
        world.run(saw("a", "b"), does("b"))
        bodies.append(json.dumps(world.sent_events()))
    assert bodies[0] == bodies[1]
    assert [json.loads(item["shown"]["S"])["RID-1"][2] for item in shop.table.items.values()] == [["a", "b"]]


def test_without_the_setting_no_event_is_looked_at_twice() -> None:
    world = World(rules=Rules())
    world.run(saw("a"), does("a"))
    assert impressions_sent(world) == [None]
    assert counted(world) == {}
    assert isinstance(world.events, AwsClient)
