"""EASE's scores where items are many: of each user the strongest alone, and all of what they have or what sells.

The rest would be in no list. What is kept of a thousand users takes megabytes, so that settings share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from evaluation.recommenders.score_blocks import SparseScores
from recommender_models.models.lists import are_among
from recommender_models.training_set import Codes, Floats

KEPT = 1_000  # about so many of the strongest, by the scores of one item in sixteen
SAMPLED = 16
SMALLEST = np.float32(1e-30)


@dataclass(frozen=True, eq=False)
class KeptScores:
    """``scores``: users by items, above zero; ``sums``, ``most``: of each user's scores above zero, kept or not."""

    scores: sparse.csr_array
    sums: Floats
    most: Floats


def kept(scores: Floats, always: Sequence[Codes]) -> KeptScores:
    """Keep the strongest. ``always``: for each user, items whose scores are kept whatever they are."""
    np.maximum(scores, 0, out=scores)
    lines = [_strongest(line, codes) for line, codes in zip(scores, always, strict=True)]
    data = np.concatenate([line[codes] for line, codes in zip(scores, lines, strict=True)])
    ends = np.cumsum([0, *map(len, lines)])
    matrix = sparse.csr_array((data, np.concatenate(lines), ends), shape=scores.shape)
    return KeptScores(matrix, scores.sum(axis=1), scores.max(axis=1))


def kept_of_few(scores: sparse.csr_array, always: Sequence[Codes]) -> KeptScores:
    """Do the same where most scores are zero and none is below. The ``KEPT`` strongest stay."""
    lines, data = [], []
    for number, codes in enumerate(always):
        part = slice(scores.indptr[number], scores.indptr[number + 1])
        line, values = scores.indices[part], scores.data[part]
        if len(values) > KEPT:
            least = np.partition(values, len(values) - KEPT)[len(values) - KEPT]
            stays = (values >= least) | are_among(line, np.sort(codes))
            line, values = line[stays], values[stays]
        lines.append(line)
        data.append(values)
    ends = np.cumsum([0, *map(len, lines)])
    matrix = sparse.csr_array((np.concatenate(data), np.concatenate(lines), ends), shape=scores.shape)
    return KeptScores(matrix, np.asarray(scores.sum(axis=1)).ravel(), scores.max(axis=1).toarray().ravel())


def _strongest(line: Floats, always: Codes) -> Codes:
    sample = line[::SAMPLED].copy()
    sample[always[always % SAMPLED == 0] // SAMPLED] = 0
    least = np.partition(sample, max(0, len(sample) - KEPT // SAMPLED))[max(0, len(sample) - KEPT // SAMPLED)]
    is_kept = line > max(least, 0)
    is_kept[always] = line[always] > 0
    return np.flatnonzero(is_kept)


def over(matrix: sparse.csr_array, divisors: Floats) -> sparse.csr_array:
    """Return each line divided by a number of its own; by next to nothing where that is zero."""
    each = np.repeat(np.maximum(divisors, SMALLEST), np.diff(matrix.indptr)).astype(np.float32)
    return sparse.csr_array((matrix.data / each, matrix.indices, matrix.indptr), shape=matrix.shape)


def with_best(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return each line so that its best is 1."""
    return over(matrix, matrix.max(axis=1).toarray().ravel())


def shares(matrix: sparse.csr_array, weight: float) -> sparse.csr_array:
    """Return each line so that it sums to ``weight``."""
    return over(matrix, np.asarray(matrix.sum(axis=1)).ravel()) * np.float32(weight)


def mixed(parts: Sequence[sparse.csr_array], usual: Floats, total: float) -> SparseScores:
    """Return the scores that the parts and what sells make together."""
    scale = np.float32(1 / total)
    return SparseScores(sum(parts[1:], parts[0]) * scale, usual * scale)
