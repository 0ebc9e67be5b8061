"""A result as plain numbers: one JSON object, and one CSV row for each user, recommender and task."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.checks.registry import Alarm
from evaluation.data.results_table import Line
from evaluation.run import Result
from evaluation.scoring.board import Board, Row
from evaluation.scoring.cost import Cost
from evaluation.scoring.published import Published
from evaluation.scoring.slices import Slice, history_lengths
from evaluation.scoring.uncertainty import Comparison, Interval
from evaluation.task import Task


def as_json(result: Result) -> dict[str, Any]:
    """Return everything but the values of single users; what is not a number is None."""
    return {
        "question": question(result.task),
        "tasks": {kind: _board(one) for kind, one in result.boards.items()},
        "slices": {kind: [_slice(one) for one in parts] for kind, parts in result.slices.items()},
        "costs": {kind: [_cost(one) for one in some] for kind, some in result.costs.items()},
        "alarms": alarms(result.alarms),
        "published": published(result.published),
        "notes": list(result.notes),
    }


def alarms(sounded: Sequence[Alarm]) -> list[dict[str, Any]]:
    """Return what is odd; ``fault``: something to look into, rather than what the figures say."""
    return [asdict(alarm) | {"fault": alarm.fault} for alarm in sounded]


def published(answers: Sequence[Published]) -> list[dict[str, Any]]:
    """Return what Personalize printed, with the users and intervals that it left out."""
    return [
        {
            "name": one.name,
            "test_users": one.users,
            "if_fewer_than": one.looked_at.stop if one.learnt_from is None else None,
            "candidates": list(one.candidates),
            "metrics": dict(one.metrics),
            "intervals": {name: {"low": low, "high": high} for name, (_, low, high) in one.intervals.items()},
        }
        for one in answers
    ]


def results(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return a published table of results, with the intervals that it left out."""
    return [
        {
            "name": one.name,
            "task": one.task,
            "test_users": one.users,
            "metrics": dict(one.metrics),
            "intervals": {name: {"low": low, "high": high} for name, (low, high) in one.intervals().items()},
        }
        for one in lines
    ]


def question(task: Task) -> dict[str, Any]:
    """Return the task line: how much is asked of whom."""
    per_user = np.bincount(task.truth.users, minlength=task.users)
    cold = int((history_lengths(task) == 0).sum())
    return {
        "cut": task.cut,
        "training_interactions": len(task.train),
        "training_users": len(np.unique(task.train.users)),
        "items": task.trained_items,
        "test_users": task.users,
        "cold_users": cold,
        "to_foretell": len(task.truth),
        "to_foretell_per_user_mean": _number(per_user.mean()) if task.users else 0.0,
        "to_foretell_per_user_median": _number(np.median(per_user)) if task.users else 0.0,
        "had_before_share": _number(task.repeats().mean()) if len(task.truth) else 0.0,
        "of_unknown_items": int((task.truth.items >= task.trained_items).sum()),
    }


def write_per_user(result: Result, path: Path) -> int:
    """Write one row for each user, recommender and task, with all metrics; return how many."""
    rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        columns = ["task", "recommender", "USER_ID", "history", *_metrics(result)]
        writer = csv.writer(file)
        writer.writerow(columns)
        for line in _per_user(result, columns[4:]):
            writer.writerow(line)
            rows += 1
    return rows


def _per_user(result: Result, metrics: list[str]) -> Iterator[list[Any]]:
    lengths = history_lengths(result.task)
    for kind, board in result.boards.items():
        for row in board.rows:
            values = [row.scores.values.get(metric) for metric in metrics]
            for place, user in enumerate(board.users.tolist()):
                cells = ["" if one is None else f"{one[place]:.6g}" for one in values]
                yield [kind, row.entry.name, result.task.past.user_ids[user], int(lengths[user]), *cells]


def _metrics(result: Result) -> list[str]:
    names = [name for board in result.boards.values() for row in board.rows for name in row.scores.values]
    return list(dict.fromkeys(names))


def _board(board: Board) -> dict[str, Any]:
    return {
        "users": len(board.users),
        "main_metric": board.main,
        "main_metric_instead_of": board.instead_of,
        "items_to_choose_from": board.choice,
        "best_baseline": board.best_baseline,
        "best_here": board.best_here,
        "k_left_out": list(board.left_out),
        "recommenders": {row.entry.name: _row(board, row) for row in board.rows},
    }


def _row(board: Board, row: Row) -> dict[str, Any]:
    return {
        "baseline": row.entry.baseline,
        "settings": dict((row.entry.settings or {}).get(board.task, {})),
        "seconds": round(row.entry.seconds, 3),
        "metrics": {name: _interval(one) for name, one in row.intervals.items()},
        "breadth": {name: _number(value) for name, value in row.breadth.as_dict().items()},
        "personalize": {name: round(value, 4) for name, value in row.personalize.items()},
        "against_best_baseline": _comparison(row.against_best) if row.against_best else None,
        "against_best_here": _comparison(row.against_here) if row.against_here else None,
    }


def _cost(one: Cost) -> dict[str, Any]:
    return {
        "recommender": one.name,
        "per_month": one.per_month,
        "k": one.k,
        "against": one.against,
        **_comparison(one.extra_hits),
        "best_here": one.here,
        "against_best_here": _comparison(one.beyond_here) if one.beyond_here else None,
    }


def _slice(one: Slice) -> dict[str, Any]:
    values = {name: _interval(interval) for name, interval in one.values.items()}
    return {"by": one.by, "part": one.part, "users": one.users, "recommenders": values}


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "difference": _interval(one.difference),
        "win": one.win,
        "tie": one.tie,
        "lose": one.lose,
        "verdict": one.verdict,
        "more_users": one.more_users,
        "in_words": one.in_words(),
    }


def _interval(one: Interval) -> dict[str, Any]:
    return {"mean": _number(one.mean), "low": _number(one.low), "high": _number(one.high)}


def _number(value: Any) -> float | None:
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None
