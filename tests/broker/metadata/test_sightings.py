"""Batches, and what they say of their user and of the products in their events."""

from collections import Counter
from typing import Any

import pytest
from broker.batch import BadBatch, batch_from
from broker.interactions import Rules
from broker.metadata.columns import Column
from broker.metadata.sightings import Mapped, Sighting, sightings

from tests.broker.lambda_events import batch, product_event
from tests.broker.stubs import NOW

NOW_MS = int(NOW * 1000)
USERS = (Column("AGE", "$age", "int"), Column("TIER", "tier", "string"))
ITEMS = (
    Column("NAME", "name", "string"),
    Column("BRAND", "brand", "string"),
    Column("PRICE", "price", "float"),
    Column("COLOUR", "colour", "string"),
)
MAPPED = Mapped(USERS, ITEMS)
MUG = {"id": "mug", "name": "Mug", "brand": "Kiln", "price": "12.50", "custom_attributes": {"Colour": "blue"}}


def seen(document: Any, rules: Rules | None = None, mapped: Mapped = MAPPED) -> list[Sighting]:
    read = batch_from(document, NOW_MS)
    assert not isinstance(read, BadBatch)
    return sightings(read, mapped, rules or Rules(), Counter())


def values(sighting: Sighting) -> dict[str, Any]:
    return {name: value for name, (_, value) in sighting.fields.items()}


def of_user(**fields: Any) -> dict[str, Any]:
    return {"events": [], "mpid": 7, "environment": "production", **fields}


def test_a_users_columns_come_from_their_attributes_also_without_any_event() -> None:
    [user] = seen(of_user(user_attributes={"$Age": "42", "tier": "gold", "secret": "x"}))
    assert (user.dataset, user.id, values(user)) == ("users", "7", {"AGE": 42, "TIER": "gold"})


def test_an_items_columns_come_from_the_product_and_its_attributes() -> None:
    [item] = seen(batch(product_event(items=[MUG])))
    assert (item.dataset, item.id) == ("items", "mug")
    assert values(item) == {"NAME": "Mug", "BRAND": "Kiln", "PRICE": 12.5, "COLOUR": "blue"}


def test_identities_and_attributes_that_nobody_named_stay_where_they_are() -> None:
    identities = [{"identity_type": "email", "identity": "anna@example.com"}]
    [user] = seen(of_user(user_attributes={"tier": "gold", "email": "a@b"}, user_identities=identities))
    assert values(user) == {"TIER": "gold"}


def test_what_is_missing_says_nothing_and_what_was_deleted_is_nothing() -> None:
    assert seen(of_user(user_attributes={"tier": None, "other": 1})) == []
    [user] = seen(of_user(user_attributes={"$age": 3}, deleted_user_attributes=["Tier", 7]))
    assert values(user) == {"AGE": 3, "TIER": None}


def test_a_value_that_does_not_fit_is_counted_and_left_out() -> None:
    unreadable = Counter[str]()
    product = MUG | {"price": "12,50"}
    read = batch_from(batch(product_event(items=[product]), user_attributes={"$age": "old"}), NOW_MS)
    assert not isinstance(read, BadBatch)
    [item] = sightings(read, MAPPED, Rules(), unreadable)
    assert "PRICE" not in item.fields
    assert unreadable == {"users": 1, "items": 1}


def test_a_price_below_zero_is_that_of_a_return() -> None:
    [item] = seen(batch(product_event("refund", items=[MUG | {"price": -12.5}])))
    assert "PRICE" not in item.fields


@pytest.mark.parametrize(
    ("own", "received", "time_ms"),
    [
        (NOW - 60, NOW - 30, NOW - 60),
        (None, NOW - 30, NOW - 30),
        (NOW + 3_600, NOW - 30, NOW - 30),  # a clock that is ahead
        (NOW + 3_600, None, NOW),
        (NOW - 60, NOW + 3_600, NOW - 60),
    ],
)
def test_no_time_is_later_than_the_arrival(own: Any, received: Any, time_ms: float) -> None:
    event = product_event(items=[MUG], at=own or 0)
    document = batch(event, user_attributes={"tier": "gold"})
    document |= {"timestamp_unixtime_ms": int(received * 1000)} if received else {}
    user, item = seen(document)
    assert item.time_ms == int(time_ms * 1000) == item.fields["NAME"][0]
    assert user.time_ms == int(min(received or NOW, NOW) * 1000)


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"mpid": None}, Rules()),
        ({"mpid": "what"}, Rules()),
        ({"environment": "development"}, Rules()),
        ({}, Rules(consent_purpose="ads")),
        ({"consent_state": {"ccpa": {"data_sale_opt_out": {"consented": True}}}}, Rules()),
        ({"events": [{"event_type": "opt_out", "data": {"is_opted_out": True}}]}, Rules()),
    ],
)
def test_nothing_is_said_by_a_batch_that_may_not_train(fields: Any, rules: Rules) -> None:
    document = batch(product_event(items=[MUG]), user_attributes={"tier": "gold"})
    assert len(seen(document)) == 2
    assert seen(document | fields, rules) == []


def test_products_without_an_id_impressions_and_other_events_are_no_items() -> None:
    shown = {"event_type": "commerce_event", "data": {"product_impressions": [{"products": [MUG]}]}}
    page = {"event_type": "screen_view", "data": {"product_action": {"products": [MUG]}}}
    assert seen(batch(product_event(items=[{"name": "Mug"}, 7, {"id": "undefined", "name": "x"}]), shown, page)) == []


def test_a_dataset_without_columns_is_left_alone() -> None:
    document = batch(product_event(items=[MUG]), user_attributes={"tier": "gold"})
    assert [one.dataset for one in seen(document, mapped=Mapped(users=USERS))] == ["users"]
    assert [one.dataset for one in seen(document, mapped=Mapped(items=ITEMS))] == ["items"]
