"""Notes on a prepared table that is valid, but may not be what its owner meant."""

from collections.abc import Collection

import polars as pl
from broker.values.times import DAY

from personalize_data.prepare.dataset import same_but_for_the_value
from personalize_data.prepare.source import ROW, Source
from personalize_data.quotas import MIN_TRAINING_INTERACTIONS, MIN_TRAINING_USERS

BAR = "|"  # what most tables put between several ids in a cell


def about_interactions(table: pl.DataFrame, rows_of_users: pl.Series) -> list[str]:
    """Return notes on the interactions as they are written. ``rows_of_users``: how many each user has."""
    return [*_too_few(len(table), rows_of_users), *_same_but_for_the_value(table)]


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


def about_several_items(source: Source, table: pl.DataFrame, column: str) -> list[str]:
    """Return a note on cells that seem to hold several items. ``table`` has ROW."""
    several = table.filter(pl.col(column).str.contains(BAR, literal=True))
    if several.is_empty():
        return []
    first, place = several[column][0], source.place(several[ROW][0])
    return [
        f"{column} has a {BAR} in {len(several):,} rows, the first {first!r} in {place}: if these are several items, "
        f"--split '{BAR}' makes a row of each"
    ]


def about_negative_values(source: Source, interactions: pl.DataFrame, column: str) -> list[str]:
    """Return a note on EVENT_VALUEs below zero, which may be returns. ``interactions`` has ROW."""
    below = interactions.filter(pl.col("EVENT_VALUE") < 0)
    if below.is_empty():
        return []
    types = ", ".join(below["EVENT_TYPE"].unique().sort())
    return [
        f"{column} is below zero in {len(below):,} rows, the first in {source.place(below[ROW][0])}, and all of them "
        f"count as {types}: leave them out of the table if they are returns"
    ]


def about_midnight(interactions: pl.DataFrame, duplicates: int) -> list[str]:
    """Return a note on times that are dates alone. ``duplicates``: rows that fell together with another."""
    if (interactions["TIMESTAMP"] % DAY != 0).any():
        return []
    together = f", and {duplicates:,} fell together with another row of the same day" if duplicates else ""
    return [
        f"every time is midnight, so the order within a day is unknown{together}: --time-of-day names the column with "
        "the time of day, if there is one"
    ]


def _negatives(name: str) -> pl.Expr:
    """Return how many values are below zero; 0 where the column can't be a quantity."""
    number = pl.col(name).cast(pl.Float64, strict=False)
    whole = (number == number.floor()).sum() == pl.col(name).count()
    below = (number < 0).sum()
    return pl.when(whole & (below * 2 < pl.col(name).count())).then(below).otherwise(0)


def _too_few(rows: int, rows_of_users: pl.Series) -> list[str]:
    with_two = int((rows_of_users > 1).sum())
    if rows >= MIN_TRAINING_INTERACTIONS and with_two >= MIN_TRAINING_USERS:
        return []
    return [
        f"too little to train on: Personalize needs {MIN_TRAINING_INTERACTIONS:,} interactions, and "
        f"{MIN_TRAINING_USERS} users with two; there are {rows:,}, and {with_two:,} such users"
    ]


def _same_but_for_the_value(table: pl.DataFrame) -> list[str]:
    same = same_but_for_the_value(table).sum()
    if not same:
        return []
    return [f"{same:,} interactions differ from another in EVENT_VALUE alone; ./broker evaluate counts these once"]
