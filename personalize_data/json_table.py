"""JSON objects as the rows of a table: one flat object per row, as warehouses and data syncs write them.

https://docs.mparticle.com/guides/data-warehouse/: mParticle's syncs to Snowflake and BigQuery give a row per event.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from broker.values.ids import EXACT_BELOW

from personalize_data.csv_reader import Row
from personalize_data.files import Moved, json_lines
from personalize_data.files import opened as opened_bytes

LOOKED_AT = 1_000  # rows whose names are the columns


class JsonTable:
    """Open JSON Lines, or an array of objects: its ``header`` is the names of the first rows, and its rows come once.

    ``used``: the only columns whose values are read; None for all. Nested values are refused in those alone.
    """

    def __init__(self, name: str, file: BinaryIO, used: Sequence[str] | None) -> None:
        self.name = name
        objects = _objects(json_lines(file, name))
        first = list(islice(objects, LOOKED_AT))
        self._objects = chain(first, objects)
        names = dict.fromkeys(key for _, document in first if isinstance(document, dict) for key in document)
        self.header = [*names, *(name for name in used or () if name not in names)]
        self.names = list(names)
        self._used = self.header if used is None else used

    def rows(self) -> Iterator[Row]:
        """Yield each row: its line, its values as text, and what is wrong with it, if anything is."""
        places = [(self.header.index(name), name) for name in dict.fromkeys(self._used)]
        empty = [""] * len(self.header)
        for line, document in self._objects:
            if not isinstance(document, dict):
                yield line, [], "no JSON object"
                continue
            fields, nested = empty.copy(), ""
            for place, name in places:
                value = document.get(name)
                if isinstance(value, list | dict):
                    nested = name
                elif value is not None:
                    fields[place] = _text(value)
            yield line, fields, f"nested_value_in_{nested}" if nested else None


@contextmanager
def opened(path: Path, name: str, moved: Moved | None = None, used: Sequence[str] | None = None) -> Iterator[JsonTable]:
    """Open a file of JSON objects, plain or gzip. Raises BadFile. ``used``: see JsonTable."""
    with opened_bytes(path, name, moved) as file:
        yield JsonTable(name, file, used)


def first_names(path: Path, name: str) -> list[str]:
    """Return the names in the first object of a file; none where that is no object. Raises BadFile."""
    with opened_bytes(path, name) as file:
        for _, document in islice(_objects(json_lines(file, name)), 1):
            return list(document) if isinstance(document, dict) else []
    return []


def _objects(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, object]]:
    """Yield each line's object, or the members of its array; None for what is no JSON."""
    for number, line in lines:
        if not line.strip():
            continue
        try:
            document = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            document = None
        yield from ((number, member) for member in (document if isinstance(document, list) else [document]))


def _text(value: str | float | bool) -> str:
    """Return a value as a CSV has it. Whole numbers are exact; a float that may be rounded shows that it is one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and abs(value) >= EXACT_BELOW:
        return f"{value:e}"
    return value if isinstance(value, str) else str(value)
