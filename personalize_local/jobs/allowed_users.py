"""Which users a filter lets through to the segments of a job, by their properties or by the types of their events.

https://docs.aws.amazon.com/personalize/latest/dg/user-segment-filter-examples.html. A user counts if one of their
interactions with any item is of the type. The interactions are those of the training, as the segments' are.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from personalize_local.filters.evaluation import BoundExpression, type_key
from personalize_local.filters.search import Catalogue
from personalize_local.jobs.filter_spec import Bind, Values
from recommender_models.interactions import NO_TYPE, InteractionColumns

Mask = npt.NDArray[np.bool_]
KEPT = 64  # masks for different values


class AllowedUsers:
    """The users of a training that a filter lets through, by the values of a line."""

    def __init__(
        self, bind: Bind, records: Catalogue, interactions: InteractionColumns, user_ids: Sequence[str]
    ) -> None:
        """``records``: the users' properties. ``user_ids``: in the order of the masks."""
        self._bind = bind
        self._records = records
        self._by_type = users_by_type(interactions)
        self._user_ids = user_ids
        self._mask = lru_cache(KEPT)(self._mask_of)

    def mask(self, values: Values) -> Mask:
        """Return whether each user passes. Raises InvalidInput for values that do not fit."""
        return self._mask(self._bind(values))

    def _mask_of(self, bound: BoundExpression) -> Mask:
        selection = bound.among(self._records, self._by_type)
        return np.array([selection.allows(user) for user in self._user_ids], dtype=np.bool_)


def users_by_type(interactions: InteractionColumns) -> Mapping[str, frozenset[str]]:
    """Return case-folded event type -> the users with an event of it; the type of an event without one is empty."""
    by_type: dict[str, frozenset[str]] = {}
    for code, event_type in ((NO_TYPE, ""), *enumerate(interactions.event_types)):
        users = np.unique(interactions.users[interactions.types == code]).tolist()
        key = type_key(event_type)
        by_type[key] = by_type.get(key, frozenset()) | {interactions.user_ids[user] for user in users}
    return by_type
