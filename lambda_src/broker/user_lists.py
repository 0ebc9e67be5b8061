"""Which list a user is to get: that of the campaign, or in an experiment that of their variant, or none."""

import functools
from collections.abc import Callable, Iterable, Mapping

from broker.clock import Clock
from broker.delivery import is_accepted
from broker.experiment import HOLDOUT, Experiment
from broker.personalize import Campaign
from broker.probe import PROBE
from broker.rate_limit import Calls
from broker.recommendations import Recommendations

REMEMBERED = 50_000  # users whose variant need not be computed again
# Of an ARN of a campaign and one of a filter; None stands for those of all users.
CampaignOf = Callable[[str | None, str | None], Campaign]


class UserLists:
    """The lists of all users; ``campaign`` gives those of users who are in no variant.

    ``campaigns``: what gives the lists of each variant that has any.
    """

    def __init__(
        self,
        campaign: Campaign,
        clock: Clock,
        experiment: Experiment | None = None,
        campaigns: Mapping[str, Campaign] | None = None,
    ) -> None:
        self._campaign = campaign
        self._clock = clock
        self._campaigns = dict(campaigns or {})
        # Asked for the list and for the profile, and again with the user's next refresh.
        self._variants = functools.lru_cache(REMEMBERED)(experiment.variant_of) if experiment else None

    def variant_of(self, mpid: int) -> str | None:
        """Return a user's variant, None without an experiment."""
        return self._variants(mpid) if self._variants else None

    def recommend(self, mpid: int, deadline: float) -> Recommendations:
        """Return a user's list as it is now; it is empty where the service has none. Raises Failure."""
        campaign = self._of(mpid)
        if campaign is None:
            return Recommendations((), None, self._clock.now(), is_withheld=True)
        return campaign.recommend(mpid, deadline)

    def are_accepted(self, mpids: Iterable[int], deadline: float) -> bool:
        """Return whether the campaigns of these users give lists at all. Raises Unavailable, Misconfigured."""
        campaigns = {campaign for campaign in map(self._of, mpids) if campaign}
        return all(is_accepted(functools.partial(campaign.recommend, PROBE, deadline)) for campaign in campaigns)

    def take_calls(self) -> Calls:
        """Return the calls of all campaigns since this was asked last."""
        taken = [campaign.take_calls() for campaign in (self._campaign, *self._campaigns.values())]
        return Calls(sum(calls.made for calls in taken), sum(calls.throttled for calls in taken))

    def _of(self, mpid: int) -> Campaign | None:
        """Return what gives a user's list; None for the holdout that has none."""
        variant = self.variant_of(mpid)
        return self._campaign if variant is None else self._campaigns.get(variant)


def user_lists(campaign_of: CampaignOf, clock: Clock, experiment: Experiment | None) -> UserLists:
    """Return the lists with a campaign for each variant. Variants may share one, and then its rate."""
    own = campaign_of(None, None)
    if experiment is None:
        return UserLists(own, clock)
    found = {name: experiment.list_of(name) for name in (*experiment.variants, HOLDOUT)}
    campaigns = {
        name: campaign_of(variant.campaign_arn, variant.filter_arn)
        if variant.campaign_arn or variant.filter_arn
        else own
        for name, variant in found.items()
        if variant
    }
    return UserLists(own, clock, experiment, campaigns)
