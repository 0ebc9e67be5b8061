"""What goes with what on one visit, and what comes on the visit after it, against what is usual.

Repeats are left out: own repeats are a recommender of their own. A visit is all that a user does within one second: a
basket, or one click.
"""

import numpy as np
from scipy import sparse

from recommender_models.grouping import rank_within
from recommender_models.models.item_knn import Mask, PairFactors, strongest, wanted_lines
from recommender_models.training_set import Codes, TrainingSet

NEAREST = 500  # of each item: those that go with it most often
SAME_VISIT = 0.5  # a pair on one visit is seen from both of its items, one that follows from the earlier alone
MOST_IN_VISIT = 200  # by chance: pairs grow with the square of a visit, and a wholesaler's say little


def co_visited(rows: TrainingSet, wanted: Mask | None = None) -> sparse.csr_array:
    """Return ``[i, j]``: how often j came with i or on the visit after / (√(visits with i · with j) + shrinkage).

    ``rows`` are by user, then time. A pair on one visit counts half for each direction. ``wanted``: which items i to do
    so for.
    """
    together = visited_together(rows)
    return strongest(wanted_lines(together.first, wanted), together.then, together.usual, NEAREST)


def visited_together(rows: TrainingSet) -> PairFactors:
    """Return the factors of: how often j came with i or on the visit after. ``rows`` are by user, then time."""
    visits, users = visits_by_items(rows)
    followed = np.flatnonzero(users[1:] == users[:-1])
    # One product for both: each visit beside itself, and beside the visit after it.
    first = sparse.vstack([visits * np.float32(SAME_VISIT), visits[followed]]).T.tocsr()
    then = sparse.vstack([visits, visits[followed + 1]], format="csr")
    return PairFactors(first, then, np.asarray(visits.sum(axis=0)).ravel())


def visits_by_items(rows: TrainingSet) -> tuple[sparse.csr_array, Codes]:
    """Return visits by items, by user and time, and the user of each visit. ``rows`` are by user, then time."""
    new_user = np.r_[True, rows.users[1:] != rows.users[:-1]]
    new = new_user | np.r_[True, rows.times[1:] != rows.times[:-1]]
    visit = np.cumsum(new) - 1
    in_visit = rank_within(visit, np.random.default_rng(1).random(len(visit))) < MOST_IN_VISIT
    shape = int(visit[-1]) + 1, len(rows.item_ids)
    held = sparse.csr_array(
        (np.ones(int(in_visit.sum()), dtype=np.float32), (visit[in_visit], rows.items[in_visit])), shape=shape
    )
    held.data[:] = 1  # an item counts once, in whatever ways it was looked at
    return held, rows.users[new]
