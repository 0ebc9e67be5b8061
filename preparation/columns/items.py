"""Items that are no products (postage, discounts, bank charges): left out by their ids, and counted."""

import fnmatch
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from evaluation.failure import BadQuestion
from preparation.reading.source import Source


@dataclass(frozen=True)
class Dropped:
    """How many rows were left out, and of how many items."""

    rows: int = 0
    items: int = 0


def drop(source: Source, table: pl.DataFrame, column: str, patterns: Sequence[str]) -> tuple[pl.DataFrame, Dropped]:
    """Return the rows of other items, those without an item among them. Raises BadQuestion as ``matching`` does."""
    if not patterns:
        return table, Dropped()
    found = matching(table[column].drop_nulls().unique(), patterns, f"{source.path} has no such item in {column}")
    kept = table.filter(~pl.col(column).is_in(list(found)).fill_null(False))
    return kept, Dropped(len(table) - len(kept), len(found))


def matching(ids: Collection[str], patterns: Sequence[str], nothing: str) -> set[str]:
    """Return the ids that are named, or match ``*`` patterns. ``nothing``: what to say where one matches none.

    Raises BadQuestion that names all patterns which match none: a mistyped one would leave in what is no product.
    """
    by_pattern = {text: {one for one in ids if one == text or fnmatch.fnmatchcase(one, text)} for text in patterns}
    without = [text for text, found in by_pattern.items() if not found]
    if without:
        raise BadQuestion(f"--drop-item {', '.join(map(repr, without))}: {nothing}")
    return set().union(*by_pattern.values())
