"""A condition for CI: ``[TASK/]METRIC:NAME>=OTHER``, where OTHER is a recommender or a number.

``>=`` holds unless the test shows NAME to be worse: the 95 % interval of the difference, or of the mean, lies below.
``>`` holds only if the test shows NAME to be better: the interval lies above. TASK is ``ownership`` if it is left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.failure import BadQuestion
from evaluation.scoring.board import Board, Row
from evaluation.scoring.uncertainty import compare
from evaluation.task import ANYTHING, KINDS

_GATE = re.compile(rf"(?:({'|'.join(KINDS)})/)?([a-z_]+@[0-9]+):(.+?)(>=|>)(.+)")


@dataclass(frozen=True)
class Gate:
    """A condition, read."""

    text: str
    task: str
    metric: str
    name: str
    strict: bool
    other: str


@dataclass(frozen=True)
class Outcome:
    """Whether a gate holds, and the numbers, in one line."""

    holds: bool
    line: str


def parse(text: str) -> Gate:
    """Read a condition. Raises BadQuestion."""
    found = _GATE.fullmatch(text.replace(" ", ""))
    if not found:
        examples = "ndcg@10:ease>=popularity, or acquisition/ndcg@10:ease>0.05"
        raise BadQuestion(f"--gate {text}: it should look like {examples}")
    task, metric, name, operator, other = found.groups()
    return Gate(text, task or ANYTHING, metric, name, operator == ">", other)


def check(gate: Gate, boards: Mapping[str, Board], seed: int) -> Outcome:
    """Return whether the gate holds. Raises BadQuestion for a task, a metric or a name that was not scored."""
    board = boards.get(gate.task)
    if board is None:
        raise BadQuestion(f"--gate {gate.text}: nothing was scored for {gate.task}")
    row = _row(gate, board, gate.name)
    number = _number(gate.other)
    if number is not None:
        interval, what = row.intervals[gate.metric], gate.name
        better, worse = interval.low > number, interval.high < number
    else:
        theirs = _row(gate, board, gate.other)
        found = compare(row.scores.values[gate.metric], theirs.scores.values[gate.metric], seed)
        interval, what = found.difference, f"{gate.name} minus {gate.other}"
        better, worse = found.verdict == "better", found.verdict == "worse"
    holds = better if gate.strict else not worse
    return Outcome(holds, f"{'holds' if holds else 'FAILS'}: {gate.text} ({what}: {interval})")


def _row(gate: Gate, board: Board, name: str) -> Row:
    try:
        row = board.row(name)
    except KeyError:
        names = ", ".join(row.entry.name for row in board.rows)
        raise BadQuestion(f"--gate {gate.text}: no recommender {name} in {gate.task} (there are: {names})") from None
    if gate.metric not in row.intervals:
        raise BadQuestion(f"--gate {gate.text}: no metric {gate.metric} (there are: {', '.join(row.intervals)})")
    return row


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
