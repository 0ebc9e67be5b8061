"""What a report says in words, and its plots: every name whole and harmless, every interval within what is possible."""

import numpy as np

from evaluation.recommenders.entries import Entry
from evaluation.report import words
from evaluation.scoring.board import Board, Row
from evaluation.scoring.breadth import Breadth
from evaluation.scoring.metrics import Scores
from evaluation.scoring.uncertainty import compare, mean
from evaluation.task import ANYTHING

RANDOM = np.random.default_rng(4)
COUNTED = RANDOM.random(41)


def row(name: str, values: np.ndarray, counted: np.ndarray | None) -> Row:
    against = None if counted is None else compare(values, counted, 1)
    scores = Scores(np.arange(len(values)), {"ndcg@10": values})
    entry = Entry(name, "", {}, baseline=counted is None)
    return Row(entry, scores, {"ndcg@10": mean(values)}, Breadth(0, 0, 0, 0, 0, 0), {}, against)


def board(*learnt: np.ndarray, counted: np.ndarray = COUNTED, names: str = "abcdefgh") -> Board:
    """Return a board of ``counting`` and of what was learnt."""
    rows = [row("counting", counted, None)]
    rows += [row(name, values, counted) for name, values in zip(names, learnt, strict=False)]
    return Board(ANYTHING, rows, (10,), (), "ndcg@10", np.arange(len(counted)), "counting")


def test_where_counting_comes_first_the_headline_claims_no_more_than_the_table() -> None:
    shuffled = np.random.default_rng(1).permutation(COUNTED) - 0.01
    found = board(shuffled)
    assert found.rows[1].against_best.verdict == "cannot tell"  # type: ignore[union-attr]
    assert words.headline(found).endswith("Nothing here is shown to be better than counting.")


def test_one_user_has_no_interval_in_any_sentence() -> None:
    one = mean(np.array([0.25]))
    assert (words.with_half(one), words.difference(one)) == ("0.2500, one user", "+0.250 (of one user)")
    assert words.with_half(mean(np.array([0.2, 0.3] * 20))) == "0.2500 ±0.0162"
    assert "inf" not in words.headline(board(np.ones(1), counted=np.zeros(1)))
