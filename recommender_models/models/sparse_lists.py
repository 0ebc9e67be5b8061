"""The best items where most have no score of their own: what sells orders them, and few of them are ever looked at.

A score is what an item has of its own, added to what every item has ("usual"). An item without a score of its own can
only be listed if it is among those that sell best.
"""

import numpy as np

from recommender_models.models.lists import Allowed, are_among
from recommender_models.training_set import Codes, Floats

HEAD = 1_000  # items that sell best: what an item without a score of its own must be among to be listed


def best(
    own: tuple[Codes, Floats],
    usual: Floats,
    head: Codes,
    limit: int,
    allowed: Allowed | None = None,
    *,
    whole: bool = False,
) -> tuple[Codes, Floats] | None:
    """Return ``limit`` codes with their scores, best first, equal ones in the order of the codes.

    None where the head is not enough, as much of it may not be listed: then all items have to be looked at.

    ``own``: codes, ascending, each once, and what is added to their usual scores, none below zero. ``head``: the best
    codes by ``usual``, best first, equal ones in the order of the codes; ``whole``: it has all that may be listed.
    """
    codes, values = own
    others = head[~are_among(head, codes)]
    candidates = np.concatenate([codes, others])
    scores = np.concatenate([usual[codes] + values, usual[others]])
    chosen = _best_of(candidates, scores, limit, allowed)
    surely = whole or len(head) == len(usual) or (len(chosen[0]) == limit and chosen[1][-1] > usual[head[-1]])
    return chosen if surely else None


def _best_of(candidates: Codes, scores: Floats, limit: int, allowed: Allowed | None) -> tuple[Codes, Floats]:
    if allowed is not None:
        mask = allowed(candidates)
        candidates, scores = candidates[mask], scores[mask]
    if limit < len(scores):
        some = scores >= np.partition(scores, len(scores) - limit)[len(scores) - limit]
        candidates, scores = candidates[some], scores[some]
    order = np.lexsort((candidates, -scores))[:limit]
    return candidates[order], scores[order]
