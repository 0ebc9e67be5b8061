"""Whom the others are compared with: named where the test can't see, and how many there are is part of a verdict."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.recommenders.candidates import Candidate
from evaluation.report import answer
from evaluation.report import text as words
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.scoring import opponents
from evaluation.scoring.leaderboard import Leaderboard, score_candidates
from evaluation.scoring.metric import Metric
from evaluation.scoring.multiple import corrected, holm
from evaluation.scoring.opponents import Opponent
from evaluation.scoring.uncertainty import Comparison, Interval
from evaluation.task import ALL_ITEMS, Task, assemble
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import TrainingSet

USERS, ITEMS = 300, 40


def comparison(p: float) -> Comparison:
    return Comparison(Interval(0.1, 0.01, 0.19, 400), 0.5, 0.2, 0.3, "better", p, detectable=0.1)


def test_holm_multiplies_the_smallest_p_by_their_number_and_keeps_the_order() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.9])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([])).tolist() == []


def test_what_is_clear_alone_may_not_be_among_several_and_says_so() -> None:
    told, lost = corrected([comparison(0.01), comparison(0.04)], among=2)
    assert (told.verdict, told.p, told.family) == ("better", pytest.approx(0.04), 4)
    assert (lost.p, lost.in_words()) == (pytest.approx(0.08), "inconclusive: not clear among 4 comparisons")
    assert corrected([comparison(0.04)])[0].verdict == "better"


@pytest.fixture(scope="module")
def question() -> Task:
    """Return a question about 300 users, each with one item to predict; a third of them have no past."""
    users = np.arange(USERS)
    past = interactions(users[users % 3 > 0], ITEMS + 1)
    return assemble(past, past, interactions(users, ITEMS), None)


def interactions(users: np.ndarray, shift: int) -> TrainingSet:
    """Return one interaction each: with the item of their number, counted from ``shift`` on."""
    user_ids, item_ids = (
        [f"{kind}{number:03}" for number in range(size)] for kind, size in (("u", USERS), ("i", ITEMS))
    )
    return TrainingSet(
        user_ids,
        item_ids,
        users,
        (users + shift) % ITEMS,
        10 - 5 * (shift > ITEMS) + 0 * users,
        np.ones(len(users), np.float32),
    )


def candidate(name: str, hits: slice, validated: float | None, *, baseline: bool = False) -> Candidate:
    """Return lists with what some users take in the first place; the others hold nothing."""
    lists = np.full((USERS, 25), -1)
    lists[hits, 0] = np.arange(USERS)[hits] % ITEMS
    return Candidate(
        name, "", {ALL_ITEMS: lists}, baseline, validated=None if validated is None else {ALL_ITEMS: validated}
    )


COUNTING = [
    candidate("lucky", slice(0, 60), 0.1, baseline=True),
    candidate("steady", slice(0, 40), 0.3, baseline=True),
]
LEARNED = [candidate("learned", slice(0, 130), 0.2), candidate("cold", slice(0, USERS, 3), 0.6)]


def scored(question: Task, candidates: list[Candidate]) -> Leaderboard:
    leaderboard = score_candidates(question, ALL_ITEMS, candidates, Metric("ndcg", 10), 1)
    assert leaderboard is not None
    return leaderboard


def test_the_answer_names_a_baseline_that_did_better_than_the_one_of_validation(question: Task) -> None:
    settings = ComparisonSettings(tasks=[ALL_ITEMS], recommenders=[], tune=False)
    told = answer.answers(compare(question, settings, RecordColumns(), [*COUNTING, *LEARNED]), "USD")
    (single,) = told
    assert single.question.endswith("Does the model “cold” predict better than counting?")
    assert "with steady () 13.3; with lucky, which did better then, 20.0" in single.customers
    priced = replace(settings, prices={"learned": 5.0})
    asked = answer.answers(compare(question, priced, RecordColumns(), [*COUNTING, *LEARNED]), "USD")
    assert [one.question.partition(": ")[2] for one in asked] == ["Is the model “learned” worth the price?"]


def test_the_best_are_named_by_validation_and_not_by_the_test(question: Task) -> None:
    leaderboard = scored(question, [*COUNTING, *LEARNED])
    assert (leaderboard.best_baseline, leaderboard.best_here, leaderboard.by_validation) == ("steady", "cold", True)
    assert leaderboard.row("steady").against_best is None
    assert leaderboard.row("learned").against_best.family == 3  # type: ignore[union-attr]


def test_the_headline_names_the_best_in_validation_and_lists_what_is_better_than_a_baseline(question: Task) -> None:
    leaderboard = scored(question, [*COUNTING, *LEARNED])
    assert "cold, the best in validation, has an ndcg@10 of 0.333" in words.headline(leaderboard)
    assert words.verdicts(leaderboard).title == "NDCG@10 against steady, the best baseline in validation"
    counted = scored(question, [COUNTING[0], replace(COUNTING[1], validated={ALL_ITEMS: 0.9}), *LEARNED])
    assert words.headline(counted).endswith("Shown to be better than this baseline: lucky, learned, cold.")


def test_where_one_has_no_validation_the_test_names_and_its_luck_is_corrected(question: Task) -> None:
    unseen = [replace(each, validated=None) for each in (*COUNTING, *LEARNED)]
    leaderboard = scored(question, unseen)
    assert (leaderboard.best_baseline, leaderboard.best_here, leaderboard.by_validation) == ("lucky", "learned", False)
    assert leaderboard.row("learned").against_best.family == 6  # type: ignore[union-attr]
    assert scored(question, [unseen[0], *LEARNED]).best_here == "learned"
    assert scored(question, [COUNTING[0], unseen[1], *LEARNED]).best_baseline == "lucky"


def test_users_with_a_past_have_a_verdict_of_their_own(question: Task) -> None:
    leaderboard = scored(question, [COUNTING[0], LEARNED[1]])
    row = leaderboard.row("cold")
    assert leaderboard.with_past == 200
    assert row.against_best is not None
    assert row.with_past is not None
    assert (row.against_best.difference.n, row.with_past.difference.n) == (300, 200)
    assert (row.against_best.verdict, row.with_past.verdict) == ("better", "worse")
    assert words.headline(leaderboard).endswith("; for the 67% with a past: worse (-0.200, -0.262 to -0.144).")
    columns = words.verdicts(leaderboard).columns
    assert columns == ["recommender", "difference, 95 %", "win/lose", "200 with a past", "verdict"]
    everybody = replace(question, past=interactions(np.arange(USERS), ITEMS + 1))
    assert scored(everybody, [COUNTING[0], LEARNED[1]]).row("cold").with_past is None


def test_the_one_that_all_are_compared_with_is_none_where_nobody_takes_part() -> None:
    assert opponents.best_of([], ALL_ITEMS, {}) is None
    assert opponents.against(["a"], None, {}, 1) == {}
    assert opponents.best_of([candidate("a", slice(0), None)], ALL_ITEMS, {"a": 0.0}) == Opponent("a", 1)
