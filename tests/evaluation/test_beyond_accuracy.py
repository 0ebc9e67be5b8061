"""Concentration, overlap, diversity and calibration: each against its definition, written out."""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data.item_columns import categories_of, titles_of
from evaluation.data.list_files import ExternalLists
from evaluation.recommenders.candidates import external
from evaluation.report import page
from evaluation.request import ComparisonSettings
from evaluation.run import Evaluation, compare
from evaluation.scoring.beyond_accuracy import beyond_accuracy, reachable_recall
from evaluation.scoring.categories import ALPHA
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task, task
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up

RANDOM = np.random.default_rng(3)
LISTS = np.array([RANDOM.permutation(12)[:5] for _ in range(40)])


def test_two_lists_have_in_common_what_the_mean_over_all_pairs_says() -> None:
    lists = LISTS.copy()
    lists[3, 4] = -1  # a short one
    pairs = [len(set(a[a >= 0]) & set(b[b >= 0])) / 5 for a, b in itertools.combinations(lists, 2)]
    assert beyond_accuracy(lists, np.ones(12, dtype=int), 12, 5).overlap == pytest.approx(np.mean(pairs))
    assert beyond_accuracy(np.tile(LISTS[0], (9, 1)), np.ones(12, dtype=int), 12, 5).overlap == 1
    assert math.isnan(beyond_accuracy(LISTS[:1], np.ones(12, dtype=int), 12, 5).overlap)


def test_gini_is_the_mean_difference_of_the_places_and_counts_items_that_nobody_is_shown() -> None:
    lists = np.array([[0, 1], [0, 1], [0, 2], [0, 3]])
    places = np.array([4, 2, 1, 1, 0, 0])
    gini = np.abs(places[:, None] - places).sum() / (2 * len(places) * places.sum())
    measures = beyond_accuracy(lists, np.ones(6, dtype=int), 6, 2)
    assert measures.gini == pytest.approx(gini)
    assert measures.half_of_places == 1  # 4 of 8
    assert beyond_accuracy(lists[:, 1:], np.ones(6, dtype=int), 6, 1).half_of_places == 1  # 2 of 4
    assert beyond_accuracy(np.array([[0], [1], [2], [3]]), np.ones(4, dtype=int), 4, 1).gini == 0


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    log = logs.read(made_up.write(tmp_path_factory.mktemp("shop") / "i.csv", made_up.rows(users=30, items=12)))
    return task(log, split(log, HoldOut("last-basket")), None, 1)


ITEMS = RecordColumns(
    [f"i{item}" for item in range(12)],
    {
        "CATEGORY": [None if item == 5 else ["a", "b", "a|b"][item % 3] for item in range(12)],
        "TITLE": [f"<{item}>" for item in range(12)],
    },
)


def scored(question: Task) -> tuple[Evaluation, np.ndarray]:
    lists = np.full((question.users, 25), -1)
    lists[:, :5] = [np.random.default_rng(user).permutation(12)[:5] for user in range(question.users)]
    entry = external("theirs", ExternalLists(lists, 0, 0, 0, 0, 0))
    settings = ComparisonSettings(tasks=[ALL_ITEMS], recommenders=(), tune=False)
    return compare(question, settings, RecordColumns(), [entry], items=ITEMS), lists


def shares(question: Task, items: list[int]) -> np.ndarray:
    """Return the shares of a and b among some items; an item of both counts half for each."""
    held = [categories_of(ITEMS).get(question.past.item_ids[item], []) for item in items]
    total = sum((np.array([name in names for name in "ab"]) / len(names) for names in held if names), np.zeros(2))
    return total / total.sum()


def test_diversity_and_calibration_are_the_published_ones(question: Task) -> None:
    result, lists = scored(question)
    measures = result.categories[ALL_ITEMS]["theirs"]
    similar, divergence = [], []
    for user in range(question.users):
        head = [item for item in lists[user].tolist() if item >= 0]
        held = [set(categories_of(ITEMS).get(question.past.item_ids[item], [])) for item in head]
        pairs = itertools.combinations([names for names in held if names], 2)
        similar.append(np.mean([len(a & b) / math.sqrt(len(a) * len(b)) for a, b in pairs]))
        p = shares(question, question.past.items[question.past.users == user].tolist())
        q = (1 - ALPHA) * shares(question, head) + ALPHA * p
        divergence.append(sum(p[at] * math.log(p[at] / q[at]) for at in range(2) if p[at]))
    assert measures.diversity == pytest.approx(1 - np.mean(similar))
    assert measures.calibration == pytest.approx(np.mean(divergence))


def test_titles_stand_in_the_report_and_are_escaped(question: Task) -> None:
    result, lists = scored(question)
    commonest = question.past.item_ids[np.bincount(lists[lists >= 0]).argmax()]
    assert titles_of(ITEMS)[commonest] == f"<{commonest[1:]}>"
    text = page.page(result, "USD")
    assert f"&lt;{commonest[1:]}&gt; (" in text
    assert not re.search(r"<\d", text)
    assert f"<td>{commonest} (" not in text


def test_without_items_there_is_no_diversity_and_items_are_called_by_their_ids(question: Task) -> None:
    result, lists = scored(question)
    commonest = question.past.item_ids[np.bincount(lists[lists >= 0]).argmax()]
    bare = compare(
        question, ComparisonSettings(tasks=[ALL_ITEMS], recommenders=(), tune=False), RecordColumns(),
        [result.leaderboards[ALL_ITEMS].rows[0].candidate],
    )  # fmt: skip
    text = page.page(bare, "USD")
    assert f"<td>{commonest} (" in text
    assert '<th scope="col">diversity</th>' not in text


def test_items_without_interactions_are_out_of_reach(tmp_path: Path) -> None:
    day = made_up.DAY
    rows = [("u1", "i1", made_up.START, "x"), ("u2", "i2", made_up.START, "x"), ("u1", "i2", made_up.START + day, "x")]
    rows += [("u1", "new", made_up.START + day, "x"), ("u2", "i1", made_up.START + day, "x")]
    log = logs.read(made_up.write(tmp_path / "i.csv", rows))
    test = task(log, split(log, HoldOut("time", at=made_up.START + day)), None, 1)
    assert reachable_recall(test, ALL_ITEMS) == reachable_recall(test, NEW_ITEMS) == 0.75  # half of u1's, all of u2's
