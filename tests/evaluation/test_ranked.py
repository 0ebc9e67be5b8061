"""A learned order: it finds what the closed form can't know, and learns from the validation's truth alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.progress import unseen
from evaluation.recommenders.candidate_features import Asked, features, ordered
from evaluation.recommenders.candidates import NO_VALIDATION, TOO_LITTLE, Candidate, train
from evaluation.recommenders.registry import BY_NAME, RecommenderSpec
from evaluation.recommenders.tuning import Choice
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.splits import HoldOut, split
from evaluation.task import NEW_ITEMS, TASKS, Pairs, Task, task
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from tests.evaluation import made_up
from tests.recommender_models.rows import visits

DAY = 86_400
COMPARED = [replace(BY_NAME["ease-history"], searched=()), BY_NAME["ranked"]]
ITEMS = RecordColumns([f"i{n:02}" for n in range(60)], {"PRICE": [float(n % 2) for n in range(60)]})


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Return a shop where everybody takes anything first, and afterwards one cheap new item a visit."""
    random = np.random.default_rng(3)
    rows = []
    for user in range(150):
        dear, cheap = (random.permutation([n for n in range(60) if n % 2 == odd]) for odd in (1, 0))
        rows += [(f"u{user}", f"i{dear[n]:02}", 1_700_000_000 + user, "view") for n in range(10)]
        rows += [(f"u{user}", f"i{cheap[n]:02}", 1_700_000_000 + (n + 1) * DAY + user, "view") for n in range(8)]
    path = made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv", rows)
    log = logs.read(path)
    return task(log, split(log, HoldOut("time", at=1_700_000_000 + 7 * DAY)), None, 1)


def candidates(
    question: Task,
    items: RecordColumns,
    compared: Sequence[RecommenderSpec] = COMPARED,
    like: Sequence[Candidate] = (),
) -> dict[str, Candidate]:
    entries, notes = train(question, RecordColumns(), compared, 1, unseen, like=like, items=items)
    assert not any("left out" in note for note in notes)
    return {entry.name: entry for entry in entries}


@pytest.fixture(scope="module")
def by_default(question: Task) -> dict[str, Candidate]:
    return candidates(question, ITEMS)


def test_it_learns_the_price_that_the_closed_form_cannot_know(question: Task, by_default: dict[str, Candidate]) -> None:
    ndcg = {
        name: score(entry.lists[NEW_ITEMS], question.truth_for(NEW_ITEMS)).means()[Metric("ndcg", 10)]
        for name, entry in by_default.items()
    }
    assert ndcg["ranked"] > 1.3 * ndcg["ease-history"], ndcg


def test_its_lists_do_not_change_with_the_truth_and_hold_only_new_items_where_asked(
    question: Task, by_default: dict[str, Candidate]
) -> None:
    other = replace(question, truth=Pairs(question.truth.users, question.truth.items[::-1]))
    first, second = by_default["ranked"].lists, candidates(other, ITEMS)["ranked"].lists
    assert all((first[name] == second[name]).all() for name in first)
    owned = set(zip(question.owned().users.tolist(), question.owned().items.tolist(), strict=True))
    lines, places = np.nonzero(first[NEW_ITEMS] >= 0)
    shown = zip(lines.tolist(), first[NEW_ITEMS][lines, places].tolist(), strict=True)
    assert not owned & set(shown)


def test_at_a_later_cut_it_learns_anew_over_the_settings_of_the_oldest_one(
    question: Task, by_default: dict[str, Candidate]
) -> None:
    choice = Choice(Settings(half_life_days=0.1, popularity=3.0))
    oldest = replace(by_default["ease-history"], choices=dict.fromkeys(TASKS, choice), validated={NEW_ITEMS: 0.5})
    later = candidates(question, ITEMS, like=[oldest, by_default["ranked"]])
    with_them = replace(COMPARED[0], defaults=choice.settings)
    expected = candidates(question, ITEMS, [with_them, COMPARED[1]])
    for name in TASKS:
        assert (later["ranked"].lists[name] == expected["ranked"].lists[name]).all()
        assert (later["ranked"].lists[name] != by_default["ranked"].lists[name]).any()
    assert later["ranked"].validated == expected["ranked"].validated
    assert later["ease-history"].validated == {NEW_ITEMS: 0.5}


@pytest.mark.parametrize(("tune", "why"), [(True, TOO_LITTLE), (False, NO_VALIDATION)])
def test_where_there_is_nothing_to_learn_from_it_is_left_out_and_said(tmp_path: Path, tune: bool, why: str) -> None:
    log = logs.read(made_up.write(tmp_path / "x.csv", made_up.rows(users=3, items=40, visits=4)))
    small = task(log, split(log, HoldOut("time")), None, 1)
    entries, notes = train(small, RecordColumns(), COMPARED, 1, unseen, tune)
    assert [entry.name for entry in entries] == ["ease-history"]
    assert f"ranked is left out: {why}" in notes


def test_the_columns_say_what_was_had_when_and_of_which_kind() -> None:
    past = visits([("u", "a", 0), ("u", "a", 2 * DAY), ("u", "b", 3 * DAY), ("v", "c", 4 * DAY)])
    asked = Asked(np.array([[0, 2], [2, -1]]), past, past, np.array([5.0 * DAY, 6.0 * DAY]))
    items = RecordColumns(["a", "b", "c"], {"KIND": ["x|y", "x", "z"], "PRICE": [1.0, None, 3.0]})
    columns = features(asked, {}, RecordColumns(["v"], {"AGE": [30.0]}), items)
    assert columns["times had"].tolist() == [2, 0, 1]
    assert columns["taken in a week"].tolist() == [2, 1, 1]
    assert columns["taken ever"].tolist() == [2, 1, 1]
    assert columns["times a user of the item"].tolist() == [2, 1, 1]
    assert columns["age of items when taken"] == pytest.approx(np.array([2 / 3, 2 / 3, 0]))
    assert columns["more popular than the past"] == pytest.approx(np.log([3 / 18 ** (1 / 3), 2 / 18 ** (1 / 3), 1]))
    assert columns["days since had"] == pytest.approx(np.array([3, np.nan, 2]), nan_ok=True)
    assert columns["days since the user"].tolist() == [2, 2, 2]
    assert columns["category: KIND"] == pytest.approx(np.array([(3 + 2) / 3, 0, 1]))
    assert columns["item: PRICE"].tolist() == [1, 3, 3]
    assert columns["user: AGE"] == pytest.approx(np.array([np.nan, np.nan, 30]), nan_ok=True)
    assert ordered(asked, np.array([0.1, 0.2, 0.3]), 3).tolist() == [[2, 0, -1], [2, -1, -1]]
