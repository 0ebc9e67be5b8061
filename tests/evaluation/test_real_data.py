"""Real data: what was measured before on the same shops comes out again, and AWS's own run can be replayed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evaluation.data import log as logs
from evaluation.diagnostics.lists import newest_interactions, owned_items_recommended
from evaluation.progress import unseen
from evaluation.recommenders.candidates import train
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.request import ComparisonSettings
from evaluation.run import Evaluation, compare
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Pairs, Task, task
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from tests.real_data.uci import FILE, cleaned

NAMES = ("random", "popularity", "popularity-30d", "history", "co-visitation", "item-knn", "ease", "ease-history")
# NDCG@10 as it was measured before, last basket out, and its 95 % interval (where none was measured, that of a
# neighbour): of any item, and of those new to the user. Popularity of 30 days is that before each user's own basket.
ANY = {
    "random": (0.006, 0.003), "popularity": (0.066, 0.004), "popularity-30d": (0.099, 0.004),
    "co-visitation": (0.157, 0.010), "ease": (0.187, 0.010), "history": (0.277, 0.010),
}  # fmt: skip
FRESH = {
    "random": (0.004, 0.003), "popularity": (0.034, 0.003), "item-knn": (0.059, 0.006),
    "popularity-30d": (0.064, 0.004), "co-visitation": (0.067, 0.006), "ease": (0.086, 0.006),
}  # fmt: skip


@pytest.fixture(scope="module")
def question(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Task:
    path = tmp_path_factory.mktemp("uci") / "interactions.csv"
    columns = {"USER_ID": "CustomerID", "ITEM_ID": "StockCode"}
    lines = cleaned(test_data / FILE)
    time = pl.col("InvoiceDate").dt.epoch("s").alias("TIMESTAMP")
    lines.select(*(pl.col(there).alias(here) for here, there in columns.items()), time).write_csv(path)
    log = logs.read(path)
    return task(log, split(log, HoldOut("last-basket")), None, 1)


@pytest.fixture(scope="module")
def shop(question: Task) -> Evaluation:
    return compare(
        question, ComparisonSettings(recommenders=[BY_NAME[name] for name in NAMES], tune=False), RecordColumns()
    )


def ndcg(result: Evaluation, kind: str) -> Mapping[str, float]:
    return {row.candidate.name: row.intervals[Metric("ndcg", 10)].mean for row in result.leaderboards[kind].rows}


def seen_by_a_filter(question: Task, most: int) -> Pairs:
    """Return each user's newest interactions, those of one second in an order by chance."""
    past = question.past
    order = np.lexsort((np.random.default_rng(1).random(len(past)), past.times, past.users))
    ends = np.searchsorted(past.users, past.users, side="right")
    seen = order[ends - np.arange(len(past)) <= most]
    return Pairs(past.users[seen], past.items[seen])


def test_a_filter_that_sees_the_newest_hundred_of_a_users_baskets_is_told_from_none(question: Task) -> None:
    past, owned, newest = question.known_past(), question.owned(), newest_interactions(question.past)
    scores = list(BY_NAME["history"].score(TrainedModels(question.train), past, Settings()))

    def message(kind: str, seen: Pairs) -> str:
        top_lists = lists((block.copy() for block in scores), kind, seen, 10)
        return owned_items_recommended(top_lists, owned, len(question.past.item_ids), newest) or ""

    assert "before the user's newest 100 interactions" in message(NEW_ITEMS, seen_by_a_filter(question, 100))
    assert "not filtered, or" in message(ALL_ITEMS, owned)
    assert not message(NEW_ITEMS, owned)


def test_the_shops_known_figures_come_out_again_in_the_same_order(shop: Evaluation) -> None:
    values = ndcg(shop, ALL_ITEMS)
    for name, (value, around) in ANY.items():
        assert values[name] == pytest.approx(value, abs=around), name
    assert sorted(ANY, key=values.__getitem__) == list(ANY)
    # With its own history EASE was level with own repeats; what sells now, mixed in, is worth a little more.
    assert values["ease-history"] > 0.263 - 0.010
    assert values["ease"] < values["item-knn"] < values["history"]
    assert len(shop.leaderboards[ALL_ITEMS].users) == 2827


def test_the_shops_known_figures_for_new_items_come_out_again_in_the_same_order(shop: Evaluation) -> None:
    values = ndcg(shop, NEW_ITEMS)
    for name, (value, around) in FRESH.items():
        assert values[name] == pytest.approx(value, abs=around), name
    assert sorted(FRESH, key=values.__getitem__) == list(FRESH)


def test_against_what_sells_at_each_users_own_time_only_the_closed_form_is_better_on_new_items(
    shop: Evaluation,
) -> None:
    """Against what sells at the end of the log, for all, co-visitation and item-knn seemed to be better, too."""
    leaderboard = shop.leaderboards[NEW_ITEMS]
    against = {row.candidate.name: row.against_best for row in leaderboard.rows if row.against_best}
    assert leaderboard.best_baseline == "popularity-30d"
    better = {name for name, comparison in against.items() if comparison.verdict == "better"}
    assert better == {"ease", "ease-history"}
    for name, difference in (("co-visitation", 0.004), ("item-knn", -0.002)):
        assert against[name].verdict == "inconclusive"
        assert against[name].difference.mean == pytest.approx(difference, abs=0.002)


def test_item_item_with_every_item_of_the_past_counted_once_is_the_known_cosine(question: Task) -> None:
    past = question.known_past()
    first = np.unique(past.users.astype(np.int64) * len(past.item_ids) + past.items, return_index=True)[1]
    once = past.take(np.isin(np.arange(len(past)), first))
    plain = Settings(half_life_days=1e9, step_decay=1.0)
    for kind, value, around in ((ALL_ITEMS, 0.188, 0.010), (NEW_ITEMS, 0.059, 0.006)):
        blocks = BY_NAME["item-knn"].score(TrainedModels(question.train), once, plain)
        top_lists = lists(blocks, kind, question.owned(), 10)
        assert score(top_lists, question.truth_for(kind), (10,)).means()[Metric("ndcg", 10)] == pytest.approx(
            value, abs=around
        )


def test_a_replay_of_the_services_own_split_puts_ease_within_the_known_spread(test_data: Path) -> None:
    log = logs.read(test_data / "interactions/aws_poc_movielens_interactions.csv.gz")
    precisions = []
    for seed in (1, 2, 3):
        test = task(log, split(log, HoldOut("personalize", seed=seed)), None, seed)
        (ease,), _ = train(test, RecordColumns(), [BY_NAME["ease"]], seed, unseen, tune=False)
        precisions.append(score(ease.lists[NEW_ITEMS], test.truth, (5,)).means()[Metric("precision", 5)])
    # 0.083 with a deviation of 0.017 over draws of some 60 users; seen films left out. Settings were not chosen here.
    assert np.mean(precisions) == pytest.approx(0.0831, abs=0.017), precisions
