"""How wide the lists reach: over the catalogue, away from what everybody has, and to how many users."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from recommender_models.training_set import Codes

TOP = 20


@dataclass(frozen=True)
class BeyondAccuracy:
    """``coverage``: distinct items in lists by the items with interactions; ``coverage_of_catalogue``: by the Items
    dataset's, too. ``novelty``: mean of -log2 of an item's share of all interactions, bits. ``user_coverage``: users
    with a full list. ``share_of_top``: places taken by the 20 most popular items. ``commonest_first``: share of lists
    that begin with the same item.
    """

    coverage: float
    coverage_of_catalogue: float
    novelty: float
    user_coverage: float
    share_of_top: float
    commonest_first: float

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
    distinct = np.unique(shown)
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
    )
