"""How much worse the next group is foretold when an attribute is another user's: permuted, on users held out.

Every user is held out once. A user's value is the mean over repeats, and the interval is over users: so it tells not
only the chance of a permutation but that of having met these users. Of an attribute that says nothing the mean is zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evaluation.failure import BadQuestion
from evaluation.features import model
from evaluation.features.attributes import Attribute
from evaluation.features.examples import Examples, Floats
from evaluation.scoring.uncertainty import Interval, mean
from personalize_local.learning.training_set import Codes

FOLDS = 3
REPEATS = 5
LEAST_USERS = 30
Permuted = Callable[[np.random.Generator], Floats]


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
class Found:
    """``importances``: the highest first. ``history``: of all that was done before, permuted together.

    ``loss``: of the model; ``prior``: of guessing by frequency. All in nats a user, over users held out.
    """

    importances: Sequence[Importance]
    history: Interval
    loss: Interval
    prior: Interval
    groups: Sequence[str]
    examples: int


def importances(
    examples: Examples,
    attributes: Sequence[Attribute],
    groups: Sequence[str],
    repeats: int,
    seed: int,
    step: Callable[[int], None] = lambda done: None,
) -> Found:
    """Measure. ``step`` takes 1 for each of FOLDS · (2 + attributes) parts of the work. Raises BadQuestion."""
    users = np.unique(examples.users)
    if len(users) < LEAST_USERS or len(groups) < 2:
        raise BadQuestion(
            f"{len(users)} users and {len(groups)} groups of items: {LEAST_USERS} users and 2 groups are the least"
        )
    fold_of = np.random.default_rng(seed).permutation(len(users)) % FOLDS
    folds = fold_of[np.searchsorted(users, examples.users)]
    rises = np.zeros((len(attributes) + 1, len(examples)))
    losses, priors = np.zeros(len(examples)), np.zeros(len(examples))
    # On one processor: on a busy machine, threads that wait for one another take twenty times as long.
    with threadpool_limits(1):
        for fold in range(FOLDS):
            held = folds == fold
            one = _Fold(examples, attributes, len(groups), held, seed + fold)
            step(1)
            losses[held] = one.losses
            priors[held] = model.prior_losses(examples.came[~held], examples.came[held], len(groups))
            for place, permuted in enumerate(one.permutations()):
                rises[place, held] = one.rise(permuted, repeats, place)
                step(1)
    by_user = [mean(_per_user(values, examples.users)) for values in rises]
    found = [Importance(one, rise) for one, rise in zip(attributes, by_user[1:], strict=True)]
    found.sort(key=lambda one: (-one.rise.mean, one.attribute.name))
    loss, prior = (mean(_per_user(values, examples.users)) for values in (losses, priors))
    return Found(found, by_user[0], loss, prior, groups, len(examples))


class _Fold:
    """A model of the users outside, and the examples of those inside."""

    def __init__(
        self, examples: Examples, attributes: Sequence[Attribute], groups: int, held: np.ndarray, seed: int
    ) -> None:
        columns = [one.values[examples.users] for one in attributes]
        table = np.column_stack([examples.history, *columns])
        categorical = np.r_[examples.categorical, [one.words for one in attributes]].astype(bool)
        rest = ~held
        self._width = examples.history.shape[1]
        self._model = model.learn(table[rest], examples.came[rest], examples.users[rest], categorical, groups, seed)
        self._table, self._came = table[held], examples.came[held]
        # Users as places among those of the fold, and the first line of each.
        self._users, self._first, self._user = np.unique(examples.users[held], return_index=True, return_inverse=True)
        self._seed = seed
        self.losses = self._model.losses(self._table, self._came)

    def permutations(self) -> list[Permuted]:
        """Return what gives the table with the history of other lines, then with each attribute of other users."""
        return [self._other_histories, *(self._other_users(place) for place in range(self._attributes))]

    def rise(self, permuted: Permuted, repeats: int, place: int) -> Floats:
        """Return each line's mean rise of the loss."""
        total = np.zeros(len(self._came))
        for repeat in range(repeats):
            random = np.random.default_rng([self._seed, place, repeat])
            total += self._model.losses(permuted(random), self._came) - self.losses
        return total / repeats

    @property
    def _attributes(self) -> int:
        return self._table.shape[1] - self._width

    def _other_histories(self, random: np.random.Generator) -> Floats:
        table = self._table.copy()
        table[:, : self._width] = table[random.permutation(len(table)), : self._width]
        return table

    def _other_users(self, attribute: int) -> Permuted:
        column = self._width + attribute

        def permuted(random: np.random.Generator) -> Floats:
            table = self._table.copy()
            values = table[self._first, column]
            table[:, column] = values[random.permutation(len(values))][self._user]
            return table

        return permuted


def _per_user(values: Floats, users: Codes) -> Floats:
    _, place = np.unique(users, return_inverse=True)
    return np.bincount(place, weights=values) / np.bincount(place)
