"""What each attribute is worth to users held out: a model of the users outside, the attribute another user's inside."""

from collections.abc import Callable, Sequence

import numpy as np

from evaluation.data.log import Mask
from evaluation.features import model
from evaluation.features.attributes import Attribute
from evaluation.features.examples import Examples, Floats

Permuted = Callable[[np.random.Generator], Floats]


class Fold:
    """``losses``: of the model, a value a line of those held out."""

    def __init__(self, examples: Examples, attributes: Sequence[Attribute], groups: int, held: Mask, seed: int) -> None:
        columns = [attribute.values[examples.users] for attribute in attributes]
        table = np.column_stack([examples.history, *columns])
        categorical = np.r_[examples.categorical, [attribute.words for attribute in attributes]].astype(bool)
        rest = ~held
        self._width = examples.history.shape[1]
        self._model = model.fit(table[rest], examples.came[rest], examples.users[rest], categorical, groups, seed)
        self._table, self._came = table[held], examples.came[held]
        # Users as places among those of the fold, and the first line of each.
        self._users, self._first, self._user = np.unique(examples.users[held], return_index=True, return_inverse=True)
        self._seed = seed
        self.losses = self._model.losses(self._table, self._came)

    def permutations(self) -> list[Permuted]:
        """Return what gives the table with the history of other lines, then with each attribute of other users."""
        return [self._other_histories, *(self._other_users(attribute) for attribute in range(self._attributes))]

    def rise(self, permuted: Permuted, repeats: int, column: int) -> Floats:
        """Return each line's mean rise of the loss."""
        total = np.zeros(len(self._came))
        for repeat in range(repeats):
            random = np.random.default_rng([self._seed, column, repeat])
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
