"""How sure a mean of held-out users is that other users, and another training, would give the same.

Users who are held out of one model are trained on by the others: what is so of some of them by chance has a worth
in every fold at once, and the spread over users alone is too small. Nadeau and Bengio's correction (Inference for the
generalization error, 2003) adds to 1 / models the users held out over those trained on.
"""

import math

import numpy as np

from evaluation.features.examples import Floats
from evaluation.scoring.uncertainty import Interval, Z
from recommender_models.training_set import Codes


def interval(values: Floats, folds: Codes) -> Interval:
    """Return the mean and its 95 % interval, of the users' spread and of what models differ by beyond it.

    ``values``: a line a training, a column a user; ``folds``: the fold in which that training held the user out: two
    folds or more, with two users or more in each.
    """
    models = [line[fold == number] for line, fold in zip(values, folds, strict=True) for number in np.unique(fold)]
    in_one = len(models) / len(values)
    again = 1 / (in_one - 1)  # users held out over users trained on
    of_users = float(values.mean(axis=0).var(ddof=1)) / values.shape[1]
    of_models = _beyond_users(models)
    half = Z * math.sqrt(of_users * in_one * (1 / in_one + again) + of_models * (1 / len(models) + again))
    centre = float(values.mean())
    return Interval(centre, centre - half, centre + half, values.shape[1])


def _beyond_users(models: list[Floats]) -> float:
    """Return the variance between the models' means, less what the users whom each was asked about explain of it."""
    between = np.var([users.mean() for users in models], ddof=1)
    within = np.mean([users.var(ddof=1) / len(users) for users in models])
    return max(0.0, float(between - within))
