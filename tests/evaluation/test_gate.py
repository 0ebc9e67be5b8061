"""A gate: ``>=`` lets pass what can't be told apart, ``>`` does not."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.recommenders.candidates import Candidate
from evaluation.scoring import gate
from evaluation.scoring.beyond_accuracy import BeyondAccuracy
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import Scores
from evaluation.scoring.uncertainty import mean
from evaluation.task import ALL_ITEMS
from personalize_data.errors import InvalidRequest

RANDOM = np.random.default_rng(4)
SAME = RANDOM.random(200).astype(np.float32)
OTHER = (SAME + RANDOM.normal(0, 0.3, 200)).astype(np.float32)


def row(name: str, values: np.ndarray) -> Result:
    scores = Scores(np.arange(len(values)), {Metric("ndcg", 10): values})
    return Result(
        Candidate(name, "", {}), scores, {Metric("ndcg", 10): mean(values)}, BeyondAccuracy(0, 0, 0, 0, 0, 0), {}, None
    )


ROWS = [row("one", SAME), row("like", OTHER), row("better", SAME + 0.2)]
BOARDS = {ALL_ITEMS: Leaderboard(ALL_ITEMS, ROWS, (10,), (), Metric("ndcg", 10), np.arange(200), None)}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ndcg@10:one>=like", True),
        ("ndcg@10:like>=one", True),
        ("ndcg@10:one>like", False),
        ("ndcg@10:better>one", True),
        ("ndcg@10:one>=better", False),
        (f"ndcg@10:one>={SAME.mean() + 0.01}", True),
        (f"ndcg@10:one>{SAME.mean() - 0.01}", False),
        ("all-items/ndcg@10:one>0.3", True),
        ("ndcg@10:one>=0.7", False),
    ],
)
def test_a_gate_holds_by_what_the_intervals_show(text: str, holds: bool) -> None:
    assert gate.check(gate.parse(text), BOARDS, seed=1).holds is holds


def test_a_gate_without_a_task_is_of_the_one_that_is_scored() -> None:
    tasks = [
        gate.parse("ndcg@10:one>0.3", tasks).task
        for tasks in (("new-items",), ("all-items",), ("all-items", "new-items"))
    ]
    assert tasks == ["new-items", "all-items", "all-items"]
    assert gate.parse("all-items/ndcg@10:one>0.3", ["new-items"]).task == "all-items"


def test_a_gate_on_what_was_not_scored_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="nothing was scored for new-items"):
        gate.check(gate.parse("new-items/ndcg@10:one>=like"), BOARDS, seed=1)


def few(name: str, values: np.ndarray) -> dict[str, Leaderboard]:
    rows = [row("one", SAME[: len(values)]), row(name, values)]
    return {ALL_ITEMS: Leaderboard(ALL_ITEMS, rows, (10,), (), Metric("ndcg", 10), np.arange(len(values)), None)}


@pytest.mark.parametrize("operator", [">=", ">"])
@pytest.mark.parametrize(
    ("boards", "other"),
    [
        (few("like", OTHER[:99]), "like"),
        (few("like", OTHER[:99]), "0.1"),
        (few("nearly", np.r_[OTHER[:19], SAME[19:]]), "nearly"),
    ],
)
def test_what_too_few_users_cannot_tell_is_not_met_and_says_so(
    boards: dict[str, Leaderboard], other: str, operator: str
) -> None:
    outcome = gate.check(gate.parse(f"ndcg@10:one{operator}{other}"), boards, seed=1)
    assert (outcome.holds, outcome.told) == (False, False)
    assert outcome.line.startswith(f"TOO FEW USERS TO TELL: ndcg@10:one{operator}{other} (one")


def test_a_lead_that_does_not_matter_is_no_lead_and_no_loss() -> None:
    rows = [row("one", SAME), row("ahead", (SAME + RANDOM.normal(0.005, 0.01, 200)).astype(np.float32))]
    leaderboard = Leaderboard(ALL_ITEMS, rows, (10,), (), Metric("ndcg", 10), np.arange(200), None)
    gates = [gate.parse(text) for text in ("ndcg@10:ahead>one", "ndcg@10:one>=ahead")]
    for matters, holds in ((0.01, [False, True]), (None, [True, False])):
        boards = {ALL_ITEMS: replace(leaderboard, matters=matters)}
        assert [gate.check(each, boards, seed=1).holds for each in gates] == holds
