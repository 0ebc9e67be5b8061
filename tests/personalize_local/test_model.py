"""The recommender: similar items, own items, popularity; deterministic; good at a made-up shop."""

import numpy as np
import pytest

from personalize_local.data.interactions import Interaction
from personalize_local.learning.model import HALF_LIFE, STEP_DECAY, Model, TrainingSet, decayed, train
from personalize_local.learning.process import (
    TrainingProcess,
    pack_model,
    pack_training_set,
    train_inline,
    unpack_model,
    unpack_training_set,
)
from personalize_local.learning.selection import Weighted, training_set
from tests.personalize_local.made_up_shop import MadeUpShop, Visit
from tests.personalize_local.waiting import until


def weighted(visits: list[Visit]) -> Weighted:
    return [(Interaction(user, item, "view", time, None), 1.0) for user, item, time, _ in visits]


@pytest.fixture(scope="module")
def shop() -> MadeUpShop:
    return MadeUpShop(seed=7)


@pytest.fixture(scope="module")
def data(shop: MadeUpShop) -> TrainingSet:
    return training_set(weighted(shop.before))


@pytest.fixture(scope="module")
def model(data: TrainingSet) -> Model:
    return train(data)


def test_the_next_purchase_is_hit_far_more_often_than_by_popularity(shop: MadeUpShop, model: Model) -> None:
    popular = {item for item, _ in model.recommend([], 10)}
    ours, theirs, cases = 0, 0, 0
    for history, bought in shop.purchases():
        events = [(item, time, 1.0) for _, item, time, _ in history]
        ours += bought in {item for item, _ in model.recommend(events, 10)}
        theirs += bought in popular
        cases += 1
    assert cases >= 60
    assert ours >= 1.8 * theirs
    assert ours >= 0.18 * cases


def test_the_same_interactions_in_any_order_give_the_same_lists(shop: MadeUpShop, model: Model) -> None:
    shuffled = train(training_set(weighted(shop.before[::-1])))
    history = [(item, time, 1.0) for _, item, time, _ in shop.before[:8]]
    again = [item for item, _ in shuffled.recommend(history[::-1], 50)]
    assert again == [item for item, _ in model.recommend(history, 50)]


def test_equal_scores_come_in_the_order_of_the_ids() -> None:
    views = {f"i{number:03}": 1 + number % 2 for number in range(499, -1, -1)}
    visits = [(f"{item} {time}", item, float(time), "view") for item, times in views.items() for time in range(times)]
    equal = train(training_set(weighted(visits)))
    assert [item for item, _ in equal.recommend([], 500)] == sorted(views, key=lambda item: (-views[item], item))


def test_items_seen_together_recommend_each_other_and_an_item_recommends_itself() -> None:
    pairs = [(f"u{number}", f"{'ab'[number % 2]}{part}", 1.0, "view") for number in range(40) for part in (1, 2)]
    paired = train(training_set(weighted(pairs)))
    assert [item for item, _ in paired.recommend([("a1", 1.0, 1.0)], 2)] == ["a1", "a2"]


def test_unknown_items_in_a_history_are_passed_over(model: Model) -> None:
    assert model.recommend([("never seen", 1.0, 1.0)], 10) == model.recommend([], 10)


def test_events_decay_by_age_and_by_newer_moments() -> None:
    hour = 3600.0
    weights = decayed([("a", hour, 1.0), ("b", hour, 0.5), ("c", 0.0, 1.0), ("d", hour - HALF_LIFE, 1.0)])
    step = STEP_DECAY * 0.5 ** (hour / HALF_LIFE)
    assert weights == pytest.approx([1, 0.5, step, STEP_DECAY**2 * 0.5], rel=1e-6)


def test_the_similarities_are_the_closed_form_of_ease() -> None:
    users, items = np.array([0, 0, 1, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 2, 0])
    weights = np.array([1, 0.5, 1, 1, 1, 0.25, 1], dtype=np.float32)
    trained = train(TrainingSet(("a", "b", "c"), users, items, np.zeros(7), weights))
    matrix = np.zeros((3, 3))
    matrix[users, items] = weights
    inverse = np.linalg.inv(matrix.T @ matrix + 100 * np.eye(3))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    assert trained.similarities == pytest.approx(expected, abs=1e-6)


def test_sets_and_models_survive_the_way_to_the_training_process_and_back(model: Model) -> None:
    odd = training_set(weighted([("u", item, 1.0, "view") for item in ("é", "a\0", "a", "東")]))
    back = unpack_training_set(pack_training_set(odd))
    assert back.item_ids == odd.item_ids == ("a", "a\0", "é", "東")
    assert (back.items == odd.items).all()
    returned = unpack_model(pack_model(model))
    assert returned.recommend([], 300) == model.recommend([], 300)


def test_a_training_in_its_own_process_gives_the_same_model(data: TrainingSet, model: Model) -> None:
    training = TrainingProcess()
    try:
        trained = training(data).result(timeout=30)
    finally:
        training.close()
    assert trained.item_ids == model.item_ids
    assert trained.similarities == pytest.approx(model.similarities, abs=1e-5)


def test_a_training_that_fails_says_why_in_process_and_out() -> None:
    empty = TrainingSet((), *(np.array([], dtype=np.int64),) * 2, np.array([]), np.array([], dtype=np.float32))
    training = TrainingProcess()
    try:
        with pytest.raises(RuntimeError, match="ended with code 1: ValueError"):
            training(empty).result(timeout=30)
    finally:
        training.close()
    assert isinstance(train_inline(empty).exception(), ValueError)


def test_closing_ends_a_training_that_runs() -> None:
    random = np.random.default_rng(1)
    size = 200_000
    users, items = random.integers(0, 5000, size), random.integers(0, 6000, size)
    names = tuple(f"i{number:04}" for number in range(6000))
    long = TrainingSet(names, users, items, np.zeros(size), np.ones(size, dtype=np.float32))
    training = TrainingProcess()
    running = training(long)
    until(lambda: training.busy)
    training.close()
    with pytest.raises(RuntimeError, match="ended with code -9"):
        running.result(timeout=0)
