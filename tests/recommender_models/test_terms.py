"""The terms of a score: they add up to it, and name the own items that speak for it."""

import pytest

from recommender_models.models import UserPersonalization
from recommender_models.models.terms import terms
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from tests.personalize_local.made_up_shop import MadeUpShop
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()


@pytest.fixture(scope="module")
def shop() -> MadeUpShop:
    return MadeUpShop(seed=7)


@pytest.fixture(scope="module")
def model(shop: MadeUpShop) -> UserPersonalization:
    rows = visits((user, item, time) for user, item, time, _ in shop.before)
    return UserPersonalization.fit(rows, NOTHING, NOTHING, Settings())


@pytest.mark.parametrize("events", [0, 1, 8])
def test_the_terms_of_an_item_add_up_to_its_score(shop: MadeUpShop, model: UserPersonalization, events: int) -> None:
    history = [(item, time, 1.0) for _, item, time, _ in shop.before[:events]]
    listed = model.recommend(history, 10)
    explained = terms(model, history, [item for item, _ in listed])
    for item, score in listed:
        parts = explained[item]
        assert parts.similar + parts.again + parts.popular == pytest.approx(score, rel=1e-4)
        assert sum(parts.because.values()) == pytest.approx(1 if parts.because else 0)


def test_what_speaks_for_an_item_is_what_was_seen_and_the_strongest_comes_first(
    shop: MadeUpShop, model: UserPersonalization
) -> None:
    history = [(item, time, 1.0) for _, item, time, _ in shop.before[:8]]
    best = next(item for item, _ in model.recommend(history, 20) if item not in {seen for seen, _, _ in history})
    parts = terms(model, history, [best])[best]
    assert parts.similar > 0
    assert parts.again == 0
    assert set(parts.because) <= {seen for seen, _, _ in history}
    assert list(parts.because.values()) == sorted(parts.because.values(), reverse=True)


def test_an_own_item_says_so_and_an_unknown_item_has_no_terms(shop: MadeUpShop, model: UserPersonalization) -> None:
    own = shop.before[0][1]
    explained = terms(model, [(own, 1.0, 1.0)], [own, "no such item"])
    assert explained.keys() == {own}
    assert explained[own].again > 0
