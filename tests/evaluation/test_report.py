"""What a report says in words, and its charts: nothing claimed that is not shown, every bar within what is possible."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.recommenders.candidates import Candidate
from evaluation.report import charts
from evaluation.report.text import (
    METRICS,
    beyond_accuracy,
    catalogue,
    difference,
    headline,
    means,
    slices,
    verdicts,
    with_half,
)
from evaluation.scoring.beyond_accuracy import BeyondAccuracy
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import Scores
from evaluation.scoring.slices import Slice
from evaluation.scoring.uncertainty import compare, mean
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, task, with_catalogue
from tests.evaluation import made_up

RANDOM = np.random.default_rng(4)
COUNTED = RANDOM.random(141)


def row(name: str, values: np.ndarray, counted: np.ndarray | None) -> Result:
    against = None if counted is None else compare(values, counted, 1)
    scores = Scores(np.arange(len(values)), {Metric("ndcg", 10): values})
    entry = Candidate(name, "", {}, baseline=counted is None)
    intervals = {Metric(name, 10): mean(values) for name in ("ndcg", *METRICS)}
    return Result(entry, scores, intervals, BeyondAccuracy(0, 0, 0, 0, 0, 0), {}, against)


def leaderboard_of(
    *learned: np.ndarray, counted: np.ndarray = COUNTED, names: Sequence[str] = "abcdefgh"
) -> Leaderboard:
    """Return a leaderboard of ``counting`` and of what was learned."""
    rows = [row("counting", counted, None)]
    rows += [row(name, values, counted) for name, values in zip(names, learned, strict=False)]
    return Leaderboard(ALL_ITEMS, rows, (10,), (), Metric("ndcg", 10), np.arange(len(counted)), "counting")


def test_where_counting_comes_first_the_headline_claims_no_more_than_the_table() -> None:
    shuffled = np.random.default_rng(1).permutation(COUNTED) - 0.01
    leaderboard = leaderboard_of(shuffled)
    assert leaderboard.rows[1].against_best.verdict == "inconclusive"  # type: ignore[union-attr]
    assert headline(leaderboard).endswith("Nothing that took part is shown to be better than the baselines.")


def test_one_user_has_no_interval_in_any_sentence() -> None:
    interval = mean(np.array([0.25]))
    assert (with_half(interval), difference(interval)) == ("0.2500, one user", "+0.250 (of one user)")
    assert with_half(mean(np.array([0.2, 0.3] * 20))) == "0.2500 ±0.0162"
    assert "inf" not in headline(leaderboard_of(np.ones(1), counted=np.zeros(1)))


def test_a_difference_of_less_than_a_tenth_is_said_to_be_little() -> None:
    for lead, words in ((0.02, "better, by little (+0.020"), (0.2, "better (+0.200")):
        assert words in headline(leaderboard_of(np.clip(COUNTED + lead, 0, None)))


def test_who_could_not_take_part_is_named_where_nothing_is_better() -> None:
    leaderboard = leaderboard_of(np.random.default_rng(1).permutation(COUNTED) - 0.01)
    assert headline(leaderboard, left_out=["ease", "ranked"]).endswith("than the baselines; ease, ranked could not.")


def sliced(users: int, by: str = "segment") -> Slice:
    return Slice(by, "x", users, {"counting": mean(COUNTED), "a": mean(COUNTED)})


def test_slices_of_fewer_than_ten_users_are_counted_and_not_shown() -> None:
    table = slices(leaderboard_of(COUNTED), [sliced(9), sliced(10), sliced(2)])
    assert table.title == "NDCG@10 by slice (2 with fewer than 10 users not shown)"
    assert [row[1] for row in table.rows] == ["10"]


def test_new_items_are_not_sliced_by_whether_they_are_new() -> None:
    parts = [sliced(40, by="truth"), sliced(40)]
    of_all = leaderboard_of(COUNTED)
    assert len(slices(of_all, parts).rows) == 2
    assert [row[0] for row in slices(replace(of_all, task=NEW_ITEMS), parts).rows] == ["segment: x"]


def test_the_bar_of_a_share_ends_at_nothing_and_at_all() -> None:
    bars = charts.models(leaderboard_of(np.array([1.0, 1.0, 0.9]), counted=np.array([0.1, 0.0, 0.0])))
    assert [bar.name for bar in bars] == ["a", "counting"]
    assert bars[1].low == 0
    assert bars[0].at == pytest.approx(100 * np.mean([1.0, 1.0, 0.9]))  # of a width that ends at 1
    assert all(0 <= bar.low <= bar.at <= bar.high <= 100 for bar in bars)
    assert {bar.kind for bar in bars} == {charts.TRAINED, charts.COUNTING}


def test_tables_have_the_best_first() -> None:
    leaderboard = leaderboard_of(COUNTED - 0.1, COUNTED + 0.2, COUNTED + 0.1)
    for table in (means(leaderboard), verdicts(leaderboard), beyond_accuracy(leaderboard, {})):
        assert [row[0] for row in table.rows] == ["b", "c", "counting", "a"], table.title
    assert slices(leaderboard, []).columns == ["slice", "users", "counting", "b", "c", "a"]


def test_the_differences_that_decide_are_drawn_from_zero() -> None:
    values = np.clip(COUNTED + np.random.default_rng(1).normal(0.05, 0.1, len(COUNTED)), 0, None)
    leaderboard = leaderboard_of(values, COUNTED - 0.5)
    bars, zero = charts.differences(leaderboard)
    assert [(bar.name, bar.text) for bar in bars][1] == ("b", "-0.500")
    against = leaderboard.row("a").against_best
    assert against is not None
    span = 0.5 + against.difference.high  # from the lowest end to the highest
    assert zero == pytest.approx(100 * 0.5 / span)
    assert bars[0].low == pytest.approx(zero + 100 * against.difference.low / span)
    assert (bars[0].high, bars[1].low) == (pytest.approx(100), pytest.approx(0))


def test_coverage_says_of_which_items_it_is(tmp_path: Path) -> None:
    log = logs.read(made_up.write(tmp_path / "i.csv"))
    test = task(log, split(log, HoldOut("last-basket")), None, 1)
    assert catalogue(test) == "Coverage and Gini are of 40 items in the training data."
    more = with_catalogue(test, ["i1", "new", "newer"])
    assert catalogue(more) == "Coverage and Gini are of 42 items; 2 of them are in --items alone."


def test_the_charts_of_the_data_add_up(tmp_path: Path) -> None:
    log = logs.read(made_up.write(tmp_path / "i.csv"))
    test = task(log, split(log, HoldOut("last-basket")), None, 1)
    assert sum(bar.high for bar in charts.histories(test)) == pytest.approx(100)
    shares = [bar.high for bar in charts.items(test)]
    assert shares == sorted(shares)
    assert shares[-1] > 50  # half of the items, the most popular ones
