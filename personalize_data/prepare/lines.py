"""Tables with one interaction per row: lines of invoices, or an event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from personalize_data import probe
from personalize_data.errors import InvalidRequest
from personalize_data.prepare import warnings
from personalize_data.prepare.columns import ids, timestamps
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.source import ROW, Source
from personalize_data.times import Times


@dataclass(frozen=True)
class LineTableSpec:
    """Columns of the table. ``event_type``: of every row, if there is no ``type`` column; ``event_types``: types to
    keep.

    ``quantity``: rows of zero or less are returns, and left out; ``price``: EVENT_VALUE is price times quantity.
    ``metadata``: names of Personalize's → columns. ``drop_items``: ids, or ``*`` patterns, of what is no product.
    ``invoices``: add a note on negative numbers outside ``quantity``, which may be returns.
    """

    user: str
    item: str
    time: str
    type: str | None = None
    event_type: str = ""
    event_types: Sequence[str] = ()
    value: str | None = None
    quantity: str | None = None
    price: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    drop_items: Sequence[str] = ()
    invoices: bool = False

    def columns(self) -> list[str]:
        """Return the columns of the table that are in use, each once."""
        named = (self.user, self.item, self.time, self.type, self.value, self.quantity, self.price)
        return list(dict.fromkeys(name for name in (*named, *self.metadata.values()) if name))

    def ids(self) -> list[str]:
        """Return the columns of ids and of event types."""
        return [self.user, self.item, *([self.type] if self.type else [])]


@dataclass(frozen=True)
class LineTable:
    """``interactions``: the columns of the dataset, and ROW. Counts: rows left out. ``notes``: for the summary."""

    interactions: pl.DataFrame
    returns: int
    other_types: int
    probes: int
    dropped: ids.Dropped
    notes: Sequence[str]


def read(source: Source, spec: LineTableSpec, filling: Filling, times: Times) -> LineTable:
    """Read the table. Raises BadFile with the line of what is missing or has another type, InvalidRequest."""
    if not spec.type:
        ids.check_one(spec.event_type, "--event-type")
    table = source.collect(source.rows.select(ROW, *spec.columns()))
    if table.is_empty():
        raise InvalidRequest(f"{source.path} has no rows")
    messages: list[str] = []
    for name in dict.fromkeys((spec.user, spec.item)):
        table, more = ids.whole(source, table, name)
        messages += more
    table, probes = probe.without(table, spec.user)
    table, dropped = ids.drop(source, table, spec.item, spec.drop_items)
    table, other_types = _of_types(table, spec)
    table, returns = _bought(source, table, spec, filling)
    table = _known(table, spec, filling)
    if table.is_empty():
        counts = f"{other_types:,} of other types, {returns:,} returns, {dropped.rows:,} of dropped items"
        raise InvalidRequest(f"{source.path}: no row is left ({counts})")
    for name in spec.ids():
        ids.check(source, table, name)
    if spec.invoices and not spec.quantity:
        messages += warnings.about_returns(source, (*spec.ids(), spec.time, spec.price), spec.event_type)
    return LineTable(_interactions(source, table, spec, times), returns, other_types, probes, dropped, messages)


def _of_types(table: pl.DataFrame, spec: LineTableSpec) -> tuple[pl.DataFrame, int]:
    if not (spec.event_types and spec.type):
        return table, 0
    rows_ = table.filter(pl.col(spec.type).is_in(list(spec.event_types)))
    return rows_, len(table) - len(rows_)


def _bought(source: Source, table: pl.DataFrame, spec: LineTableSpec, filling: Filling) -> tuple[pl.DataFrame, int]:
    """Return the rows that are no returns, and how many are."""
    if not spec.quantity:
        return table, 0
    table = filling.apply(table, spec.quantity, needed=True)
    rows_ = table.filter(_numbers(source, table, spec.quantity) > 0)
    return rows_, len(table) - len(rows_)


def _known(table: pl.DataFrame, spec: LineTableSpec, filling: Filling) -> pl.DataFrame:
    for name in (spec.user, spec.item, spec.time, *([spec.type] if spec.type else [])):
        table = filling.apply(table, name, needed=True)
    for name in _others(spec):
        table = filling.apply(table, name, needed=False)
    return table


def _others(spec: LineTableSpec) -> list[str]:
    return [name for name in (spec.value, spec.price, *spec.metadata.values()) if name]


def _interactions(source: Source, table: pl.DataFrame, spec: LineTableSpec, times: Times) -> pl.DataFrame:
    seconds = timestamps.seconds(source, table, spec.time, times, spec.time_format)
    same_type = pl.Series([spec.event_type]).new_from_index(0, len(table))
    columns = {
        ROW: table[ROW],
        "USER_ID": table[spec.user],
        "ITEM_ID": table[spec.item],
        "EVENT_TYPE": table[spec.type] if spec.type else same_type,
        "TIMESTAMP": seconds,
    }
    value = _value(source, table, spec)
    if value is not None:
        columns["EVENT_VALUE"] = value
    for name, column in spec.metadata.items():
        columns[name] = table[column]
    return pl.DataFrame(columns)


def _value(source: Source, table: pl.DataFrame, spec: LineTableSpec) -> pl.Series | None:
    if spec.price:
        product = _numbers(source, table, spec.price)
        if spec.quantity:
            product = product * _numbers(source, table, spec.quantity)
        too_large = (~product.is_finite().fill_null(True)).arg_true()
        if len(too_large):
            raise source.bad(int(table[ROW][int(too_large[0])]), f"{spec.price} times {spec.quantity} is too large")
        return product.round(6)
    return _numbers(source, table, spec.value) if spec.value else None


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
    return f"which is no number that can be used; --null-value {text!r} takes it for nothing known"
