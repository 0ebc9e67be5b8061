"""What may be an id or a type of event: one rule for all forms of table.

1 to 256 characters (API reference, PutEvents). A NUL breaks the CSV that is imported; other control characters are
never meant.
"""

import re

import polars as pl

from evaluation.failure import BadQuestion
from history.table import MAX_ID
from preparation.reading.source import ROW, Source

_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_ROUNDED = r"^[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}$"  # what programs make of long ids: different ones become the same
_WHOLE = r"^-?[0-9]+\.0$"  # what they make of ids of digits where one is missing


def check(source: Source, table: pl.DataFrame, column: str) -> None:
    """Raise BadFile with the line of the first id in a column that is none. ``table`` has ROW, and none is missing."""
    text = pl.col(column).str
    wrong = (text.len_chars() > MAX_ID) | text.contains(_CONTROL) | text.contains(_ROUNDED)
    found = table.lazy().filter(wrong).select(ROW, column).collect().sort(ROW)
    if len(found):
        raise source.bad(found[ROW][0], f"{column} {_reason(found[column][0])}")


def whole(source: Source, table: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[str]]:
    """Return a table with 17850 for the id 17850.0 where the whole column is so, and notes on what was done.

    Raises BadFile with the line where ``17850.0`` and ``17850`` stand in one column, which may be one id or two, and
    for what a column of fractions can't hold exactly.
    """
    most = source.exact_below(column)
    if most is not None:
        _exact(source, table, column, most)
        known = table[column].drop_nulls()
        return table, _noted(column, known.filter(known.str.contains("^-?[0-9]+$")).head(1).to_list())
    ending = table[column].str.contains(_WHOLE).fill_null(False)
    if not ending.any():
        return table, []
    first = table[column].filter(ending)[0]
    if ending.sum() == table[column].count():
        return table.with_columns(pl.col(column).str.strip_suffix(".0")), _noted(column, [first.removesuffix(".0")])
    _one_way(source, table, column, ending)
    note = f"{column} ends in .0 in {ending.sum():,} of {table[column].count():,} rows, as {first!r}: left as it is"
    return table, [note]


def _noted(column: str, examples: list[str]) -> list[str]:
    return [f"{column} holds fractions: {one}.0 is written as {one}" for one in examples]


def _exact(source: Source, table: pl.DataFrame, column: str, most: int) -> None:
    number = pl.col(column).cast(pl.Float64, strict=False)  # NaN is not below anything
    found = table.filter(~(number.abs() < most)).select(ROW, column).sort(ROW).head(1)
    for row, text in found.iter_rows():
        if text.lower().strip("-") in ("nan", "inf"):
            raise source.bad(row, f"{column} is {text}, which is no id: --empty {text} takes it for nothing known")
        raise source.bad(row, f"{column} is {text} in a column of fractions, which rounds it: export it as text")


def _one_way(source: Source, table: pl.DataFrame, column: str, ending: pl.Series) -> None:
    """Raise BadFile with the line of the first id with .0 that stands without it, too."""
    bare = pl.col(column).str.strip_suffix(".0")
    others = table.filter(~ending)[column].drop_nulls().unique()
    found = table.filter(ending).filter(bare.is_in(others.implode())).select(ROW, column).sort(ROW).head(1)
    for row, text in found.iter_rows():
        other = text.removesuffix(".0")
        raise source.bad(row, f"{column} is {text!r}, and elsewhere {other!r}, one id or two: write them in one way")


def check_one(text: str, what: str) -> None:
    """Raise BadQuestion for an id or type that no table has. ``what``: where it comes from."""
    if not text.strip():
        raise BadQuestion(f"{what} is empty")
    if len(text) > MAX_ID or re.search(_CONTROL, text):
        raise BadQuestion(f"{what} {_reason(text)}")


def _reason(text: str) -> str:
    if len(text) > MAX_ID:
        return f"has more than {MAX_ID} characters, too many for an id"
    if re.search(_CONTROL, text):
        return f"is {text!r}, with a control character in it, which can't be in an id"
    return f"is {text!r}, which a spreadsheet has rounded: keep the column as text there, and export it again"
