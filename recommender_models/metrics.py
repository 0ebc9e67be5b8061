"""What a list of recommendations is worth, user by user: counts of hits, and where in the list they are.

A hit matrix has one line a user and one column a place of the list, best first. NDCG comes in two kinds: against the
best list that the relevant items allow, as is usual, and against the best order of the hits alone, as Amazon
Personalize computes it, where relevant items that were missed cost nothing.
"""

import numpy as np
import numpy.typing as npt

Hits = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]


def hits(lists: Codes, users: Codes, items: Codes) -> tuple[Hits, Codes]:
    """Return which places of the lists are hits, and how many relevant items each user has.

    ``lists``: users by places, item codes, -1 where a list is shorter; no item twice in a list. ``users``,
    ``items``: the relevant pairs, users as lines of ``lists``; a pair may come twice.
    """
    size = max(int(lists.max(initial=0)), int(items.max(initial=0))) + 1
    # Sorted and searched: np.unique and np.isin, which hash, take three times as long with a million lists.
    relevant = np.sort(users.astype(np.int64) * size + items)
    relevant = relevant[np.r_[True, relevant[1:] != relevant[:-1]][: len(relevant)]]
    shown = np.arange(len(lists))[:, None] * size + lists
    index = np.searchsorted(relevant, shown).clip(max=max(0, len(relevant) - 1))
    is_hit = (relevant[index] == shown) & (lists >= 0) if len(relevant) else np.zeros(lists.shape, dtype=bool)
    return is_hit, np.bincount(relevant // size, minlength=len(lists))


def precision(hits: Hits, k: int) -> Values:
    """Return the share of the first k places that are hits; places that a short list lacks count as misses."""
    return hits[:, :k].sum(axis=1) / k


def reciprocal_rank(hits: Hits) -> Values:
    """Return one over the place of the first hit, 0 without one."""
    return np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)


def ndcg(hits: Hits, relevant: Codes, k: int) -> Values:
    """Return the usual NDCG of the first k places; 0 where nothing is relevant."""
    return _gain(hits, k) / _best(np.minimum(relevant, k), k)


def ndcg_hits_only(hits: Hits, k: int) -> Values:
    """Return the NDCG as Amazon Personalize computes it; 0 without a hit."""
    return _gain(hits, k) / _best(hits[:, :k].sum(axis=1), k)


def coverage(lists: Codes, catalogue: int) -> float:
    """Return the share of a catalogue, of that many items, that some list holds."""
    return len(np.unique(lists[lists >= 0])) / catalogue


def _gain(hits: Hits, k: int) -> Values:
    seen = hits[:, :k]
    return np.asarray(seen @ _discounts(seen.shape[1]))


def _best(counts: Codes, k: int) -> Values:
    """Return the gain of so many hits at the head of a list; 1 for none, which have no gain."""
    sums = np.concatenate([[1.0], np.cumsum(_discounts(k))])
    return sums[counts]


def _discounts(k: int) -> Values:
    return np.asarray(1 / np.log2(np.arange(2, k + 2)))


def area_under_curve(scores: Values, positive: npt.NDArray[np.bool_]) -> float:
    """Return how often a positive case has a higher score than a negative one; equal scores count half, .5 for none."""
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return 0.5
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))
