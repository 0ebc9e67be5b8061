"""What is trending: the lists of aws-trending-now, from the newest interactions of a dataset group.

https://docs.aws.amazon.com/personalize/latest/dg/native-recipe-trending-now.html. The last interval ends now, and lists
are made again after a sixtieth of it, where AWS evaluates after each interval, or after two hours.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.control.trend_frequency import interval
from personalize_local.data.stores import Stores
from personalize_local.serving import Endpoint
from recommender_models.interactions import Interaction
from recommender_models.selection import EventSelection

if TYPE_CHECKING:
    from recommender_models.models import PopularityCount, TrendingNow

STEPS = 60  # of an interval, after each of which a list is made again


class Trends:
    """The newest list of each trained model."""

    def __init__(self, registry: Registry, stores: Stores) -> None:
        self._registry = registry
        self._stores = stores
        self._lists: WeakKeyDictionary[Resource, tuple[float, PopularityCount]] = WeakKeyDictionary()

    def now(self, endpoint: Endpoint, model: "TrendingNow") -> "PopularityCount":
        """Return the list of a campaign or a recommender now."""
        seconds = interval(endpoint.solution)
        end = self._registry.now() // (seconds / STEPS) * (seconds / STEPS)
        made, listed = self._lists.get(endpoint.trained, (None, None))
        if listed is None or made != end:
            new, old = (self._counts(endpoint, end - seconds * age, seconds) for age in (0, 1))
            listed = model.at(new, old)
            self._lists[endpoint.trained] = end, listed
        return listed

    def _counts(self, endpoint: Endpoint, end: float, seconds: float) -> dict[str, float]:
        history = self._stores.history(endpoint.group)
        found = history.between(end - seconds, end, self._registry.now()) if history else ()
        return _weighed(endpoint, found)


def _weighed(endpoint: Endpoint, interactions: Iterable[Interaction]) -> dict[str, float]:
    counts: dict[str, float] = defaultdict(float)
    for interaction, weight in EventSelection.of(endpoint.solution).weigh(interactions):
        counts[interaction.item] += weight
    return counts
