"""How wide the lists reach: over the catalogue, away from what everybody has, and to how many users."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from evaluation.task import Task
from recommender_models.training_set import Codes

TOP = 20
HALF = 0.5


@dataclass(frozen=True)
class BeyondAccuracy:
    """``coverage``: distinct items in lists by the items with interactions; ``coverage_of_catalogue``: by the Items
    dataset's, too. ``novelty``: mean of -log2 of an item's share of all interactions, bits. ``user_coverage``: users
    with a full list. ``share_of_top``: places taken by the 20 most popular items. ``commonest_first``: share of lists
    that begin with the same item.

    ``half_of_places``: the fewest items that fill half of the places. ``gini``: how unequal the places are over the
    catalogue: 0 if every item has as many, near 1 if few items have all. ``overlap``: share of the places that two
    users have in common, on average over all pairs of users; NaN of one user.
    """

    coverage: float
    coverage_of_catalogue: float
    novelty: float
    user_coverage: float
    share_of_top: float
    commonest_first: float
    half_of_places: int = 0
    gini: float = 0.0
    overlap: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


def beyond_accuracy(lists: Codes, counts: npt.NDArray[np.integer], catalogue: int, k: int) -> BeyondAccuracy:
    """Measure the first k places. ``counts``: interactions of each item by code; ``catalogue``: items to recommend."""
    head = lists[:, :k]
    shown = head[(head >= 0) & (head < len(counts))]
    if not len(shown):
        return BeyondAccuracy(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    interacted = int((counts > 0).sum())
    distinct, places = np.unique(shown, return_counts=True)
    # An item without interactions counts as if it had half a one: its novelty is large, but finite.
    shares = np.maximum(counts, 0.5) / counts.sum()
    top = np.argsort(-counts, kind="stable")[:TOP]
    first = head[:, 0][head[:, 0] >= 0]
    return BeyondAccuracy(
        coverage=int((counts[distinct] > 0).sum()) / interacted,
        coverage_of_catalogue=len(distinct) / max(catalogue, 1),
        novelty=float(-np.log2(shares[shown]).mean()),
        user_coverage=float((head >= 0).all(axis=1).mean()),
        share_of_top=float(np.isin(shown, top).mean()),
        commonest_first=float(np.bincount(first).max() / len(head)) if len(first) else 0.0,
        half_of_places=_half_of_places(places),
        gini=_gini(places, max(catalogue, len(distinct))),
        overlap=_overlap(head),
    )


def reachable_recall(task: Task, task_name: str) -> float:
    """Return the highest mean recall that learning from interactions can reach: items without any are out of reach."""
    truth = task.truth_for(task_name)
    if not len(truth):
        return 0.0
    in_truth = np.bincount(truth.users, minlength=task.users)
    known = np.bincount(truth.users[truth.items < task.trained_items], minlength=task.users)
    return float((known[in_truth > 0] / in_truth[in_truth > 0]).mean())


def _half_of_places(places: npt.NDArray[np.integer]) -> int:
    taken = np.cumsum(np.sort(places)[::-1])
    return int(np.searchsorted(taken, taken[-1] * HALF)) + 1


def _gini(places: npt.NDArray[np.integer], catalogue: int) -> float:
    """Return the Gini coefficient over the whole catalogue: Σ (2i - n - 1) x_i / (n Σ x), with x in rising order."""
    rank = np.arange(catalogue - len(places) + 1, catalogue + 1)  # the others are before, with no place at all
    return float(((2 * rank - catalogue - 1) * np.sort(places)).sum() / (catalogue * places.sum()))


def _overlap(head: Codes) -> float:
    """Return the mean over all pairs of users at once: an item of c lists is common to c · (c - 1) ordered pairs."""
    users, k = head.shape
    if users == 1:
        return float("nan")
    _, lists = np.unique(head[head >= 0], return_counts=True)
    return float((lists * (lists - 1.0)).sum() / (users * (users - 1.0)) / k)
