"""What sells now in the two categories that a user takes most: it reads the Items dataset, and learns nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse

from recommender_models.grouping import rank_within
from recommender_models.training_set import Floats, TrainingSet

COMMONEST = 2
BLOCK = 256


def items_by_category(item_ids: Sequence[str], categories: Mapping[str, Sequence[str]]) -> sparse.csr_array:
    """Return one line an item, one column a category, 1 where the item is of it. ``categories``: of items, by id."""
    number: dict[str, int] = {}
    pairs = [
        (code, number.setdefault(name, len(number)))
        for code, item in enumerate(item_ids)
        for name in dict.fromkeys(categories.get(item, ()))
    ]
    lines, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = len(item_ids), len(number)
    return sparse.csr_array((np.ones(len(lines), dtype=np.float32), (lines, columns)), shape=shape)


def blocks(
    past: TrainingSet, held: sparse.csr_array, popular_now: Callable[[slice], Floats], block: int = BLOCK
) -> Iterator[Floats]:
    """Yield scores, users by items: what is popular, first of the user's commonest categories, then of the others.

    ``held``: see ``items_by_category``; ``popular_now``: takes places of users, returns shares. ``block``: users
    at a time.
    """
    of_user = favourites(past, held)
    for start in range(0, len(past.user_ids), block):
        some = of_user[start : start + block]
        first = (some @ held.T).toarray() > 0
        yield first + popular_now(slice(start, start + some.shape[0])).astype(np.float32)


def favourites(past: TrainingSet, held: sparse.csr_array) -> sparse.csr_array:
    """Return one line a user, 1 for the two categories that occur most in their past."""
    ones = np.ones(len(past), dtype=np.float32)
    taken = sparse.csr_array((ones, (past.users, past.items)), shape=(len(past.user_ids), held.shape[0]))
    counts = (taken @ held).tocsr()
    counts.sort_indices()
    lines = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    commonest = rank_within(lines, -counts.data) < COMMONEST
    ones = np.ones(int(commonest.sum()), dtype=np.float32)
    return sparse.csr_array((ones, (lines[commonest], counts.indices[commonest])), shape=counts.shape)
