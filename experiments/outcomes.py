"""What each customer did since they came into an experiment: one row a customer, for any end.

A customer counts from their first impression of the slot, in every variant (*triggered*), or from their first event
that could refresh a list (*everybody*). Only what they do later counts, and refunds count as less of it.
"""

from dataclasses import dataclass

import polars as pl

from experiments.events import ACTIVITY, IMPRESSION, LIST, PURCHASE

DAY_MS = 86_400_000
TRIGGERED, EVERYBODY = "triggered", "everybody"
KINDS = {TRIGGERED: [IMPRESSION], EVERYBODY: [ACTIVITY, IMPRESSION]}
OUTCOMES = ("bought", "revenue", "units", "orders", "lines", "from_list")
BEFORE = ("bought_before", "revenue_before", "units_before")


@dataclass(frozen=True)
class Windows:
    """``list_days``: for how long a purchase may come from a list. ``before_days``: the time before, for CUPED."""

    list_days: float = 7.0
    before_days: float = 28.0


def began(rows: pl.DataFrame, population: str, first: float, last: float) -> pl.DataFrame:
    """Return when each customer came in, from ``first`` until before ``last``: user, began."""
    within = rows.filter(
        pl.col("kind").is_in(KINDS[population]) & pl.col("time").is_between(first, last, closed="left")
    )
    return within.group_by("user").agg(pl.col("time").min().alias("began"))


def lines(rows: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Return the lines of purchases, with ``from_list``: whether the item was on the customer's list then."""
    bought = rows.filter(pl.col("kind") == PURCHASE).select("user", "time", "item", "value", "quantity", "credited")
    bought = bought.with_row_index("line")
    lists = rows.filter(pl.col("kind") == LIST).select("user", pl.col("time").alias("listed"), "items")
    shown = lists.join(bought.select("user").unique(), on="user", how="semi").explode("items")
    pairs = bought.join(shown, left_on=["user", "item"], right_on=["user", "items"])
    age = pl.col("time") - pl.col("listed")
    on_list = pairs.filter(age.is_between(0, windows.list_days * DAY_MS))["line"].unique()
    kept = pl.col("quantity") > 0
    from_list = kept & (pl.col("credited") | pl.col("line").is_in(on_list.implode()))
    return bought.with_columns(from_list.alias("from_list")).drop("line", "credited")


def outcomes(customers: pl.DataFrame, bought: pl.DataFrame, until: float) -> pl.DataFrame:
    """Return the customers who came in before ``until``, with what they did from then on, until then."""
    there = customers.filter(pl.col("began") < until)
    since = bought.join(there.select("user", "began"), on="user").filter(
        (pl.col("time") > pl.col("began")) & (pl.col("time") < until)
    )
    return there.join(_sums(since), on="user", how="left").with_columns(pl.col(OUTCOMES).fill_null(0.0))


def before(customers: pl.DataFrame, bought: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Return the customers with what they did in the time before they came in, which no variant can have changed."""
    age = pl.col("began") - pl.col("time")
    earlier = bought.join(customers.select("user", "began"), on="user").filter(
        age.is_between(0, windows.before_days * DAY_MS)
    )
    sums = _sums(earlier).select("user", *(pl.col(name.removesuffix("_before")).alias(name) for name in BEFORE))
    return customers.join(sums, on="user", how="left").with_columns(pl.col(BEFORE).fill_null(0.0))


def of_week(customers: pl.DataFrame, bought: pl.DataFrame, week: int, until: float) -> pl.DataFrame:
    """Return what customers did in a week since they came in, from 0, of those who have had it whole."""
    start, end = week * 7 * DAY_MS, (week + 1) * 7 * DAY_MS
    there = customers.filter(pl.col("began") + end <= until)
    age = pl.col("time") - pl.col("began")
    within = bought.join(there.select("user", "began"), on="user").filter(
        (age > 0) & age.is_between(start, end, closed="left")
    )
    return there.join(_sums(within), on="user", how="left").with_columns(pl.col(OUTCOMES).fill_null(0.0))


def cap_of(frame: pl.DataFrame, share: float) -> float | None:
    """Return the revenue that a ``share`` of all customers who bought stays below, whatever their variant."""
    revenue = frame.filter(pl.col("revenue") > 0)["revenue"]
    return float(revenue.quantile(share, interpolation="higher") or 0.0) if len(revenue) else None


def capped(frame: pl.DataFrame, cap: float | None) -> pl.DataFrame:
    """Return customers whose revenue counts up to the cap, now and before."""
    if cap is None:
        return frame
    names = [name for name in ("revenue", "revenue_before") if name in frame.columns]
    return frame.with_columns(pl.col(names).clip(upper_bound=cap))


def _sums(bought: pl.DataFrame) -> pl.DataFrame:
    kept = pl.col("quantity") > 0
    return bought.group_by("user").agg(
        kept.any().cast(pl.Float64).alias("bought"),
        pl.col("value").sum().alias("revenue"),
        pl.col("quantity").sum().alias("units"),
        pl.col("time").filter(kept).n_unique().cast(pl.Float64).alias("orders"),
        kept.sum().cast(pl.Float64).alias("lines"),
        pl.col("from_list").sum().cast(pl.Float64).alias("from_list"),
    )
