"""How much more likely items are in a context than without it: one factor for each item and value of a column.

    lift(item, value) = P(value | item) / P(value),   with P(value | item) shrunk towards P(value)

so that a score times the lift is the score in that context, by Bayes' rule. A column is believed only if it is shown to
help users who were left out: what they took in a context must have a higher lift than what they take at all, their own
items and the popular ones. A column that only follows from who the user is does not pass.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.context.values import values_from
from recommender_models.interactions import InteractionColumns
from recommender_models.paired import shown_better
from recommender_models.training_set import Codes, Floats

SHRINKAGE = 10.0  # interactions with the usual contexts that each item is given
USUAL = 1.0  # interactions with popular items that each user is given, in the validation
FEWEST = 50  # interactions with a value
MOST_VALUES, MOST_FACTORS = 30, 1 << 22  # of a column; items times values
FOLDS, MOST_USERS = 5, 5_000
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lifts:
    """``factors``: by column and value, one for each trained item."""

    factors: Mapping[str, Mapping[str, Floats]]

    def __len__(self) -> int:
        return len(self.factors)

    def of(self, context: Mapping[str, str]) -> Floats | None:
        """Return the factor of each trained item in a context; None where nothing is known of it."""
        known = [
            self.factors[column][value] for column, value in context.items() if value in self.factors.get(column, ())
        ]
        return np.prod(known, axis=0, dtype=np.float32) if known else None

    def about(self) -> dict[str, list[str]]:
        """Return what a file of the model keeps beside ``arrays``."""
        return {column: list(values) for column, values in self.factors.items()}

    def arrays(self) -> dict[str, Floats]:
        """Return what a file of the model keeps: an array for each column, values by items."""
        return {column: np.stack(list(values.values())) for column, values in self.factors.items()}

    @classmethod
    def restore(cls, about: Mapping[str, Sequence[str]], arrays: Mapping[str, Any]) -> "Lifts":
        """Return what ``about`` and ``arrays`` were taken from."""
        return cls({column: dict(zip(values, arrays[column], strict=True)) for column, values in about.items()})


@dataclass(frozen=True, eq=False)
class Observed:
    """``n`` interactions that have a value in a column: codes of users, items and ``values``. ``size``: of items."""

    values: list[str]
    users: Codes
    items: Codes
    value: Codes
    size: int

    def counts(self, chosen: npt.NDArray[np.bool_] | slice = slice(None)) -> Doubles:
        """Return how many of the chosen interactions each value has with each item, values by items."""
        places = self.value[chosen].astype(np.int64) * self.size + self.items[chosen]
        return np.bincount(places, minlength=len(self.values) * self.size).reshape(-1, self.size).astype(np.float64)


def fit(interactions: InteractionColumns, columns: Collection[str], seed: int = 1) -> Lifts:
    """Return the lifts of the columns that are shown to help; items are coded as in ``interactions``."""
    factors = {}
    for column in sorted(columns):
        observed = observed_in(interactions, column)
        if len(observed.values) > 1 and helps(observed, seed):
            by_value = _factors(observed.counts()).astype(np.float32)
            factors[column] = dict(zip(observed.values, by_value, strict=True))
    return Lifts(factors)


def observed_in(interactions: InteractionColumns, column: str) -> Observed:
    """Return the interactions with the more frequent values of a column."""
    of_context = [values_from(text).get(column) for text in interactions.contexts]
    names = sorted({value for value in of_context if value is not None})
    code = {value: place for place, value in enumerate(names)}
    by_context = np.array([-1 if value is None else code[value] for value in of_context], dtype=np.int64)
    value = by_context[np.asarray(interactions.context)]
    frequent = _frequent(np.bincount(value[value >= 0], minlength=len(names)), len(interactions.item_ids))
    new = np.full(len(names) + 1, -1)
    new[frequent] = np.arange(len(frequent))
    value = new[value]
    rows = value >= 0
    users, items = np.asarray(interactions.users)[rows], np.asarray(interactions.items)[rows]
    return Observed([names[place] for place in frequent], users, items, value[rows], len(interactions.item_ids))


def _frequent(counts: npt.NDArray[np.integer], items: int) -> list[int]:
    most = min(MOST_VALUES, max(2, MOST_FACTORS // max(1, items)))
    best = np.argsort(-counts, kind="stable")[:most]
    return sorted(place for place in best.tolist() if counts[place] >= FEWEST)


def _factors(counts: Doubles) -> Doubles:
    """Return the lifts, values by items; a value without interactions says nothing."""
    share = (counts.sum(axis=1) / counts.sum())[:, None]
    given_item = (counts + SHRINKAGE * share) / (counts.sum(axis=0) + SHRINKAGE)
    return np.where(share > 0, given_item / np.maximum(share, 1e-12), 1)


def helps(observed: Observed, seed: int) -> bool:
    """Return whether lifts of the other users are shown to say what a user takes in a context."""
    users = np.random.default_rng(seed).permutation(np.unique(observed.users))[:MOST_USERS]
    gains = [_gains(observed, np.isin(observed.users, users[fold::FOLDS])) for fold in range(FOLDS)]
    together = np.concatenate(gains)
    return shown_better(together, np.zeros(len(together)))


def _gains(observed: Observed, held: npt.NDArray[np.bool_]) -> Doubles:
    """Return by how much the lifts of the others raise the log-likelihood of each held-out user's interactions.

    Means over a user's interactions. What a user takes at all is their other interactions and what is popular.
    """
    if not held.any() or held.all():
        return np.zeros(0)
    counts = observed.counts(~held)
    factors, popular = _factors(counts), counts.sum(axis=0) / counts.sum()
    users, owner = np.unique(observed.users[held], return_inverse=True)
    items, value = observed.items[held], observed.value[held]
    own = sparse.csr_array((np.ones(len(items)), (owner, items)), shape=(len(users), observed.size))
    lift = factors[value, items]
    others = (own @ factors.T)[owner, value] - lift
    number = np.bincount(owner)
    expected = (others + USUAL * (factors @ popular)[value]) / (number[owner] - 1 + USUAL)
    return np.asarray(np.bincount(owner, np.log(lift) - np.log(expected)) / number)
