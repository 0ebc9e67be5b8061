"""Each diagnostic with the fault it is for, put in on purpose; and silence without it."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data.list_files import ExternalLists
from evaluation.diagnostics import data, histories, lists, published_tables
from evaluation.diagnostics.registry import diagnose
from evaluation.recommenders.candidates import Candidate, external
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists as make
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.scoring.leaderboard import score_candidates
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import hit_metrics
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Pairs, Task, task
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet
from tests.evaluation import made_up

PUBLISHED = {  # the source's table of acquisitions: precision and recall at 10
    "XGBoost": {Metric("precision", 10): 0.1285, Metric("recall", 10): 0.9866},
    "Personalize": {Metric("precision", 10): 0.0935, Metric("recall", 10): 0.7869},
    "Transformer": {Metric("precision", 10): 0.2157, Metric("recall", 10): 0.9979},
}


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    path = tmp_path_factory.mktemp("shop") / "interactions.csv"
    log = logs.read(made_up.write(path, made_up.rows(users=200, items=80)))
    return task(log, split(log, HoldOut("time", at=made_up.START + 60 * made_up.DAY)), None, 1)


def recommended(question: Task, name: str, kind: str, owned: Pairs | None = None) -> np.ndarray:
    learned = TrainedModels(question.train)
    blocks = BY_NAME[name].score(learned, question.known_past(), Settings())
    return make(blocks, kind, question.owned() if owned is None else owned, 10)


def test_lists_filtered_by_another_users_items_hold_what_the_user_has(question: Task) -> None:
    owned, items = question.owned(), len(question.past.item_ids)
    newest = lists.newest_interactions(question.past)
    assert lists.owned_items_recommended(recommended(question, "ease", NEW_ITEMS), owned, items, newest) is None
    # The source's fault: the index of the user whose items are taken out never moves on.
    first = owned.items[owned.users == 0]
    everybody = np.repeat(np.arange(question.users), len(first))
    wrong = Pairs(everybody, np.tile(first, question.users))
    message = lists.owned_items_recommended(
        recommended(question, "ease-history", NEW_ITEMS, wrong), owned, items, newest
    )
    assert message
    assert "by another user's" in message


def test_lists_not_filtered_at_all_are_told_the_commands_that_filter(question: Task) -> None:
    newest = lists.newest_interactions(question.past)
    repeating = recommended(question, "history", ALL_ITEMS)
    message = lists.owned_items_recommended(repeating, question.owned(), len(question.past.item_ids), newest)
    assert message
    assert ": not filtered, or by another user's. ./broker filter NAME 'EXCLUDE" in message
    assert "--filter NAME for ./broker batch" in message


def test_a_right_filter_that_sees_only_the_newest_hundred_is_not_accused(question: Task) -> None:
    # The quota is brought down to what these users have.
    seen = lists.newest_interactions(question.past, 4)
    filtered = recommended(question, "ease-history", NEW_ITEMS, Pairs(seen.users, seen.items))
    message = lists.owned_items_recommended(filtered, question.owned(), len(question.past.item_ids), seen)
    assert message
    assert "100% of these from before the user's newest" in message
    assert "another user" not in message


def test_the_newest_interactions_are_those_that_any_filter_sees() -> None:
    def newest(times: list[int], most: int) -> list[tuple[int, int]]:
        rows = np.arange(len(times))
        users = (rows >= 2).astype(int)  # two of one user, all others of another
        weights = np.ones(len(times), dtype=np.float32)
        past = TrainingSet(["a", "b"], [str(row) for row in rows], users, rows, np.array(times), weights)
        found = lists.newest_interactions(past, most)
        return list(zip(found.users.tolist(), found.items.tolist(), strict=True))

    assert newest([8, 9, 1, 2, 3, 4], 3) == [(0, 0), (0, 1), (1, 3), (1, 4), (1, 5)]
    assert newest([8, 9, 1, 2, 3, 4], 4) == [(0, 0), (0, 1), (1, 2), (1, 3), (1, 4), (1, 5)]
    # Three of one second: which two of them a filter sees nobody knows.
    assert newest([8, 9, 1, 1, 1, 4], 3) == [(0, 0), (0, 1), (1, 5)]


def test_lists_twice_as_good_as_all_that_is_learned_here_are_asked_what_they_were_trained_on() -> None:
    message = published_tables.knows_the_answer(0.423, 0.098, "ease", "better")
    assert message == (
        "0.423 is 4.3 times that of ease, the best trained here (0.098): was it trained on train.csv alone?"
    )
    assert published_tables.knows_the_answer(0.626, 0.62, "co-visitation", "better") is None
    assert published_tables.knows_the_answer(0.423, 0.098, "ease", "inconclusive") is None
    assert published_tables.knows_the_answer(0.4, 0.0, "ease", "better")
    assert published_tables.knows_the_answer(0.922, 0.629, "item-knn", "better")  # of at most 1
    assert published_tables.knows_the_answer(0.8, 0.629, "item-knn", "better") is None


BANK = (400, 20)  # customers, products
HAD = np.random.default_rng(3).random(BANK) < 0.3
HAS = HAD | (np.random.default_rng(4).random(BANK) < 0.1)


def on_histories(has: np.ndarray, had: np.ndarray) -> set[str]:
    """Return which diagnostics on histories go off for a truth and a past, users by items."""
    truth, owned = Pairs(*np.nonzero(has)), Pairs(*np.nonzero(had))
    shared = histories.shared(truth, owned, *has.shape)
    messages = {
        "wrong_histories": histories.wrong_histories(shared),
        "truth_owned": histories.truth_owned(shared, truth, owned, has.shape[1]),
    }
    return {name for name, message in messages.items() if message}


def test_a_truth_filtered_by_another_users_items_is_no_truth() -> None:
    assert on_histories(HAS & ~np.roll(HAD, 1, axis=0), HAD) == {"truth_owned"}
    assert on_histories(HAS & ~HAD[7], HAD) == {"truth_owned"}


def test_a_truth_of_states_or_of_changes_that_is_nobody_elses_is_let_pass() -> None:
    assert on_histories(HAS, HAD) == set()
    assert on_histories(HAS & ~HAD, HAD) == set()
    # A product that hardly anybody had may be in nobody's truth.
    rare = np.arange(BANK[1]) == 0
    few = HAD & ~(rare & (np.arange(BANK[0]) >= 20)[:, None])
    assert on_histories(HAS & ~rare, few) == set()


def test_histories_joined_with_the_wrong_users_are_no_better_than_their_neighbours() -> None:
    for wrong in (np.roll(HAD, 1, axis=0), np.random.default_rng(5).permutation(HAD)):
        assert "wrong_histories" in on_histories(HAS, wrong)
        assert "wrong_histories" in on_histories(HAS & ~HAD, wrong)


def filtered_by_an_index_that_drifts(has: np.ndarray, had: np.ndarray) -> np.ndarray:
    """Return the truth where the index of whose items are taken out advances for users that are kept only."""
    truth, index = np.zeros_like(has), 0
    for user in range(len(has)):
        truth[user] = has[user] & ~had[index]
        index += int(truth[user].any())
    return truth


def test_a_truth_filtered_by_users_ever_further_off_is_no_truth_and_what_people_really_gave_up_is_one() -> None:
    random = np.random.default_rng(7)
    had = random.random((800, 20)) < np.linspace(0.02, 0.7, 20)
    has = had | (random.random(had.shape) < 0.02)

    def of_those_with_a_truth(truth: np.ndarray) -> set[str]:
        kept = truth.any(axis=1)
        return on_histories(truth[kept], had[kept])

    assert of_those_with_a_truth(filtered_by_an_index_that_drifts(has, had)) == {"truth_owned"}
    assert of_those_with_a_truth(has & ~random.permutation(had)) == {"truth_owned"}
    for kept in (0.95, random.random(20), np.linspace(1, 0.6, 20)):
        assert of_those_with_a_truth(has & (random.random(has.shape) < kept)) == set()
    # Little given up, of items that few have: what others have explains it by chance.
    shares = np.linspace(0.02, 0.12, 20)
    rare = random.random((20_000, 20)) < shares
    assert on_histories(rare & (random.random(rare.shape) < 1 - shares), rare) == set()


def test_another_truth_for_one_model_shows_in_a_table_alone() -> None:
    message = published_tables.not_one_truth(PUBLISHED, 10)
    assert message
    assert "Transformer" in message
    honest = {name: means for name, means in PUBLISHED.items() if name != "Transformer"}
    assert published_tables.not_one_truth(honest, 10) is None


def test_one_truth_is_never_taken_for_two_however_unlike_the_users_whom_recommenders_serve() -> None:
    random = np.random.default_rng(8)
    relevant = 1 + random.poisson(random.choice([0.3, 3, 30], 2_000))
    chances = {
        "few": np.where(relevant < 3, 0.9, 0.01),
        "many": np.where(relevant < 3, 0.01, 0.5),
        "all": np.full(2_000, 0.97),
        "none": np.full(2_000, 0.001),
    }
    for k in (1, 5, 10, 25):
        hits = {name: random.binomial(np.minimum(relevant, k), chance) for name, chance in chances.items()}
        table = {
            name: {
                Metric("precision", k): float(found.mean()) / k,
                Metric("recall", k): float((found / relevant).mean()),
            }
            for name, found in hits.items()
        }
        assert published_tables.not_one_truth(table, k) is None


def test_ownership_scored_as_acquisition_shows_in_a_table_alone() -> None:
    assert published_tables.new_items_like_all_items({Metric("precision", 1): 0.9920}, {Metric("precision", 1): 0.9891})
    assert (
        published_tables.new_items_like_all_items({Metric("precision", 1): 0.9622}, {Metric("precision", 1): 0.4653})
        is None
    )
    assert published_tables.too_good({Metric("precision", 1): 0.9891})
    assert published_tables.too_good({Metric("precision", 1): 0.6887}) is None
    assert published_tables.too_good({Metric("precision", 1): 0.9920}, counting=0.9)
    assert published_tables.too_good({Metric("precision", 1): 0.9920}, counting=0.9962) is None


def test_a_training_after_the_cut_is_seen(question: Task) -> None:
    assert data.training_after_cut(question) is None
    late = question.train.times.copy()
    late[3] = question.cut or 0
    message = data.training_after_cut(replace(question, train=replace(question.train, times=late)))
    assert message == "1 training interactions are not before the cut: the training knows the answer"


def test_without_a_common_cut_a_users_own_later_interactions_are_seen(question: Task) -> None:
    each = replace(question, cut=None)
    assert data.training_after_cut(each) is None
    late = question.past.times.copy()
    late[question.past.users == int(question.truth.users[0])] = question.truth_times.max() + 1
    assert data.training_after_cut(replace(each, past=replace(question.past, times=late)))


def test_a_truth_before_the_cut_is_seen(question: Task) -> None:
    assert data.truth_before_cut(question) is None
    assert data.truth_before_cut(replace(question, truth_times=question.truth_times - 90 * made_up.DAY))


def test_ndcg_by_the_ideal_of_the_hits_found_is_suspected_and_the_usual_one_is_not() -> None:
    random = np.random.default_rng(2)
    found = random.random((500, 25)) < 0.04
    values = {name: float(one.mean()) for name, one in hit_metrics(found, np.full(500, 15), (25,)).items()}
    assert published_tables.hits_only_ndcg(
        values[Metric("precision", 25)], 15, values[Metric("ndcg_personalize", 25)], 25
    )
    assert published_tables.hits_only_ndcg(values[Metric("precision", 25)], 15, values[Metric("ndcg", 25)], 25) is None


def test_one_item_at_the_head_of_most_lists_is_seen() -> None:
    mostly = np.array([[7, 1], [7, 2], [3, 1]] * 10)
    assert lists.one_item_first(mostly)
    assert lists.one_item_first(mostly[:29]) is None
    assert lists.one_item_first(np.array([[7, 1], [8, 2], [3, 1]] * 10)) is None


def test_a_task_of_repeating_and_a_small_test_are_named(question: Task) -> None:
    assert data.repeat_task(replace(question, truth=question.owned()))
    assert data.too_few_users(399)
    assert data.too_few_users(400) is None


def test_all_that_is_wrong_with_given_lists_is_sounded_together(question: Task) -> None:
    wrong = recommended(question, "popularity", ALL_ITEMS)
    outside = external(
        "theirs", ExternalLists(wrong, users_without=3, unknown_users=2, unknown_items=5, repeated=4, refused=0)
    )
    entries = [
        Candidate("history", "", {ALL_ITEMS: recommended(question, "history", ALL_ITEMS)}, baseline=True),
        Candidate("popularity-30d", "", dict.fromkeys((ALL_ITEMS, NEW_ITEMS), wrong), baseline=True),
        outside,
    ]
    leaderboards = {
        kind: score_candidates(question, kind, entries, Metric("ndcg", 10), 1) for kind in (ALL_ITEMS, NEW_ITEMS)
    }
    names = {
        diagnostic.name for diagnostic in diagnose(question, {kind: one for kind, one in leaderboards.items() if one})
    }
    assert names >= {
        *("unknown_items", "unknown_users", "users_without_list", "repeats"),
        *("owned_items", "not_personal", "one_item_first", "baseline_wins", "too_few_users"),
    }
