"""From scores to lists, all at once: the best items of each user, of all items or of those new to him."""

import numpy as np
import numpy.typing as npt

from evaluation.recommenders.kinds import Blocks
from evaluation.task import ANYTHING, Pairs
from personalize_local.learning.models.lists import top_rows
from personalize_local.learning.training_set import Codes

NONE = -1


def lists(blocks: Blocks, kind: str, owned: Pairs, limit: int) -> Codes:
    """Return the best items' codes, users by places, -1 where there are no more.

    ``kind``: of the task; for ``acquisition`` what a user has (``owned``) is left out.
    """
    found: list[npt.NDArray[np.int32]] = []
    start = 0
    for scores in blocks:
        if kind != ANYTHING:
            _forbid(scores, start, owned)
        best = top_rows(scores, limit)
        lines = np.arange(len(best))[:, None]
        best[np.isneginf(scores[lines, best])] = NONE
        found.append(best.astype(np.int32))
        start += len(scores)
    return np.concatenate(found)


def _forbid(scores: npt.NDArray[np.float32], start: int, owned: Pairs) -> None:
    part = slice(*np.searchsorted(owned.users, (start, start + len(scores))))
    users, items = owned.users[part] - start, owned.items[part]
    known = items < scores.shape[1]
    scores[users[known], items[known]] = -np.inf
