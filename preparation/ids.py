"""What may be an id or a type of event: one rule for all forms of table.

1 to 256 characters (API reference, PutEvents). A NUL breaks the CSV that is imported; other control characters are
never meant.
"""

import re

import polars as pl

from evaluation.failure import BadQuestion
from history.table import MAX_ID
from preparation.source import ROW, Source

_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_ROUNDED = r"^[0-9]\.[0-9]+E\+[0-9]{2,}$"  # what spreadsheets make of long ids: different ones become the same


def check(source: Source, table: pl.DataFrame, column: str) -> None:
    """Raise BadFile with the line of the first id in a column that is none. ``table`` has ROW, and none is missing."""
    text = pl.col(column).str
    wrong = (text.len_chars() > MAX_ID) | text.contains(_CONTROL) | text.contains(_ROUNDED)
    found = table.lazy().filter(wrong).select(ROW, column).collect().sort(ROW)
    if len(found):
        raise source.bad(found[ROW][0], f"{column} {_reason(found[column][0])}")


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
