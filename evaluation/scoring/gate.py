"""A condition for CI: ``[TASK/]METRIC:NAME>=OTHER``, where OTHER is a recommender or a number.

``>=`` holds unless the test shows NAME to be worse: the 95 % interval of the difference, or of the mean, lies below.
``>`` holds only if the test shows NAME to be better: the interval lies above. Where too few users are in the test, or
differ, nothing can be told, and neither holds. If TASK is left out, it is the only one that is scored, or
``all-items`` of both.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.constants import METRICS_AT_K, METRICS_IN_WORDS
from evaluation.scoring import cuts
from evaluation.scoring.cuts import Cut
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import FORM, Metric
from evaluation.scoring.uncertainty import BETTER, FEWEST_USERS, INCONCLUSIVE, TOO_FEW, WORSE, Interval, compare
from evaluation.task import ALL_ITEMS, TASKS
from personalize_data.errors import InvalidRequest

_GATE = re.compile(rf"(?:({'|'.join(TASKS)})\s*/)?\s*({FORM})\s*:(.+?)(>=|>)(.+)")
_COMMA = re.compile(r"[0-9]*,[0-9]+")


@dataclass(frozen=True)
class Gate:
    """A condition, read."""

    text: str
    task: str
    metric: Metric
    name: str
    strict: bool
    other: str


@dataclass(frozen=True)
class Outcome:
    """Whether a gate holds, and the numbers, in one line. ``told``: whether the test has enough users to tell."""

    holds: bool
    line: str
    told: bool = True


def parse(text: str, tasks: Sequence[str] = TASKS) -> Gate:
    """Read a condition. ``tasks``: those that are to be scored.

    Raises InvalidRequest for one that is none, and for a number that no metric can have.
    """
    match = _GATE.fullmatch(text.strip())
    if not match:
        examples = "ndcg@10:ease>=popularity, or new-items/ndcg@10:ease>0.05"
        raise InvalidRequest(f"--require {text}: it should look like {examples}")
    task, metric, name, operator, other = (part.strip() if part else part for part in match.groups())
    if _COMMA.fullmatch(other):
        raise InvalidRequest(f"--require {text}: {other} is no number: write {other.replace(',', '.')}")
    number = _number(other)
    if number is not None and not 0 <= number <= 1:
        raise InvalidRequest(f"--require {text}: {other} is not a number from 0 to 1, as all metrics are")
    task = task or (tasks[0] if len(tasks) == 1 else ALL_ITEMS)
    return Gate(text, task, Metric.parse(metric), name, operator == ">", other)


def answerable(gate: Gate, names: Mapping[str, Sequence[str]]) -> None:
    """Raise InvalidRequest for a metric that does not exist, or a task or name that won't be scored.

    ``names``: task → those who take part. Known before any work is done; only ``check`` can tell what the data leave
    out.
    """
    if gate.metric not in METRICS_AT_K:
        raise InvalidRequest(f"--require {gate.text}: no metric {gate.metric} (there are: {METRICS_IN_WORDS})")
    if gate.task not in names:
        instead = " or ".join(f"{task}/{gate.metric}:…" for task in names)
        raise InvalidRequest(f"--require {gate.text}: --task leaves out {gate.task}: write {instead}")
    for name in (gate.name, gate.other):
        if name not in names[gate.task] and (name == gate.name or _number(name) is None):
            raise InvalidRequest(_nobody(gate, name, names[gate.task]))
    if gate.name == gate.other:
        raise InvalidRequest(f"--require {gate.text}: {gate.name} is compared with itself")


def check(gate: Gate, leaderboards: Mapping[str, Leaderboard], seed: int, all_cuts: Sequence[Cut] = ()) -> Outcome:
    """Return whether the gate holds; over several cuts, by the mean over them.

    Who takes part at the newest cut alone is judged by that one. Raises InvalidRequest for a task, a metric or a name
    that was not scored.
    """
    leaderboard = leaderboards.get(gate.task)
    if leaderboard is None:
        raise InvalidRequest(f"--require {gate.text}: nothing was scored for {gate.task}")
    interval, verdict, subject = _tested(gate, leaderboard, seed)
    over = _over(gate, leaderboard, all_cuts)
    if over:
        interval, verdict, subject = *over, f"{subject} over {len(all_cuts)} cuts"
    holds = verdict == BETTER if gate.strict else verdict not in (WORSE, TOO_FEW)
    state = "TOO FEW USERS TO TELL" if verdict == TOO_FEW else "holds" if holds else "FAILS"
    return Outcome(holds, f"{state}: {gate.text} ({subject}: {interval})", verdict != TOO_FEW)


def _tested(gate: Gate, leaderboard: Leaderboard, seed: int) -> tuple[Interval, str, str]:
    """Return what the condition is about, the verdict on it, and how it is called."""
    row = _row(gate, leaderboard, gate.name)
    number = _number(gate.other)
    if number is None:
        other_row = _row(gate, leaderboard, gate.other)
        matters = leaderboard.matters if gate.metric == leaderboard.main else None
        values, others = row.scores.values[gate.metric], other_row.scores.values[gate.metric]
        comparison = compare(values, others, seed, matters)
        return comparison.difference, comparison.verdict, f"{gate.name} minus {gate.other}"
    interval = row.intervals[gate.metric]
    outside = BETTER if interval.low > number else WORSE if interval.high < number else INCONCLUSIVE
    return interval, outside if interval.n >= FEWEST_USERS else TOO_FEW, gate.name


def _over(gate: Gate, leaderboard: Leaderboard, all_cuts: Sequence[Cut]) -> tuple[Interval, str] | None:
    """Return the difference over several cuts (from a number: the mean itself) and the verdict, where there is one."""
    number = _number(gate.other)
    other = gate.other if number is None else number
    matters = leaderboard.matters if gate.metric == leaderboard.main and number is None else None
    over = cuts.compare(all_cuts, gate.task, gate.metric, gate.name, other, matters)
    if over is None:
        return None
    total = over.total
    shifted = total.difference if number is None else total.difference.shifted(number)
    return shifted, total.verdict


def _row(gate: Gate, leaderboard: Leaderboard, name: str) -> Result:
    try:
        row = leaderboard.row(name)
    except KeyError:
        raise InvalidRequest(_nobody(gate, name, [row.candidate.name for row in leaderboard.rows])) from None
    if gate.metric not in row.intervals:
        raise InvalidRequest(
            f"--require {gate.text}: no metric {gate.metric} (there are: {', '.join(map(str, row.intervals))})"
        )
    return row


def _nobody(gate: Gate, name: str, names: Sequence[str]) -> str:
    return f"--require {gate.text}: no recommender {name} in {gate.task} (there are: {', '.join(names)})"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
