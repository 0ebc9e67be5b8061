"""Tables with one interaction per row: lines of invoices, or an event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from broker.values import amounts

from personalize_data import probe
from personalize_data.errors import InvalidRequest
from personalize_data.prepare import rows as read_rows
from personalize_data.prepare import warnings
from personalize_data.prepare.columns import ids, numbers, time_of_day, timestamps
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.source import ROW, Source
from personalize_data.times import Times


@dataclass(frozen=True)
class LineTableSpec:
    """Columns of the table. ``event_type``: of every row, if there is no ``type`` column; ``event_types``: types to
    keep.

    ``quantity``: rows of zero or less are returns, and left out; ``price``: EVENT_VALUE is price times quantity, and
    below zero a return. ``time_of_day``: a column beside ``time``, with its unit, s or ms, or None for 08:26:00.
    ``split``: what stands between several products in a cell. ``metadata``: names of Personalize's → columns.
    ``drop_items``: ids, or ``*`` patterns, of what is no product. ``invoices``: add a note on negative numbers outside
    ``quantity``, which may be returns.
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
    text: Sequence[str] = ()
    time_format: str | None = None
    time_of_day: str | None = None
    time_of_day_unit: str | None = None
    split: str | None = None
    drop_items: Sequence[str] = ()
    invoices: bool = False

    def columns(self) -> list[str]:
        """Return the columns of the table that are in use, each once."""
        named = (self.user, self.item, self.time, self.time_of_day, self.type, self.value, self.quantity, self.price)
        return list(dict.fromkeys(name for name in (*named, *self.metadata.values()) if name))

    def ids(self) -> list[str]:
        """Return the columns of ids and of event types."""
        return [self.user, self.item, *([self.type] if self.type else [])]

    def needed(self) -> list[str]:
        """Return the columns that may not be empty."""
        return [name for name in (self.user, self.item, self.time, self.time_of_day, self.type) if name]


@dataclass
class Counts:
    """``rows``: of the table; ``split``: rows more because a cell has several products; ``items``: dropped.

    ``left_out``: rows that are no interactions, by reason.
    """

    rows: int = 0
    split: int = 0
    items: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def without(self, table: pl.DataFrame, rest: pl.DataFrame, reason: str) -> pl.DataFrame:
        """Return the rest of a table, and count the rows that it lacks."""
        self.left_out[reason] = len(table) - len(rest)
        return rest


@dataclass(frozen=True)
class LineTable:
    """``interactions``: the columns of the dataset, and ROW. ``notes``: for the summary."""

    interactions: pl.DataFrame
    counts: Counts
    notes: Sequence[str]


def read(source: Source, spec: LineTableSpec, filling: Filling, times: Times) -> LineTable:
    """Read the table. Raises BadFile with the line of what is missing or has another type, InvalidRequest."""
    if not spec.type:
        ids.check_one(spec.event_type, "--event-type")
    counts, messages = Counts(), list[str]()
    rows = read_rows.collected(source, spec.columns())
    counts.rows, counts.left_out["blank_rows"] = rows.total, rows.blank
    table = _split(source, rows.table, spec, counts)
    usual = {name for name in spec.ids() if name not in filling.rules and ids.are_usual(source, table[name])}
    for name in [name for name in dict.fromkeys((spec.user, spec.item)) if name not in usual]:
        table, words = ids.known(source, table, name)
        table, fractions = ids.whole(source, table, name)
        messages += [*words, *fractions]
    table = _kept(source, table, spec, filling, counts)
    if table.is_empty():
        left_out = {reason.replace("_", " "): number for reason, number in counts.left_out.items() if number}
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in left_out.items()) or "see --impute"
        raise InvalidRequest(f"{source.path}: no row is left ({reasons})")
    for name in spec.ids():
        if name not in usual:
            ids.check(source, table, name)
    rows.check(table)
    if spec.split is None:
        messages += warnings.about_several_items(source, table, spec.item)
    if spec.invoices and not spec.quantity:
        messages += warnings.about_returns(source, (*spec.ids(), spec.time, spec.price), spec.event_type)
    interactions = _interactions(source, table, spec, times)
    if spec.value:
        messages += warnings.about_negative_values(source, interactions, spec.value)
    return LineTable(interactions, counts, messages)


def _split(source: Source, table: pl.DataFrame, spec: LineTableSpec, counts: Counts) -> pl.DataFrame:
    """Return the table with a row for each of several products in a cell."""
    if spec.split is None:
        return table
    rows = table.with_columns(pl.col(spec.item).str.split(spec.split)).explode(spec.item)
    rows = rows.with_columns(pl.col(spec.item).str.strip_chars())
    counts.split = len(rows) - len(table)
    # A cell without a value stays a missing one; what is empty beside a separator is none.
    nothing = pl.col(spec.item).is_in(["", *source.reading.empty]).fill_null(False)
    return counts.without(rows, rows.filter(~nothing), "empty_parts")


def _kept(source: Source, table: pl.DataFrame, spec: LineTableSpec, filling: Filling, counts: Counts) -> pl.DataFrame:
    """Return the rows that are interactions, with what is missing filled."""
    table = counts.without(table, probe.without(table, spec.user)[0], probe.REASON)
    rest, dropped = ids.drop(source, table, spec.item, spec.drop_items)
    table, counts.items = counts.without(table, rest, "dropped_items"), dropped.items
    table = counts.without(table, _of_types(table, spec), "other_types")
    if spec.quantity:
        table = filling.apply(table, spec.quantity, needed=True)
    table = counts.without(table, _bought(source, table, spec), "returns")
    for name in spec.needed():
        table = filling.apply(table, name, needed=True)
    for other in (spec.value, spec.price, *spec.metadata.values()):
        if other:
            table = filling.apply(table, other, needed=False)
    return table


def _of_types(table: pl.DataFrame, spec: LineTableSpec) -> pl.DataFrame:
    if not (spec.event_types and spec.type):
        return table
    return table.filter(pl.col(spec.type).is_in(list(spec.event_types)))


def _bought(source: Source, table: pl.DataFrame, spec: LineTableSpec) -> pl.DataFrame:
    """Return the rows that are no returns, by ``amounts.is_return`` and, of quantities, by zero, too.

    A price or a value is that of a purchase, or says nothing about a return.
    """
    if spec.quantity:
        table = table.filter(numbers.read(source, table, spec.quantity) > 0)
    for name in (spec.price, spec.value):
        if name:
            amount = numbers.loose(source, table, name)
            is_return = ((amount < 0) & amount.is_finite()).fill_null(False)
            if is_return.any():
                table = table.filter(~(is_return & _purchases(table, spec)))
    return table


def _purchases(table: pl.DataFrame, spec: LineTableSpec) -> pl.Series:
    """Return which rows are purchases; lines of invoices all are."""
    if spec.invoices or not spec.type:
        is_one = spec.invoices or spec.event_type.lower() == amounts.PURCHASE
        return pl.Series([is_one]).new_from_index(0, len(table))
    return table[spec.type].str.to_lowercase().eq_missing(amounts.PURCHASE)


def _interactions(source: Source, table: pl.DataFrame, spec: LineTableSpec, times: Times) -> pl.DataFrame:
    columns = {
        ROW: table[ROW],
        "USER_ID": table[spec.user],
        "ITEM_ID": table[spec.item],
        "EVENT_TYPE": table[spec.type] if spec.type else pl.Series([spec.event_type]).new_from_index(0, len(table)),
        "TIMESTAMP": _seconds(source, table, spec, times),
    }
    value = _value(source, table, spec)
    if value is not None:
        columns["EVENT_VALUE"] = value
    for name, column in spec.metadata.items():
        columns[name] = numbers.attribute(source, table, column, spec.text)
    return pl.DataFrame(columns)


def _seconds(source: Source, table: pl.DataFrame, spec: LineTableSpec, times: Times) -> pl.Series:
    dates = timestamps.seconds(source, table, spec.time, times, spec.time_format)
    if spec.time_of_day is None:
        return dates
    return time_of_day.added(source, table, dates, (spec.time, spec.time_of_day), spec.time_of_day_unit)


def _value(source: Source, table: pl.DataFrame, spec: LineTableSpec) -> pl.Series | None:
    if spec.price is None:
        values = numbers.read(source, table, spec.value) if spec.value else None
        return None if values is None else numbers.event_values(source, table, values, str(spec.value))
    values, origin = numbers.read(source, table, spec.price), str(spec.price)
    if spec.quantity:
        values, origin = values * numbers.read(source, table, spec.quantity), f"{spec.price} times {spec.quantity}"
    return numbers.event_values(source, table, values, origin).round(6)
