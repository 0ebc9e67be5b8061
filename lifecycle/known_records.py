"""What was imported into the Users or the Items dataset becomes known to what fills it from the stream.

Personalize cannot be asked whether it has a record. Without this, an item of a catalogue would be new to the stream,
and a record of the stream would replace the whole row of the file.
"""

import csv
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from broker.clock import Clock
from broker.metadata.columns import value_of
from broker.metadata.sightings import Fields
from broker.metadata.state import State
from broker.metadata.table import item_of, key_of

from lifecycle.state import MOST, write
from personalize_data.schema import REQUIRED
from personalize_data.stream_columns import kinds_of

AT_ONCE = 8


def make_known(dynamodb: Any, table: str, dataset: str, schema: str, path: Path, clock: Clock) -> int:
    """Write what a CSV for an import holds to the table; return how many rows. Raises Unavailable, ClientError.

    ``schema``: the dataset's, as JSON, which also names the columns of the CSV.
    """
    now = clock.now()
    written = 0
    with path.open(encoding="utf-8", newline="") as file, ThreadPoolExecutor(AT_ONCE) as pool:
        items = _items(csv.DictReader(file), dataset, schema, now)
        while parts := [part for part in (list(islice(items, MOST)) for _ in range(AT_ONCE)) if part]:
            list(pool.map(lambda part: write(dynamodb, table, _requests(part), clock), parts))
            written += sum(map(len, parts))
    return written


def _items(rows: Iterable[dict[str, str]], dataset: str, schema: str, now: float) -> Iterator[dict[str, Any]]:
    (id_column,) = REQUIRED[dataset]
    columns = kinds_of(schema, id_column)
    for row in rows:
        fields: Fields = {
            name: (int(now * 1000), value)
            for name, kind in columns.items()
            if (value := value_of(kind, row[name])) is not None
        }
        yield item_of(key_of(dataset, row[id_column]), _state(fields, now), now)


def _state(fields: Fields, now: float) -> State:
    """Return the state of a record that the dataset has. No number of it was used before: other writes then fail."""
    number = int(now * 1000)
    state = State(fields=fields, version=number, settled=number, is_imported=True)
    return replace(state, sent=state.digest)


def _requests(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return requests that put items, each key once: BatchWriteItem refuses two of one."""
    by_key = {item["id"]["S"]: item for item in items}
    return [{"PutRequest": {"Item": item}} for item in by_key.values()]
