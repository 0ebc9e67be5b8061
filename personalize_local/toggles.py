"""Production limits, each of which can be disabled, also while the service runs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from faults.token_bucket import TokenBucket
from personalize_local.errors import Throttling
from personalize_local.region import region_of

# Amazon Personalize, quotas: calls per second. Those of PutItems and PutUsers cannot be raised.
EVENTS_RATE = 1000.0  # PutEvents, per dataset group
RECORDS_RATE = 10.0  # PutUsers and PutItems, each per dataset group
CAMPAIGN_RATE = 500.0  # GetRecommendations, GetPersonalizedRanking and GetActionRecommendations, each per campaign
ACCOUNT_RATE = 2500.0  # all together


@dataclass
class Toggles:
    """``throttling``: the real rates apply. ``deduplication``: a repeated event id counts once in training.
    ``same_second_merging``: equal events of one second count once. ``length_limits``: over-long fields are refused.
    ``minimums``: a training on too little data and an import of too few rows fail.
    ``resource_quotas``: there are no more resources than AWS allows at first; off by default, because a service that
    many tests use has more than five dataset groups."""

    throttling: bool = True
    deduplication: bool = True
    same_second_merging: bool = True
    length_limits: bool = True
    minimums: bool = True
    resource_quotas: bool = False


ON_BY_DEFAULT = tuple(name for name, value in asdict(Toggles()).items() if value)


class Throttle:
    """A rate limit: calls above the rate are refused; up to one second's calls may come at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock()``: seconds."""
        self._clock = clock
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}

    def take(self, rate: float, *key: str) -> None:
        """Count one call against ``rate`` calls a second, the same for each call of a key. Raises Throttling."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(rate, clock=self._clock)
        if bucket.take():
            raise Throttling("Rate exceeded")

    def take_list(self, operation: str, endpoint_arn: str) -> None:
        """Count one call for a list, of a campaign or recommender and of its account. Raises Throttling."""
        self.take(CAMPAIGN_RATE, operation, endpoint_arn)
        self.take(ACCOUNT_RATE, "account", region_of(endpoint_arn))
