"""Nothing that can stand on the stream stops the broker: any bytes, any JSON, and samples with a change anywhere."""

import copy
import gzip
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import batch as batches
from broker import interactions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_stack.audit import rows as ledger
from tests.broker.packing import aggregated
from tests.draws import draws
from tests.real_data import ROOT, data_folder

ARRIVED_MS = 1_789_380_000_123
LONGEST_ID = 256
LARGEST_FLOAT32 = 3.4028234e38
EXAMPLES = settings(
    max_examples=int(os.environ.get("BROKER_TEST_EXAMPLES", draws(all_of_them=600, part=60))), deadline=None
)
INT64 = st.integers(-(2**63), 2**63 - 1)


def sample_files() -> list[bytes]:
    """Return the repository's samples, and the real batches where they are at hand."""
    folders = [ROOT / "events", data_folder() / "mparticle"]
    return [path.read_bytes() for folder in folders for path in files(folder) if not path.name.startswith("schema.")]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix != ".md") if folder.is_dir() else []


def readable(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


SAMPLES = sample_files()
DOCUMENTS = [json.loads(data) for data in SAMPLES if readable(data)]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
ODD_VALUES = [None, True, 0, -1, 2**63, -(2**63), 10**400, 1.5, 1e39, 1e400, math.nan]
ODD_TEXT = ["", " ", "0", "-0", "null", "١٢", "1e400", "nan", "\ud800", "\x00", "x" * 257, "9" * 5000]
ODD_NESTS: list[Any] = [[], {}, [None], [[]], {"id": {}}]
REPLACEMENT = st.sampled_from([*ODD_VALUES, *ODD_TEXT, *ODD_NESTS]) | ANY_JSON


@EXAMPLES
@given(st.binary())
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b"[" * 100_000)
@example(b'{"events":' * 100_000)
@example(b'{"mpid": ' + b"9" * 10_000 + b"}")
@example(b'{"events": [{}], "mpid": NaN}')
@example(b"{}\n[]\nnull\n")
@example(b"\x1f\x8b\x08\x00")
def test_no_bytes_crash_the_decoder(data: bytes) -> None:
    check(data)


@EXAMPLES
@given(ANY_JSON)
def test_no_json_crashes_the_decoder(document: Any) -> None:
    check(json.dumps(document).encode())


@EXAMPLES
@given(st.data())
def test_no_change_to_the_bytes_of_a_sample_crashes_the_decoder(data: st.DataObject) -> None:
    sample = bytearray(data.draw(st.sampled_from(SAMPLES)))
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 50)))
    sample[start:end] = data.draw(st.binary(max_size=8))
    check(bytes(sample))


@EXAMPLES
@given(st.data())
def test_no_changes_to_a_sample_crash_the_broker_or_break_a_limit_of_put_events(data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        change_somewhere(document, data.draw)
    check(json.dumps(document).encode())


@pytest.mark.parametrize("name", ["view_detail.json", "sale_opt_out.json", "no_ids_at_all.json"])
def test_no_odd_value_in_any_place_of_a_batch_crashes_the_broker_or_breaks_a_limit_of_put_events(name: str) -> None:
    document = json.loads((ROOT / "events" / name).read_bytes())
    for holder, place in places(document):
        original = holder[place]
        for odd in [*ODD_VALUES, *ODD_TEXT, *ODD_NESTS]:
            holder[place] = odd
            check(json.dumps(document).encode())
        holder[place] = original


def mostly(values: st.SearchStrategy[Any], seldom: list[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, values, values, st.sampled_from(seldom))


WORDS = [None, "", "null", "undefined", "NaN", "[object Object]", "#N/A", math.nan]
DAMAGED: list[Any] = ["5.04E+18", 5.04e18, float(2**53), 17850.0, "17850.0", 1.5, True, ["a"]]
IDS = mostly(INT64 | INT64.map(str) | st.uuids().map(str), [*WORDS, *DAMAGED, "0", 0])
BOUNDS = [0, ledger.YEAR_2000 - 1, ledger.YEAR_2000, ARRIVED_MS + ledger.DAY, ARRIVED_MS + ledger.DAY + 1]
SECONDS = [bound // 1000 for bound in BOUNDS]
UNITS = [ARRIVED_MS / 1000, ARRIVED_MS * 1000, ARRIVED_MS * 10**6, 46279.35]
TIMES = mostly(
    st.integers(ledger.YEAR_2000, ARRIVED_MS), [None, "", *BOUNDS, *SECONDS, *UNITS, *map(str, [*BOUNDS, *SECONDS])]
)
AMOUNTS = st.sampled_from([None, "", "12,50", 2.5, "-2.5", -1, 0, -0.0, 1e308, 1e39, math.nan])
ACTIONS = mostly(st.sampled_from(sorted(ledger.REPORTED)), ["refund", None])
PRODUCT = st.fixed_dictionaries(
    {"id": mostly(st.integers() | st.text(), [*WORDS, *DAMAGED])},
    optional={"total_product_amount": AMOUNTS, "price": AMOUNTS, "quantity": AMOUNTS},
)
PRODUCTS = st.lists(mostly(PRODUCT, [{}, None, "a"]), min_size=1, max_size=12)
PRODUCT_ACTIONS = mostly(
    st.fixed_dictionaries({"action": ACTIONS, "products": mostly(PRODUCTS, [None, "a", {"id": "a"}])}), [None, "a", []]
)
EVENTS = st.fixed_dictionaries(
    {
        "event_type": mostly(st.just("commerce_event"), ["screen_view", "custom_event"]),
        "data": st.fixed_dictionaries(
            {"product_action": PRODUCT_ACTIONS},
            optional={"event_id": IDS, "source_message_id": IDS, "session_uuid": IDS, "timestamp_unixtime_ms": TIMES},
        ),
    }
)
PLAUSIBLE = st.fixed_dictionaries(
    {
        "events": mostly(st.lists(EVENTS, min_size=1, max_size=4), [None]),
        "mpid": mostly(INT64, ["-7", 0, *WORDS, *DAMAGED]),
    },
    optional={
        "environment": st.sampled_from(["production", "Production", "development", None]),
        "timestamp_unixtime_ms": TIMES,
        "batch_id": IDS,
        "message_id": IDS,
    },
)


@EXAMPLES
@given(st.lists(PLAUSIBLE, min_size=1, max_size=3))
def test_the_ledger_and_the_broker_agree_on_any_plausible_batches(documents: list[Any]) -> None:
    encoded = [json.dumps(document).encode() for document in documents]
    for data in (b"\n".join(encoded), b"".join(encoded), aggregated(*encoded), gzip.compress(b"".join(encoded))):
        rows = {ledger.from_put_event(interaction.user_id, interaction.as_event()) for interaction in check(data)}
        assert rows == ledger.rows_from_bytes(data, ARRIVED_MS)


def change_somewhere(document: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """Put another value in some place of a document."""
    holder, place = draw(st.sampled_from(list(places(document)) or [({}, None)]))
    holder[place] = copy.deepcopy(draw(REPLACEMENT))  # a copy: the next change may go into it


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every object or array in a document with each of its keys or positions."""
    if isinstance(document, dict | list):
        for place in list(document) if isinstance(document, dict) else range(len(document)):
            yield document, place
            yield from places(document[place])


def check(data: bytes) -> list[interactions.Interaction]:
    """Decode and extract, see that all of it is within PutEvents' limits and repeatable; return the interactions."""
    decoded = batches.decode(data, ARRIVED_MS)
    assert decoded, "a record is at least one batch, bad or not"
    assert all(batch.reason for batch in decoded if isinstance(batch, batches.BadBatch))
    extracted = [interaction for batch in decoded if isinstance(batch, batches.Batch) for interaction in extract(batch)]
    for request in interactions.pack(extracted):
        assert 1 <= len(request) <= 10
        check_limits(interactions.put_events_request(request, "tracker"))
    return extracted


def extract(batch: batches.Batch) -> list[interactions.Interaction]:
    extracted, skipped = interactions.extract(batch, interactions.Rules())
    assert extracted or skipped, "a batch is either used or left out for a reason"
    assert interactions.extract(batch, interactions.Rules()) == (extracted, skipped)
    return extracted


def check_limits(request: dict[str, Any]) -> None:
    texts = [request["trackingId"], request["userId"], request["sessionId"]]
    for event in request["eventList"]:
        texts += [event["eventId"], event["eventType"], event["itemId"]]
        assert isinstance(event["sentAt"], int)
        assert 946_684_800 <= event["sentAt"] <= ARRIVED_MS // 1000 + 86_400
        assert abs(event.get("eventValue", 0.0)) <= LARGEST_FLOAT32
    for text in texts:
        assert 1 <= len(text) <= LONGEST_ID
        text.encode("utf-8")  # raises where an id holds half a character, which no request can carry
