"""GetActionRecommendations: the actions of a dataset group, by how likely a user is to take them.

https://docs.aws.amazon.com/personalize/latest/dg/get-action-recommendations.html and actions-datasets.html: expired
actions are left out, and so are those that the user has interacted with less than REPEAT_FREQUENCY days ago; of equally
likely ones that with the greater VALUE comes first.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from personalize_local.control.registry import Registry
from personalize_local.data.stores import ACTION_INTERACTIONS, ACTIONS, Stores
from personalize_local.errors import InvalidInput
from personalize_local.given_lists import GivenLists
from personalize_local.serving import Endpoints
from personalize_local.toggles import Throttle, Toggles
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
        given: GivenLists,
        throttle: Throttle,
        toggles: Toggles,
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._endpoints = endpoints
        self._given = given
        self._throttle = throttle
        self._toggles = toggles

    def get_action_recommendations(self, request: Request) -> dict[str, Any]:
        """Return ``actionList`` (best first) and ``recommendationId``.

        An action that the training had too few outcomes of has the score 0. Raises InvalidInput (a filter, too, which
        is one for items here), ResourceNotFound, Throttling.
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
        if "filterArn" in request or "filterValues" in request:
            raise InvalidInput("Filters for actions are not supported locally")
        if not request.get("userId"):
            raise InvalidInput(f"userId is required by the recipe {endpoint.recipe}")
        scores = model.propensities(self._items(endpoint.group, request["userId"]))
        actions = dict(self._open_actions(endpoint.group, request["userId"]))
        best = sorted(actions, key=lambda each: (-scores.get(each, 0.0), -(actions[each].get("VALUE") or 0), each))
        recommendation_id = f"RID-{self._registry.new_id()}"
        self._given.add(recommendation_id, endpoint.arn)
        listed = [{"actionId": action, "score": scores.get(action, 0.0)} for action in best[:limit]]
        return {"actionList": listed, "recommendationId": recommendation_id}

    def _items(self, group: str, user_id: str) -> list[str]:
        history = self._stores.history(group)
        own = history.for_user(user_id, self._registry.now()) if history else []
        return [interaction.item for interaction in own]

    def _open_actions(self, group: str, user_id: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the actions that may be recommended to a user now, with their properties."""
        now, last = self._registry.now(), self._last_interactions(group, user_id)
        for action, properties in self._stores.records(group, ACTIONS).items():
            expires, days = properties.get("ACTION_EXPIRATION_TIMESTAMP"), properties.get("REPEAT_FREQUENCY")
            waits = days is not None and now < last.get(action, -DAY * 1e6) + days * DAY
            if not waits and (expires is None or now < expires):
                yield action, properties

    def _last_interactions(self, group: str, user_id: str) -> dict[str, float]:
        dataset = self._stores.dataset(group, ACTION_INTERACTIONS)
        if dataset is None:
            return {}
        own = self._stores.history_for(dataset).for_user(user_id, self._registry.now())
        return {interaction.item: interaction.time for interaction in own}
