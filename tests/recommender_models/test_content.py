"""Attributes of items: new items go to those whom they fit, and only where attributes are shown to say something."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from personalize_local.filters.evaluation import Selection
from recommender_models.content.exploration import Exploration
from recommender_models.models import PersonalizedRanking, UserPersonalization, load
from recommender_models.models.terms import terms
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from tests.draws import draws
from tests.recommender_models.planted_shop import PlantedShop
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()
SHUFFLES = draws(200, 20)


@pytest.fixture(scope="module")
def shop() -> PlantedShop:
    return PlantedShop()


@pytest.fixture(scope="module")
def model(shop: PlantedShop) -> UserPersonalization:
    return fitted(shop, shop.items())


def fitted(shop: PlantedShop, items: RecordColumns) -> UserPersonalization:
    return UserPersonalization.fit(shop.rows, NOTHING, items, Settings())


def listed(model: UserPersonalization, shop: PlantedShop, user: str, limit: int = 10) -> list[str]:
    return [item for item, _ in model.recommend(shop.history(user), limit)]


def shown(model: UserPersonalization, shop: PlantedShop) -> tuple[float, float]:
    """Return in what share of lists the new item of the user's own kind is, and that of another kind."""
    own, others = [], []
    for user, liked in shop.likes.items():
        items = listed(model, shop, user)
        own.append(shop.new[liked] in items)
        others += [item in items for kind, item in shop.new.items() if kind != liked]
    return float(np.mean(own)), float(np.mean(others))


def test_a_new_item_is_in_the_lists_of_those_who_like_its_kind(shop: PlantedShop, model: UserPersonalization) -> None:
    own, others = shown(model, shop)
    assert own > 0.95
    assert others < 0.05


def test_without_their_attributes_or_with_those_of_others_new_items_reach_nobody_whom_they_fit(
    shop: PlantedShop, model: UserPersonalization
) -> None:
    unknown = model.with_new_items({item: {} for item in shop.new.values()})
    assert shown(unknown, shop) == (0, 0)
    scores = unknown.scores(shop.history("u000"))
    assert scores[-5:].max() < scores[:-5].min(), "they come last"
    next_kind = dict(zip(shop.new, [*list(shop.new)[1:], "kind 0"], strict=True))
    wrong = model.with_new_items({item: {"KIND": next_kind[kind]} for kind, item in shop.new.items()})
    own, others = shown(wrong, shop)
    assert own < 0.05
    assert others > 0.2, "a quarter: those of the one kind that they are said to be"


def test_attributes_of_chance_are_not_believed(shop: PlantedShop) -> None:
    """A shuffle is believed by chance once in forty; that the best of five penalties is taken makes it a bit more."""
    believed = 0
    for seed in range(SHUFFLES):
        kinds = np.random.default_rng(seed).permutation(list(shop.kinds.values())).tolist()
        believed += fitted(shop, shop.items(kinds)).content is not None
    assert believed <= max(2, 0.07 * SHUFFLES)


def test_with_attributes_nothing_is_said_worse_of_what_is_not_new(
    shop: PlantedShop, model: UserPersonalization
) -> None:
    """Of the items that a user likes, as many are among the first ten that are not new."""
    plain = fitted(shop, NOTHING)

    def hits(which: UserPersonalization) -> int:
        lists = {user: listed(which, shop, user, 20) for user in shop.likes}
        known = {user: [item for item in items if item not in shop.new.values()][:10] for user, items in lists.items()}
        return sum(shop.kinds[item] == liked for user, liked in shop.likes.items() for item in known[user])

    assert hits(model) >= hits(plain)


def test_without_attributes_the_model_is_the_same_to_the_last_digit(shop: PlantedShop) -> None:
    ids = list(shop.kinds)
    plain, listed_only = fitted(shop, NOTHING), fitted(shop, RecordColumns(ids, {}))
    assert listed_only.content is None
    for user in list(shop.likes)[:5]:
        history = shop.history(user)
        assert np.allclose(listed_only.scores(history)[: len(plain.catalogue)], plain.scores(history), rtol=1e-3)
    of_nobody = RecordColumns(ids, {"KIND": [None] * len(ids)})
    assert fitted(shop, of_nobody).content is None


def test_a_filter_on_a_price_leaves_the_new_items_that_meet_it(shop: PlantedShop, model: UserPersonalization) -> None:
    cheap = frozenset(item for item, price in shop.prices.items() if price < 10) - {"new 0"} | {"new 1"}
    found = [item for item, _ in model.recommend(shop.history("u001"), 25, selection=Selection(cheap))]
    assert set(found) == cheap
    assert found.index("new 1") <= 4
    assert [item for item, _ in model.recommend([], 25, selection=Selection(frozenset({"new 2"})))] == ["new 2"]


def test_new_items_that_come_after_the_training_count_and_those_that_are_gone_do_not(
    shop: PlantedShop, model: UserPersonalization
) -> None:
    later = model.with_new_items({"later": {"KIND": "kind 2", "PRICE": 3.0}, "i000": {"KIND": "kind 0"}})
    assert "later" in listed(later, shop, "u002")
    assert "later" not in listed(later, shop, "u003")
    assert set(later.catalogue.ids) == {*(item for item in shop.kinds if item not in shop.new.values()), "later"}


def test_lists_are_the_same_for_one_and_for_many_and_from_a_file(
    shop: PlantedShop, model: UserPersonalization, tmp_path: Path
) -> None:
    rows = shop.rows
    lists = model.lists(rows, [None] * len(rows.user_ids), 10)
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, UserPersonalization)
    for user, codes in zip(rows.user_ids[:20], lists, strict=False):
        history = shop.history(user)
        assert loaded.recommend(history, 30) == model.recommend(history, 30)
        scores = [score for _, score in model.recommend(history, 10)]
        assert model.scores(history)[codes] == pytest.approx(scores, rel=1e-4)


def test_scores_stay_positive_fall_and_sum_to_one_at_most(shop: PlantedShop, model: UserPersonalization) -> None:
    many = {f"more {number}": {"KIND": f"kind {number % 5}"} for number in range(500)}
    for scored in (model.recommend(shop.history("u000"), 700), model.with_new_items(many).recommend([], 700)):
        scores = [score for _, score in scored]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0
        assert sum(scores) <= 1 + 1e-5
    crowded = [score for _, score in model.with_new_items(many).recommend(shop.history("u000"), 700)]
    assert sum(crowded) <= 1 + 1e-5


def test_the_terms_of_a_new_item_say_that_it_fits(shop: PlantedShop, model: UserPersonalization) -> None:
    history = shop.history("u000")
    scored = dict(model.recommend(history, 10))
    parts = terms(model, history, list(scored))
    for item, score in scored.items():
        of = parts[item]
        assert of.similar + of.again + of.popular + of.follows + of.fits == pytest.approx(score, rel=1e-4)
    assert parts["new 0"].fits > 0.9 * scored["new 0"]


def test_a_given_list_is_ranked_by_attributes_without_exploring(shop: PlantedShop) -> None:
    ranking = PersonalizedRanking.fit(shop.rows, NOTHING, shop.items(), Settings())
    for user, liked in list(shop.likes.items())[:10]:
        ranked = [item for item, _ in ranking.rank(shop.history(user), list(shop.new.values()))]
        assert ranked[0] == shop.new[liked]
    plain = fitted(shop, shop.items())
    expected = plain.with_exploration(Exploration(0)).scores(shop.history("u000"))
    code = ranking.catalogue.code
    of_two = dict(ranking.rank(shop.history("u000"), ["new 0", "i000"]))
    assert of_two["new 0"] / of_two["i000"] == pytest.approx(expected[code["new 0"]] / expected[code["i000"]], rel=1e-4)


def test_the_more_users_an_item_has_the_less_its_attributes_count(shop: PlantedShop) -> None:
    """One item has one user. Its affinity goes half of the way to what attributes say, that of others hardly moves."""
    items = RecordColumns([*shop.kinds, "rare"], {"KIND": [*shop.kinds.values(), "kind 0"]})
    model = UserPersonalization.fit(visits([("u001", "rare", 50.0), *shop.seen]), NOTHING, items, Settings())
    assert model.content is not None
    users, rare = model.content.users, model.catalogue.code["rare"]
    history = [(item, time, 1.0) for item, time, _ in shop.history("u005")]

    def scores(strength: float) -> np.ndarray:
        return model.with_settings(replace(Settings(), content=strength)).scores(history)[: len(users)]

    without, one, attributes_alone = scores(0), scores(1), scores(1e9)
    moved = np.abs(one - without) / np.abs(attributes_alone - without)
    assert users[rare] == 1
    assert 0.35 < moved[rare] < 0.65
    assert np.median(moved[users >= 10]) < 0.3
