"""Who is compared: the customers of each epoch, each in their assigned variant, and who is left out and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from broker.experiment import Experiment

from experiments.assignment import MOVED, Epoch, assigned, epochs
from experiments.outcomes import began

NO_MPID, MOVED_AWAY, MANY_EVENTS = "no_mpid", "moved", "many_events"
NO_VARIANT, OTHER_VARIANT = "no_variant", "other_variant"


@dataclass(frozen=True, eq=False)
class Population:
    """``customers``: of each epoch a table with user, began and variant. ``left_out``: customers, by reason."""

    name: str
    epochs: Sequence[Epoch]
    customers: Sequence[pl.DataFrame]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def without(self, users: pl.Series) -> "Population":
        """Return it without some customers."""
        kept = [frame.filter(~pl.col("user").is_in(users.implode())) for frame in self.customers]
        return Population(self.name, self.epochs, kept, self.left_out)

    @property
    def total(self) -> int:
        """Return how many customers there are, each counted in every epoch that they are in."""
        return sum(map(len, self.customers))

    @property
    def start(self) -> float:
        """Return when the first came in, in epoch milliseconds."""
        return min((float(frame["began"].min()) for frame in self.customers if len(frame)), default=0.0)  # type: ignore[arg-type]


def population(rows: pl.DataFrame, name: str, experiment: Experiment | None, shares: Mapping[str, float]) -> Population:
    """Return the customers of a population, in the variants that hashes give; without an experiment, as recorded.

    ``shares``: what is expected of each variant where there is no experiment; empty where nobody knows. Whoever is in
    a variant without a share is left out.
    """
    if experiment is None:
        epoch = Epoch(1, float("-inf"), float("inf"), shares)
        there = began(rows, name, epoch.began, epoch.ended)
        known = there.join(recorded(rows).select("user", "variant"), on="user")
        compared = known.filter(pl.col("variant").is_in([*shares])) if shares else known
        left_out = {NO_VARIANT: len(there) - len(known), OTHER_VARIANT: len(known) - len(compared)}
        return Population(name, [epoch], [compared], left_out)
    found, left_out = [], {NO_MPID: 0, MOVED_AWAY: 0}
    by_user = assigned(experiment, rows["user"].unique())
    for place, epoch in enumerate(epochs(experiment)):
        there = began(rows, name, epoch.began, epoch.ended)
        variant = pl.Series("variant", [by_user.get(user, (None,) * (place + 1))[place] for user in there["user"]])
        there = there.with_columns(variant.cast(pl.String))
        left_out[NO_MPID] += there["variant"].null_count()
        left_out[MOVED_AWAY] += int((there["variant"] == MOVED).sum())
        found.append(there.filter(pl.col("variant") != MOVED))
    return Population(name, epochs(experiment), found, left_out)


def recorded(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the variants that the events name: user, variant (the first), variants (how many different ones)."""
    named = rows.filter(pl.col("variant").is_not_null() & (pl.col("variant") != ""))
    return named.group_by("user", maintain_order=True).agg(
        pl.col("variant").first(), pl.col("variant").n_unique().alias("variants")
    )


def with_changed_variant(rows: pl.DataFrame, of: Population) -> pl.Series:
    """Return the customers of whom events name another variant than theirs, or several."""
    named = rows.filter(pl.col("variant").is_not_null() & (pl.col("variant") != "")).select("user", "time", "variant")
    found = []
    for epoch, customers in zip(of.epochs, of.customers, strict=True):
        within = named.filter(pl.col("time").is_between(epoch.began, epoch.ended, closed="left"))
        both = within.join(customers.select("user", "began", pl.col("variant").alias("own")), on="user")
        found.append(both.filter((pl.col("variant") != pl.col("own")) & (pl.col("time") >= pl.col("began")))["user"])
    return pl.concat([pl.Series("user", [], dtype=pl.String), *found]).unique()


def with_changed_id(rows: pl.DataFrame) -> pl.Series:
    """Return the customers who shared a session with another id: at a login the mpid changes."""
    sessions = rows.filter(pl.col("session").is_not_null()).select("user", "session").unique()
    shared = sessions.filter(pl.col("user").n_unique().over("session") > 1)
    return shared["user"].unique()


def with_many_events(rows: pl.DataFrame, most_a_day: int) -> pl.Series:
    """Return the customers with more events on one day than a person has, in any variant."""
    days = rows.group_by("user", pl.col("time") // 86_400_000).len()
    return days.filter(pl.col("len") > most_a_day)["user"].unique()
