"""GetActionRecommendations: the actions of a dataset group, by how likely a user is to take them.

https://docs.aws.amazon.com/personalize/latest/dg/get-action-recommendations.html and actions-datasets.html: expired
actions are left out, and so are those that the user has interacted with less than REPEAT_FREQUENCY days ago; of equally
likely ones that with the greater VALUE comes first. Filters are those of action-recommendation-filter-examples.html.
"""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from personalize_local.control.filters import FilterControl
from personalize_local.control.registry import Registry
from personalize_local.data.stores import ACTION_INTERACTIONS, ACTIONS, USERS, Stores
from personalize_local.errors import InvalidInput
from personalize_local.filters.evaluation import MOST_RECENT_ACTIONS, Selection
from personalize_local.given_lists import GivenLists
from personalize_local.serving import Endpoints
from personalize_local.toggles import Throttle, Toggles
from personalize_rules.filters.syntax import FOR_ACTIONS
from recommender_models.interactions import Interaction
from recommender_models.settings import DAY

DEFAULT_RESULTS, MOST_RESULTS = 5, 100
Request = dict[str, Any]


class ActionRecommendations:
    """The data plane of campaigns of aws-next-best-action."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        *,
        endpoints: Endpoints,
        filters: FilterControl,
        given: GivenLists,
        throttle: Throttle,
        toggles: Toggles,
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._endpoints = endpoints
        self._filters = filters
        self._given = given
        self._throttle = throttle
        self._toggles = toggles

    def get_action_recommendations(self, request: Request) -> dict[str, Any]:
        """Return ``actionList`` (best first) and ``recommendationId``.

        An action that the training had too few outcomes of has the score 0. Raises InvalidInput, ResourceNotFound,
        Throttling.
        """
        from recommender_models.models import NextBestAction

        endpoint = self._endpoints.of(request)
        if self._toggles.throttling:
            self._throttle.take_list("GetActionRecommendations", endpoint.arn)
        model = self._endpoints.model(endpoint)
        if not isinstance(model, NextBestAction):
            raise InvalidInput("The recipe of this campaign recommends no actions: use GetRecommendations")
        limit = request.get("numResults") or DEFAULT_RESULTS
        if not 0 < limit <= MOST_RESULTS:
            raise InvalidInput(f"numResults must be at most {MOST_RESULTS}")
        if not request.get("userId"):
            raise InvalidInput(f"userId is required by the recipe {endpoint.recipe}")
        own = self._own_interactions(endpoint.group, request["userId"])
        chosen = self._selection(request, endpoint.group, own)
        scores = model.propensities(self._items(endpoint.group, request["userId"]))
        actions = {action: each for action, each in self._open_actions(endpoint.group, own) if chosen.allows(action)}
        best = sorted(actions, key=lambda each: (-scores.get(each, 0.0), -(actions[each].get("VALUE") or 0), each))
        recommendation_id = f"RID-{self._registry.new_id()}"
        self._given.add(recommendation_id, endpoint.arn)
        listed = [{"actionId": action, "score": scores.get(action, 0.0)} for action in best[:limit]]
        return {"actionList": listed, "recommendationId": recommendation_id}

    def _items(self, group: str, user_id: str) -> list[str]:
        history = self._stores.history(group)
        own = history.for_user(user_id, self._registry.now()) if history else []
        return [interaction.item for interaction in own]

    def _selection(self, request: Request, group: str, own: list[Interaction]) -> Selection:
        """Return the actions that the request's filter lets through: all without one."""
        if "filterArn" not in request:
            if "filterValues" in request:
                raise InvalidInput("filterValues needs a filterArn")
            return Selection()
        bound = self._filters.bound(request["filterArn"], group, request.get("filterValues", {}), FOR_ACTIONS)
        user = self._stores.records(group, USERS).get(request["userId"])
        return bound.select(self._stores.records(group, ACTIONS), own, user, most_recent=MOST_RECENT_ACTIONS)

    def _open_actions(self, group: str, own: list[Interaction]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the actions that may be recommended to a user with these interactions now, with their properties."""
        in_time_order = sorted(own, key=attrgetter("time"))  # and not as they came
        now, last = self._registry.now(), {interaction.item: interaction.time for interaction in in_time_order}
        for action, properties in self._stores.records(group, ACTIONS).items():
            expires, days = properties.get("ACTION_EXPIRATION_TIMESTAMP"), properties.get("REPEAT_FREQUENCY")
            waits = days is not None and now < last.get(action, -DAY * 1e6) + days * DAY
            if not waits and (expires is None or now < expires):
                yield action, properties

    def _own_interactions(self, group: str, user_id: str) -> list[Interaction]:
        """Return a user's interactions with actions, which are the items of these."""
        dataset = self._stores.dataset(group, ACTION_INTERACTIONS)
        return self._stores.history_for(dataset).for_user(user_id, self._registry.now()) if dataset else []
