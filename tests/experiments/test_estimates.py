"""The aggregates of a table of customers are those that the library reads itself, and so are the differences."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from experiments.estimates import METRICS, Metric, of_epoch, summary

COLUMNS = sorted({column for metric in METRICS.values() for column in metric.columns})
PAIRS = sorted({pair for metric in METRICS.values() for pair in combinations(sorted(metric.columns), 2)})


def customers() -> pl.DataFrame:
    """Return three customers of one variant and two of another, whose columns differ from one another."""
    numbers = {column: [1.0, 4.0, 2.5 * place, 0.0, 7.0 - place] for place, column in enumerate(COLUMNS, 1)}
    return pl.DataFrame({"user": [*"abcde"], "variant": ["fresh", "control", "fresh", "control", "fresh"], **numbers})


@pytest.mark.parametrize("variant", ["control", "fresh"])
def test_they_are_what_the_library_reads(variant: str) -> None:
    from tea_tasting.aggr import read_aggregates

    found = summary(customers()).aggregates[variant]
    read = read_aggregates(customers(), "variant", has_count=True, mean_cols=COLUMNS, var_cols=COLUMNS, cov_cols=PAIRS)

    assert found.count() == read[variant].count()
    for ours, theirs in ((found.mean_, read[variant].mean_), (found.var_, read[variant].var_)):
        assert ours == pytest.approx(theirs, rel=1e-12)
    assert found.cov_ == pytest.approx(read[variant].cov_, rel=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_difference_is_what_the_library_says(metric: Metric) -> None:
    import tea_tasting as tt

    columns = np.random.default_rng(1).poisson(3.0, (len(COLUMNS), 60)).cumsum(axis=0).astype(float)
    variants = ["control" if place % 3 else "fresh" for place in range(60)]
    found = summary(pl.DataFrame({"variant": variants, **dict(zip(COLUMNS, columns, strict=True))}))
    analysis = (
        tt.RatioOfMeans(metric.numerator, metric.denominator, use_t=False, equal_var=False)
        if metric.denominator
        else tt.Mean(metric.numerator, metric.before, use_t=False, equal_var=False)
    )

    ours = of_epoch(found, "control", "fresh", metric)
    theirs = analysis.analyze_aggregates(found.aggregates["control"], found.aggregates["fresh"])

    assert ours is not None
    assert (ours.customers_control, ours.customers_treatment) == (40, 20)
    figures = (theirs.control, theirs.treatment, theirs.effect_size, theirs.effect_size / theirs.statistic)
    assert (ours.control, ours.treatment, ours.effect, ours.standard_error) == pytest.approx(figures, rel=1e-9)


def test_a_table_of_nobody_has_none() -> None:
    assert summary(customers().head(0)).aggregates == {}
