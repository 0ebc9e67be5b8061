"""Amazon Personalize: put events on a tracker, ask a campaign for recommendations. Knows the service's retry rule.

Retrying PutEvents is safe since every event has a stable id: a repeat is not used in training (Event.eventId).
"""

from collections.abc import Sequence
from typing import Any

from broker.clock import Clock
from broker.experiment import Experiment
from broker.failures import Unavailable
from broker.interactions import Interaction, put_events_request
from broker.probe import PROBE
from broker.rate_limit import Calls, RateLimiter
from broker.recommendations import Recommendations, get_recommendations_request, recommendations
from broker.retry import Retry
from broker.speculative_retry import SpeculativeRetry

RETRY = Retry(attempts=4, base=0.2, cap=3.0)


class EventTracker:
    """One event tracker: ``client`` is a boto3 ``personalize-events`` client that does not retry by itself.

    ``pace`` spaces the calls; without one they start at once. ``impatient``: see SpeculativeRetry.
    ``experiment``: whose variants events are credited to.
    """

    def __init__(
        self,
        client: Any,
        tracking_id: str,
        clock: Clock,
        pace: RateLimiter | None = None,
        impatient: Any = None,
        experiment: Experiment | None = None,
    ) -> None:
        self._calls = SpeculativeRetry(client, impatient, pace)
        self._tracking_id = tracking_id
        self._experiment = experiment
        self._clock = clock
        self._pace = pace

    def put(self, interactions: Sequence[Interaction], deadline: float) -> None:
        """Send one request of one to ten interactions of one user and session; all or nothing. Raises Failure."""
        request = put_events_request(interactions, self._tracking_id, self._source(interactions[0].user_id))
        RETRY.call(lambda: self._calls.call("put_events", **request), self._clock, deadline, self._pace)

    def take_calls(self) -> Calls:
        """Return the calls since this was asked last."""
        return self._pace.take_calls() if self._pace else Calls()

    def _source(self, user_id: str) -> str | None:
        """Return what a user's events are credited to; the probe is in no experiment."""
        if self._experiment is None or user_id == PROBE:
            return None
        return self._experiment.source_of(int(user_id))


class Campaign:
    """One campaign: ``client`` is a boto3 ``personalize-runtime`` client that does not retry by itself."""

    def __init__(
        self,
        client: Any,
        campaign_arn: str,
        filter_arn: str | None,
        num_results: int,
        clock: Clock,
        pace: RateLimiter | None = None,
        impatient: Any = None,
        columns: Sequence[str] = (),
    ) -> None:
        """``columns``: of the Items dataset, that come with each item."""
        self._calls = SpeculativeRetry(client, impatient, pace)
        self._request_arguments = campaign_arn, filter_arn, num_results, columns
        self._columns = columns
        self._clock = clock
        self._pace = pace

    def recommend(self, user: int | str, deadline: float) -> Recommendations:
        """Return a user's list as it is now; it is empty where the service has none. Raises Failure."""
        request = get_recommendations_request(user, *self._request_arguments)

        def ask() -> Recommendations:
            asked_at = self._clock.now()
            answer = self._calls.call("get_recommendations", **request)
            if "itemList" not in answer:  # of a reply that broke off, botocore makes one without anything in it
                raise Unavailable("GetRecommendations: half a reply")
            return recommendations(answer, asked_at, self._columns)

        return RETRY.call(ask, self._clock, deadline, self._pace)

    def take_calls(self) -> Calls:
        """Return the calls since this was asked last."""
        return self._pace.take_calls() if self._pace else Calls()
