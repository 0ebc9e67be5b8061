"""The recommender for shoppers: similar items, own items, recent popularity; deterministic; good at a made-up shop."""

from pathlib import Path

import numpy as np
import pytest

from personalize_local.filters.evaluation import Selection
from recommender_models.models import UserPersonalization, load, similarity
from recommender_models.models.ease import similarities
from recommender_models.models.item_knn import user_item_matrix
from recommender_models.models.similarity import DenseSimilarity, SparseSimilarity
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import DAY, Settings
from recommender_models.training_set import TrainingSet
from tests.personalize_local.made_up_shop import MadeUpShop, Visit
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()


def fit(rows: TrainingSet, users: RecordColumns = NOTHING, items: RecordColumns = NOTHING) -> UserPersonalization:
    return UserPersonalization.fit(rows, users, items, Settings())


def of_shop(seen: list[Visit]) -> TrainingSet:
    return visits((user, item, time) for user, item, time, _ in seen)


@pytest.fixture(scope="module")
def shop() -> MadeUpShop:
    return MadeUpShop(seed=7)


@pytest.fixture(scope="module")
def model(shop: MadeUpShop) -> UserPersonalization:
    return fit(of_shop(shop.before))


def ids(scored: list[tuple[str, float]]) -> list[str]:
    return [item for item, _ in scored]


def test_the_next_purchase_is_hit_far_more_often_than_by_popularity(
    shop: MadeUpShop, model: UserPersonalization
) -> None:
    popular = set(ids(model.recommend([], 10)))
    ours, theirs, cases = 0, 0, 0
    for history, bought in shop.purchases():
        ours += bought in ids(model.recommend([(item, time, 1.0) for _, item, time, _ in history], 10))
        theirs += bought in popular
        cases += 1
    assert cases >= 60
    assert ours >= 1.8 * theirs
    assert ours >= 0.18 * cases


def test_the_same_interactions_in_any_order_give_the_same_model(shop: MadeUpShop, model: UserPersonalization) -> None:
    shuffled = fit(of_shop(shop.before[::-1]))
    history = [(item, time, 1.0) for _, item, time, _ in shop.before[:8]]
    assert shuffled.recommend(history[::-1], 300) == model.recommend(history, 300)


def test_a_saved_model_says_the_same_and_its_matrix_stays_on_disk(
    shop: MadeUpShop, model: UserPersonalization, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, UserPersonalization)
    assert isinstance(loaded.similarities, DenseSimilarity)
    assert isinstance(loaded.similarities.matrix.base, np.memmap)
    history = [(item, time, 1.0) for _, item, time, _ in shop.before[:8]]
    assert loaded.recommend(history, 300) == model.recommend(history, 300)


def test_scores_are_positive_fall_and_sum_to_one_at_most(shop: MadeUpShop, model: UserPersonalization) -> None:
    for history in ([], [(item, time, 1.0) for _, item, time, _ in shop.before[:8]]):
        scores = [score for _, score in model.recommend(history, 500)]
        assert len(scores) == len(model.catalogue)
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0
        assert sum(scores) <= 1 + 1e-6


def test_equal_scores_come_in_the_order_of_the_ids_wherever_the_list_is_cut() -> None:
    views = {f"i{number:03}": 1 + number % 2 for number in range(499, -1, -1)}
    equal = fit(visits((f"{item} {time}", item, time) for item, times in views.items() for time in range(times)))
    expected = sorted(views, key=lambda item: (-views[item], item))
    for limit in (1, 7, 250, 251, 500):
        assert ids(equal.recommend([], limit)) == expected[:limit]


def test_items_seen_together_recommend_each_other_and_an_item_recommends_itself() -> None:
    paired = fit(visits((f"u{number}", f"{'ab'[number % 2]}{part}", 1) for number in range(40) for part in (1, 2)))
    assert set(ids(paired.recommend([("a1", 1.0, 1.0)], 2))) == {"a1", "a2"}


def test_what_was_not_trained_on_is_passed_over_in_a_history(model: UserPersonalization) -> None:
    assert model.recommend([("never seen", 1.0, 1.0)], 10) == model.recommend([], 10)


def test_a_newer_event_counts_more_than_an_older_one() -> None:
    paired = fit(visits((f"u{number}", f"{'ab'[number % 2]}{part}", 1) for number in range(40) for part in (1, 2)))
    for newest, first in (("a1", "a"), ("b1", "b")):
        times = {"a1": 0.0, "b1": 0.0, newest: 60 * DAY}
        assert ids(paired.recommend([(item, time, 1.0) for item, time in times.items()], 1))[0][0] == first


def test_without_a_history_only_the_last_thirty_days_before_the_newest_event_count() -> None:
    old = [(f"old{number}", "once", 0) for number in range(50)]
    new = [(f"new{number}", "now", 31 * 86_400) for number in range(3)]
    assert ids(fit(visits([*old, *new])).recommend([], 2)) == ["now", "once"]


def test_many_shoppers_at_once_get_what_each_gets_alone(shop: MadeUpShop, model: UserPersonalization) -> None:
    rows = of_shop(shop.before)
    lists = model.lists(rows, [None] * len(rows.user_ids), 10)
    for user, codes in enumerate(lists):
        own = rows.users == user
        triples = zip(rows.items[own].tolist(), rows.times[own].tolist(), rows.weights[own].tolist(), strict=True)
        events = [(rows.item_ids[item], time, weight) for item, time, weight in triples]
        # By score: sums in another order may swap what is all but equal.
        alone = [score for _, score in model.recommend(events, 10)]
        assert model.scores(events)[codes] == pytest.approx(np.array(alone), rel=1e-4)


def test_a_selection_leaves_the_best_of_what_it_lets_through(shop: MadeUpShop, model: UserPersonalization) -> None:
    history = [(item, time, 1.0) for _, item, time, _ in shop.before[:8]]
    every = model.recommend(history, 300)
    included = frozenset(model.catalogue.ids[::3]) | {"unknown"}
    large = frozenset(model.catalogue.ids) | {f"unknown {number}" for number in range(500)}
    excluded = frozenset(ids(every)[:5]) | {"unknown"}
    taken = frozenset(ids(every)[3:7])
    for selection in (
        *(Selection(included), Selection(None, excluded), Selection(included, excluded), Selection(large)),
        *(Selection(None, excluded, taken), Selection(included, frozenset(), taken)),
    ):
        expected = [(item, score) for item, score in every if selection.allows(item)]
        assert model.recommend(history, 300, selection=selection) == expected
        assert model.recommend(history, 4, selection=selection) == expected[:4]
    assert model.recommend(history, 4, selection=Selection(frozenset())) == []


def test_a_large_set_is_looked_up_once_and_not_mistaken_for_another(model: UserPersonalization) -> None:
    padding = {f"unknown {number}" for number in range(500)}
    for item in model.catalogue.ids[:100]:  # more than are kept; each is gone when the next one is made
        selection = Selection(frozenset({item} | padding))
        assert ids(model.recommend([], 5, selection=selection)) == [item]
        assert ids(model.recommend([], 5, selection=selection)) == [item]


def test_cold_shoppers_of_two_segments_get_different_lists() -> None:
    """Nothing but the properties tells them apart; a number and a category both do."""
    users = [f"u{number}" for number in range(200)]
    seen = [(user, f"{'ab'[n % 2]}{(n * 7 + step) % 10}", n) for n, user in enumerate(users) for step in range(3)]
    kind = {
        "PLAN": ["pro|eu" if n % 2 else "free|eu" for n in range(200)],
        "AGE": [20 + 40 * (n % 2) for n in range(200)],
    }
    for columns in ({"PLAN": kind["PLAN"]}, {"AGE": kind["AGE"]}, {**kind, "NAME": users, "NOTHING": [None] * 200}):
        model = fit(visits(seen), RecordColumns(users, columns))
        free = ids(model.recommend([], 10, user={"PLAN": "free", "AGE": 23}))
        pro = ids(model.recommend([], 10, user={"PLAN": "eu|pro", "AGE": 61.5}))
        assert {item[0] for item in free} == {"a"}
        assert {item[0] for item in pro} == {"b"}
        for unknown in (None, {}, {"PLAN": "gold", "AGE": "old"}, {"OTHER": 1}):
            assert model.recommend([], 20, user=unknown) == model.recommend([], 20)


def test_a_segment_with_few_events_hardly_matters() -> None:
    seen = [(f"u{number}", f"i{number % 5}", number) for number in range(1000)]
    few = RecordColumns([f"u{number}" for number in range(6)], {"PLAN": ["pro"] * 6})
    model = fit(visits(seen), few)
    assert dict(model.recommend([], 5, user={"PLAN": "pro"})) == pytest.approx(dict(model.recommend([], 5)), abs=0.01)


def test_items_that_only_the_items_dataset_knows_come_last_and_can_be_filtered_for() -> None:
    model = fit(visits([("u", "b", 1), ("v", "c", 2)]), NOTHING, RecordColumns(["z", "a", "b"], {}))
    for history in ([], [("c", 1.0, 1.0)], [("z", 1.0, 1.0)]):
        assert ids(model.recommend(history, 10))[2:] == ["a", "z"]
        assert ids(model.recommend(history, 10, selection=Selection(frozenset({"z"})))) == ["z"]


def test_the_similarities_are_the_closed_form_of_ease() -> None:
    random = np.random.default_rng(3)
    # Over a thousand items: more than one block of lines.
    rows = visits((f"u{random.integers(400)}", f"i{random.integers(1100):04}", 1) for _ in range(8000))
    matrix = user_item_matrix(rows).toarray().astype(float)
    gram = matrix.T @ matrix
    inverse = np.linalg.inv(gram + 14 * np.diag(gram).mean() * np.eye(len(gram)))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    assert np.abs(similarities(user_item_matrix(rows), 14.0) - expected).max() < 1e-5
    assert np.abs(expected).max() > 0.01


def test_above_the_most_that_a_matrix_takes_the_nearest_items_serve(
    shop: MadeUpShop, model: UserPersonalization, tmp_path: Path
) -> None:
    nearest = similarity.fit(of_shop(shop.before), 14.0, most_dense=100, most_users=1)
    assert isinstance(nearest, SparseSimilarity)
    sparse = UserPersonalization(model.catalogue, nearest, model.popularity, model.settings)
    sparse.save(tmp_path)
    loaded = load(tmp_path)
    assert isinstance(loaded, UserPersonalization)
    popular = set(ids(sparse.recommend([], 10)))
    ours = theirs = 0
    for history, bought in shop.purchases():
        events = [(item, time, 1.0) for _, item, time, _ in history]
        found = loaded.recommend(events, 10)
        assert found == sparse.recommend(events, 10)
        ours, theirs = ours + (bought in ids(found)), theirs + (bought in popular)
    assert ours >= 1.8 * theirs
    rows = of_shop(shop.before)
    alone = sparse.recommend([(rows.item_ids[rows.items[0]], 1.0, 1.0)], 5)
    first = TrainingSet(["u"], rows.item_ids, rows.users[:1], rows.items[:1], rows.times[:1], rows.weights[:1])
    assert [sparse.catalogue.ids[code] for code in sparse.lists(first, [None], 5)[0]] == ids(alone)
