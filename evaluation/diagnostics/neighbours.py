"""Diagnostic of whose list it is: the lists beside those of the users before and after, by the metric that decides.

A list that is a user's own serves them better than their neighbour's does. Where it serves no better, it is for
everybody, or somebody else's; where one neighbour's is better, and only that one's, the lists were shifted. Lists that
avoid what a user has are worse than both neighbours' for a truth that holds it: that is personal, too.
"""

import numpy as np
import numpy.typing as npt

from evaluation.diagnostics.data import ENOUGH_USERS
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import Scores, score
from evaluation.scoring.uncertainty import Interval, mean
from evaluation.task import Pairs
from recommender_models.training_set import Codes

TOLD = 0.25  # of the mean: an interval wider than that tells nothing
LEVEL = 0.05
BETTER = 1.1
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def not_personal(lists: Codes, truth: Pairs, metric: Metric, known: Mask) -> str | None:
    """Another user's list scores as well: lists joined with the wrong users, or not personal at all.

    ``known``: which users have a past; nothing can be personal for the others, and they are left out.
    """
    own, before, after = (_values(np.roll(lists, by, axis=0), truth, metric, known) for by in (0, 1, -1))
    if len(own) < ENOUGH_USERS:
        return None
    better, worse = (before, after) if before.mean() > after.mean() else (after, before)
    if _clearly_better(better, own) and _clearly_better(better, worse):
        side = "before" if better is before else "after"
        numbers = f"({metric} {better.mean():.4f} against {own.mean():.4f})"
        return f"the list of the user {side} scores better than the user's own {numbers}: shifted by a user"
    # Of lists that avoid what a user has, the right one is the worse for a truth that holds it: the other tells.
    neighbours = better if _clearly_better(better, worse) else (before + after) / 2
    if not _level(mean(own - neighbours), float(own.mean())):
        return None
    return (
        f"the list of the user before or after scores as well ({metric} {neighbours.mean():.4f} against "
        f"{own.mean():.4f})"
    )


def _values(lists: Codes, truth: Pairs, metric: Metric, known: Mask) -> Values:
    scores: Scores = score(lists, truth, (metric.k,))
    return scores.values[metric][known[scores.users]].astype(np.float64)


def _clearly_better(values: Values, other: Values) -> bool:
    return bool(values.mean() > BETTER * other.mean()) and mean(values - other).low > 0


def _level(difference: Interval, own: float) -> bool:
    """Return whether a difference is none, and enough users told so."""
    # Where there is no hit there is nothing to tell: zero is not below zero.
    equivalent = -TOLD * own < difference.low and difference.high < TOLD * own
    return equivalent and difference.low <= 0 and (difference.high >= 0 or difference.mean > -LEVEL * own)
