"""With many items the lists are those of the full matrices, though scores are kept of a few items alone."""

import numpy as np
import pytest
from scipy import sparse

from evaluation.data import log as logs
from evaluation.recommenders.large_catalogues import kept
from evaluation.recommenders.registry import RECOMMENDERS
from evaluation.recommenders.score_blocks import SparseScores, lists
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.splits import HoldOut, split
from evaluation.task import TASKS, Pairs, Task, task
from recommender_models.settings import Settings
from tests.evaluation import made_up


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    path = tmp_path_factory.mktemp("shop") / "interactions.csv"
    log = logs.read(made_up.write(path, made_up.rows(users=40, items=300, visits=8)))
    return task(log, split(log, HoldOut("time")), None, 1)


@pytest.mark.parametrize("moments", [False, True])
def test_every_recommender_makes_the_lists_of_the_full_matrices(question: Task, moments: bool) -> None:
    past, owned = question.known_past(), question.owned()
    at = np.full(question.users, question.train.times.max()) - np.arange(question.users) if moments else None
    few, many = (TrainedModels(question.train, None, 1, at, many_items=most) for most in (1000, 100))
    settings = Settings(sequence=1.0)
    for recommender in RECOMMENDERS:
        for name in TASKS:
            expected, found = (lists(recommender.score(each, past, settings), name, owned, 25) for each in (few, many))
            assert found.tolist() == expected.tolist(), recommender.name
    assert many.notes() == ["ease, ease-history: EASE, exact"]
    assert not few.notes()


def test_where_the_best_sellers_are_left_out_the_next_ones_follow() -> None:
    usual = np.linspace(1, 0.5, 3000, dtype=np.float32)[None]
    own = sparse.csr_array((np.array([0.9], dtype=np.float32), ([0], [2500])), shape=(1, 3000))
    block = SparseScores(own, usual)
    assert block.best([np.empty(0, int)], 3).tolist() == [[2500, 0, 1]]
    assert block.best([np.arange(1200)], 3).tolist() == [[2500, 1200, 1201]]
    assert block.best([np.arange(2999)], 3).tolist() == [[2999, -1, -1]]
    listed = lists(iter([block]), "new-items", Pairs(np.zeros(1, int), np.array([2500])), 2)
    assert listed.tolist() == [[0, 1]]


def test_the_strongest_are_kept_and_what_is_kept_always_but_nothing_below_zero() -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=(2, 40_000)).astype(np.float32)
    true = scores.copy()
    result = kept(scores, [np.array([5, 6]), np.array([7])])
    for line, always in enumerate(([5, 6], [7])):
        codes = result.scores[[line]].indices
        assert (true[line, codes] > 0).all()
        assert set(np.argsort(-true[line])[:300].tolist()) <= set(codes.tolist())
        assert len(codes) < 3_000
        assert {code for code in always if true[line, code] > 0} <= set(codes.tolist())
    assert result.sums == pytest.approx(np.maximum(true, 0).sum(axis=1), rel=1e-5)
