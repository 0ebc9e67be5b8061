"""Other people's data through the whole loop: nothing missing, nothing too much, and recommendations that are right.

What is expected comes straight from the sources' own rows; see ``tests/real_data``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.records import one_batch_each
from local_stack.audit.rows import Row, customer_events, from_put_event
from local_stack.audit.services import deliveries
from local_stack.loop_result import LoopResult
from local_stack.scenario import Scenario
from local_stack.settings import LocalStackSettings
from local_stack.simple_lists import MOST_POPULAR, OWN_ITEMS
from local_stack.stack import Stack
from tests.real_data import otto, uci, wire

LINES = 20_000


@dataclass(frozen=True)
class PlayedSession:
    """What came of it all, the invoices judged alone; and what Personalize has, by event id."""

    result: LoopResult
    in_personalize: dict[str, Row]


@pytest.fixture(scope="module")
def invoices(test_data: Path) -> wire.Converted:
    return uci.convert(test_data / uci.FILE, LINES)


@pytest.fixture(scope="module")
def sessions(test_data: Path) -> wire.Converted:
    return otto.convert(test_data / otto.FILE)


@pytest.fixture(scope="module")
def played(
    invoices: wire.Converted, sessions: wire.Converted, test_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlayedSession]:
    folder = tmp_path_factory.mktemp("real")
    wire.write_ndjson(folder / "invoices.ndjson", invoices.batches)
    wire.write_ndjson(folder / "sessions.ndjson", sessions.batches)
    with Stack(LocalStackSettings()) as stack:
        put_on_the_stream(stack, (folder / "sessions.ndjson", *sorted((test_data / "mparticle").iterdir())))
        records = [record.data for record in one_batch_each((folder / "invoices.ndjson",))]
        # The invoices alone are enough to train on: of the made-up shop a few visits are all that is needed.
        scenario = Scenario(stack, show=lambda *_: None, seconds=1, own_records=records, trained_on=300)
        result = scenario.run()
        accepted = deliveries(stack.personalize.url)
        yield PlayedSession(
            result, {event["eventId"]: from_put_event(event["userId"], event) for event in customer_events(accepted)}
        )


def test_personalize_has_exactly_the_invoice_lines_of_the_shop(played: PlayedSession, invoices: wire.Converted) -> None:
    assert len(invoices.expected) == LINES
    assert rows_of(played, invoices) == sorted(invoices.expected)


def test_personalize_has_exactly_the_clicks_carts_and_orders_of_the_sessions(
    played: PlayedSession, sessions: wire.Converted
) -> None:
    assert len(sessions.expected) == 862
    assert rows_of(played, sessions) == sorted(sessions.expected)


def test_nothing_of_any_source_is_lost_or_made_up(played: PlayedSession) -> None:
    assert played.result.settled
    assert played.result.audit.holds
    assert not played.result.audit.places["on_stream"]
    assert not played.result.audit.places["on_failure"]


def test_of_the_real_batches_only_the_four_that_are_none_are_in_quarantine(played: PlayedSession) -> None:
    assert played.result.audit.count("quarantined") == 4
    assert played.result.quarantined == {"not_json": 1, "not_a_batch": 2, "no_well_formed_event": 1}


def test_the_shops_customers_buy_what_their_profiles_recommend_more_than_its_best_sellers(
    played: PlayedSession, record_property: Callable[[str, object], None]
) -> None:
    rates = played.result.own.anything
    assert rates is not None
    simple = "; ".join(f"{name} {one.hit_rate:.1%}" for name, one in rates.simple.items())
    record_property(
        "UCI online shop, hit rate of the profile's top ten",
        f"{rates.hit_rate:.1%} ({simple}) of {rates.purchases} purchases: {rates.verdict()}",
    )
    assert rates.purchases >= 30
    assert set(rates.simple) == {MOST_POPULAR, OWN_ITEMS}, "invoices name no category"
    assert MOST_POPULAR in rates.better_than


def rows_of(played: PlayedSession, source: wire.Converted) -> list[Row]:
    """Return what Personalize has of a source's customers, one row an event id, so that it would train on each."""
    customers = {str(batch["mpid"]) for batch in source.batches}
    return sorted(row for row in played.in_personalize.values() if row.user_id in customers)


def put_on_the_stream(stack: Stack, files: tuple[Path, ...]) -> None:
    records = [{"Data": record.data, "PartitionKey": str(n)} for n, record in enumerate(one_batch_each(files))]
    stack.client("kinesis").put_records(StreamName=stack.resources.stream_name, Records=records)
    stack.put_directly += len(records)
