"""Metrics against values worked out by hand, and against trec_eval's."""

from collections.abc import Sequence
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, P, R, Success, nDCG

from evaluation.data import log as logs
from evaluation.recommenders.candidates import Candidate
from evaluation.recommenders.registry import BY_NAME
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.scoring.beyond_accuracy import beyond_accuracy
from evaluation.scoring.leaderboard import candidate_count, score_candidates
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import KS, hit_metrics, score, usable_ks
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Pairs, Task, task
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up
from tests.evaluation.made_up import DAY, START

RANKS_2_AND_5 = np.array([[False, True, False, False, True]])


@pytest.mark.parametrize(("relevant", "ndcg", "personalize"), [(2, 0.6241, 0.6241), (4, 0.3973, 0.6241)])
def test_hits_at_ranks_two_and_five_have_the_known_values(relevant: int, ndcg: float, personalize: float) -> None:
    values = hit_metrics(RANKS_2_AND_5, np.array([relevant]), (5,))
    assert values[Metric("mrr", 5)][0] == 0.5
    assert values[Metric("precision", 5)][0] == pytest.approx(0.4)
    assert values[Metric("ndcg", 5)][0] == pytest.approx(ndcg, abs=5e-5)
    assert values[Metric("ndcg_personalize", 5)][0] == pytest.approx(personalize, abs=5e-5)


def test_all_metrics_are_those_of_trec_eval_to_four_digits() -> None:
    random = np.random.default_rng(3)
    users, items = 300, 120
    lists = np.stack([random.permutation(items)[:25] for _ in range(users)]).astype(np.int32)
    lists[::7, 18:] = -1  # some are short
    pairs = np.unique(random.integers(0, users * items, 2500))
    truth = Pairs(*np.divmod(pairs, items))
    ours = score(lists, truth)
    qrels = [ir_measures.Qrel(str(u), str(i), 1) for u, i in zip(truth.users, truth.items, strict=True)]
    run = [
        ir_measures.ScoredDoc(str(user), str(item), 100.0 - place)
        for user in ours.users.tolist()
        for place, item in enumerate(lists[user].tolist())
        if item >= 0
    ]
    names = {"precision": P, "recall": R, "hit_rate": Success, "mrr": RR, "map": AP, "ndcg": nDCG}
    measures = {Metric(name, k): measure @ k for name, measure in names.items() for k in KS}
    theirs = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    assert len(measures) == 36
    for name, measure in measures.items():
        assert ours.means()[name] == pytest.approx(theirs[measure], abs=5e-5), name


def test_users_without_a_truth_are_left_out_and_the_blocks_join(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = np.tile(np.arange(5), (7, 1))
    truth = Pairs(np.array([1, 4, 4]), np.array([0, 1, 9]))
    whole = score(lists, truth, (3,))
    monkeypatch.setattr("evaluation.scoring.metrics.BLOCK", 2)
    assert (
        score(lists, truth, (3,)).values[Metric("recall", 3)].tolist()
        == [1.0, 0.5]
        == whole.values[Metric("recall", 3)].tolist()
    )
    assert whole.users.tolist() == [1, 4]


def test_a_k_at_or_above_the_number_of_items_is_left_out() -> None:
    assert usable_ks(24) == (1, 3, 5, 10, 20)
    assert usable_ks(25) == (1, 3, 5, 10, 20)
    assert usable_ks(26) == KS


def asked_of(owning: Sequence[int], folder: Path, items: int = 22) -> Task:
    """Return a question where each user has so many of the items, and takes the last one."""
    rows = [("all", f"i{item}", START, "") for item in range(items)]
    rows += [(f"u{user}", f"i{item}", START, "") for user, many in enumerate(owning) for item in range(many)]
    rows += [(f"u{user}", f"i{items - 1}", START + DAY, "") for user in range(len(owning))]
    log = logs.read(made_up.write(folder / "owned.csv", rows))
    return task(log, split(log, HoldOut("time", at=START + DAY)), None, 1)


def test_of_new_items_users_can_choose_from_those_that_they_do_not_have(tmp_path: Path) -> None:
    question = asked_of([4] * 17 + [12] * 2 + [21], tmp_path)
    assert candidate_count(question, ALL_ITEMS) == 22
    assert (
        candidate_count(question, NEW_ITEMS) == 10
    )  # a tenth or fewer have less: one user of twenty has one item left
    entries = [
        Candidate(name, "", dict.fromkeys((ALL_ITEMS, NEW_ITEMS), np.tile(np.arange(25), (20, 1)))) for name in "ab"
    ]
    leaderboard = score_candidates(question, NEW_ITEMS, entries, Metric("ndcg", 10), 1)
    assert leaderboard is not None
    assert (leaderboard.ks, leaderboard.left_out) == ((1, 3, 5), [10, 20, 25])
    assert (leaderboard.main, leaderboard.instead_of) == (Metric("ndcg", 5), Metric("ndcg", 10))
    assert score_candidates(question, ALL_ITEMS, entries, Metric("ndcg", 10), 1).ks == (1, 3, 5, 10, 20)  # type: ignore[union-attr]


def test_the_notes_say_which_k_are_left_out_why_and_what_decides_instead(tmp_path: Path) -> None:
    kinds = [BY_NAME["random"], BY_NAME["popularity"]]
    result = compare(asked_of([12] * 12, tmp_path), ComparisonSettings(recommenders=kinds, tune=False), RecordColumns())
    assert result.notes[1:] == [
        "new-items: k = 10, 20, 25 left out: of 22 items, over a tenth of the users have at most 10 that they "
        "don't have yet. ndcg@5 decides, instead of ndcg@10",
        "all-items: k = 25 left out: there are only 22 items to choose from",
    ]
    result = compare(
        asked_of([1] * 12, tmp_path, 2), ComparisonSettings(recommenders=kinds, tune=False), RecordColumns()
    )
    assert list(result.leaderboards) == [ALL_ITEMS]
    assert "new-items: nothing to choose from: there is one item, or none new to the user" in result.notes


def test_a_metric_that_only_some_k_have_is_replaced_by_one_that_there_is(tmp_path: Path) -> None:
    entry = Candidate("a", "", {NEW_ITEMS: np.tile(np.arange(25), (20, 1))})
    few, fewer = asked_of([12] * 20, tmp_path), asked_of([17] * 20, tmp_path)
    replaced = [score_candidates(task, NEW_ITEMS, [entry], Metric("ndcg_personalize", 25), 1) for task in (few, fewer)]
    assert [leaderboard and leaderboard.main for leaderboard in replaced] == [
        Metric("ndcg_personalize", 5),
        Metric("ndcg", 3),
    ]


def test_beyond_accuracy_counts_distinct_items_by_both_catalogues_and_their_surprise() -> None:
    lists = np.array([[0, 1], [0, -1]])
    measures = beyond_accuracy(lists, np.array([6, 2, 0, 0]), catalogue=4, k=2)
    assert (measures.coverage, measures.coverage_of_catalogue) == (1.0, 0.5)
    assert measures.novelty == pytest.approx((2 * -np.log2(0.75) - np.log2(0.25)) / 3)
    assert (measures.user_coverage, measures.commonest_first) == (0.5, 1.0)
