"""Every metric of a recommender's lists, one value per user: intervals and slices are computed from these rows.

The formulas are in ``recommender_models.metrics``. NDCG is the usual one; ``ndcg_personalize`` is Amazon Personalize's,
which divides by the ideal of the hits in the list. MAP is TREC's: over all relevant items, also those beyond the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation import constants
from evaluation.scoring.metric import Metric
from evaluation.task import Pairs
from recommender_models import metrics as kernel
from recommender_models.metrics import Codes, Hits, Values

KS, PERSONALIZE_KS = constants.KS, constants.PERSONALIZE_KS
PLACES = max(KS)
BLOCK = 5_000  # users at a time: what is searched stays in the processor's cache, which is four times as fast


@dataclass(frozen=True, eq=False)
class Scores:
    """``values``: metric → one value for each of ``users`` (places among the test users: those with a truth)."""

    users: Codes
    values: Mapping[Metric, npt.NDArray[np.float32]]

    def means(self) -> dict[Metric, float]:
        """Return the mean of each metric over the users."""
        return {metric: float(values.mean(dtype=np.float64)) for metric, values in self.values.items()}


def usable_ks(candidates: int) -> tuple[int, ...]:
    """Return the k below the number of items to choose from: at or above it, all lists are equal."""
    return tuple(k for k in KS if k < candidates)


def score(lists: Codes, truth: Pairs, ks: Sequence[int] = KS) -> Scores:
    """Score lists (users by places, -1 for none, no item twice in a list) by the truth, pairs sorted by user."""
    per_user = np.bincount(truth.users, minlength=len(lists))
    users = np.flatnonzero(per_user)
    blocks = []
    for start in range(0, len(lists), BLOCK):
        stop = min(start + BLOCK, len(lists))
        part = slice(*np.searchsorted(truth.users, (start, stop)))
        hits, relevant = kernel.hits(lists[start:stop], truth.users[part] - start, truth.items[part])
        with_truth = relevant > 0
        blocks.append(hit_metrics(hits[with_truth], relevant[with_truth], ks))
    values = {metric: np.concatenate([block[metric] for block in blocks]) for metric in blocks[0]} if blocks else {}
    return Scores(users, values)


def hit_metrics(hits: Hits, relevant: Codes, ks: Sequence[int] = KS) -> dict[Metric, npt.NDArray[np.float32]]:
    """Return each metric's values, one a line of hits; ``relevant``: how many items were to be found, above zero."""
    values: dict[Metric, Values] = {}
    counts, precisions = np.cumsum(hits, axis=1), _summed_precisions(hits)
    for k in ks:
        count = counts[:, min(k, hits.shape[1]) - 1]
        values[Metric("hit_rate", k)] = (count > 0).astype(np.float64)
        values[Metric("precision", k)] = count / k
        values[Metric("recall", k)] = count / relevant
        values[Metric("mrr", k)] = kernel.reciprocal_rank(hits[:, :k])
        values[Metric("map", k)] = precisions[:, min(k, hits.shape[1]) - 1] / relevant
        values[Metric("ndcg", k)] = kernel.ndcg(hits, relevant, k)
        if k in PERSONALIZE_KS:
            values[Metric("ndcg_personalize", k)] = kernel.ndcg_hits_only(hits, k)
    return {metric: value.astype(np.float32) for metric, value in values.items()}


def _summed_precisions(hits: Hits) -> Values:
    """Return for each place the sum of the precisions at the hits up to it."""
    ranks = np.arange(1, hits.shape[1] + 1)
    return np.cumsum(np.where(hits, np.cumsum(hits, axis=1) / ranks, 0.0), axis=1)


def personalize(scores: Scores, coverage: float) -> dict[str, float]:
    """Return the means under the names of GetSolutionMetrics, of the metrics whose k could be used."""
    named = {Metric("mrr", 25): "mean_reciprocal_rank_at_25"}
    for k in PERSONALIZE_KS:
        named[Metric("ndcg_personalize", k)] = f"normalized_discounted_cumulative_gain_at_{k}"
        named[Metric("precision", k)] = f"precision_at_{k}"
    means = scores.means()
    return {"coverage": coverage} | {name: means[metric] for metric, name in named.items() if metric in means}
