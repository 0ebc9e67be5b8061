"""Similar items, popularity counts and ranking: each its own, not the recommender for shoppers under another name."""

from pathlib import Path

import numpy as np
import pytest

from personalize_local.filters.evaluation import Selection
from recommender_models.models import (
    RECIPES,
    PersonalizedRanking,
    PopularityCount,
    SimilarItems,
    Sims,
    UserPersonalization,
    load,
)
from recommender_models.models.item_knn import SHRINKAGE, nearest
from recommender_models.models.user_segments import UserSegments
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import DAY, Settings
from recommender_models.training_set import TrainingSet
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()
# Thirty shoppers want coffee and a filter, thirty tea and a pot; all want bread, which says nothing of either.
SHOP = visits(
    (f"{first}{number}", item, number)
    for number in range(30)
    for first, second in (("coffee", "filter"), ("tea", "pot"))
    for item in (first, second, "bread")
)
ITEMS = RecordColumns(
    ["coffee", "espresso", "pot", "tea", "bread"],
    {"KIND": ["hot|bean", "hot|bean", "tool", "hot", None], "PRICE": [3.5, 4.5, 20.0, 3.5, 2.0]},
)


def ids(scored: list[tuple[str, float]]) -> list[str]:
    return [item for item, _ in scored]


def test_similar_items_are_wanted_by_the_same_shoppers_and_leave_out_the_item_itself() -> None:
    model = SimilarItems.fit(SHOP, NOTHING, NOTHING, Settings())
    assert ids(model.similar("coffee", 10))[0] == "filter"
    assert ids(model.similar("tea", 10))[0] == "pot"
    assert sorted(ids(model.similar("tea", 10))) == ["bread", "coffee", "filter", "pot"]
    assert len(model.similar("tea", 2)) == 2


def test_similarity_is_the_cosine_with_shrinkage() -> None:
    neighbours = nearest(SHOP).toarray()
    code = {item: place for place, item in enumerate(SHOP.item_ids)}
    assert neighbours[code["tea"], code["pot"]] == pytest.approx(30 / (30 + SHRINKAGE))
    assert neighbours[code["tea"], code["bread"]] == pytest.approx(30 / (np.sqrt(30 * 60) + SHRINKAGE))
    assert neighbours[code["tea"], code["coffee"]] == 0
    assert not neighbours.diagonal().any()


def test_an_unknown_item_gets_the_popular_ones() -> None:
    seen = visits([*((f"u{n}", "bread", n) for n in range(9)), ("u1", "tea", 1), ("u2", "tea", 3), ("u3", "pot", 3)])
    model = SimilarItems.fit(seen, NOTHING, NOTHING, Settings())
    assert ids(model.similar("never seen", 2)) == ["bread", "tea"]


def test_shared_categories_make_items_similar_for_similar_items_and_not_for_sims() -> None:
    model = SimilarItems.fit(SHOP, NOTHING, ITEMS, Settings())
    assert ids(model.similar("espresso", 2)) == ["coffee", "tea"], "nobody has bought it; two kinds in common, then one"
    assert "espresso" in ids(model.similar("coffee", 3))
    assert sum(score for _, score in model.similar("espresso", 10)) > 0.98, "the item itself takes no share"
    sims = Sims.fit(SHOP, NOTHING, ITEMS, Settings())
    assert "espresso" not in ids(sims.similar("coffee", 10))
    assert ids(sims.similar("espresso", 5)) == ids(sims.similar("never seen", 5))


def test_similar_items_can_be_filtered() -> None:
    model = SimilarItems.fit(SHOP, NOTHING, NOTHING, Settings())
    assert ids(model.similar("tea", 3, Selection(frozenset({"bread", "tea"})))) == ["bread"]
    assert ids(model.similar("tea", 1, Selection(None, frozenset({"pot", "tea"})))) == ["bread"]


def test_popularity_counts_everything_however_old_for_everybody() -> None:
    old = [(f"old{number}", "once", 0) for number in range(50)]
    new = [(f"new{number}", "now", int(400 * DAY)) for number in range(3)]
    model = PopularityCount.fit(visits([*old, *new]), NOTHING, RecordColumns(["cold"], {}), Settings())
    assert ids(model.recommend([], 5)) == ["once", "now", "cold"]
    assert model.recommend([("now", 1.0, 1.0)], 5, user={"A": "b"}) == model.recommend([], 5)
    assert ids(model.recommend([], 5, selection=Selection(None, frozenset({"once"})))) == ["now", "cold"]
    assert model.lists(visits(new), [None] * 3, 4).tolist() == [[1, 0, 2, -1]] * 3


def test_a_ranking_orders_the_given_items_and_puts_the_unknown_at_the_end() -> None:
    model = PersonalizedRanking.fit(SHOP, NOTHING, NOTHING, Settings())
    requested = ["new b", "pot", "bread", "filter", "new a", "pot"]
    wanted = {"tea": ["pot", "filter"], "coffee": ["filter", "pot"], "bread": ["filter", "pot"]}
    for item, order in wanted.items():
        ranked = model.rank([(item, 1.0, 1.0)], requested)
        assert [item for item in ids(ranked) if item in order] == order
        assert sorted(ids(ranked)[:3]) == ["bread", "filter", "pot"]
        assert ranked[3:] == [("new b", 0.0), ("new a", 0.0)]
        assert sum(score for _, score in ranked) == pytest.approx(1)
    assert model.rank([], ["new"]) == [("new", 0.0)]
    assert model.rank([], []) == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_model_survives_its_files_and_offers_what_its_kind_promises(recipe: str, tmp_path: Path) -> None:
    model = RECIPES[recipe].fit(SHOP, NOTHING, ITEMS, Settings(repeat=0.7))
    model.save(tmp_path)
    loaded = load(tmp_path)
    assert loaded.kind == model.kind
    offered = {name for name in ("recommend", "similar", "rank", "affinities") if hasattr(loaded, name)}
    promised = {"similar-items": "similar", "personalized-ranking": "rank", "user-segments": "affinities"}
    assert offered == {promised.get(loaded.kind, "recommend")}
    history = [("coffee", 1.0, 1.0), ("tea", 2.0, 0.5)]
    if isinstance(model, SimilarItems) and isinstance(loaded, SimilarItems):
        assert loaded.similar("coffee", 9) == model.similar("coffee", 9)
    elif isinstance(model, PersonalizedRanking) and isinstance(loaded, PersonalizedRanking):
        assert loaded.rank(history, ["tea", "bread"]) == model.rank(history, ["tea", "bread"])
    elif isinstance(model, UserSegments) and isinstance(loaded, UserSegments):
        asked = SHOP, [None] * 60, [["tea", "bread"], ["coffee"]]
        assert (loaded.affinities(*asked) == model.affinities(*asked)).all()
    else:
        assert isinstance(model, UserPersonalization | PopularityCount)
        assert isinstance(loaded, UserPersonalization | PopularityCount)
        assert loaded.recommend(history, 9) == model.recommend(history, 9)
    assert (loaded.lists(SHOP, [None] * 60, 3) == model.lists(SHOP, [None] * 60, 3)).all()


def test_shoppers_of_everything_do_not_make_everything_similar() -> None:
    """Of a shopper with 3,000 items the newest 500 count, so that pairs do not grow without bound."""
    users = np.zeros(3000, dtype=np.int64)
    names = [f"{number:04}" for number in range(3000)]
    rows = TrainingSet(["u"], names, users, np.arange(3000), np.arange(3000.0), np.ones(3000, dtype=np.float32))
    neighbours = nearest(rows)
    assert neighbours[:2500].nnz == 0
    assert (np.diff(neighbours.indptr[2500:]) == 200).all()
