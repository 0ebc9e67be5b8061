"""Columns of text as numbers: with a decimal point, or with the comma that --decimal states."""

from collections.abc import Collection

import polars as pl
from broker.values.amounts import BETWEEN_THOUSANDS, GROUPED, MAX_FLOAT32, POINT, WITH_COMMA

from personalize_data.prepare.source import ROW, Source

MOSTLY = 0.9  # of a column's values are numbers: then one that is none is more likely a mistake than a word
NO_NUMBER = "which is no number: write a point before decimals, nothing between thousands, and leave unknown ones empty"
CODE = r"^[+-]?0[0-9]"  # 01234 and 1234 are two codes, and would be one number


def pointed(text: pl.Series, decimal: str) -> pl.Series:
    """Return texts of numbers with a decimal point; null for what is none by ``amounts.with_point``."""
    if decimal == POINT:
        return text
    column = pl.col(text.name)
    joined = pl.when(column.str.contains(GROUPED)).then(column.str.replace_all(BETWEEN_THOUSANDS, ""))
    whole = joined.otherwise(column)
    with_point = pl.when(whole.str.contains(WITH_COMMA)).then(whole.str.replace(",", ".", literal=True))
    return text.to_frame().select(with_point.alias(text.name)).to_series()


def loose(source: Source, table: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of text as numbers, null for what is none."""
    return pointed(table[column], source.decimal(column)).cast(pl.Float64, strict=False)


def read(source: Source, table: pl.DataFrame, column: str, *, has_options: bool = True) -> pl.Series:
    """Return the same. Raises BadFile for another text, and for nan and inf.

    ``has_options``: the command has --null-value and --decimal, which the error may name.
    """
    numbers = loose(source, table, column)
    bad = (~numbers.is_finite().fill_null(False) & table[column].is_not_null()).arg_true()
    if len(bad):
        row, text = table[ROW][int(bad[0])], table[column][int(bad[0])]
        why = _no_number(text, source.decimal(column)) if has_options else NO_NUMBER
        raise source.bad(int(row), f"{column} is {text!r}, {why}")
    return numbers


def event_values(source: Source, table: pl.DataFrame, values: pl.Series, origin: str) -> pl.Series:
    """Return EVENT_VALUEs. Raises BadFile for one that a 32-bit float can't hold. ``origin``: where it comes from."""
    too_large = (~(values.abs() <= MAX_FLOAT32).fill_null(True)).arg_true()
    if len(too_large):
        raise source.bad(int(table[ROW][int(too_large[0])]), f"{origin} is too large")
    return values


def attribute(source: Source, table: pl.DataFrame, column: str, text: Collection[str]) -> pl.Series:
    """Return an attribute's column with decimal points where all of it is numbers by --decimal; else as it is.

    ``text``: columns that are words. Raises BadFile for a number that is none by --decimal, such as 2.5 with a comma.
    """
    decimal, values = source.decimal(column), table[column]
    if decimal == POINT or column in text or values.str.contains(CODE).any():
        return values
    numbers = pointed(values, decimal)
    odd = numbers.is_null() & values.is_not_null()
    if not odd.any():
        return numbers
    like_numbers = odd & values.cast(pl.Float64, strict=False).is_finite().fill_null(False)
    wrong = like_numbers if like_numbers.any() else odd
    if like_numbers.any() or numbers.count() >= MOSTLY * values.count():
        row, word = table.filter(wrong).sort(ROW).select(ROW, column).row(0)
        ways = f"--null-value {word!r} takes it for nothing known, --categorical {column} takes the column for words"
        raise source.bad(row, f"{column} is {word!r}, which is no number with a decimal comma: {ways}")
    return values


def _no_number(text: str, decimal: str) -> str:
    if decimal != POINT:
        return f"which is no number with a decimal comma; --null-value {text!r} takes it for nothing known"
    if "," in text:
        return (
            "which is no number: --decimal , reads a decimal comma; else write a point before decimals, and nothing "
            "between thousands"
        )
    return f"which is no number that can be used; --null-value {text!r} takes it for nothing known"
