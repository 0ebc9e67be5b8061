"""What a training learns from: interactions in an order of their own, each once, each with a weight.

The order and the codes follow from the content alone, so that the same interactions, in whatever order and from however
many imports and streams, give the same model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from recommender_models.interactions import InteractionColumns
from recommender_models.selection import LEAST_INTERACTIONS, LEAST_SHARE, LEAST_USERS, EventSelection

Codes = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """``n`` interactions by user, then time. ``users`` and ``items`` are codes: places in the sorted lists of ids."""

    user_ids: Sequence[str]
    item_ids: Sequence[str]
    users: Codes
    items: Codes
    times: npt.NDArray[np.integer] | npt.NDArray[np.floating]
    weights: Floats

    def __len__(self) -> int:
        return len(self.users)

    @property
    def first(self) -> int | float:
        """Return the earliest time."""
        return self.times.min()  # type: ignore[no-any-return]

    @property
    def last(self) -> int | float:
        """Return the latest time."""
        return self.times.max()  # type: ignore[no-any-return]

    def item_counts(self, size: int) -> npt.NDArray[np.int64]:
        """Return how many rows each of ``size`` items has."""
        return np.bincount(self.items, minlength=size)

    def user_counts(self) -> npt.NDArray[np.int64]:
        """Return how many rows each user has."""
        return np.bincount(self.users, minlength=len(self.user_ids))

    def first_times(self, size: int) -> npt.NDArray[np.int64]:
        """Return the earliest time of each of ``size`` items, the largest number where it has none."""
        first = np.full(size, np.iinfo(np.int64).max)
        np.minimum.at(first, self.items, self.times.astype(np.int64))
        return first

    def late(self, moment: int) -> int:
        """Return how many rows are at a moment or after it."""
        return int((self.times >= moment).sum())

    def take(self, rows: npt.NDArray[np.bool_]) -> "TrainingSet":
        """Return the rows of a mask; ids and codes stay."""
        columns = {name: getattr(self, name)[rows] for name in ("users", "items", "times", "weights")}
        return replace(self, **columns)

    def for_users(self, chosen: npt.NDArray[np.bool_]) -> "TrainingSet":
        """Return the rows of some users, one mark a user, with the ids and codes of these users alone."""
        code = np.cumsum(chosen) - 1
        rows = self.take(chosen[self.users])
        ids = [self.user_ids[user] for user in np.flatnonzero(chosen).tolist()]
        return replace(rows, user_ids=ids, users=code[rows.users])

    def for_own_items(self) -> "TrainingSet":
        """Return the same rows with the ids and codes of the items that occur in them alone."""
        used = np.bincount(self.items, minlength=len(self.item_ids)) > 0
        ids = [self.item_ids[item] for item in np.flatnonzero(used).tolist()]
        return replace(self, item_ids=ids, items=(np.cumsum(used) - 1)[self.items])

    def for_items(self, item_ids: Sequence[str]) -> "TrainingSet":
        """Return the rows with these items, coded as in this list."""
        items = self.items_in({item: code for code, item in enumerate(item_ids)})
        return replace(self, item_ids=item_ids, items=items).take(items >= 0)

    def shuffled(self, random: np.random.Generator) -> "TrainingSet":
        """Return the same rows with each user's items at their times in another order."""
        order = np.lexsort((random.random(len(self)), self.users))
        return replace(self, items=self.items[order], weights=self.weights[order])

    def items_in(self, codes: Mapping[str, int]) -> Codes:
        """Return each row's item in other codes, -1 where these have none."""
        return np.array([codes.get(item, -1) for item in self.item_ids], dtype=np.int64)[self.items]


def select(columns: InteractionColumns, events: EventSelection) -> tuple[InteractionColumns, TrainingSet]:
    """Return the interactions that count, each once, in an order that follows from their content; with weights, too.

    Of interactions with the same user, item, type, second, value and context one counts (Developer Guide, "Recording
    item interaction events"): an import and a stream may hold the same ones.
    """
    weights = events.weights(columns)
    chosen = _coded_by_name(columns.take(weights > 0))
    value_bits = np.asarray(chosen.values, dtype=np.float32).view(np.int32)  # NaN equals NaN
    keys = (chosen.context, value_bits, chosen.types, chosen.items, chosen.times, chosen.users)
    order = np.lexsort(keys)
    changed = np.zeros(len(order), dtype=bool)
    changed[:1] = True
    for key in keys:
        ordered = key[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    once = order[changed]
    distinct = chosen.take(once)
    rows = weights[weights > 0][once]
    return distinct, TrainingSet(
        distinct.user_ids, distinct.item_ids, distinct.users, distinct.items, distinct.times, rows
    )


def shortage(data: TrainingSet) -> str | None:
    """Return why there is too little to train on, with the numbers, or None (Developer Guide, "Quotas")."""
    per_user = np.bincount(data.users)
    users, with_two = int((per_user > 0).sum()), int((per_user >= 2).sum())
    if len(data) < LEAST_INTERACTIONS:
        return f"Training needs at least {LEAST_INTERACTIONS} interactions; there are {len(data)}."
    if with_two < LEAST_USERS:
        return f"Training needs at least {LEAST_USERS} users with 2 interactions or more; there are {with_two}."
    if with_two < LEAST_SHARE * users:
        return f"Training needs at least 1% of users with 2 interactions or more; there are {with_two} of {users}."
    return None


def _coded_by_name(columns: InteractionColumns) -> InteractionColumns:
    """Return the same rows with the names that occur in them, sorted, and the codes that follow from that."""
    user_ids, users = _sorted_codes(columns.user_ids, columns.users)
    item_ids, items = _sorted_codes(columns.item_ids, columns.items)
    event_types, types = _sorted_codes(columns.event_types, columns.types)
    contexts, context = _sorted_codes(columns.contexts, columns.context)
    coded = users.astype(np.int32), items.astype(np.int32), types.astype(np.int16), columns.times, columns.values
    return InteractionColumns(user_ids, item_ids, event_types, *coded, contexts, context.astype(np.int32))


def _sorted_codes(names: Sequence[str], codes: Codes) -> tuple[list[str], Codes]:
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(names))).tolist()
    # By Python: NumPy's own strings lose trailing NULs.
    places = sorted(used, key=lambda code: names[code])
    code = np.full(len(names) + 1, -1)  # the last place is for -1: no name
    code[places] = np.arange(len(places))
    return [names[code] for code in places], code[codes]
