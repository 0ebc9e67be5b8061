"""Whether the order of histories matters: said where it carries nothing, and not where it carries the answer."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.diagnostics.order import order_carries_nothing
from evaluation.diagnostics.registry import diagnose
from evaluation.progress import unseen
from evaluation.recommenders.candidates import train
from evaluation.recommenders.registry import BY_NAME
from evaluation.scoring.leaderboard import score_candidates
from evaluation.scoring.metric import Metric
from evaluation.splits import HoldOut, split
from evaluation.task import NEW_ITEMS, Pairs, task
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up

USERS, ITEMS, STEPS = 600, 60, 12


def visits(in_order: bool) -> list[tuple[str, str, int, str]]:
    """Return users whose every second item follows from the one before; or the same items of each in another order."""
    random, rows = np.random.default_rng(2), []
    follows = random.permutation(ITEMS)
    for user in range(USERS):
        starts = random.integers(ITEMS, size=STEPS // 2)
        items = np.stack([starts, follows[starts]], axis=1).ravel()
        items = items if in_order else random.permutation(items)
        rows += [(f"u{user:03}", f"i{item}", 1_700_000_000 + 60 * step, "view") for step, item in enumerate(items)]
    return rows


@pytest.mark.parametrize("in_order", [False, True])
def test_what_the_order_carries(tmp_path: Path, in_order: bool) -> None:
    log = logs.read(made_up.write(tmp_path / "x.csv", visits(in_order)))
    question = task(log, split(log, HoldOut("leave-one-out")), None, 1)
    recommenders = [BY_NAME["popularity"], BY_NAME["sequential"]]
    candidates, _ = train(question, RecordColumns(), recommenders, 1, unseen, tune=False)
    leaderboard = score_candidates(question, NEW_ITEMS, candidates, Metric("ndcg", 10), 1)
    assert leaderboard is not None
    found = [one for one in diagnose(question, {NEW_ITEMS: leaderboard}) if one.name == "order_carries_nothing"]
    assert [one.about for one in found] == ([] if in_order else ["sequential, new-items"])
    assert not any(one.fault for one in found)
    if in_order:
        assert leaderboard.row("sequential").scores.means()[Metric("ndcg", 1)] > 0.5


def test_a_small_fall_that_is_certain_is_a_fall() -> None:
    users = np.arange(200)
    truth, hit, missed = Pairs(users, np.zeros(200, dtype=int)), np.zeros((200, 10), dtype=int) - 1, 12
    hit[:, 0] = 0
    fallen = hit.copy()
    fallen[:missed, 0] = 1
    values = np.ones(200, dtype=np.float32)
    same = order_carries_nothing(values, hit, truth, Metric("ndcg", 10))
    assert same is not None
    assert "(ndcg@10 1.0000 against 1.0000 shuffled: +0.0000, +0.0000 to +0.0000)" in same
    assert order_carries_nothing(values, fallen, truth, Metric("ndcg", 10)) is None
