"""The schema type of a column of text: a number only where every value is one, and none is a code."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from personalize_data.prepare.columns.numbers import CODE, MOSTLY
from personalize_data.prepare.source import ROW, Source
from personalize_data.schema import SchemaInference

_COMMA = r"^[+-]?[0-9]+(,[0-9]{3}|\.[0-9]{3})*[.,][0-9]+$"  # 2,50 and 1.234,50 and 1,234.50
Field = Mapping[str, Any]


def fields(source: Source, table: pl.DataFrame, names: Mapping[str, str], text: Collection[str]) -> list[Field]:
    """Return the Avro field of each column of ``table``, which has ROW. ``names``: the source's columns → the table's.

    ``text``: columns of the source that are text even where they look like numbers. Raises BadFile with the line of a
    word in a column of numbers, and of a number that is too large for one.
    """
    return [_field(source, table, column, name, column in text) for column, name in names.items()]


def _field(source: Source, table: pl.DataFrame, column: str, name: str, is_text: bool) -> Field:
    if is_text:
        kind = ["null", "string"] if table[name].null_count() else "string"
        return {"name": name, "type": kind, "categorical": True}
    field = _derived(table[name])
    known = table.filter(pl.col(name).is_not_null())
    # A word among codes is a code.
    if not known[name].str.contains(CODE).any():
        _no_stray_word(source, known, column, name)
    return field


def _derived(column: pl.Series) -> Field:
    inference = SchemaInference("items", [column.name])  # the types are the same in all three datasets
    for value in column.fill_null("").unique():
        inference.see({column.name: value})
    field: Field = json.loads(inference.schema().text)["fields"][1]
    return field


def _no_stray_word(source: Source, known: pl.DataFrame, column: str, name: str) -> None:
    """Raise BadFile for a value that is not a finite number, where most values, or all but nan and inf, are numbers."""
    numbers = known[name].cast(pl.Float64, strict=False)
    good = numbers.is_finite().fill_null(False)
    meant = good | known[name].str.contains(_COMMA)
    if good.all() or (numbers.null_count() and meant.mean() < MOSTLY):  # type: ignore[operator]
        return
    row, word = known.filter(~good).sort(ROW).select(ROW, name).row(0)
    raise source.bad(row, f"{column} is {word!r}, and {_share(good, meant)} of the rows: {_ways(column, word)}")


def _share(good: pl.Series, meant: pl.Series) -> str:
    commas = float((meant & ~good).mean() or 0)  # type: ignore[arg-type]
    numbers = float(good.mean() or 0)  # type: ignore[arg-type]
    return f"a number in {numbers:.1%}" + (f", one with a comma in {commas:.1%}" if commas else "")


def _ways(column: str, word: str) -> str:
    if re.search(_COMMA, word):
        return (
            "--decimal , reads a decimal comma; else write a point before decimals, and nothing between thousands; "
            f"--categorical {column} takes it for words"
        )
    return f"--null-value {word!r} takes it for nothing known, --categorical {column} takes the column for words"
