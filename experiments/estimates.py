"""Differences between two variants with their standard errors, as tea-tasting has them: means, ratios, and CUPED.

A mean with a column of the time before is adjusted by it (CUPED: Deng et al. 2013), a ratio has its variance by the
delta method (Deng et al. 2018). Epochs are estimated apart and then combined: each weighs what its customers do, and
customers who are in several are not taken for others.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

Z = 1.959964  # 95 %
SMALLEST = 1e-9  # of a variance: anything less is a rounding error


@dataclass(frozen=True)
class Metric:
    """What is compared: the mean of a column, or the ratio of two. ``words``: what it is, for a sentence."""

    name: str
    words: str
    numerator: str
    denominator: str | None = None
    before: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that it is made of."""
        return tuple(column for column in (self.numerator, self.denominator, self.before) if column)


CONVERSION = Metric("conversion", "customers who bought", "bought", before="bought_before")
REVENUE = Metric("revenue", "revenue a customer", "revenue", before="revenue_before")
UNITS = Metric("units", "units a customer", "units", before="units_before")
LIST_SHARE = Metric("list_share", "bought lines that were on the list", "from_list", "lines")
ORDER_VALUE = Metric("order_value", "revenue an order", "revenue", "orders")
METRICS = {metric.name: metric for metric in (CONVERSION, REVENUE, UNITS, LIST_SHARE, ORDER_VALUE)}
PRIMARY = (CONVERSION.name, REVENUE.name, UNITS.name)


@dataclass(frozen=True)
class Estimate:
    """Two means or ratios, their difference, treatment minus control, and its standard error."""

    control: float
    treatment: float
    effect: float
    standard_error: float
    customers_control: int
    customers_treatment: int

    @property
    def customers(self) -> int:
        """Return the customers of both."""
        return self.customers_control + self.customers_treatment

    @property
    def effective(self) -> float:
        """Return by how many customers of each the difference is as sure as it is, with half of them in each."""
        return self.customers_control * self.customers_treatment / max(1, self.customers)

    @property
    def information(self) -> float:
        """Return the variance of the sum that the difference is made of, which grows with customers and outcomes."""
        return (self.effective * self.standard_error) ** 2


@dataclass(frozen=True, eq=False)
class Summary:
    """A table of customers with the counts, means, variances and covariances of each variant."""

    frame: pl.DataFrame
    aggregates: Mapping[str, Any]


def summary(frame: pl.DataFrame) -> Summary:
    """Return a table of customers, each with their ``variant``, as the library's aggregates.

    The library reads a table, too, but many times as slowly as Polars.
    """
    from tea_tasting.aggr import Aggregates  # loads for seconds

    pairs = [combinations(metric.columns, 2) for metric in METRICS.values()]
    covariances = sorted({pair for some in pairs for pair in some if {*pair} <= {*frame.columns}})
    columns = sorted({column for metric in METRICS.values() for column in metric.columns} & {*frame.columns})
    products = [*((column, column) for column in columns), *covariances]
    found = frame.group_by("variant").agg(
        pl.len().alias("count"),
        *(pl.col(column).mean().alias(f"mean {column}") for column in columns),
        *(_covariance(*pair).alias(" ".join(pair)) for pair in products),
    )
    return Summary(
        frame,
        {
            row["variant"]: Aggregates(
                row["count"],
                {column: row[f"mean {column}"] for column in columns},
                {column: row[f"{column} {column}"] for column in columns},
                {pair: row[" ".join(pair)] for pair in covariances},
            )
            for row in found.iter_rows(named=True)
        },
    )


def _covariance(one: str, other: str) -> pl.Expr:
    """Return the sample covariance within a group; not a number with one row."""
    deviations = [pl.col(name) - pl.col(name).mean() for name in (one, other)]
    return (deviations[0] * deviations[1]).mean() / (1 - 1 / pl.len())


def estimate(epochs: Sequence[Summary], control: str, treatment: str, metric: Metric) -> Estimate | None:
    """Return the estimate of all epochs; None where there is nothing to compare."""
    parts = [(epoch, of_epoch(epoch, control, treatment, metric)) for epoch in epochs]
    there = [(epoch.frame, part) for epoch, part in parts if part is not None]
    if len(there) < 2:
        return there[0][1] if there else None
    return _combined([part for _, part in there], [influence(*each, control, treatment, metric) for each in there])


def of_epoch(epoch: Summary, control: str, treatment: str, metric: Metric) -> Estimate | None:
    """Return the estimate of one epoch."""
    if not _comparable(epoch.aggregates, control, treatment, metric):
        return None
    both = {variant: epoch.aggregates[variant] for variant in (control, treatment)}
    usable = _usable(both, metric)
    return _difference(usable, *(_only(each, usable.columns) for each in both.values()))


def _difference(metric: Metric, control: Any, treatment: Any) -> Estimate:
    """Return the difference of two aggregates as the library's ``Mean`` and ``RatioOfMeans`` calculate it.

    They take most of their time for intervals and p-values, which nobody reads here: ``looks`` has its own.
    """
    total, before = control + treatment, metric.before
    spread = total.var(before)
    theta = total.cov(metric.numerator, before) / spread if spread else 0.0
    values, variance = [], 0.0
    for each in (control, treatment):
        adjusted = theta * (each.mean(before) - total.mean(before))
        values.append(float(each.mean(metric.numerator) / each.mean(metric.denominator) - adjusted))
        explained = 2 * theta * each.cov(metric.numerator, before) - theta**2 * each.var(before)
        variance += (each.ratio_var(metric.numerator, metric.denominator) - explained) / each.count()
    effect, error = values[1] - values[0], math.sqrt(variance)
    return Estimate(values[0], values[1], effect, error, control.count(), treatment.count())


def influence(frame: pl.DataFrame, part: Estimate, control: str, treatment: str, metric: Metric) -> pl.DataFrame:
    """Return by how much each customer moves the estimate: user, influence. Their squares add up to its variance."""
    rows = frame.filter(pl.col("variant").is_in([control, treatment]))
    found, theta = [], _theta(rows, metric)
    for variant, sign, value in ((control, -1.0, part.control), (treatment, 1.0, part.treatment)):
        rows = frame.filter(pl.col("variant") == variant)
        column = pl.col(metric.numerator)
        moved = column - column.mean()
        if metric.denominator:
            moved = (column - value * pl.col(metric.denominator)) / pl.col(metric.denominator).mean()
        if theta and metric.before:
            moved = moved - theta * (pl.col(metric.before) - pl.col(metric.before).mean())
        found.append(rows.select("user", (sign * moved / len(rows)).alias("influence")))
    return pl.concat(found)


def _usable(aggregates: Mapping[str, Any], metric: Metric) -> Metric:
    """Return the metric without its column of the time before where nothing is known of that time."""
    known = metric.before and all(metric.before in each.var_ for each in aggregates.values())
    if known and any(each.var(metric.before) > 0 for each in aggregates.values()):
        return metric
    return replace(metric, before=None)


def _only(aggregates: Any, columns: Sequence[str]) -> Any:
    """Return the aggregates of these columns alone: the library copies all that it is given."""
    return type(aggregates)(
        aggregates.count_,
        {column: aggregates.mean_[column] for column in columns},
        {column: aggregates.var_[column] for column in columns},
        {pair: aggregates.cov_[pair] for pair in combinations(sorted(columns), 2)},
    )


def _comparable(aggregates: Mapping[str, Any], control: str, treatment: str, metric: Metric) -> bool:
    """Return whether both variants have customers, and something varies in them."""
    both = [aggregates[variant] for variant in (control, treatment) if variant in aggregates]
    if len(both) < 2 or min(each.count() for each in both) < 2:
        return False
    if not any(each.var(metric.numerator) > 0 for each in both):
        return False
    return metric.denominator is None or _ratio_varies(both, metric.numerator, metric.denominator)


def _ratio_varies(both: Sequence[Any], numerator: str, denominator: str) -> bool:
    """Return whether customers have different ratios; with none, the library takes the root of a rounding error."""
    if not all(each.mean(denominator) > 0 for each in both):
        return False
    error = 0.0
    for each in both:
        ratio = each.mean(numerator) / each.mean(denominator)
        pair = min(numerator, denominator), max(numerator, denominator)
        variance = each.var(numerator) - 2 * ratio * each.cov(*pair) + ratio**2 * each.var(denominator)
        error += variance / each.count()
    return bool(error > SMALLEST * sum(each.var(numerator) for each in both))


def _theta(rows: pl.DataFrame, metric: Metric) -> float:
    before_column = metric.before
    if not before_column or before_column not in rows.columns:
        return 0.0
    # Within the variants: their difference is what is looked for.
    columns = [pl.col(name) - pl.col(name).mean().over("variant") for name in (metric.numerator, before_column)]
    outcome, before = (rows.select(column).to_series().to_numpy() for column in columns)
    return float(np.dot(outcome, before) / (np.dot(before, before) or 1.0))


def _combined(parts: Sequence[Estimate], influences: Sequence[pl.DataFrame]) -> Estimate:
    weights = np.array([part.effective for part in parts])
    weights = weights / weights.sum()
    variance = sum((weight * part.standard_error) ** 2 for weight, part in zip(weights, parts, strict=True))
    for one in range(len(parts)):
        for other in range(one + 1, len(parts)):
            both = influences[one].join(influences[other], on="user", suffix="_other")
            shared = float((both["influence"] * both["influence_other"]).sum())
            variance += 2 * weights[one] * weights[other] * shared
    control, treatment, effect = (
        float(np.dot(weights, [getattr(part, name) for part in parts])) for name in ("control", "treatment", "effect")
    )
    customers = sum(part.customers_control for part in parts), sum(part.customers_treatment for part in parts)
    return Estimate(control, treatment, effect, math.sqrt(max(variance, 0.0)), *customers)
