"""Real shop data through the broker's pure part gives exactly the interactions that its source rows amount to."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from broker import batch as batches
from broker import interactions

from local_stack.audit import rows as ledger
from tests.real_data import otto, uci, wire

ARRIVED_MS = 1_789_380_000_000


@pytest.fixture(scope="module")
def invoices(test_data: Path) -> wire.Converted:
    return uci.convert(test_data / uci.FILE)


@pytest.fixture(scope="module")
def sessions(test_data: Path) -> wire.Converted:
    return otto.convert(test_data / otto.FILE)


@pytest.fixture(params=["invoices", "sessions"])
def converted(request: pytest.FixtureRequest) -> wire.Converted:
    source: wire.Converted = request.getfixturevalue(request.param)
    return source


def test_the_interactions_are_those_of_the_source_rows_each_with_an_id_of_its_own(converted: wire.Converted) -> None:
    requests = [request for batch in converted.batches for request in put_events(batch)]
    assert {
        row
        for request in requests
        for event in request["eventList"]
        for row in [ledger.from_put_event(request["userId"], event)]
    } == converted.expected
    event_ids = [event["eventId"] for request in requests for event in request["eventList"]]
    assert len(event_ids) == len(set(event_ids)) == len(converted.expected)


def test_no_request_holds_more_than_ten_and_a_session_as_few_as_possible(converted: wire.Converted) -> None:
    for batch in converted.batches:
        sizes = [len(request["eventList"]) for request in put_events(batch)]
        assert len(sizes) == -(-sum(sizes) // 10)
        assert max(sizes) <= 10


def test_the_ledger_reads_from_the_records_what_the_source_rows_amount_to(converted: wire.Converted) -> None:
    records = [wire.record(batch) for batch in converted.batches]
    assert {row for record in records for row in ledger.rows_from_bytes(record, ARRIVED_MS)} == converted.expected


def test_customers_have_64_bit_ids_of_either_sign_that_no_float_can_hold(converted: wire.Converted) -> None:
    mpids = {batch["mpid"] for batch in converted.batches}
    assert any(mpid < -(2**53) for mpid in mpids)
    assert any(mpid > 2**53 for mpid in mpids)
    assert any(int(float(mpid)) != mpid for mpid in mpids)


def test_the_cleaned_invoices_are_as_many_as_the_published_evaluation_counts(test_data: Path) -> None:
    lines = uci.cleaned(test_data / uci.FILE)
    assert (lines.height, lines["CustomerID"].n_unique(), lines["StockCode"].n_unique()) == (386_354, 4_335, 3_659)


def test_the_newest_invoices_are_of_december_2011_and_many_exceed_one_request(invoices: wire.Converted) -> None:
    assert len(invoices.expected) == 20_000
    assert max(row.sent_at for row in invoices.expected) == 1_323_435_000  # 2011-12-09 12:50, the shop's last minute
    assert sum(len(purchased(batch)) > 10 for batch in invoices.batches) > 500


def test_the_sessions_hold_all_clicks_carts_and_orders_and_orders_of_one_moment_are_one_event(
    sessions: wire.Converted,
) -> None:
    assert Counter(row.event_type for row in sessions.expected) == {
        "view_detail": 800,
        "add_to_cart": 52,
        "purchase": 10,
    }
    events = [event["data"]["product_action"] for batch in sessions.batches for event in batch["events"]]
    assert [len(event["products"]) for event in events if event["action"] == "purchase"].count(1) == 1


def purchased(batch: dict[str, Any]) -> list[dict[str, Any]]:
    products: list[dict[str, Any]] = batch["events"][0]["data"]["product_action"]["products"]
    return products


def put_events(batch: dict[str, Any]) -> list[dict[str, Any]]:
    [decoded] = batches.decode(wire.record(batch), ARRIVED_MS)
    assert isinstance(decoded, batches.Batch)
    extracted, skipped = interactions.extract(decoded, interactions.Rules())
    assert skipped == {}
    return [interactions.put_events_request(request, "tracker") for request in interactions.pack(extracted)]
