"""The table of events that an analysis reads, whatever they come from: one row an event, or a product line of it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from broker.probe import PROBE

ACTIVITY, IMPRESSION, PURCHASE, LIST = "activity", "impression", "purchase", "list"
LOGIN = "login"  # one row for each of both ids, in a session that only they have
# time: epoch milliseconds. value and quantity: of a purchase's line, below zero where it is given back. credited: the
# line names the list that it was bought from. id: the same for the same line delivered twice. items: of a list.
_COLUMNS: dict[str, Any] = {
    "user": pl.String,
    "time": pl.Int64,
    "kind": pl.String,
    "item": pl.String,
    "value": pl.Float64,
    "quantity": pl.Float64,
    "credited": pl.Boolean,
    "id": pl.String,
    "session": pl.String,
    "variant": pl.String,
    "items": pl.List(pl.String),
}
SCHEMA = pl.Schema(_COLUMNS)
Row = tuple[
    str,
    int,
    str,
    str | None,
    float | None,
    float | None,
    bool,
    str | None,
    str | None,
    str | None,
    list[str] | None,
]


@dataclass(frozen=True, eq=False)
class Events:
    """Each event once, in order of time. ``refused``: customers without consent; ``notes``: what was left out."""

    rows: pl.DataFrame
    refused: Collection[str] = ()
    duplicates: int = 0
    notes: list[str] = field(default_factory=list)

    def without(self, is_refused: Callable[[str], bool]) -> "Events":
        """Return it without more customers, who count as refused."""
        gone = [user for user in self.rows["user"].unique() if is_refused(user)]
        kept = self.rows.filter(~pl.col("user").is_in(gone))
        return replace(self, rows=kept, refused={*self.refused, *gone}) if gone else self


def events(rows: pl.DataFrame | Iterable[Row], refused: Collection[str] = (), notes: Iterable[str] = ()) -> Events:
    """Return the events of customers who have consented. The broker's probe is no customer."""
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(list(rows), schema=SCHEMA, orient="row")
    frame = frame.filter((pl.col("user") != PROBE) & ~pl.col("user").is_in(list(refused)))
    named = frame.filter(pl.col("id").is_not_null())
    once = named.unique(["user", "kind", "id"], keep="first", maintain_order=True)
    rest = frame.filter(pl.col("id").is_null())
    return Events(pl.concat([once, rest]).sort("time", maintain_order=True), refused, len(named) - len(once), [*notes])
