"""What a GetSolutionMetrics answer says beside its numbers: on how many users, and how sure.

Each precision is a number of hits over k times the users, rounded to four digits, so that only some numbers of users
can give all three. Multiples of one that can always can, too, and the more users, the more others can by chance: the
rounding alone decides only below a hundred, and with the data it was trained on only near a tenth of their users.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scipy import special

from evaluation.scoring.uncertainty import Z
from evaluation.training import Training
from personalize_data.errors import BadFile

BELOW = 100  # without the data: one above fits by chance more than once in a thousand times
MOST_USERS = 1000  # above, one in two fits
MANY = 1_000_000  # so many fit whatever can be at all
MOST_NAMED = 6
SHARE = 0.1  # of the users are kept for the test (Developer Guide, "Evaluating a solution version with metrics")
SURELY_TESTED = 10  # events of which the newest tenth, which is to be predicted, is one at least
TAIL = 0.0005  # on either side: how often the draw of the test users may lie outside the range that is looked at
HALF_A_DIGIT = 0.00005 + 1e-9
UNTOLD = "its rounding doesn't tell how many test users"
NDCG = "normalized_discounted_cumulative_gain_at_"
PRECISIONS = {f"precision_at_{k}": k for k in (5, 10, 25)}
MEANS_OF_SHARES = (
    "precision_at_",
    "recall_at_",
    "mean_reciprocal_rank_at_",
    NDCG,
)
SHARES = (*MEANS_OF_SHARES, "coverage")


@dataclass(frozen=True)
class Published:
    """``candidates``: all numbers of test users, of those in ``looked_at``, that can give the printed precisions.

    ``training_users``: how many users the data have that it was trained on, None where they are not at hand.
    """

    name: str
    metrics: Mapping[str, float]
    looked_at: range
    candidates: Sequence[int]
    training_users: int | None = None

    @property
    def users(self) -> int | None:
        """Return the number of test users if only one can be, which without the data holds below ``BELOW`` alone."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def intervals(self) -> dict[str, tuple[float, float, float]]:
        """Return (value, low, high), 95 %, by metric, for the smallest candidate; empty where there are too many."""
        return intervals(self.metrics, self.candidates[0]) if 0 < len(self.candidates) <= MOST_NAMED else {}

    def with_data(self, rows: Training) -> "Published":
        """Return what it says once the data that it trained on are known, or at least all of their users."""
        surely = rows.user_counts() >= SURELY_TESTED
        tested = _tested(len(surely), int(surely.sum()))
        return replace(self, looked_at=tested, candidates=_fitting(self.metrics, tested), training_users=len(surely))

    def in_words(self) -> str:
        """Return how many users there were in the test, and on what condition."""
        return f"{self._tested_users()}{self._about_ndcg()}"

    def _tested_users(self) -> str:
        if not 0 < len(self.candidates) <= MOST_NAMED:
            return self._why_not()
        *others, last = map(str, self.candidates)
        users = f"{', '.join(others)} or {last} test users" if others else f"{last} test users"
        widest = f"; intervals for {self.candidates[0]}, the widest" if others else ""
        return f"{users} by its rounding, if they were {self._condition()}{widest}"

    def _condition(self) -> str:
        if self.training_users is not None:
            return f"about a tenth of these {self.training_users:,} users ({self._from_to()})"
        first = self.candidates[0]
        multiples = [str(first * times) for times in range(2, BELOW + 2) if first * times >= BELOW][:2]
        return f"fewer than {BELOW} (of more, {', '.join(multiples)} … fit, and others)"

    def _why_not(self) -> str:
        precisions = _precisions(self.metrics)
        if self.candidates or not precisions or self.looked_at.stop > MOST_USERS:
            return UNTOLD
        if not _fits(precisions, MANY):
            return f"{UNTOLD}: no number of them gives such precisions"
        if self.training_users is None:
            return f"{UNTOLD}, only that they were {BELOW} or more"
        expected = f"from {self._from_to()}, about a tenth of these {self.training_users:,} users"
        return f"no number of test users {expected}, gives these precisions: perhaps they are of other data"

    def _about_ndcg(self) -> str:
        if not any(name.startswith(NDCG) for name in self.metrics):
            return ""
        return "; NDCG as Personalize computes it, by the ideal of the hits found: compare it with ndcg_personalize"

    def _from_to(self) -> str:
        return f"{self.looked_at.start} to {self.looked_at.stop - 1}"


def read(path: Path) -> list[Published]:
    """Read one answer of GetSolutionMetrics, or an object ``{"metrics": {name: metrics}}``. Raises BadFile."""
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise BadFile(path, error.strerror or "can't be read") from None
    except ValueError as error:
        raise BadFile(path, "not JSON: it may be cut off", getattr(error, "lineno", None)) from None
    metrics = document.get("metrics") if isinstance(document, dict) else None
    if not isinstance(metrics, dict) or not metrics:
        raise BadFile(path, 'no "metrics" in it: it should be what GetSolutionMetrics answers')
    named = metrics if all(isinstance(values, dict) for values in metrics.values()) else {_name(document): metrics}
    return [published(name, _numbers(path, values)) for name, values in named.items()]


def published(name: str, metrics: Mapping[str, float]) -> Published:
    """Return what the printed metrics say by themselves."""
    looked_at = range(1, BELOW)
    return Published(name, metrics, looked_at, _fitting(metrics, looked_at))


def intervals(metrics: Mapping[str, float], users: int) -> dict[str, tuple[float, float, float]]:
    """Return 95 % intervals: of a precision, as a count of independent hits; of the others, the widest there can be.

    A mean of values between 0 and 1 has at most a deviation of √(m(1-m)). Hits of one user go together, so that the
    precisions' true intervals are somewhat wider. What is no mean over users, or of no such values, gets none.
    """
    bounds = {}
    for name, value in metrics.items():
        if name in PRECISIONS:
            bounds[name] = (value, *_of_count(value, users * PRECISIONS[name]))
        elif name.startswith(MEANS_OF_SHARES):
            half = Z * math.sqrt(max(0.0, value * (1 - value)) / users)
            bounds[name] = (value, max(0.0, value - half), min(1.0, value + half))
    return bounds


def _of_count(value: float, places: int) -> tuple[float, float]:
    hits = round(value * places)
    # The quantiles of χ² with 2a degrees of freedom, halved. By special, which loads in a tenth of the time of stats.
    low = special.gammaincinv(hits, 0.025) if hits else 0.0
    return float(low) / places, min(1.0, float(special.gammaincinv(hits + 1, 0.975)) / places)


def _tested(users: int, surely: int) -> range:
    """Return how many users a draw may have tested: of those ``surely`` testable to all of them, each by chance."""
    return range(max(1, _drawn(TAIL, surely)), max(1, _drawn(1 - TAIL, users)) + 1)


def _drawn(share: float, users: int) -> int:
    """Return the smallest number of test users that a draw doesn't exceed so often: a binomial quantile."""
    if not users:
        return 0
    near = math.ceil(special.bdtrik(share, users, SHARE))
    return near - 1 if near > 0 and special.bdtr(near - 1, users, SHARE) >= share else near


def _fitting(metrics: Mapping[str, float], looked_at: range) -> list[int]:
    """Return the numbers of users that can give these precisions; none where that would tell nothing."""
    precisions = _precisions(metrics)
    if not precisions or looked_at.stop > MOST_USERS:
        return []
    return [users for users in looked_at if _fits(precisions, users)]


def _precisions(metrics: Mapping[str, float]) -> list[tuple[int, float]]:
    """Return (k, value), k rising; none if there is no hit: any number of users fits then."""
    precisions = [(k, metrics[name]) for name, k in PRECISIONS.items() if name in metrics]
    return precisions if any(value for _, value in precisions) else []


def _fits(precisions: Sequence[tuple[int, float]], users: int) -> bool:
    fewest = 0  # a longer list has no fewer hits
    for k, value in precisions:
        fewest = max(fewest, math.ceil((value - HALF_A_DIGIT) * k * users))
        if fewest > (value + HALF_A_DIGIT) * k * users:
            return False
    return True


def _name(answer: Mapping[str, Any]) -> str:
    return str(answer.get("solutionVersionArn", "Personalize")).rpartition("/")[0].rpartition("/")[2] or "Personalize"


def _numbers(path: Path, metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: _number(path, name, value) for name, value in metrics.items()}


def _number(path: Path, name: str, value: Any) -> float:
    """Return a finite number, of a share one from 0 to 1. Raises BadFile."""
    share = name.startswith(SHARES)
    kind = "a number from 0 to 1" if share else "a finite number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadFile(path, f"{name} is {json.dumps(value)[:40]}, not {kind}")
    # Compared before it is converted: a whole number may be too large for that. NaN is in no range.
    if not (0 <= value <= 1 if share else abs(value) <= sys.float_info.max):
        raise BadFile(path, f"{name} is {str(value)[:40]}, not {kind}")
    return float(value)
