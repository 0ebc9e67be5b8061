"""The recommenders: what they know, what they leave out, and settings that the test can't have chosen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from evaluation.data import log as logs
from evaluation.progress import unseen
from evaluation.recommenders.candidates import train
from evaluation.recommenders.registry import BY_NAME, RECOMMENDERS
from evaluation.recommenders.tuning import Validation
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Pairs, Task, is_in, task
from recommender_models.models import covisitation
from recommender_models.models.ease import similarities
from recommender_models.models.item_knn import SHRINKAGE
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    path = tmp_path_factory.mktemp("shop") / "interactions.csv"
    log = logs.read(made_up.write(path, made_up.rows(users=120, items=60, visits=12)))
    return task(log, split(log, HoldOut("last-basket")), None, 1)


def test_every_recommender_makes_full_lists_without_repeats_and_new_ones_where_asked(question: Task) -> None:
    entries, notes = train(question, RecordColumns(), RECOMMENDERS, 1, unseen)
    assert [entry.name for entry in entries] == [kind.name for kind in RECOMMENDERS if not kind.by_items]
    assert not notes
    owned, items = question.owned(), len(question.past.item_ids)
    for entry in entries:
        for kind, made in entry.lists.items():
            assert made.shape == (120, 25)
            assert all(len(set(line[line >= 0])) == (line >= 0).sum() for line in made)
            lines, places = np.nonzero(made >= 0)
            had = is_in(Pairs(lines, made[lines, places]), owned, items)
            assert kind == ALL_ITEMS or not had.any()
    assert NEW_ITEMS not in next(entry for entry in entries if entry.name == "history").lists


def test_what_learns_beats_chance_where_shoppers_keep_to_their_kind(question: Task) -> None:
    entries, _ = train(question, RecordColumns(), RECOMMENDERS, 1, unseen, tune=False)
    ndcg = {entry.name: score(entry.lists[NEW_ITEMS], question.truth_for(NEW_ITEMS)).means()[Metric("ndcg", 10)]
            for entry in entries if NEW_ITEMS in entry.lists}  # fmt: skip
    for name in ("co-visitation", "item-knn", "ease", "ease-history"):
        assert ndcg[name] > 1.5 * max(ndcg["random"], ndcg["popularity"]), ndcg


def test_by_category_comes_first_what_sells_now_of_the_two_that_the_user_takes_most(tmp_path: Path) -> None:
    # Everybody's last is on day 100; of tea, pots sold most lately, and of beans, those called b.
    rows = [(f"v{user}", item, 90, "") for item, users in (("pot", 5), ("b", 4), ("cup", 9)) for user in range(users)]
    rows += [(f"v{user}", "a", 10, "") for user in range(9)]
    rows += [("u", item, day, "") for day, item in enumerate(("green", "green", "black", "a", "a", "fork"), 80)]
    rows = [(user, item, made_up.START + day * made_up.DAY, kind) for user, item, day, kind in rows]
    rows += [(user, "last", made_up.START + 100 * made_up.DAY, "") for user in ("u", "cold")]
    log = logs.read(made_up.write(tmp_path / "x.csv", rows))
    test = task(log, split(log, HoldOut("time", at=made_up.START + 100 * made_up.DAY)), None, 1)
    kinds = {
        "green": "tea",
        "black": "tea",
        "pot": "tea|TEA",
        "a": "bean",
        "b": "bean",
        "fork": "other",
        "cup": "other",
    }
    items = RecordColumns(list(kinds), {"Category": list(kinds.values())})
    (entry,), notes = train(test, RecordColumns(), [BY_NAME["popularity-category"]], 1, unseen, items=items)
    assert not notes
    first, cold = (
        [test.past.item_ids[item] for item in entry.lists[NEW_ITEMS][test.past.user_ids.index(user)] if item >= 0]
        for user in ("u", "cold")
    )
    assert first == ["pot", "b", "cup"]
    assert cold[:3] == ["cup", "pot", "b"]
    for none in (None, RecordColumns(["a"], {"PRICE": [1.0]})):
        assert train(test, RecordColumns(), [BY_NAME["popularity-category"]], 1, unseen, items=none) == ([], [])


def test_the_settings_do_not_change_with_the_truth(question: Task) -> None:
    kinds = [BY_NAME["history"], BY_NAME["co-visitation"]]
    other = replace(question, truth=Pairs(question.truth.users, question.truth.items[::-1]))
    first, second = (train(one, RecordColumns(), kinds, 1, unseen)[0] for one in (question, other))
    assert [entry.settings for entry in first] == [entry.settings for entry in second]
    assert any(np.any(list(chosen.values())) for entry in first for chosen in (entry.settings or {}).values())


def test_a_recommender_that_cannot_take_so_many_items_is_left_out_and_said(question: Task) -> None:
    entries, notes = train(question, RecordColumns(), [replace(BY_NAME["ease"], most_items=10)], 1, unseen, tune=False)
    assert not entries
    assert notes == ["ease is left out: 60 items are more than the 10 that it can take"]


def test_co_visitation_counts_what_follows_in_one_direction_and_one_visit_in_both(tmp_path: Path) -> None:
    rows = [("u", "a", 1, ""), ("u", "b", 1, ""), ("u", "c", 2, ""), ("v", "c", 1, ""), ("v", "a", 9, "")]
    found = covisitation.co_visited(logs.read(made_up.write(tmp_path / "x.csv", rows)).rows).toarray()
    a, b, c = range(3)
    assert np.argwhere(found).tolist() == [[a, b], [a, c], [b, a], [b, c], [c, a]]
    # a was on two visits, b on one, c on two: what is usual is the root of the product.
    shrunk = SHRINKAGE
    assert found[a, b] == found[b, a] == pytest.approx(0.5 / (2**0.5 + shrunk))
    assert found[b, c] == pytest.approx(1 / (2**0.5 + shrunk))
    assert found[a, c] == found[c, a] == pytest.approx(1 / (2 + shrunk))


def test_of_a_very_large_visit_any_items_may_stay(tmp_path: Path) -> None:
    rows = [("u", f"{place:03}", visit, "") for visit in range(20) for place in range(250)]
    found = covisitation.co_visited(logs.read(made_up.write(tmp_path / "x.csv", rows)).rows)
    assert np.diff(found.indptr).all()


def test_ease_by_fewer_shoppers_than_items_is_the_closed_form() -> None:
    shoppers = sparse.csr_array(sparse.random(30, 70, 0.2, format="csr", dtype=np.float32, random_state=1))
    gram = (shoppers.T @ shoppers).toarray().astype(np.float64)
    inverse = np.linalg.inv(gram + 3.0 * np.diag(gram).mean() * np.eye(70))
    expected = np.eye(70) - inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    assert np.abs(similarities(shoppers, 3.0) - expected).max() < 1e-6


def test_the_validation_learns_nothing_of_what_it_predicts(question: Task) -> None:
    inner = Validation(question, RecordColumns(), 1).task
    assert inner is not None
    first = np.full(inner.users, np.iinfo(np.int64).max)
    np.minimum.at(first, inner.truth.users, inner.truth_times)
    assert (inner.past.times < first[inner.past.users]).all()
    newest = dict(zip(inner.past.user_ids, first.tolist(), strict=True))
    names = [inner.train.user_ids[user] for user in inner.train.users.tolist()]
    assert all(time < newest[name] for name, time in zip(names, inner.train.times.tolist(), strict=True))
