"""EASE in its three forms: exact but for the pruned one, of the largest weights and the other items' nearest."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from recommender_models.models import UserPersonalization, ease, load, similarity, sparse_lists
from recommender_models.models.ease_by_users import EaseByUsers
from recommender_models.models.lists import top, top_rows
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
    assert "EASE for the 30 items" in pruned.form


def test_with_very_many_items_the_exact_part_is_half_as_large(
    rows: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity, "VERY_MANY", 80)
    half = similarity.fit(rows, 3.0, most_dense=30, most_users=10)
    monkeypatch.setattr(similarity, "VERY_MANY", 1000)
    full = similarity.fit(rows, 3.0, most_dense=15, most_users=10)
    assert isinstance(half, SparseSimilarity)
    assert isinstance(full, SparseSimilarity)
    assert "EASE for the 15 items" in half.form
    assert half.matrix.toarray() == pytest.approx(full.matrix.toarray())


SEGMENTED = RecordColumns([f"u{n}" for n in range(40)], {"LOYALTY": ["gold" if n % 3 else "new" for n in range(40)]})


@pytest.fixture(scope="module")
def few(rows: TrainingSet) -> UserPersonalization:
    """Return a model of the pruned form, with items that nobody has taken, and with what comes next."""
    items = RecordColumns(["never", "i00"], {"PRICE": [1.0, 2.0]})
    model = UserPersonalization.fit(rows, SEGMENTED, items, Settings(regularisation=3.0, sequence=1.0))
    pruned = similarity.fit(rows, 3.0, most_dense=30, most_users=10)
    return UserPersonalization(model.catalogue, pruned, model.popularity, model.settings, model.transitions)


@dataclass(frozen=True)
class Chosen:
    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()


SELECTIONS = (
    None,
    Chosen(excluded=frozenset({"i00", "i01", "i40", "unknown"})),
    Chosen(excluded=frozenset(f"i{n:02}" for n in range(60))),
    Chosen(included=frozenset({"i00", "i77", "never"}), excluded=frozenset({"i00"})),
)


@pytest.mark.parametrize("head", [3, 30, 1000])
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("user", [None, {"LOYALTY": "new"}])
def test_the_items_that_something_is_said_for_and_those_that_sell_make_the_list_of_all(
    few: UserPersonalization, head: int, selection: Any, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparse_lists, "HEAD", head)
    model = few.with_settings(few.settings)  # keeps no head
    random = np.random.default_rng(1)
    for _ in range(20):
        history = [(f"i{random.integers(90):02}", float(n), 1.0) for n in range(random.integers(4))]
        expected = model.catalogue.best(model.scores(history, user), 10, selection)
        found = model.recommend(history, 10, user=user, selection=selection)
        assert [item for item, _ in found] == [item for item, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-5)


@pytest.mark.parametrize("popularity", [0.0, 0.5])
@pytest.mark.parametrize("head", [3, 1000])
def test_many_lists_at_once_are_those_of_full_lines(
    few: UserPersonalization, rows: TrainingSet, popularity: float, head: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparse_lists, "HEAD", head)
    model = few.with_settings(replace(few.settings, popularity=popularity))
    known = SEGMENTED.properties()
    properties = [known.get(user) for user in rows.user_ids]
    some = rows.take(rows.users % 5 > 0)  # the others have no history
    expected = np.concatenate([top_rows(scores, 10) for scores in model.blocks(some, properties)])
    assert model.lists(some, properties, 10).tolist() == expected.tolist()


@pytest.mark.parametrize("values", [5, 1000, 10**9])
def test_the_best_of_very_many_are_found_by_a_sample_and_ties_stay_in_order(values: int) -> None:
    scores = np.random.default_rng(1).integers(values, size=150_000).astype(np.float32)
    for limit in (1, 25, 500):
        assert top(scores, limit).tolist() == np.argsort(-scores, kind="stable")[:limit].tolist()
    assert top(np.zeros(150_000, dtype=np.float32), 3).tolist() == [0, 1, 2]
