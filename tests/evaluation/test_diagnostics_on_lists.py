"""Lists that are nobody's own, too short, or too good; and what is said of a handful of users."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data.list_files import ExternalLists
from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics import published_table
from evaluation.diagnostics.lists import short_lists
from evaluation.diagnostics.neighbours import not_personal
from evaluation.diagnostics.registry import diagnose
from evaluation.recommenders.candidates import Candidate, external
from evaluation.scoring.leaderboard import Leaderboard, score_candidates
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Pairs, Task, task
from tests.evaluation import made_up

BANK = (400, 22)  # customers, products
HAD = np.random.default_rng(3).random(BANK) < np.linspace(0.6, 0.02, BANK[1])
HAS = HAD | (np.random.default_rng(4).random(BANK) < 0.02)
TRUTH = Pairs(*np.nonzero(HAS))
ALL = np.ones(BANK[0], dtype=bool)
POPULAR = np.tile(np.arange(BANK[1]), (BANK[0], 1))
NDCG = Metric("ndcg", 10)


def by_score(scores: np.ndarray) -> np.ndarray:
    return np.argsort(-scores, axis=1, kind="stable")


def test_a_list_that_avoids_what_the_user_has_is_personal_even_where_that_is_to_be_predicted() -> None:
    new = by_score(-1.0 * HAD)
    assert not_personal(new, TRUTH, NDCG, ALL) is None
    assert not_personal(np.roll(new, 1, axis=0), TRUTH, NDCG, ALL)


@pytest.mark.parametrize("by", [1, -1])
def test_lists_shifted_by_a_user_are_better_for_the_neighbour_whose_they_are(by: int) -> None:
    message = not_personal(np.roll(by_score(1.0 * HAS), by, axis=0), TRUTH, NDCG, ALL)
    assert message
    assert f"the list of the user {'after' if by == 1 else 'before'} scores better" in message


def test_lists_of_anybody_score_no_less_for_the_neighbours() -> None:
    mixed = np.random.default_rng(6).permutation(by_score(1.0 * HAS))
    for lists in (mixed, POPULAR):
        message = not_personal(lists, TRUTH, NDCG, ALL)
        assert message
        assert "scores as well" in message


def test_what_few_items_make_equal_at_ten_places_is_told_apart_by_the_metric_that_decides() -> None:
    chances = np.linspace(1, 0, BANK[1])
    right = by_score(0.05 * HAS + chances + 0.02 * np.random.default_rng(5).random(BANK))
    recalls = [score(np.roll(right, by, axis=0), TRUTH, (10,)).means()[Metric("recall", 10)] for by in (0, 1)]
    assert recalls[1] > 0.95 * recalls[0]
    assert not_personal(right, TRUTH, NDCG, ALL) is None


def test_without_a_hit_nothing_is_said_of_whose_the_lists_are() -> None:
    assert not_personal(np.full(BANK, -1), TRUTH, NDCG, ALL) is None


def test_users_without_a_past_may_all_get_the_same() -> None:
    few = np.arange(BANK[0]) < 40
    lists = np.where(few[:, None], by_score(1.0 * HAS), POPULAR)
    lists[:40:2] = POPULAR[:20]
    assert not_personal(lists, TRUTH, NDCG, few) is None
    assert not_personal(POPULAR, TRUTH, NDCG, few)
    assert not_personal(POPULAR, TRUTH, NDCG, few & (np.arange(BANK[0]) < 29)) is None


def test_too_few_to_tell_are_not_told_that_their_neighbours_are_as_well_off() -> None:
    noisy = by_score(np.random.default_rng(9).random(BANK))
    hundred = Pairs(*np.nonzero(HAS[:100] & (POPULAR[:100] > 15)))
    assert not_personal(noisy[:100, :10], hundred, NDCG, ALL[:100]) is None


NOTHING = Pairs(np.array([], dtype=int), np.array([], dtype=int))


def test_lists_that_end_too_early_are_told_with_what_to_ask_for() -> None:
    long = np.tile(np.arange(25), (40, 1))
    single = np.where(np.arange(25) == 0, long, -1)
    message = short_lists(single, NOTHING, 100, 25)
    assert message == (
        "100% of the lists hold fewer than 25 items, 1 in the middle: what is missing counts as misses; "
        "ask for 25 (numResults)"
    )
    assert short_lists(np.where(np.arange(40)[:, None] < 3, single, long), NOTHING, 100, 25)
    assert short_lists(np.where(np.arange(40)[:, None] < 2, single, long), NOTHING, 100, 25) is None
    assert short_lists(long, NOTHING, 100, 25) is None
    assert short_lists(np.where(np.arange(25) < 20, long, -1), NOTHING, 22, 20) is None


def test_nobody_is_asked_for_more_than_there_is_beside_what_the_user_has() -> None:
    rest = np.where(np.arange(25) < 12, np.tile(np.arange(25), (40, 1)), -1)
    ten_each = Pairs(np.repeat(np.arange(40), 10), np.tile(np.arange(10), 40))
    assert short_lists(rest, ten_each, 22, 20) is None
    assert short_lists(rest, ten_each, 23, 20)
    without_any = np.where(np.arange(40)[:, None] < 20, -1, np.tile(np.arange(25), (40, 1)))
    assert short_lists(without_any, NOTHING, 100, 25) is None


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    path = tmp_path_factory.mktemp("shop") / "interactions.csv"
    log = logs.read(made_up.write(path, made_up.rows(users=100, items=80)))
    return task(log, split(log, HoldOut("leave-one-out")), None, 1)


def known_answer(question: Task, kind: str = ALL_ITEMS) -> np.ndarray:
    """Return lists that hold each user's truth and nothing else."""
    truth = question.truth_for(kind)
    lists = np.full((question.users, 25), -1)
    place = np.arange(len(truth)) - np.searchsorted(truth.users, truth.users)
    lists[truth.users[place < 25], place[place < 25]] = truth.items[place < 25]
    return lists


def names(question: Task, kinds: tuple[str, ...], *entries: Candidate) -> Mapping[str, set[str]]:
    """Return which diagnostics go off, by what they are about."""
    leaderboards = {kind: score_candidates(question, kind, entries, NDCG, 1) for kind in kinds}
    names_by_subject: dict[str, set[str]] = {}
    for diagnostic in diagnose(
        question, {kind: leaderboard for kind, leaderboard in leaderboards.items() if leaderboard}
    ):
        names_by_subject.setdefault(diagnostic.about, set()).add(diagnostic.name)
    return names_by_subject


def leaderboard_of(question: Task, kind: str, *entries: Candidate) -> Leaderboard:
    """Return the leaderboard of some entries."""
    leaderboard = score_candidates(question, kind, entries, NDCG, 1)
    assert leaderboard
    return leaderboard


@pytest.mark.parametrize("kind", [ALL_ITEMS, NEW_ITEMS])
def test_an_answer_that_was_known_is_too_good_for_either_task(question: Task, kind: str) -> None:
    leak = Candidate("leak", "", {kind: known_answer(question, kind)})
    counting = Candidate("counting", "", {kind: np.tile(np.arange(25), (question.users, 1))}, baseline=True)
    assert "too_good" in names(question, (kind,), leak, counting)[f"leak, {kind}"]
    assert "too_good" not in names(question, (kind,), replace(counting, name="c", baseline=False), counting).get(
        f"c, {kind}", set()
    )


def test_what_counting_finds_as_well_or_repeating_could_is_not_too_good(question: Task) -> None:
    owned = question.owned()
    repeating = replace(question, truth=owned, truth_times=np.full(len(owned), 2**40))
    lists = known_answer(repeating)
    right = Candidate("right", "", {ALL_ITEMS: lists})
    counting = Candidate("counting", "", {ALL_ITEMS: lists}, baseline=True)
    for entries in ((right, counting), (right,)):
        assert "too_good" not in names(repeating, (ALL_ITEMS,), *entries).get("right, all-items", set())
    alone = replace(right, lists={ALL_ITEMS: known_answer(question)})
    assert "too_good" in names(question, (ALL_ITEMS,), alone)["right, all-items"]


def test_given_lists_of_a_model_that_knew_the_answer_are_asked_how_it_was_trained(question: Task) -> None:
    theirs = external("theirs", ExternalLists(known_answer(question, NEW_ITEMS), 0, 0, 0, 0, 0))
    counting = Candidate("counting", "", {NEW_ITEMS: np.tile(np.arange(25), (question.users, 1))}, baseline=True)
    assert {"knows_the_answer", "too_good"} <= names(question, (NEW_ITEMS,), theirs, counting)["theirs, new-items"]
    hints = [
        diagnostic.message
        for diagnostic in diagnose(question, {NEW_ITEMS: leaderboard_of(question, NEW_ITEMS, theirs, counting)})
    ]
    assert sum("was it trained on train.csv alone?" in message for message in hints) == 2
    honest = external("honest", ExternalLists(counting.lists[NEW_ITEMS], 0, 0, 0, 0, 0))
    assert "knows_the_answer" not in names(question, (NEW_ITEMS,), honest, counting).get("honest, new-items", set())
    assert "knows_the_answer" not in names(question, (NEW_ITEMS,), theirs)["theirs, new-items"]


def test_a_file_is_judged_for_acquisition_alone_too(question: Task) -> None:
    external_lists = ExternalLists(
        known_answer(question), users_without=3, unknown_users=2, unknown_items=5, repeated=4, refused=0
    )
    about = names(question, (NEW_ITEMS,), external("theirs", external_lists))["theirs"]
    assert about == {"unknown_items", "unknown_users", "users_without_list", "repeats", "short_lists"}
    both = names(question, (ALL_ITEMS, NEW_ITEMS), external("theirs", external_lists))
    assert both["theirs"] == {*about, "new_items_like_all_items"}


def all_alike(folder: Path, users: int) -> Task:
    """Return a question where each user takes again what all had, 120 items, and one that is new to all of them."""
    had = [(f"u{user}", f"i{item}", made_up.START + item, "x") for user in range(users) for item in range(120)]
    new = [("w", f"n{item}", made_up.START, "x") for item in range(30)]
    again = [(user, item, time + made_up.DAY, "x") for user, item, time, _ in had]
    first = [(f"u{user}", "n0", made_up.START + made_up.DAY, "x") for user in range(users)]
    log = logs.read(made_up.write(folder / f"{users}.csv", [*had, *new, *again, *first]))
    return task(log, split(log, HoldOut("time", at=made_up.START + made_up.DAY)), None, 1)


def test_what_chance_does_to_a_handful_of_users_accuses_nobody(tmp_path: Path) -> None:
    def about(users: int) -> set[str]:
        question = all_alike(tmp_path, users)
        both = {kind: known_answer(question, NEW_ITEMS) for kind in (ALL_ITEMS, NEW_ITEMS)}
        none = dict.fromkeys((ALL_ITEMS, NEW_ITEMS), np.full((question.users, 25), -1))
        counting = Candidate(
            "counting", "", {ALL_ITEMS: known_answer(question), NEW_ITEMS: none[NEW_ITEMS]}, baseline=True
        )
        entries = Candidate("leak", "", both), Candidate("nothing", "", none), counting
        names_by_subject = names(question, (ALL_ITEMS, NEW_ITEMS), *entries)
        return set().union(*names_by_subject.values())

    table = {users: [PublishedResult("theirs", NEW_ITEMS, users, {Metric("precision", 1): 1.0})] for users in (5, 40)}
    assert {
        users: {diagnostic.name for diagnostic in published_table.diagnose(lines)} for users, lines in table.items()
    } == {
        5: {"too_few_users"},
        40: {"too_few_users", "too_good"},
    }
    for users in (1, 2, 5):
        assert about(users) == {"too_few_users", "repeat_task"}
    assert about(40) >= {
        *("wrong_histories", "not_personal", "one_item_first"),
        *("too_good", "new_items_like_all_items"),
    }
