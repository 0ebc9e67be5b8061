"""Notes on a prepared table that is valid, but may not be what its owner meant."""

from collections.abc import Collection

import polars as pl

from personalize_data.prepare.dataset import ORDER
from personalize_data.prepare.source import Source
from personalize_data.quotas import MIN_TRAINING_INTERACTIONS, MIN_TRAINING_USERS


def about_interactions(table: pl.DataFrame) -> list[str]:
    """Return notes on the interactions as they are written."""
    return [*_too_few(table), *_same_but_for_the_value(table)]


def about_returns(source: Source, used: Collection[str | None], event_type: str) -> list[str]:
    """Return notes on columns that look like a quantity: whole numbers, some below zero, most not.

    ``used``: columns that are something else.
    """
    names = [name for name in source.names if name not in used]
    if not names:
        return []
    counts = source.collect(source.rows.select(_negatives(name).alias(name) for name in names))
    return [
        f"{name} has {number:,} negative values, and all of them count as {event_type}: if they are returns, "
        f"--quantity {name} leaves them out"
        for name, number in counts.row(0, named=True).items()
        if number
    ]


def _negatives(name: str) -> pl.Expr:
    """Return how many values are below zero; 0 where the column can't be a quantity."""
    number = pl.col(name).cast(pl.Float64, strict=False)
    whole = (number == number.floor()).sum() == pl.col(name).count()
    below = (number < 0).sum()
    return pl.when(whole & (below * 2 < pl.col(name).count())).then(below).otherwise(0)


def _too_few(table: pl.DataFrame) -> list[str]:
    with_two = int((table["USER_ID"].value_counts(name="count")["count"] > 1).sum())
    if len(table) >= MIN_TRAINING_INTERACTIONS and with_two >= MIN_TRAINING_USERS:
        return []
    return [
        f"too little to train on: Personalize needs {MIN_TRAINING_INTERACTIONS:,} interactions, and "
        f"{MIN_TRAINING_USERS} users with two; there are {len(table):,}, and {with_two:,} such users"
    ]


def _same_but_for_the_value(table: pl.DataFrame) -> list[str]:
    same = len(table) - table.select(pl.struct(ORDER).n_unique()).item()
    if not same:
        return []
    return [f"{same:,} interactions differ from another in EVENT_VALUE alone; ./broker evaluate counts these once"]
