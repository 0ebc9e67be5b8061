"""Items that gain popularity: by how much more often they occur in one interval than in the one before.

    trend(item) = (new - old) / sqrt(new + old)

the increase in units of what chance alone would make of it, so that 2 → 20 is more than 100 → 130, and 0 → 1 is little.
Without any item that gains, the popular ones come (Developer Guide, "Trending-Now recipe"). That page says "rate of
increase" and no formula: this one is ours.
"""

from collections.abc import Mapping

import numpy as np

from recommender_models.models.lists import Catalogue
from recommender_models.models.popularity_count import PopularityCount
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet

Counts = Mapping[str, float]


class TrendingNow(PopularityCount):
    """Trained counts, which ``at`` combines with the newest interactions."""

    kind = "trending-now"

    @classmethod
    def fit(cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings) -> "TrendingNow":
        """Count interactions by weight; neither users nor settings matter."""
        counted = PopularityCount.fit(rows, users, items, settings)
        return cls(counted.catalogue, counted.shares)

    def at(self, new: Counts, old: Counts) -> PopularityCount:
        """Return the list of a moment; ``new``, ``old``: how often items occur in the last interval and before it.

        Items that the training did not know are in it, too. An item that gains comes before all that do not.
        """
        unknown = sorted(new.keys() - self.catalogue.code.keys())
        catalogue = Catalogue([*self.catalogue.ids, *unknown])
        scores = np.concatenate([self.shares, np.full(len(unknown), self.shares.min())])
        for item, count in new.items():
            before = old.get(item, 0.0)
            if count > before:
                scores[catalogue.code[item]] += 1 + (count - before) / np.sqrt(count + before)
        return PopularityCount(catalogue, scores / scores.sum())
