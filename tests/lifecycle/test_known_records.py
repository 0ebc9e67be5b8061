"""What an import makes known to the stream, and what the stream then leaves alone."""

import json
from pathlib import Path
from typing import Any

from broker.metadata.state import Policy, State, after
from broker.metadata.table import state_from

from infra.paths import ROOT
from lifecycle.known_records import make_known
from tests.broker.metadata.world import NAME, PRICE, saw
from tests.broker.stubs import NOW, FakeTime, Table

SCHEMA = (ROOT / "examples" / "schemas" / "items.avsc").read_text()
HEADER = "ITEM_ID,NAME,BRAND,CATEGORY,PRICE,CREATION_TIMESTAMP\n"


def known(path: Path, *rows: str) -> dict[str, State]:
    """Return what is known after the import of some rows, by key."""
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    table = Table(key="id")
    assert make_known(table, "metadata", "items", SCHEMA, path, FakeTime().time()) == len(rows)
    assert all(len(request["RequestItems"]["metadata"]) <= 25 for request in table.of("batch_write_item"))
    return {key: state_from(item) for key, item in table.items.items()}


def test_a_row_is_known_with_the_types_of_its_columns(tmp_path: Path) -> None:
    state = known(tmp_path / "items.csv", 'mug,"Mug, large",,kitchen,12.50,1700000000')["items:mug"]
    assert state.values == {
        "NAME": "Mug, large",
        "CATEGORY": "kitchen",
        "PRICE": 12.5,
        "CREATION_TIMESTAMP": 1_700_000_000,
    }
    assert (state.is_imported, state.sent, state.pending_since) == (True, state.digest, 0.0)


def test_the_stream_does_not_change_it_by_default_and_otherwise_keeps_its_other_columns(tmp_path: Path) -> None:
    state = known(tmp_path / "items.csv", "mug,Mug,,kitchen,12.5,1700000000")["items:mug"]
    seen: Any = saw(at=60, NAME="Mug", PRICE=11.0)
    adding, merging = (Policy((NAME, PRICE), adds_only=adds_only) for adds_only in (True, False))
    assert not after(state, seen, adding, NOW + 60).write
    step = after(state, seen, merging, NOW + 60)
    assert step.send
    assert step.state.values == state.values | {"PRICE": 11.0}
    older = saw(at=-60, PRICE=9.0)
    assert not after(state, older, merging, NOW + 60).write


def test_many_rows_are_written_by_25_and_of_two_of_one_item_the_last_counts(tmp_path: Path) -> None:
    rows = [f"item {number},x,,,1,1700000000" for number in range(260)]
    states = known(tmp_path / "items.csv", *rows, "item 259,last,,,1,1700000000")
    assert len(states) == 260
    assert states["items:item 259"].values["NAME"] == "last"


def test_a_write_that_began_before_the_import_fails(tmp_path: Path) -> None:
    before = after(State(), saw(NAME="Mug"), Policy((NAME,)), NOW).state
    state = known(tmp_path / "items.csv", "mug,Mug,,,1,1700000000")["items:mug"]
    assert state.version != before.version
    assert json.loads(json.dumps(state.version)) == state.version > before.version
