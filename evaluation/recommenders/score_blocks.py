"""Scores of some users at a time, and the best items by them.

With few items a block is a full matrix. With many, most items have no score of their own: a block has those that do,
and beside them what sells now, by which all others are ordered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from evaluation.task import ALL_ITEMS, Pairs
from recommender_models.models import sparse_lists
from recommender_models.models.lists import Allowed, are_among, top, top_rows
from recommender_models.training_set import Codes, Floats

NONE = -1
HEAD = sparse_lists.HEAD


@dataclass(frozen=True, eq=False)
class SparseScores:
    """``own``: users by items, positive; ``usual``: added to every item's, users by items or one line for all."""

    own: sparse.csr_array
    usual: Floats

    def __len__(self) -> int:
        return int(self.own.shape[0])

    def best(self, left_out: Sequence[Codes], limit: int) -> Codes:
        """Return the best codes, users by places, -1 where there are no more; ``left_out``: codes for each user."""
        lists = np.full((len(self), limit), NONE, dtype=np.int32)
        heads: list[Codes] = []
        for line in range(len(self)):
            usual = self.usual[line if len(self.usual) > 1 else 0]
            if len(self.usual) > 1 or not heads:
                heads = [top(usual, HEAD)]
            own, allowed = self._line(line), _without(left_out[line])
            chosen = sparse_lists.best(own, usual, heads[0], limit, allowed)
            codes = chosen[0] if chosen else _best_of_all(own, usual, left_out[line], limit)
            lists[line, : len(codes)] = codes
        return lists

    def full(self) -> Floats:
        """Return every item's score, users by items."""
        return np.asarray(self.own.toarray() + self.usual)

    def _line(self, line: int) -> tuple[Codes, Floats]:
        part = slice(self.own.indptr[line], self.own.indptr[line + 1])
        codes, values = self.own.indices[part], self.own.data[part]
        order = np.argsort(codes)
        return codes[order], values[order]


def _best_of_all(own: tuple[Codes, Floats], usual: Floats, left_out: Codes, limit: int) -> Codes:
    codes, values = own
    scores = usual.copy()
    scores[codes] += values
    scores[left_out] = -np.inf
    best = top(scores, limit)
    return best[~np.isneginf(scores[best])]


def _without(codes: Codes) -> Allowed | None:
    return (lambda candidates: ~are_among(candidates, np.sort(codes))) if len(codes) else None


Block = Floats | SparseScores
Blocks = Iterator[Block]


def lists(blocks: Blocks, task: str, owned: Pairs, limit: int) -> Codes:
    """Return the best items' codes, users by places, -1 where there are no more.

    ``task``: of the task; for ``new-items`` what a user has (``owned``) is left out.
    """
    return lists_by_task(blocks, (task,), owned, limit)[task]


def lists_by_task(blocks: Blocks, tasks: Sequence[str], owned: Pairs, limit: int) -> dict[str, Codes]:
    """Return ``lists`` for each task, all from the same scores."""
    best: dict[str, list[Codes]] = {task: [] for task in tasks}
    start = 0
    for block in blocks:
        # All items first: the scores of what users have are gone afterwards.
        for task in sorted(tasks, key=lambda task: task != ALL_ITEMS):
            best[task].append(_best(block, _left_out(block, task, owned, start), limit))
        start += len(block)
    return {task: np.concatenate(parts) for task, parts in best.items()}


def _best(block: Block, left_out: Sequence[Codes], limit: int) -> Codes:
    return block.best(left_out, limit) if isinstance(block, SparseScores) else _best_rows(block, left_out, limit)


def _left_out(block: Block, task: str, owned: Pairs, start: int) -> Sequence[Codes]:
    if task == ALL_ITEMS:
        return [np.empty(0, dtype=np.intp)] * len(block)
    items = block.own.shape[1] if isinstance(block, SparseScores) else block.shape[1]
    return _owned(owned, start, len(block), items)


def _best_rows(scores: Floats, left_out: Sequence[Codes], limit: int) -> Codes:
    for line, codes in zip(scores, left_out, strict=True):
        line[codes] = -np.inf
    best = top_rows(scores, limit)
    best[np.isneginf(scores[np.arange(len(best))[:, None], best])] = NONE
    return best.astype(np.int32)


def _owned(owned: Pairs, start: int, users: int, items: int) -> list[Codes]:
    """Return the codes, below ``items``, that each of some users has."""
    ends = np.searchsorted(owned.users, np.arange(start, start + users + 1))
    each = np.split(owned.items[ends[0] : ends[-1]], ends[1:-1] - ends[0])
    return [codes[: np.searchsorted(codes, items)] for codes in each]
