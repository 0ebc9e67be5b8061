"""Impressions: what is read of the named list, what is kept of it, and which interactions it led to."""

from typing import Any

import pytest
from broker.impressions import (
    KEPT,
    MAX_LISTS,
    Impression,
    Shown,
    as_json,
    impressions,
    items_shown,
    lists_from_json,
    with_impressions,
)
from broker.interactions import Interaction, Rules

from tests.broker.lambda_events import MPID, batch, product_event
from tests.broker.test_interactions import ARRIVED_MS, read, skipped

SLOT = "home page"
RULES = Rules(impression_list=SLOT)
SALE_OPT_OUT = {"ccpa": {"data_sale_opt_out": {"consented": True}}}


def shown(*items: Any, recs: Any = "RID-1", name: Any = SLOT, session: str = "s", **own: Any) -> Any:
    """Return a commerce event that reports impressions of a list."""
    products = [item if isinstance(item, dict) else {"id": item} for item in items]
    listed = own.pop("listed", [{"product_impression_list": name, "products": products}])
    attributes = None if recs is None else {"product_recs_id": recs}
    data = {"product_impressions": listed, "custom_attributes": attributes, "session_uuid": session}
    return {"event_type": "commerce_event", "data": data | own}


def found(*events: Any, rules: Rules = RULES, **fields: Any) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(one.recommendation_id, one.items) for one in impressions(read(batch(*events, **fields)), rules)]


def impression(*items: str, recs: str = "RID-1", session: str = "s", at: int = 0) -> Impression:
    return Impression(MPID, recs, session, items, at)


def click(item: str, recs: str | None = "RID-1", session: str = "s") -> Interaction:
    return Interaction("id", "view_detail", item, str(MPID), session, 0, "view_detail", recommendation_id=recs)


def test_an_impression_is_of_a_user_a_session_and_a_list_in_the_order_in_which_it_was_shown() -> None:
    [one] = impressions(read(batch(shown("b", "a", 12, "b"))), RULES)
    assert one == Impression(MPID, "RID-1", "s", ("b", "a", "12"), ARRIVED_MS)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (shown("a", name="also bought"), []),
        (shown("a", name=None), []),
        (shown(), []),
        (shown({"id": None}, {}, {"id": "x" * 257}, {"id": "5.04e+18"}), []),
        (shown({"id": None}, "a"), [("RID-1", ("a",))]),
        (shown("a", recs=None), [(None, ("a",))]),
        (shown("a", recs="x" * 41), [(None, ("a",))]),
        (
            shown("a", {"id": "b", "custom_attributes": {"product_recs_id": "RID-2"}}),
            [("RID-1", ("a",)), ("RID-2", ("b",))],
        ),
        (shown(listed=[{"product_impression_list": SLOT, "products": {"id": "a"}}]), [("RID-1", ("a",))]),
        (shown(listed=[{"product_impression_list": SLOT, "products": None}]), []),
        *((shown(listed=listed), []) for listed in (None, [], {}, "text", [None, 7, "text"], [{"products": []}])),
        ({"event_type": "custom_event", "data": shown("a")["data"]}, []),
        (product_event("view_detail", ["a"]), []),
    ],
)
def test_only_items_that_can_be_sent_of_the_named_list_count(event: Any, expected: Any) -> None:
    assert found(event) == expected


def test_at_most_25_items_are_kept_and_as_many_as_an_event_of_ten_kilobytes_holds() -> None:
    [(_, many)] = found(shown(*(f"item-{number}" for number in range(40))))
    assert many == tuple(f"item-{number}" for number in range(25))
    [(_, long)] = found(shown(*(f"{number:03}{'ü' * 253}" for number in range(25))))
    assert 1 <= len(long) < 25
    assert len(str(list(long)).encode("ascii", "backslashreplace")) < 10_000


def test_without_a_name_nobody_reads_impressions() -> None:
    assert found(shown("a"), rules=Rules()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"environment": "development"},
        {"consent_state": SALE_OPT_OUT},
        {"mpid": 0},
        {"mpid": "ada"},
    ],
)
def test_of_a_batch_that_may_not_be_reported_nothing_is_kept(fields: Any) -> None:
    assert found(shown("a"), **fields) == []


def test_an_impression_is_no_interaction() -> None:
    assert skipped(batch(shown("a", "b")), RULES) == skipped(batch(shown("a", "b"))) == {"other_action": 1}


def test_what_a_page_shows_bit_by_bit_is_one_impression() -> None:
    lists = with_impressions({}, [impression("a", "b", at=1), impression("b", "c", at=2)])
    assert lists == {"RID-1": Shown("s", ("a", "b", "c"), 2)}
    assert with_impressions(lists, [impression("a", at=1)]) == lists, "a delivery again changes nothing"


def test_the_same_list_in_another_session_is_another_impression() -> None:
    lists = with_impressions({}, [impression("a", at=1), impression("b", session="next", at=2)])
    assert lists == {"RID-1": Shown("next", ("b",), 2)}


def test_each_list_is_kept_apart_and_the_newest_stay() -> None:
    lists = with_impressions({}, [impression("a", recs=f"RID-{at}", at=at) for at in range(MAX_LISTS + 2)])
    assert list(lists) == [f"RID-{at}" for at in range(2, MAX_LISTS + 2)]


def test_what_is_older_than_a_session_is_dropped_when_something_new_comes() -> None:
    late = KEPT * 1000 + 1
    lists = with_impressions({}, [impression("a", recs="old"), impression("a", recs="new", at=late)])
    assert list(lists) == ["new"]


@pytest.mark.parametrize(
    ("interaction", "arrived_ms", "items"),
    [
        (click("b"), 60_000, ("a", "b")),
        (click("b"), 0, ("a", "b")),
        (click("b"), KEPT * 1000 + 500, ("a", "b")),
        (click("b"), KEPT * 1000 + 501, ()),
        (click("c"), 60_000, ()),
        (click("b", recs="RID-2"), 60_000, ()),
        (click("b", recs=None), 60_000, ()),
        (click("b", session="next"), 60_000, ()),
    ],
)
def test_an_impression_led_to_what_its_user_does_with_its_items_in_its_session(
    interaction: Interaction, arrived_ms: int, items: tuple[str, ...]
) -> None:
    lists = with_impressions({}, [impression("a", "b", at=500)])
    assert items_shown(lists, interaction, arrived_ms) == items


def test_what_is_stored_reads_the_same() -> None:
    lists = with_impressions({}, [impression("ü", '"', at=1), impression("a", recs="RID-2", session="n", at=2)])
    assert lists_from_json(as_json(lists)) == lists
    assert lists_from_json(as_json({})) == {}
