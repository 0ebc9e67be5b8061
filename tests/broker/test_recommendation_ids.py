"""The recommendation id that comes back: from the product, else from its event, and never from anywhere else."""

from typing import Any

import pytest
from broker.interactions import Interaction, Rules

from tests.broker.lambda_events import batch, product_event
from tests.broker.test_interactions import lines

OF_EVENT, OF_PRODUCT = "RID-of-the-event", "RID-of-the-product"
SENT, UNREADABLE, NOTHING = (("RID-1",), ()), ((None,), ("unreadable_recommendation_id",)), ((None,), ())


def bought(own: Any = None, event: Any = None, name: str = "product_recs_id") -> Any:
    """Return a purchase of one item, with these recommendation ids among the custom attributes."""
    product = {"id": "hat", "custom_attributes": own if own is None else {name: own, "size": "M"}}
    return batch(product_event("purchase", [product], custom_attributes=event if event is None else {name: event}))


def ids(found: list[Interaction]) -> list[str | None]:
    return [line.as_event().get("recommendationId") for line in found]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("RID-1", SENT),
        (" RID-1 ", SENT),
        ("x" * 40, (("x" * 40,), ())),
        (17850, (("17850",), ())),
        ("x" * 41, UNREADABLE),
        ("RID-\ud83d", UNREADABLE),
        (["RID-1"], UNREADABLE),
        ({"id": "RID-1"}, UNREADABLE),
        (True, UNREADABLE),
        *((nothing, NOTHING) for nothing in ("", " ", "null", "undefined", "None", None)),
    ],
    ids=repr,
)
def test_what_cannot_be_an_id_is_not_sent_and_named_and_the_interaction_is(given: Any, answer: Any) -> None:
    for document in (bought(own=given), bought(event=given)):
        [line] = lines(document)
        assert ((line.recommendation_id,), line.omissions) == answer
        assert line.as_event().get("recommendationId") == line.recommendation_id
        assert line.event_value is None
        assert line.item_id == "hat"


@pytest.mark.parametrize(
    ("own", "event", "sent"),
    [
        (OF_PRODUCT, OF_EVENT, OF_PRODUCT),
        (None, OF_EVENT, OF_EVENT),
        ("null", OF_EVENT, OF_EVENT),
        (OF_PRODUCT, None, OF_PRODUCT),
        ("x" * 41, OF_EVENT, None),
        (None, None, None),
    ],
)
def test_the_products_own_id_goes_before_the_events(own: Any, event: Any, sent: str | None) -> None:
    assert ids(lines(bought(own, event))) == [sent]


def test_each_product_of_an_order_keeps_its_own_list() -> None:
    products = [{"id": "a", "custom_attributes": {"product_recs_id": "RID-a"}}, {"id": "b"}, {"id": "c"}]
    products[2]["custom_attributes"] = {"product_recs_id": "RID-c"}
    assert ids(lines(batch(product_event("purchase", products)))) == ["RID-a", None, "RID-c"]


def test_the_attributes_name_is_a_setting() -> None:
    rules = Rules(recommendation_id_attribute="slot list")
    assert ids(lines(bought("RID-1", name="slot list"), rules)) == ["RID-1"]
    assert ids(lines(bought("RID-1"), rules)) == [None]


def test_the_list_on_the_profile_is_no_reason_to_name_it() -> None:
    attributes = {"product_recs": ["hat"], "product_recs_id": "RID-1"}
    assert ids(lines(batch(product_event("purchase", ["hat"]), user_attributes=attributes))) == [None]


def test_the_event_id_is_the_same_with_and_without() -> None:
    """It repeats, too, where the shop begins to send the attribute between two deliveries."""
    assert [line.event_id for line in lines(bought("RID-1"))] == [line.event_id for line in lines(bought())]


@pytest.mark.parametrize("attributes", [[], "text", 7, {}, {"product_recs_id": {}}])
def test_custom_attributes_of_any_form_cost_no_interaction(attributes: Any) -> None:
    document = batch(product_event("purchase", ["hat"], custom_attributes=attributes))
    assert [line.item_id for line in lines(document)] == ["hat"]
