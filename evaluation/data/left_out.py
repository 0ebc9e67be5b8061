"""Rows of a log that are no interactions: which, why, and where the first is. The reasons are those of `backfill`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from evaluation.data import id_columns
from personalize_data import csv_reader, probe
from personalize_data.ids import REASONS
from personalize_data.table import PURCHASE

TYPE, VALUE = csv_reader.TYPE, "EVENT_VALUE"
PLACE, BLANK, NEGATIVE, AMOUNT = "place", "blank", "negative", "amount"
IN_WORDS = {
    "empty": "empty rows",
    REASONS["USER_ID"]: f"rows without a user ({REASONS['USER_ID']})",
    REASONS["ITEM_ID"]: f"rows without an item ({REASONS['ITEM_ID']})",
    probe.REASON: "rows of the broker's own probe (broker-probe)",
    "returns": "returns (purchases with an EVENT_VALUE below zero)",
}
Distinct = Mapping[str, pl.Series]
Test = Callable[[pl.DataFrame], pl.Series]


class LeftOut(NamedTuple):
    """How many rows are left out, and the line of the first."""

    rows: int
    line: int


def marks(names: Sequence[str], *, amounts: bool = False) -> list[pl.Expr]:
    """Return the columns that ``without`` needs beside ids and types. ``names``: the columns of the file.

    ``amounts``: with them at once, for who reads a part of the file at a time.
    """
    blank = pl.all_horizontal(pl.all().is_null() | (pl.all() == "")).alias(BLANK)
    sign = pl.col(VALUE).str.strip_chars_start().str.starts_with("-").fill_null(False) if VALUE in names else None
    if sign is None or TYPE not in names:
        return [blank]
    return [blank, sign.alias(NEGATIVE), *([_amount().alias(AMOUNT)] if amounts else [])]


def distinct(frame: pl.DataFrame) -> Distinct:
    """Return the different values of each column of categories."""
    coded = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Categorical)]
    return {name: frame[name].drop_nulls().unique() for name in coded}


def without(path: Path, frame: pl.DataFrame, values: Distinct) -> tuple[pl.DataFrame, Mapping[str, LeftOut]]:
    """Return the rows that count, and which others there are, by reason: the first that holds of a row."""
    frame, counted = parted(path, frame, values)
    return frame, {reason: LeftOut(rows, csv_reader.line_of(path, place)) for reason, (rows, place) in counted.items()}


def parted(path: Path, frame: pl.DataFrame, values: Distinct) -> tuple[pl.DataFrame, Mapping[str, tuple[int, int]]]:
    """Return the rows that count, and of the others, by reason, how many there are, and the place of the first."""
    counted: dict[str, tuple[int, int]] = {}
    for reason, test in _tests(path, frame, values):
        rows = test(frame).fill_null(False)
        if rows.any():
            places = frame[PLACE].filter(rows)
            counted[reason] = len(places), int(places[0])
            frame = frame.filter(~rows)
    return frame.drop(BLANK, NEGATIVE, AMOUNT, strict=False), counted


def _tests(path: Path, frame: pl.DataFrame, values: Distinct) -> Iterator[tuple[str, Test]]:
    yield "empty", lambda rows: rows[BLANK]
    yield REASONS["USER_ID"], lambda rows: _has_no_id(rows["USER_ID"], values["USER_ID"])
    yield probe.REASON, lambda rows: rows["USER_ID"].eq_missing(probe.PROBE)
    yield REASONS["ITEM_ID"], lambda rows: _has_no_id(rows["ITEM_ID"], values["ITEM_ID"])
    if NEGATIVE in frame.columns and frame[NEGATIVE].any():
        yield "returns", lambda rows: _returns(path, rows)


def _has_no_id(column: pl.Series, values: pl.Series) -> pl.Series:
    codes = values.to_physical().gather(id_columns.without_id(values.cast(pl.String)))
    return column.is_null() | column.to_physical().is_in(codes.implode()) if len(codes) else column.is_null()


def _returns(path: Path, rows: pl.DataFrame) -> pl.Series:
    """Return which rows are returns. The amounts are read now: nearly no file has one below zero."""
    below = rows[AMOUNT] if AMOUNT in rows.columns else _amounts(path).gather(rows[PLACE])
    types = rows[TYPE].cast(pl.String).str.strip_chars().str.to_lowercase()
    return rows[NEGATIVE] & (below < 0) & (types == PURCHASE)


def _amounts(path: Path) -> pl.Series:
    return pl.scan_csv(path, infer_schema=False).select(_amount()).collect(engine="streaming")[VALUE]


def _amount() -> pl.Expr:
    return pl.col(VALUE).str.strip_chars().cast(pl.Float64, strict=False)
