"""The ids of a table that polars reads, by the rules of ``personalize_data.ids``: each distinct id is checked once."""

from collections.abc import Sequence

import polars as pl

from personalize_data import csv_reader
from personalize_data.ids import LONGEST_WORD, NO_ID_WORDS, fractions, is_no_id, whole_number
from personalize_data.quotas import MAX_ID_LENGTH

_NONE = sorted({"", *NO_ID_WORDS})
_CONTROL = r"[\x00-\x1f]"  # some are blanks to Python alone
_ODD = r"[\x00-\x1f\x7f-\x9f+]|^\s|\s$"  # a control character, a blank at an end, or what a rounded id has
_WHOLE = r"^[+-]?[0-9]+\.0+$"


def without_id(distinct: pl.Series) -> list[int]:
    """Return the places of the texts that stand for no id. ``distinct``: texts."""
    short = (distinct.str.strip_chars().str.len_bytes() <= LONGEST_WORD).arg_true()
    words = distinct.gather(short).str.strip_chars().str.to_lowercase()
    candidates = short.filter(words.is_in(_NONE) | words.str.contains(_CONTROL))
    return [place for place in candidates.to_list() if is_no_id(distinct[place])]


def any_wrong(name: str, distinct: pl.Series) -> bool:
    """Return whether one of a column's texts can't be used. Only those that may be are looked at one by one."""
    odd = distinct.filter(distinct.str.contains(_ODD) | (distinct.str.len_chars() > MAX_ID_LENGTH))
    return any(csv_reader.wrong(name, text) for text in odd)


def endings(ids: Sequence[str]) -> pl.Series:
    """Return which ids are like 17850.0."""
    return pl.Series(ids, dtype=pl.String).str.contains(_WHOLE)


class Numbers:
    """What becomes of the ids of a column that are like 17850.0: ``ids`` are those to go on with, in the same order.

    ``note``: what is said of it; ``in_two_ways``: a number that comes as 17850.0 and as 17850, one id or two.
    """

    def __init__(self, name: str, ids: Sequence[str]) -> None:
        self.ids: Sequence[str] = ids
        self.note, self.in_two_ways = "", None
        ending = endings(ids)
        if not ending.any():
            return
        bare = [whole_number(text) or text for text in ids]
        known: set[str] = set()
        self.in_two_ways = next((text for text in bare if text in known or known.add(text)), None)  # type: ignore[func-returns-value]
        if ending.all():
            self.ids, self.note = bare, fractions(name, bare[0])
        else:
            example = ids[int(ending.arg_true()[0])]
            self.note = f"{name} ends in .0 in {ending.sum():,} of {len(ids):,} ids, as {example!r}: left as it is"
