"""What sells when each user in the test is asked, where they are asked at moments of their own."""

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recommender_models.models.popularity_over_time import PopularityOverTime
from recommender_models.models.segments import Properties
from recommender_models.training_set import Floats

KEPT = 128 * 2**20  # bytes of shares: those of all users in a small test, which many settings ask for
BLOCK = 256


class PopularNow:
    """``moments``: when each user is asked; ``properties``: of each of them, or None: what everybody takes.

    ``kept``: bytes.
    """

    def __init__(
        self,
        over_time: PopularityOverTime,
        moments: npt.NDArray[np.int64],
        properties: Sequence[Properties | None] | None = None,
        kept: int = KEPT,
    ) -> None:
        self._over_time, self._moments, self._properties = over_time, moments, properties
        # Each time, the window slides past all events: for many users at once, and what they got is kept.
        self._at_once = max(1, kept // (4 * BLOCK * max(1, over_time.items))) * BLOCK
        self._shares = functools.lru_cache(maxsize=1)(self._counted)

    def __call__(self, lines: slice) -> Floats:
        """Return shares, users by items, not to be changed; ``lines`` lie within one block of 256 users."""
        first = lines.start // self._at_once * self._at_once
        return self._shares(first)[lines.start - first : lines.stop - first]

    def _counted(self, first: int) -> Floats:
        some = slice(first, first + self._at_once)
        properties = None if self._properties is None else self._properties[some]
        return self._over_time.shares(self._moments[some], properties)
