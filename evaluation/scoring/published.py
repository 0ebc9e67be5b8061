"""What a GetSolutionMetrics answer says beside its numbers: on how many users, and how sure.

Each precision is a number of hits over k times the users, rounded to four digits. Few numbers of users can give all
three; the smallest that can is the one, since smaller ones fit only by chance and multiples of it always do. The more
users, the more numbers fit by chance: above about a hundred nothing is recovered.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy import stats

from evaluation.failure import BadFile
from evaluation.scoring.uncertainty import Z

KS = (5, 10, 25)
MOST_USERS = 200
BY_CHANCE = 0.05  # at most so many numbers up to the smallest that fits may be expected to fit by chance
HALF_A_DIGIT = 0.00005 + 1e-9


@dataclass(frozen=True)
class Published:
    """``users``: of the test, None where the rounding does not tell; ``candidates``: all numbers that fit.

    ``intervals``: by metric, (value, low, high), 95 %; empty where ``users`` is None.
    """

    name: str
    metrics: Mapping[str, float]
    users: int | None
    candidates: Sequence[int]
    intervals: Mapping[str, tuple[float, float, float]]


def read(path: Path) -> list[Published]:
    """Read one answer of GetSolutionMetrics, or an object ``{"metrics": {name: metrics}}``. Raises BadFile."""
    try:
        found = json.loads(path.read_text())
    except OSError as error:
        raise BadFile(path, error.strerror or "can't be read") from None
    except ValueError as error:
        raise BadFile(path, "not JSON: it may be cut off", getattr(error, "lineno", None)) from None
    metrics = found.get("metrics") if isinstance(found, dict) else None
    if not isinstance(metrics, dict) or not metrics:
        raise BadFile(path, 'no "metrics" in it: it should be what GetSolutionMetrics answers')
    named = metrics if all(isinstance(one, dict) for one in metrics.values()) else {_name(found): metrics}
    return [published(name, _numbers(path, one)) for name, one in named.items()]


def published(name: str, metrics: Mapping[str, float]) -> Published:
    """Return what the printed metrics say."""
    candidates = possible_test_users(metrics)
    sure = candidates and _fitting_by_chance(metrics, candidates[0]) < BY_CHANCE
    users = candidates[0] if sure else None
    return Published(name, metrics, users, candidates, intervals(metrics, users) if users else {})


def possible_test_users(metrics: Mapping[str, float]) -> list[int]:
    """Return the numbers of users that can give these precisions, rising; empty if there is no precision."""
    precisions = [(k, metrics[f"precision_at_{k}"]) for k in KS if f"precision_at_{k}" in metrics]
    # Without a hit any number of users fits.
    return [n for n in range(2, MOST_USERS + 1) if any(value for _, value in precisions) and _fits(precisions, n)]


def intervals(metrics: Mapping[str, float], users: int) -> dict[str, tuple[float, float, float]]:
    """Return 95 % intervals: of a precision, as a count of independent hits; of the others, the widest there can be.

    A mean of values between 0 and 1 has at most a deviation of √(m(1-m)). Hits of one user go together, so that the
    precisions' true intervals are somewhat wider.
    """
    found = {}
    for name, value in metrics.items():
        if name.startswith("precision_at_"):
            found[name] = (value, *_of_count(value, users * int(name.rpartition("_")[2])))
        elif name != "coverage":
            half = Z * math.sqrt(max(0.0, value * (1 - value)) / users)
            found[name] = (value, max(0.0, value - half), min(1.0, value + half))
    return found


def _of_count(value: float, places: int) -> tuple[float, float]:
    hits = round(value * places)
    low = stats.chi2.ppf(0.025, 2 * hits) / 2 if hits else 0.0
    return float(low) / places, float(stats.chi2.ppf(0.975, 2 * hits + 2)) / 2 / places


def _fitting_by_chance(metrics: Mapping[str, float], users: int) -> float:
    """Return how many numbers up to this one would fit any precisions: each k lets 0.0001 · k · n of them through."""
    ks = [k for k in KS if f"precision_at_{k}" in metrics]
    return sum(math.prod(min(1.0, 2 * HALF_A_DIGIT * k * n) for k in ks) for n in range(2, users + 1))


def _fits(precisions: Sequence[tuple[int, float]], users: int) -> bool:
    before = 0
    for k, value in precisions:
        hits = round(value * k * users)
        # A longer list has no fewer hits.
        if abs(hits / (k * users) - value) > HALF_A_DIGIT or hits < before:
            return False
        before = hits
    return True


def _name(answer: Mapping[str, Any]) -> str:
    return str(answer.get("solutionVersionArn", "Personalize")).rpartition("/")[0].rpartition("/")[2] or "Personalize"


def _numbers(path: Path, metrics: Mapping[str, Any]) -> dict[str, float]:
    wrong = [name for name, value in metrics.items() if isinstance(value, bool) or not isinstance(value, int | float)]
    if wrong:
        raise BadFile(path, f"{wrong[0]} is not a number")
    return {name: float(value) for name, value in metrics.items()}
