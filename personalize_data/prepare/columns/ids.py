"""Ids and event types: what may be one, by the same rule for all forms of table.

1 to 256 characters (API reference, PutEvents). A NUL breaks the CSV that is imported; other control characters are
never meant.
"""

import fnmatch
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl
from broker.values.ids import NO_ID_WORDS, ROUNDED, WHOLE_FRACTION, is_no_id, is_rounded

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.source import ROW, Source
from personalize_data.quotas import MAX_ID_LENGTH

_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_ROUNDED = f"^{ROUNDED}$"  # what programs make of long ids: different ones become the same
_WHOLE = f"^{WHOLE_FRACTION}$"  # what they make of ids of digits where one is missing
_NO_ID = f"(?i)^(?:{'|'.join(re.escape(word) for word in sorted(NO_ID_WORDS))})$"

_UNUSUAL = f"{_CONTROL}|{_ROUNDED}|{_WHOLE}|{_NO_ID}"


def check(source: Source, table: pl.DataFrame, column: str) -> None:
    """Raise BadFile with the line of the first invalid id in a column. ``table`` has ROW, and no id is missing."""
    text = pl.col(column).str
    wrong = (text.len_chars() > MAX_ID_LENGTH) | text.contains(_CONTROL) | text.contains(_ROUNDED)
    bad = table.lazy().filter(wrong).select(ROW, column).collect().sort(ROW)
    if len(bad):
        raise source.bad(bad[ROW][0], f"{column} {_reason(bad[column][0])}")


def are_usual(source: Source, column: pl.Series) -> bool:
    """Return whether a column of a source holds nothing that the other functions here change, note or refuse."""
    if source.exact_below(column.name) is not None:
        return False
    text = column.unique().str
    unusual = text.contains(_UNUSUAL) | (text.len_bytes() > MAX_ID_LENGTH)
    return not unusual.any()


def known(source: Source, table: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[str]]:
    """Return a table without ids that are words for a missing value, such as ``undefined``, and a note on those."""
    missing = table[column].str.contains(_NO_ID).fill_null(False)
    if not missing.any():
        return table, []
    row, text = table.filter(missing).select(ROW, column).row(0)
    note = (
        f"{column} has a word for a missing value in {missing.sum():,} rows, the first {text!r} in {source.place(row)}"
    )
    return table.with_columns(pl.when(~missing).then(pl.col(column)).alias(column)), [note]


def whole(source: Source, table: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[str]]:
    """Return a table with 17850 for the id 17850.0 where all ids end in .0, and notes on the change.

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
    _one_way(source, table, column, ending)
    first = table[column].filter(ending)[0]
    if ending.sum() == table[column].count():
        whole_ = table[column].str.extract(_WHOLE, 1)
        return table.with_columns(whole_.alias(column)), _noted(column, whole_.filter(ending).head(1).to_list())
    note = f"{column} ends in .0 in {ending.sum():,} of {table[column].count():,} rows, as {first!r}: left as it is"
    return table, [note]


def _noted(column: str, examples: list[str]) -> list[str]:
    return [f"{column} holds fractions: {note}.0 is written as {note}" for note in examples]


def _exact(source: Source, table: pl.DataFrame, column: str, most: int) -> None:
    number = pl.col(column).cast(pl.Float64, strict=False)
    exact = table.filter(~(number.abs() < most)).select(ROW, column).sort(ROW).head(1)
    for row, text in exact.iter_rows():
        raise source.bad(row, f"{column} is {text} in a column of fractions, which rounds it: export it as text")


def _one_way(source: Source, table: pl.DataFrame, column: str, ending: pl.Series) -> None:
    """Raise BadFile with the line of the first id with .0 that is also there without it, or with another fraction."""
    number = pl.col(column).str.extract(_WHOLE, 1)
    forms = table.lazy().select(column, number.fill_null(pl.col(column)).alias("\0id")).unique().drop_nulls()
    several = forms.group_by("\0id").agg(pl.col(column).sort()).filter(pl.col(column).list.len() > 1)
    rows = table.lazy().filter(ending).with_columns(number.alias("\0id")).join(several, on="\0id", suffix="s")
    for row, text, others in rows.select(ROW, column, f"{column}s").sort(ROW).head(1).collect().iter_rows():
        other = next(other for other in others if other != text)
        raise source.bad(row, f"{column} is {text!r}, and elsewhere {other!r}, one id or two: write them in one way")


def check_one(text: str, subject: str) -> None:
    """Raise InvalidRequest for an invalid id or event type. ``subject``: where it comes from."""
    if not text.strip():
        raise InvalidRequest(f"{subject} is empty")
    if len(text) > MAX_ID_LENGTH or re.search(_CONTROL, text) or is_rounded(text):
        raise InvalidRequest(f"{subject} {_reason(text)}")


def check_item(text: str, subject: str) -> None:
    """Raise InvalidRequest for the id of an item that is invalid, or a word for a missing value."""
    check_one(text, subject)
    if is_no_id(text):
        raise InvalidRequest(f"{subject} is {text!r}, a word for a missing value")


def _reason(text: str) -> str:
    if len(text) > MAX_ID_LENGTH:
        return f"has more than {MAX_ID_LENGTH} characters, too many for an id"
    if re.search(_CONTROL, text):
        return f"is {text!r}, with a control character in it, which can't be in an id"
    return f"is {text!r}, which a spreadsheet has rounded: keep the column as text there, and export it again"


@dataclass(frozen=True)
class Dropped:
    """How many rows were left out, and of how many items."""

    rows: int = 0
    items: int = 0


def drop(source: Source, table: pl.DataFrame, column: str, patterns: Sequence[str]) -> tuple[pl.DataFrame, Dropped]:
    """Return the rows of other items, also those without an item. Raises InvalidRequest as ``matching`` does."""
    if not patterns:
        return table, Dropped()
    matched = matching(table[column].drop_nulls().unique(), patterns, f"{source.path} has no such item in {column}")
    rest = table.filter(~pl.col(column).is_in(list(matched)).fill_null(False))
    return rest, Dropped(len(table) - len(rest), len(matched))


def matching(ids: Collection[str], patterns: Sequence[str], nothing: str) -> set[str]:
    """Return the ids that are named, or match ``*`` patterns. ``nothing``: what to say where one matches none.

    Raises InvalidRequest that names all patterns which match none: a mistyped one would leave in what is no product.
    """
    by_pattern = {
        text: {column for column in ids if column == text or fnmatch.fnmatchcase(column, text)} for text in patterns
    }
    without = [text for text, names in by_pattern.items() if not names]
    if without:
        raise InvalidRequest(f"--drop-item {', '.join(map(repr, without))}: {nothing}")
    return set().union(*by_pattern.values())
