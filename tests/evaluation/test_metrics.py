"""Metrics against values worked out by hand, and against trec_eval's."""

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, P, R, Success, nDCG

from evaluation.scoring.breadth import breadth
from evaluation.scoring.metrics import KS, of_hits, score, usable_ks
from evaluation.task import Pairs

RANKS_2_AND_5 = np.array([[False, True, False, False, True]])


@pytest.mark.parametrize(("relevant", "ndcg", "personalize"), [(2, 0.6241, 0.6241), (4, 0.3973, 0.6241)])
def test_hits_at_ranks_two_and_five_have_the_known_values(relevant: int, ndcg: float, personalize: float) -> None:
    values = of_hits(RANKS_2_AND_5, np.array([relevant]), (5,))
    assert values["mrr@5"][0] == 0.5
    assert values["precision@5"][0] == pytest.approx(0.4)
    assert values["ndcg@5"][0] == pytest.approx(ndcg, abs=5e-5)
    assert values["ndcg_personalize@5"][0] == pytest.approx(personalize, abs=5e-5)


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
    measures = {f"{name}@{k}": measure @ k for name, measure in names.items() for k in KS}
    theirs = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    assert len(measures) == 36
    for name, measure in measures.items():
        assert ours.means()[name] == pytest.approx(theirs[measure], abs=5e-5), name


def test_users_without_a_truth_are_left_out_and_the_blocks_join(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = np.tile(np.arange(5), (7, 1))
    truth = Pairs(np.array([1, 4, 4]), np.array([0, 1, 9]))
    whole = score(lists, truth, (3,))
    monkeypatch.setattr("evaluation.scoring.metrics.BLOCK", 2)
    assert score(lists, truth, (3,)).values["recall@3"].tolist() == [1.0, 0.5] == whole.values["recall@3"].tolist()
    assert whole.users.tolist() == [1, 4]


def test_a_k_at_or_above_the_number_of_items_is_left_out() -> None:
    assert usable_ks(24) == (1, 3, 5, 10, 20)
    assert usable_ks(25) == (1, 3, 5, 10, 20)
    assert usable_ks(26) == KS


def test_breadth_counts_distinct_items_by_both_catalogues_and_their_surprise() -> None:
    lists = np.array([[0, 1], [0, -1]])
    found = breadth(lists, np.array([6, 2, 0, 0]), catalogue=4, k=2)
    assert (found.coverage, found.coverage_of_catalogue) == (1.0, 0.5)
    assert found.novelty == pytest.approx((2 * -np.log2(0.75) - np.log2(0.25)) / 3)
    assert (found.user_coverage, found.commonest_first) == (0.5, 1.0)
