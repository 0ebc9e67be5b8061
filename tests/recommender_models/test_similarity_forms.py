"""EASE in its three forms: exact but for the pruned one, of the largest weights and the other items' nearest."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from recommender_models.models import UserPersonalization, ease, load, similarity
from recommender_models.models.ease_by_users import EaseByUsers
from recommender_models.models.similarity import DenseSimilarity, SparseSimilarity
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()


@pytest.fixture(scope="module")
def rows() -> TrainingSet:
    """Return 40 users of 90 items, the first ones the most taken."""
    random = np.random.default_rng(5)
    return visits((f"u{random.integers(40)}", f"i{int(90 * random.random() ** 2):02}", n) for n in range(900))


def test_through_the_users_the_scores_are_those_of_the_full_matrix(rows: TrainingSet, tmp_path: Path) -> None:
    dense = similarity.fit(rows, 3.0)
    by_users = similarity.fit(rows, 3.0, most_dense=50)
    assert isinstance(dense, DenseSimilarity)
    assert isinstance(by_users, EaseByUsers)
    histories = sparse.csr_array(sparse.random(7, len(dense), 0.1, format="csr", dtype=np.float32, random_state=2))
    expected = dense.affinities(histories)
    assert np.abs(by_users.affinities(histories) - expected).max() < 1e-5
    assert np.abs(expected).max() > 0.01
    model = UserPersonalization.fit(rows, NOTHING, NOTHING, Settings(regularisation=3.0))
    UserPersonalization(model.catalogue, by_users, model.popularity, model.settings).save(tmp_path)
    loaded = load(tmp_path)
    assert isinstance(loaded, UserPersonalization)
    history = [("i00", 1.0, 1.0), ("i05", 2.0, 1.0)]
    assert loaded.scores(history) == pytest.approx(model.scores(history), rel=1e-3)


def test_with_many_of_both_the_most_taken_items_have_the_largest_weights_and_the_others_their_nearest(
    rows: TrainingSet,
) -> None:
    pruned = similarity.fit(rows, 3.0, most_dense=30, most_users=10)
    assert isinstance(pruned, SparseSimilarity)
    full, matrix = pruned.matrix.toarray(), np.zeros((40, len(pruned)), dtype=np.float32)
    matrix[rows.users, rows.items] = 1
    head = np.sort(np.argsort(-matrix.sum(axis=0), kind="stable")[:30])
    exact = ease.similarities(sparse.csr_array(matrix[:, head]), 3.0)
    assert full[np.ix_(head, head)] == pytest.approx(np.maximum(exact, 0), abs=1e-6)
    tail = np.setdiff1d(np.arange(len(pruned)), head)
    assert full[np.ix_(head, tail)].any()
    assert full[np.ix_(tail, head)].any()
    assert (full >= 0).all()
    assert "EASE for the" in pruned.form
