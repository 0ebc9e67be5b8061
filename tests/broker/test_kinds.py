"""Kinds of broken input at the stream's door: what each kind of record becomes, and its good neighbour as well.

A parameter's id is the kind, so that other doors can be held to the same answers.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.broker.lambda_events import batch, product_event, record, visit
from tests.broker.packing import aggregated, base64_twice, joined, packed
from tests.broker.stubs import NOW
from tests.broker.test_hostile_input import audited
from tests.broker.test_ingest import World

MS = int(NOW * 1000) - 5000
PAID = {"price": 2.5, "quantity": 2}


@dataclass(frozen=True)
class Kind:
    """What is on the stream, the items that Personalize gets of it, and what is counted beside them."""

    data: bytes
    items: tuple[str, ...] = ()
    reasons: dict[str, int] = field(default_factory=dict)
    values: tuple[float | None, ...] | None = None
    sent_at: tuple[int, ...] | None = None


def sent(document: Any, *items: str, **kind: Any) -> Kind:
    reasons = {name: number for name, number in kind.items() if name not in ("values", "sent_at")}
    others = {name: kind[name] for name in kind if name not in reasons}
    return Kind(document if isinstance(document, bytes) else json.dumps(document).encode(), items, reasons, **others)


def bought(*products: Any, **fields: Any) -> Any:
    return batch(product_event("purchase", items=products, event_id="1"), **fields)


def ids(*values: Any) -> Any:
    return bought(*({"id": value} for value in values))


def at(value: Any, **fields: Any) -> Any:
    return batch(product_event(timestamp_unixtime_ms=value, event_id="1"), **fields)


NUMBERS = (17850, 17850.0, "17850")
WORDS = ("undefined", "null", "NaN", "None", "[object Object]", "", " ", None, "#N/A", float("nan"))
OTHER_IDS = (True, ["a"], {"a": 1}, "x" * 257, "half \ud800", "nul \0")
ROUNDED = ("5.04E+18", "5,04e+18", 5.04e18, float(2**53))
DICT = batch({"event_type": "commerce_event", "data": {"product_action": {"action": "purchase", "products": {}}}})
DICT["events"][0]["data"]["product_action"]["products"] = {"id": "socks", **PAID}

KINDS = {
    "ids_of_nothing": sent(ids("socks", *WORDS), "socks", no_item_id=len(WORDS)),
    "ids_rounded": sent(ids("socks", *ROUNDED), "socks", rounded_id=len(ROUNDED)),
    "ids_with_a_fraction_of_zero": sent(ids(*NUMBERS), "17850", "17850", "17850"),
    "ids_that_cannot_be_sent": sent(ids("socks", *OTHER_IDS), "socks", bad_event=len(OTHER_IDS)),
    "customer_missing": sent(batch(mpid=None), no_customer=1),
    "customer_of_nothing": sent(batch(mpid="undefined"), no_customer=1),
    "customer_zero": sent(batch(mpid="0"), no_customer=1),
    "customer_rounded": sent(batch(mpid=5.103277684950219e18), unreadable_customer=1),
    "customer_fraction": sent(batch(mpid=7.5), unreadable_customer=1),
    "customer_text": sent(batch(mpid="ada"), unreadable_customer=1),
    "customer_out_of_range": sent(batch(mpid=2**63), unreadable_customer=1),
    "customer_with_a_fraction_of_zero": sent(batch(mpid=17850.0), "socks"),
    "products_as_object": sent(DICT, "socks", values=(5.0,)),
    "products_as_text": sent(batch(product_event(product_action={"action": "purchase", "products": "a"})), bad_event=1),
    "products_missing": sent(batch(product_event(product_action={"action": "purchase"})), no_item_id=1),
    "product_action_as_list": sent(batch(product_event(product_action=["purchase"])), bad_event=1),
    "quantity_negative": sent(bought("socks", {"id": "hat", "quantity": -1}), "socks", returns=1),
    "amount_negative": sent(bought("socks", {"id": "hat", "total_product_amount": "-2.5"}), "socks", returns=1),
    "price_negative": sent(bought("socks", {"id": "hat", "price": -11062.06, "quantity": 1}), "socks", returns=1),
    "price_negative_without_quantity": sent(bought("socks", {"id": "hat", "price": -1}), "socks", returns=1),
    "quantity_negative_of_a_view": sent(batch(product_event(items=[{"id": "hat", "quantity": -1}])), "hat"),
    "amount_with_decimal_comma": sent(
        bought({"id": "hat", "total_product_amount": "12,50"}), "hat", values=(None,), unreadable_amount=1
    ),
    "amount_beside_a_readable_one": sent(
        bought({"id": "hat", "total_product_amount": "12,50", **PAID}), "hat", values=(5.0,), unreadable_amount=1
    ),
    "amount_of_nothing": sent(bought({"id": "hat", "total_product_amount": "", "price": None}), "hat", values=(None,)),
    "time_in_seconds": sent(at(MS // 1000), "socks", sent_at=(MS // 1000,)),
    "time_in_seconds_with_fraction": sent(at(MS / 1000 + 0.25), "socks", sent_at=(MS // 1000,)),
    "time_in_microseconds": sent(at(MS * 1000), "socks", sent_at=(int(NOW),), unusable_time=1),
    "time_in_nanoseconds": sent(at(str(MS * 10**6)), "socks", sent_at=(int(NOW),), unusable_time=1),
    "time_in_excel_days": sent(at(46279.35), "socks", sent_at=(int(NOW),), unusable_time=1),
    "time_as_text": sent(at("yesterday"), "socks", sent_at=(int(NOW),), unusable_time=1),
    "time_of_the_batch_unusable": sent(at(None, timestamp_unixtime_ms=MS * 1000), "socks", unusable_time=1),
    "time_missing": sent(at(None), "socks", sent_at=(int(NOW),)),
    "joined_json": sent(joined(visit(2, "a"), visit(3, "b")), "a", "b"),
    "json_lines": sent(joined(visit(2, "a")) + b"\n" + joined(visit(3, "b")) + b"\n", "a", "b"),
    "json_array": sent([visit(2, "a"), visit(3, "b")], "a", "b"),
    "byte_order_mark": sent(b"\xef\xbb\xbf" + joined(visit(2, "a")), "a"),
    "gzip": sent(packed(visit(2, "a")), "a"),
    "gzip_cut_off": sent(packed(visit(2, "a"))[:-9], cannot_unpack=1),
    "kpl_aggregate": sent(aggregated(joined(visit(2, "a")), packed(visit(3, "b"))), "a", "b"),
    "kpl_aggregate_changed": sent(aggregated(joined(visit(2, "a")))[:-1] + b"x", cannot_unpack=1),
    "base64_twice": sent(base64_twice(visit(2)), base64_twice=1),
    "utf_16": sent(json.dumps(visit(2)).encode("utf-16"), not_utf8=1),
    "latin_1": sent('{"mpid": 2, "events": null, "shop": "Schöffel"}'.encode("latin-1"), not_utf8=1),
    "broken_json": sent(joined(visit(2))[:-2], not_json=1),
    "empty": sent(b"", not_json=1),
    "warehouse_rows": sent(
        b'{"eventid": 1, "mparticleuserid": 2}\n{"eventid": 2, "mparticleuserid": 3}\n', not_a_batch=1
    ),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_of_input_has_one_answer_at_the_stream(kind: Kind) -> None:
    world = World()
    neighbour = visit(1, "neighbour")
    found = audited(world, [record(1, data=kind.data), record(2, neighbour)])
    events = [event for event in world.sent_events() if event["itemId"] != "neighbour"]
    assert len(world.sent_events()) == len(events) + 1, "the good record beside it is delivered"
    assert tuple(event["itemId"] for event in events) == kind.items
    assert {reason: number for (_, reason), number in world.counts.reasons.items()} == kind.reasons
    assert found.holds, "the ledger's own reading comes to the same"
    if kind.values is not None:
        assert tuple(event.get("eventValue") for event in events) == kind.values
    if kind.sent_at is not None:
        assert tuple(event["sentAt"] for event in events) == kind.sent_at


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_redelivery_of_a_kind_of_input_gives_the_same_event_ids(kind: Kind) -> None:
    ids_of = []
    for later in (0.0, 3600.0):
        world = World()
        world.run(record(1, data=kind.data, at=NOW + later))
        ids_of.append([event["eventId"] for event in world.sent_events()])
    assert ids_of[0] == ids_of[1]
