"""mParticle's batches as events: whose, when, which lines, and who has not consented."""

import json
from typing import Any

import pytest
from broker.interactions import Rules

from experiments.batches import read
from experiments.events import ACTIVITY, IMPRESSION, LIST, PURCHASE, Events
from experiments.outcomes import began
from experiments.populations import with_changed_id
from tests.experiments.files import SLOT, batch
from tests.experiments.shop import START, row

ARRIVED = START + 86_400_000
CONSENTED = {"gdpr": {"personalisation": {"consented": True}}}
DENIED = {"gdpr": {"personalisation": {"consented": False}}}


def events_of(*batches: dict[str, Any], purpose: str | None = None, slot: str | None = SLOT) -> Events:
    rules = Rules(consent_purpose=purpose)
    return read(((json.dumps(each).encode(), ARRIVED) for each in batches), rules, slot)


def kinds(found: Events) -> list[str]:
    return found.rows["kind"].to_list()


def purchase(**product: Any) -> dict[str, Any]:
    given = batch(row(7, START, PURCHASE, "a", 20.0, 2.0, "k"))
    (event,) = given["events"]
    event["data"]["product_action"]["products"][0] |= product
    return given


def test_a_purchase_is_an_activity_and_its_lines() -> None:
    found = events_of(purchase())
    assert kinds(found) == [ACTIVITY, PURCHASE]
    assert found.rows.filter(kind=PURCHASE).select("user", "time", "item", "value", "quantity").row(0) == (
        *("7", START, "a", 20.0, 2.0),
    )


@pytest.mark.parametrize(
    ("product", "value", "units"),
    [
        ({"total_product_amount": -20.0}, -20.0, -2.0),
        ({"quantity": -2}, -20.0, -2.0),
        ({"total_product_amount": None, "price": 7.5}, 15.0, 2.0),
        ({"total_product_amount": "no number", "quantity": None}, 0.0, 1.0),
    ],
)
def test_amounts_are_those_of_the_stream_and_below_zero_where_it_is_given_back(
    product: dict[str, Any], value: float, units: float
) -> None:
    line = events_of(purchase(**product)).rows.filter(kind=PURCHASE)
    assert line.select("value", "quantity").row(0) == (value, units)


def test_a_refund_is_less_of_a_purchase() -> None:
    given = purchase()
    given["events"][0]["data"]["product_action"]["action"] = "refund"
    found = events_of(given)
    assert found.rows.select("kind", "value", "quantity").rows() == [(PURCHASE, -20.0, -2.0)]


def test_a_line_that_names_its_list_is_credited_to_it() -> None:
    assert events_of(purchase(custom_attributes={"product_recs_id": "RID-1"})).rows["credited"].to_list()[-1]
    assert not events_of(purchase(custom_attributes=None)).rows["credited"].any()
    whole = purchase()
    whole["events"][0]["data"]["custom_attributes"] = {"product_recs_id": "RID-1"}
    assert events_of(whole).rows["credited"].to_list()[-1], "an event's list is that of its products"


def test_only_impressions_of_the_slot_count() -> None:
    given = batch(row(7, START, IMPRESSION))
    assert kinds(events_of(given)) == [IMPRESSION]
    assert kinds(events_of(given, slot="search results")) == []
    assert kinds(events_of(given, slot=None)) == []


def test_the_brokers_own_event_is_a_list_and_no_outcome() -> None:
    found = events_of(batch(row(7, START, LIST, items=["a", "b"], variant="fresh")))
    assert found.rows.select("kind", "items", "variant").rows() == [(LIST, ["a", "b"], "fresh")]


def test_the_same_batch_twice_counts_once() -> None:
    found = events_of(purchase(), purchase())
    assert (kinds(found), found.duplicates) == ([ACTIVITY, PURCHASE], 2)


def test_nobody_without_consent_is_analysed_whatever_they_did_before() -> None:
    yes, later_no = (
        batch(row(7, START + age, IMPRESSION), consent_state=state) for age, state in ((0, CONSENTED), (9, DENIED))
    )
    other = batch(row(8, START, IMPRESSION), consent_state=CONSENTED)
    found = events_of(yes, later_no, other, batch(row(9, START, IMPRESSION)), purpose="personalisation")
    assert set(found.rows["user"]) == {"8"}
    assert set(found.refused) == {"7", "9"}


def test_consent_that_was_given_again_counts() -> None:
    no, later_yes = (
        batch(row(7, START + age, IMPRESSION), consent_state=state) for age, state in ((0, DENIED), (9, CONSENTED))
    )
    found = events_of(later_yes, no, purpose="personalisation")
    assert found.rows["time"].to_list() == [START + 9]


def test_what_is_of_nobody_or_of_another_environment_is_left_out() -> None:
    test_traffic = batch(row(7, START, IMPRESSION)) | {"environment": "development"}
    nobody = batch(row(7, START, IMPRESSION)) | {"mpid": 0}
    found = events_of(test_traffic, nobody)
    assert len(found.rows) == 0
    assert found.notes == ["1 left out: other_environment", "1 left out: no_customer"]
    assert read([(b"{no json", ARRIVED)], Rules(), SLOT).notes == ["1 left out: not_json"]


def test_a_login_that_names_two_ids_is_a_session_that_they_share() -> None:
    given = batch(row(7, START, IMPRESSION, "i"))
    pair = {"previous_mpid": "-12", "current_mpid": "7", "profile_event_type": "login"}
    given["events"].append({"event_type": "profile", "data": pair})
    found = events_of(given)
    assert set(with_changed_id(found.rows)) == {"-12", "7"}
    assert began(found.rows, "everybody", 0, ARRIVED)["user"].to_list() == ["7"]
