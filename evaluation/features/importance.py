"""How much worse the next group is predicted when an attribute is another user's: permuted, on users held out.

Every training holds every user out once, and the next one holds them out in other company. The interval tells of the
users and of the training: of other customers and a model trained on them. Of an attribute that says nothing the mean
is zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evaluation import constants
from evaluation.features import model, trained_again
from evaluation.features.attributes import Attribute
from evaluation.features.examples import Examples, Floats
from evaluation.features.fold import Fold
from evaluation.scoring.uncertainty import Interval, mean
from personalize_data.errors import InvalidRequest
from recommender_models.training_set import Codes

FOLDS = 3
MODELS, PERMUTATIONS = constants.MODELS, constants.PERMUTATIONS
LEAST_USERS = 30
Step = Callable[[int], None]


@dataclass(frozen=True)
class Importance:
    """``rise`` of the log loss, in nats a user."""

    attribute: Attribute
    rise: Interval

    @property
    def worth(self) -> bool:
        """Return whether the rise is above zero beyond doubt (95 %)."""
        return self.rise.low > 0


@dataclass(frozen=True)
class ImportanceReport:
    """``importances``: the highest first. ``history``: of all that was done before, permuted together.

    ``loss``: of the model; ``prior``: of guessing by frequency. All in nats a user, over users held out.
    """

    importances: Sequence[Importance]
    history: Interval
    loss: Interval
    prior: Interval
    groups: Sequence[str]
    examples: int


@dataclass(frozen=True, eq=False)
class _Training:
    """A value a user of each; ``rises``: a line for the history, then one an attribute."""

    folds: Codes
    rises: Floats
    losses: Floats
    priors: Floats


def importances(
    examples: Examples,
    attributes: Sequence[Attribute],
    groups: Sequence[str],
    *,
    models: int,
    permutations: int,
    seed: int,
    step: Step = lambda done: None,
) -> ImportanceReport:
    """Measure. ``step`` takes 1 for each of the ``parts`` of the work. Raises InvalidRequest."""
    users = len(np.unique(examples.users))
    if users < LEAST_USERS or len(groups) < 2:
        raise InvalidRequest(
            f"{users} users and {len(groups)} groups of items: {LEAST_USERS} users and 2 groups are the least"
        )
    # On one processor: on a busy machine, threads that wait for one another take twenty times as long. A limit holds
    # for the libraries that are loaded by then.
    model.load()
    with threadpool_limits(1):
        runs = [
            _training(examples, attributes, len(groups), permutations, [seed, repetition], step)
            for repetition in range(models)
        ]
    folds = np.array([run.folds for run in runs])
    rises = [trained_again.interval(lines, folds) for lines in np.stack([run.rises for run in runs], axis=1)]
    ranked = [Importance(attribute, rise) for attribute, rise in zip(attributes, rises[1:], strict=True)]
    ranked.sort(key=lambda importance: (-importance.rise.mean, importance.attribute.name))
    loss = mean(np.mean([run.losses for run in runs], axis=0))
    prior = mean(np.mean([run.priors for run in runs], axis=0))
    return ImportanceReport(ranked, rises[0], loss, prior, groups, len(examples))


def parts(attributes: int, models: int) -> int:
    """Return how many parts the work has: in each fold the learning, the history and the attributes."""
    return models * FOLDS * (2 + attributes)


def _training(
    examples: Examples,
    attributes: Sequence[Attribute],
    groups: int,
    permutations: int,
    seeds: Sequence[int],
    step: Step,
) -> _Training:
    random = np.random.default_rng(seeds)
    users, of_user = np.unique(examples.users, return_inverse=True)
    fold_of = random.permutation(len(users)) % FOLDS
    rises = np.zeros((len(attributes) + 1, len(examples)))
    losses, priors = np.zeros(len(examples)), np.zeros(len(examples))
    for fold, seed in enumerate(random.integers(2**31, size=FOLDS).tolist()):
        held = fold_of[of_user] == fold
        model_fold = Fold(examples, attributes, groups, held, seed)
        step(1)
        losses[held] = model_fold.losses
        priors[held] = model.prior_losses(examples.came[~held], examples.came[held], groups)
        for column, permuted in enumerate(model_fold.permutations()):
            rises[column, held] = model_fold.rise(permuted, permutations, column)
            step(1)
    by_user = np.array([_per_user(values, of_user) for values in rises])
    return _Training(fold_of, by_user, _per_user(losses, of_user), _per_user(priors, of_user))


def _per_user(values: Floats, of_user: Codes) -> Floats:
    return np.bincount(of_user, weights=values) / np.bincount(of_user)
