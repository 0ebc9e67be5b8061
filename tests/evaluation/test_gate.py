"""A gate: ``>=`` lets pass what can't be told apart, ``>`` does not."""

import numpy as np
import pytest

from evaluation.recommenders.candidates import Entry
from evaluation.scoring import gate
from evaluation.scoring.board import Board, Row
from evaluation.scoring.breadth import Breadth
from evaluation.scoring.metrics import Scores
from evaluation.scoring.uncertainty import mean
from evaluation.task import ANYTHING
from personalize_data.errors import BadQuestion

RANDOM = np.random.default_rng(4)
SAME = RANDOM.random(200).astype(np.float32)
OTHER = (SAME + RANDOM.normal(0, 0.3, 200)).astype(np.float32)


def row(name: str, values: np.ndarray) -> Row:
    scores = Scores(np.arange(len(values)), {"ndcg@10": values})
    return Row(Entry(name, "", {}), scores, {"ndcg@10": mean(values)}, Breadth(0, 0, 0, 0, 0, 0), {}, None)


ROWS = [row("one", SAME), row("like", OTHER), row("better", SAME + 0.2)]
BOARDS = {ANYTHING: Board(ANYTHING, ROWS, (10,), (), "ndcg@10", np.arange(200), None)}


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
        ("ownership/ndcg@10:one>0.3", True),
        ("ndcg@10:one>=0.7", False),
    ],
)
def test_a_gate_holds_by_what_the_intervals_show(text: str, holds: bool) -> None:
    assert gate.check(gate.parse(text), BOARDS, seed=1).holds is holds


def test_a_gate_without_a_task_is_of_the_one_that_is_scored() -> None:
    tasks = [
        gate.parse("ndcg@10:one>0.3", tasks).task
        for tasks in (("acquisition",), ("ownership",), ("ownership", "acquisition"))
    ]
    assert tasks == ["acquisition", "ownership", "ownership"]
    assert gate.parse("ownership/ndcg@10:one>0.3", ["acquisition"]).task == "ownership"


def test_a_gate_on_what_was_not_scored_is_refused() -> None:
    with pytest.raises(BadQuestion, match="nothing was scored for acquisition"):
        gate.check(gate.parse("acquisition/ndcg@10:one>=like"), BOARDS, seed=1)
