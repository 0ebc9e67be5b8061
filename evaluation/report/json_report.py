"""A result as plain numbers: one JSON object, and one CSV row for each user, recommender and task."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics.registry import Diagnostic
from evaluation.provenance import Provenance
from evaluation.report import answer
from evaluation.report.counts import counts
from evaluation.report.numbers import number
from evaluation.run import Evaluation
from evaluation.scoring.cost import Cost, Range
from evaluation.scoring.cuts import CutsResult
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.over_cuts import OverCuts
from evaluation.scoring.published import Published
from evaluation.scoring.slices import Slice, history_lengths
from evaluation.scoring.uncertainty import Comparison, Interval


def as_json(result: Evaluation, currency: str = "USD") -> dict[str, Any]:
    """Return everything but the values of single users; what is not a number is None."""
    return {
        "answers": [asdict(each) for each in answer.answers(result, currency)],
        "caveats": [*answer.caveats(result), answer.CAUSALITY],
        "question": counts(result.task),
        "how": how(result.how) if result.how else None,
        "tasks": {
            task_name: _leaderboard(result, leaderboard) for task_name, leaderboard in result.leaderboards.items()
        },
        "cuts": {task_name: _cuts(over) for task_name, over in result.cuts.items()},
        "slices": {task_name: [_slice(part) for part in parts] for task_name, parts in result.slices.items()},
        "costs": {task_name: [_cost(cost) for cost in priced] for task_name, priced in result.costs.items()},
        "diagnostics": diagnostics(result.diagnostics),
        "published": published(result.published),
        "notes": list(result.notes),
        **({"results": results(result.results)} if result.results else {}),
        "gates": [asdict(outcome) for outcome in result.outcomes],
    }


def how(origin: Provenance) -> dict[str, Any]:
    """Return everything that the result depended on; the settings of each recommender stand with its metrics."""
    return asdict(origin)


def diagnostics(findings: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Return what is odd; ``fault``: something to look into, rather than what the figures say."""
    return [asdict(diagnostic) | {"fault": diagnostic.fault} for diagnostic in findings]


def published(answers: Sequence[Published]) -> list[dict[str, Any]]:
    """Return what Personalize printed, with the users and intervals that it left out."""
    return [
        {
            "name": answer.name,
            "test_users": answer.users,
            "if_fewer_than": answer.looked_at.stop if answer.training_users is None else None,
            "candidates": list(answer.candidates),
            "metrics": dict(answer.metrics),
            "intervals": {name: {"low": low, "high": high} for name, (_, low, high) in answer.intervals.items()},
        }
        for answer in answers
    ]


def results(lines: Sequence[PublishedResult]) -> list[dict[str, Any]]:
    """Return a published table of results, with the intervals that it left out."""
    return [
        {
            "name": line.name,
            "task": line.task,
            "test_users": line.users,
            "metrics": {str(metric): value for metric, value in line.metrics.items()},
            "intervals": {str(metric): {"low": low, "high": high} for metric, (low, high) in line.intervals().items()},
        }
        for line in lines
    ]


def write_per_user(result: Evaluation, path: Path) -> int:
    """Write one row for each user, recommender and task, with all metrics; return how many."""
    rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        metrics = _metrics(result)
        writer = csv.writer(file)
        writer.writerow(["task", "recommender", "USER_ID", "history", *map(str, metrics)])
        for line in _per_user(result, metrics):
            writer.writerow(line)
            rows += 1
    return rows


def _per_user(result: Evaluation, metrics: list[Metric]) -> Iterator[list[Any]]:
    lengths = history_lengths(result.task)
    for task_name, leaderboard in result.leaderboards.items():
        for row in leaderboard.rows:
            values = [row.scores.values.get(metric) for metric in metrics]
            for index, user in enumerate(leaderboard.users.tolist()):
                cells = ["" if value is None else f"{value[index]:.6g}" for value in values]
                yield [task_name, row.candidate.name, result.task.past.user_ids[user], int(lengths[user]), *cells]


def _metrics(result: Evaluation) -> list[Metric]:
    rows = [row for leaderboard in result.leaderboards.values() for row in leaderboard.rows]
    return list(dict.fromkeys(metric for row in rows for metric in row.scores.values))


def _leaderboard(result: Evaluation, leaderboard: Leaderboard) -> dict[str, Any]:
    return {
        "users": len(leaderboard.users),
        "main_metric": str(leaderboard.main),
        "main_metric_instead_of": str(leaderboard.instead_of) if leaderboard.instead_of else None,
        "candidate_count": leaderboard.candidate_count,
        "best_baseline": leaderboard.best_baseline,
        "best_here": leaderboard.best_here,
        "named_by": "validation" if leaderboard.by_validation else "test",
        "users_with_a_past": leaderboard.with_past,
        "k_left_out": list(leaderboard.left_out),
        "recommenders": {row.candidate.name: _row(result, leaderboard, row) for row in leaderboard.by_main},
    }


def _row(result: Evaluation, leaderboard: Leaderboard, row: Result) -> dict[str, Any]:
    categories = result.categories.get(leaderboard.task, {}).get(row.candidate.name)
    broad = row.beyond_accuracy.as_dict() | (asdict(categories) if categories else {})
    return {
        "baseline": row.candidate.baseline,
        "settings": dict((row.candidate.settings or {}).get(leaderboard.task, {})),
        **_choice(leaderboard, row),
        "seconds": round(row.candidate.seconds, 3),
        "metrics": {str(metric): _interval(interval) for metric, interval in row.intervals.items()},
        "beyond_accuracy": {name: number(value) for name, value in broad.items()},
        "personalize": {name: round(value, 4) for name, value in row.personalize.items()},
        "against_best_baseline": _comparison(row.against_best) if row.against_best else None,
        "against_best_here": _comparison(row.against_here) if row.against_here else None,
        "with_a_past": _comparison(row.with_past) if row.with_past else None,
    }


def _choice(leaderboard: Leaderboard, result: Result) -> dict[str, Any]:
    """Return which settings validation looked at, which of them it chose, and which are at the end of what it tried."""
    choice = (result.candidate.choices or {}).get(leaderboard.task, None)
    tried, chosen, at_end = (choice.tried, choice.chosen, choice.at_end) if choice else ((), (), {})
    return {"settings_tried": list(tried), "settings_chosen": list(chosen), "settings_at_end": dict(at_end)}


def _cuts(result: CutsResult) -> dict[str, Any]:
    return {
        "at": list(result.at),
        "users": list(result.users),
        "main_metric": str(result.main),
        "best_baseline": result.best_baseline,
        "recommenders": {name: _over(over) for name, over in result.rows.items()},
    }


def _over(over: OverCuts) -> dict[str, Any]:
    return {
        **_comparison(over.total),
        "cuts_on_this_side": over.ahead,
        "by_cut": [_interval(each) for each in over.by_cut],
        "another_period": _interval(over.another),
    }


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "recommender": cost.name,
        "per_month": cost.per_month,
        "per_month_is_complete": cost.name not in cost.business.at_least,
        "k": cost.k,
        "users_per_month": cost.business.users_per_month,
        "value_per_hit": cost.business.value_per_hit,
        "hits": _interval(cost.hits),
        "alternative": cost.alternative[0],
        "break_even_value": _range(cost.break_even_value),
        "break_even_incrementality": _range(cost.break_even_incrementality),
        "break_even_of_further_hits": _range(cost.break_even_of_further_hits),
        "further_value": _range(cost.further_value),
        "against": cost.against,
        **_comparison(cost.extra_hits),
        "best_here": cost.here,
        "against_best_here": _comparison(cost.beyond_here) if cost.beyond_here else None,
    }


def _slice(part: Slice) -> dict[str, Any]:
    values = {name: _interval(interval) for name, interval in part.values.items()}
    return {"by": part.by, "part": part.part, "users": part.users, "recommenders": values}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "difference": _interval(comparison.difference),
        "win": comparison.win,
        "tie": comparison.tie,
        "lose": comparison.lose,
        "verdict": comparison.verdict,
        "family": comparison.family,
        "p": number(comparison.p),
        "detectable": None if comparison.detectable is None else number(comparison.detectable),
        "matters": comparison.matters,
        "users_needed": comparison.users_needed,
        "in_words": comparison.in_words(),
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {"mean": number(interval.mean), "low": number(interval.low), "high": number(interval.high)}


def _range(amounts: Range | None) -> dict[str, Any] | None:
    """Return an amount with its interval; None within it stands for infinity: no amount is enough."""
    return {name: number(value) for name, value in asdict(amounts).items()} if amounts else None
