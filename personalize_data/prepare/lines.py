"""Lines that are interactions already, one a row: of invoices, or of an event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from evaluation.data import probe
from personalize_data.errors import BadQuestion
from personalize_data.prepare import warnings
from personalize_data.prepare.columns import ids, timestamps
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.source import ROW, Source
from personalize_data.times import Times


@dataclass(frozen=True)
class Asked:
    """Columns of the table. ``event_type``: of every row, if there is no ``type`` column; ``only``: types to keep.

    ``quantity``: rows of zero or less are returns, and left out; ``price``: EVENT_VALUE is price times quantity.
    ``metadata``: names of Personalize's → columns. ``drop_items``: ids, or ``*`` patterns, of what is no product.
    ``invoices``: negative numbers beside ``quantity`` may be returns, which is worth a note.
    """

    user: str
    item: str
    time: str
    type: str | None = None
    event_type: str = ""
    only: Sequence[str] = ()
    value: str | None = None
    quantity: str | None = None
    price: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    drop_items: Sequence[str] = ()
    invoices: bool = False

    def columns(self) -> list[str]:
        """Return the columns of the table that are used, each once."""
        named = (self.user, self.item, self.time, self.type, self.value, self.quantity, self.price)
        return list(dict.fromkeys(name for name in (*named, *self.metadata.values()) if name))

    def ids(self) -> list[str]:
        """Return the columns of ids and of types."""
        return [self.user, self.item, *([self.type] if self.type else [])]


@dataclass(frozen=True)
class Found:
    """``interactions`` with the columns of the dataset, and ROW. Counts are of rows left out. ``notes``: to be told."""

    interactions: pl.DataFrame
    returns: int
    other_types: int
    probes: int
    dropped: ids.Dropped
    notes: Sequence[str]


def read(source: Source, asked: Asked, filling: Filling, times: Times) -> Found:
    """Read the table. Raises BadFile with the line of what is missing or has another type, BadQuestion."""
    if not asked.type:
        ids.check_one(asked.event_type, "--event-type")
    table = source.collect(source.rows.select(ROW, *asked.columns()))
    if table.is_empty():
        raise BadQuestion(f"{source.path} has no rows")
    said: list[str] = []
    for name in dict.fromkeys((asked.user, asked.item)):
        table, more = ids.whole(source, table, name)
        said += more
    table, probes = probe.without(table, asked.user)
    table, dropped = ids.drop(source, table, asked.item, asked.drop_items)
    table, other_types = _of_types(table, asked)
    table, returns = _bought(source, table, asked, filling)
    table = _known(table, asked, filling)
    if table.is_empty():
        counts = f"{other_types:,} of other types, {returns:,} returns, {dropped.rows:,} of dropped items"
        raise BadQuestion(f"{source.path}: no row is left ({counts})")
    for name in asked.ids():
        ids.check(source, table, name)
    if asked.invoices and not asked.quantity:
        said += warnings.of_returns(source, (*asked.ids(), asked.time, asked.price), asked.event_type)
    return Found(_interactions(source, table, asked, times), returns, other_types, probes, dropped, said)


def _of_types(table: pl.DataFrame, asked: Asked) -> tuple[pl.DataFrame, int]:
    if not (asked.only and asked.type):
        return table, 0
    kept = table.filter(pl.col(asked.type).is_in(list(asked.only)))
    return kept, len(table) - len(kept)


def _bought(source: Source, table: pl.DataFrame, asked: Asked, filling: Filling) -> tuple[pl.DataFrame, int]:
    """Return the rows that are no returns, and how many are."""
    if not asked.quantity:
        return table, 0
    table = filling.apply(table, asked.quantity, needed=True)
    kept = table.filter(_numbers(source, table, asked.quantity) > 0)
    return kept, len(table) - len(kept)


def _known(table: pl.DataFrame, asked: Asked, filling: Filling) -> pl.DataFrame:
    for name in (asked.user, asked.item, asked.time, *([asked.type] if asked.type else [])):
        table = filling.apply(table, name, needed=True)
    for name in _others(asked):
        table = filling.apply(table, name, needed=False)
    return table


def _others(asked: Asked) -> list[str]:
    return [name for name in (asked.value, asked.price, *asked.metadata.values()) if name]


def _interactions(source: Source, table: pl.DataFrame, asked: Asked, times: Times) -> pl.DataFrame:
    seconds = timestamps.seconds(source, table, asked.time, times, asked.time_format)
    same_type = pl.Series([asked.event_type]).new_from_index(0, len(table))
    columns = {
        ROW: table[ROW],
        "USER_ID": table[asked.user],
        "ITEM_ID": table[asked.item],
        "EVENT_TYPE": table[asked.type] if asked.type else same_type,
        "TIMESTAMP": seconds,
    }
    value = _value(source, table, asked)
    if value is not None:
        columns["EVENT_VALUE"] = value
    for name, column in asked.metadata.items():
        columns[name] = table[column]
    return pl.DataFrame(columns)


def _value(source: Source, table: pl.DataFrame, asked: Asked) -> pl.Series | None:
    if asked.price:
        product = _numbers(source, table, asked.price)
        if asked.quantity:
            product = product * _numbers(source, table, asked.quantity)
        too_large = (~product.is_finite().fill_null(True)).arg_true()
        if len(too_large):
            raise source.bad(int(table[ROW][int(too_large[0])]), f"{asked.price} times {asked.quantity} is too large")
        return product.round(6)
    return _numbers(source, table, asked.value) if asked.value else None


def _numbers(source: Source, table: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of text as numbers, null where it is. Raises BadFile for another text, and for nan and inf."""
    numbers = table[column].cast(pl.Float64, strict=False)
    bad = (~numbers.is_finite().fill_null(False) & table[column].is_not_null()).arg_true()
    if len(bad):
        place = int(bad[0])
        raise source.bad(
            int(table[ROW][place]), f"{column} is {table[column][place]!r}, {_no_number(table[column][place])}"
        )
    return numbers


def _no_number(text: str) -> str:
    if "," in text:
        return "which is no number: write a point before decimals, and nothing between thousands"
    return f"which is no number that can be used; --empty {text!r} takes it for nothing known"
