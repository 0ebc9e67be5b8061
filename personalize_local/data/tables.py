"""Collectors of an import's rows: interactions as columns of numbers, users and items as records."""

from array import array
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from personalize_local.control import avro
from personalize_local.data.cells import BadCell, Parse, parser
from recommender_models.context.values import text_from
from recommender_models.interactions import NO_TYPE, InteractionColumns
from recommender_models.record_columns import RecordColumns

# Developer Guide, item interactions: distinct event types and metadata columns, EVENT_TYPE and EVENT_VALUE among these.
MOST_TYPES_AND_METADATA = 10


class Table(Protocol):
    """A collector of rows whose values are in the schema's order."""

    def add(self, row: Sequence[str]) -> None:
        """Add one row. Raises BadCell."""

    def save(self, folder: Path) -> None:
        """Write all rows into a job's folder."""


class InteractionTable:
    """Interactions. Other columns than user, item, type, time, value and ``context`` are checked and dropped.

    No model uses them. ``context``: the names of the columns that are the context of an interaction.
    """

    def __init__(self, fields: Sequence[avro.Field], context: Collection[str] = ()) -> None:
        names = {field.name for field in fields}
        metadata = len(avro.metadata("Interactions", tuple(fields))) + len(names & {"EVENT_TYPE", "EVENT_VALUE"})
        self._users = _Codes("i")
        self._items = _Codes("i")
        self._types = _Codes("h", most=MOST_TYPES_AND_METADATA - metadata)
        self._times = array("q")
        self._values = array("f")
        own = {
            "USER_ID": self._users.taker,
            "ITEM_ID": self._items.taker,
            "ACTION_ID": self._items.taker,
            "EVENT_TYPE": self._types.taker,
        }
        own |= {"TIMESTAMP": self._time_taker, "EVENT_VALUE": self._value_taker}
        self._context = {name: _Codes("i") for name in sorted(context)}
        own |= {name: codes.text_taker for name, codes in self._context.items()}
        self._takers = [own.get(field.name, _checked)(parser(field)) for field in fields]

    def add(self, row: Sequence[str]) -> None:
        """Add one row. Raises BadCell."""
        for take, cell in zip(self._takers, row, strict=True):
            take(cell)

    def columns(self) -> InteractionColumns:
        """Return all rows."""
        size = len(self._times)
        return InteractionColumns(
            self._users.names,
            self._items.names,
            self._types.names,
            users=np.array(self._users.codes, dtype=np.int32),
            items=np.array(self._items.codes, dtype=np.int32),
            types=np.array(self._types.codes or [NO_TYPE] * size, dtype=np.int16),
            times=np.array(self._times, dtype=np.int64),
            values=np.array(self._values, dtype=np.float32) if self._values else np.full(size, np.nan, np.float32),
            **self._contexts(),
        )

    def _contexts(self) -> dict[str, Any]:
        """Return the distinct contexts, and which each row has."""
        if not self._context or not len(self._times):
            return {}
        rows, codes = np.unique(
            np.stack([each.codes for each in self._context.values()], axis=1), axis=0, return_inverse=True
        )
        names = {column: each.names for column, each in self._context.items()}
        texts = []
        for row in rows.tolist():
            cells = {column: names[column][code] for column, code in zip(names, row, strict=True)}
            texts.append(text_from({column: cell for column, cell in cells.items() if cell}))
        return {"contexts": texts, "context": codes.reshape(-1).astype(np.int32)}

    def save(self, folder: Path) -> None:
        """Write ``interactions/``."""
        self.columns().save(folder / "interactions")

    def _time_taker(self, parse: Parse) -> Callable[[str], None]:
        append = self._times.append

        def take(cell: str) -> None:
            # Up to eleven digits are seconds, not milliseconds: the usual case, on the fast path.
            append(int(cell) if cell.isdecimal() and cell.isascii() and len(cell) <= 11 else parse(cell))

        return take

    def _value_taker(self, parse: Parse) -> Callable[[str], None]:
        append = self._values.append

        def take(cell: str) -> None:
            value = parse(cell)
            append(np.nan if value is None else value)

        return take


class RecordTable:
    """Users or items; of several rows with the same id the last counts."""

    def __init__(self, fields: Sequence[avro.Field], key: str) -> None:
        self._names = [field.name for field in fields]
        self._parsers = [parser(field) for field in fields]
        self._key = self._names.index(key)
        self._rows: dict[str, list[Any]] = {}

    def add(self, row: Sequence[str]) -> None:
        """Add one row. Raises BadCell."""
        values = [parse(cell) for parse, cell in zip(self._parsers, row, strict=True)]
        self._rows[values[self._key]] = values

    def save(self, folder: Path) -> None:
        """Write ``records.json``."""
        columns = {
            name: [row[place] for row in self._rows.values()]
            for place, name in enumerate(self._names)
            if place != self._key
        }
        RecordColumns(list(self._rows), columns).save(folder / "records.json")


class _Codes:
    """A column of names, as indices into the list of distinct names."""

    def __init__(self, typecode: str, most: int | None = None) -> None:
        self._code: dict[str, int] = {}
        self._most = most
        self.codes = array(typecode)

    @property
    def names(self) -> list[str]:
        return list(self._code)

    def taker(self, parse: Parse) -> Callable[[str], None]:
        code, append = self._code, self.codes.append

        def take(cell: str) -> None:
            known = code.get(cell)
            append(self._add(parse(cell)) if known is None else known)

        return take

    def text_taker(self, parse: Parse) -> Callable[[str], None]:
        """Take cells that may be empty, as empty names."""
        return self.taker(lambda cell: parse(cell) or "")

    def _add(self, name: str) -> int:
        if self._most is not None and len(self._code) >= self._most:
            raise BadCell(
                f"EVENT_TYPE has more than {self._most} distinct values; with the metadata columns of the schema,"
                f" {MOST_TYPES_AND_METADATA} are allowed"
            )
        return self._code.setdefault(name, len(self._code))


def _checked(parse: Parse) -> Callable[[str], None]:
    return parse
