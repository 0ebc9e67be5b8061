"""GetRecommendations for a campaign: a shopper's visible history against the model that the campaign serves."""

from collections.abc import Callable
from typing import Any

from personalize_local.control.campaigns import CampaignControl
from personalize_local.control.registry import Registry
from personalize_local.control.solutions import model_of
from personalize_local.errors import InvalidInput, NotServed
from personalize_local.data.events import Events
from personalize_local.learning.selection import EventSelection

DEFAULT_RESULTS, MOST_RESULTS = 25, 500
NOT_SERVED = ("recommenderArn", "filterArn", "filterValues", "promotions", "metadataColumns")


class Recommendations:
    """The campaigns' data plane."""

    def __init__(
        self, registry: Registry, campaigns: CampaignControl, events: Events, new_id: Callable[[], str]
    ) -> None:
        self._registry = registry
        self._campaigns = campaigns
        self._events = events
        self._new_id = new_id

    def get_recommendations(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return ``itemList`` (best first) and ``recommendationId``; an unknown user gets the popular items.

        Raises InvalidInput, ResourceNotFound (no such campaign, or not ACTIVE), NotServed (filters, promotions, …).
        """
        _check(request)
        version = self._campaigns.serving(request["campaignArn"])
        store = self._events.interactions_of(version.view["datasetGroupArn"])
        own = store.of_user(request["userId"], self._registry.now()) if store else []
        weighted = EventSelection.of(version.view).weigh(own)
        history = [(interaction.item, interaction.time, weight) for interaction, weight in weighted]
        items = model_of(version).recommend(history, request.get("numResults") or DEFAULT_RESULTS)
        listed = [{"itemId": item, "score": score} for item, score in items]
        return {"itemList": listed, "recommendationId": f"RID-{self._new_id()}"}


def _check(request: dict[str, Any]) -> None:
    for option in NOT_SERVED:
        if option in request:
            raise NotServed(f"{option} is not served locally")
    if "campaignArn" not in request:
        raise InvalidInput("campaignArn is required")
    if not request.get("userId"):
        raise InvalidInput("userId is required by the recipe of this campaign")
    if request.get("numResults", 0) > MOST_RESULTS:
        raise InvalidInput(f"numResults must be at most {MOST_RESULTS}")
