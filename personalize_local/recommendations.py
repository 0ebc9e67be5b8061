"""GetRecommendations and GetPersonalizedRanking: a user's visible history against the model of an endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from personalize_local import metadata_columns, promotions
from personalize_local.control.filters import FilterControl
from personalize_local.control.registry import Registry
from personalize_local.data.stores import ITEMS, USERS, Stores
from personalize_local.errors import InvalidInput
from personalize_local.exploration import exploration_of
from personalize_local.filters.evaluation import MOST_RECENT, Selection, items_by_type
from personalize_local.given_lists import GivenLists
from personalize_local.serving import Endpoint, Endpoints
from personalize_local.toggles import Throttle, Toggles
from personalize_local.trends import Trends
from recommender_models.interactions import Interaction
from recommender_models.selection import EventSelection

if TYPE_CHECKING:
    from recommender_models.models import Loaded

DEFAULT_RESULTS, MOST_RESULTS = 25, 500
NEEDED: dict[str, tuple[str, ...]] = {  # kind of model -> members
    "similar-items": ("itemId",),
    "semantic-similarity": ("itemId",),
    "trending-now": (),
}
Request = dict[str, Any]
Scored = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Asker:
    """Who asks, and about what: their visible interactions and properties, the item and the context of the request."""

    user_id: str | None
    item_id: str | None
    history: list[Interaction]
    properties: Mapping[str, Any] | None
    context: Mapping[str, str] | None = None


class Recommendations:
    """The data plane of campaigns and recommenders."""

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
        self._trends = Trends(registry, stores)
        self._filters = filters
        self._given = given
        self._throttle = throttle
        self._toggles = toggles

    def get_recommendations(self, request: Request) -> dict[str, Any]:
        """Return ``itemList`` (best first) and ``recommendationId``; an unknown user gets the popular items.

        Raises InvalidInput, ResourceNotFound (no such campaign or recommender, or not ACTIVE), Throttling.
        """
        from recommender_models import models

        endpoint = self._endpoint(request, "GetRecommendations")
        model = self._endpoints.model(endpoint)
        if isinstance(model, models.PersonalizedRanking):
            raise InvalidInput("The recipe of this campaign ranks: use GetPersonalizedRanking")
        if isinstance(model, models.NextBestAction):
            raise InvalidInput("The recipe of this campaign recommends actions: use GetActionRecommendations")
        _require_members(request, endpoint, model)
        columns = self._columns(request, endpoint)
        limit, promotion = _limit(request, columns), promotions.requested(request)
        asker = self._asker(request, endpoint)
        items = self._best(endpoint, model, asker, limit, request)
        recommendation_id = f"RID-{self._registry.new_id()}"
        promoted: Scored = ()
        if promotion:
            promoted = self._best(endpoint, model, asker, promotion.places(limit), promotion.filtered)
            items = promotions.mixed(promoted, items, limit, recommendation_id)
        # The service gives no scores for Similar-Items, SIMS and Popularity-Count (Developer Guide, "Scores").
        listed = _listed(items, with_scores=isinstance(model, models.UserPersonalization))
        if promotion:
            _mark(listed, {item for item, _ in promoted}, promotion.name, endpoint)
        self._add_metadata(listed, columns, endpoint)
        self._given.add(recommendation_id, endpoint.arn)
        if asker.user_id:
            self._given.add_recent(asker.user_id, recommendation_id, [item for item, _ in items], self._registry.now())
        return {"itemList": listed, "recommendationId": recommendation_id}

    def get_personalized_ranking(self, request: Request) -> dict[str, Any]:
        """Return ``personalizedRanking``: the items of ``inputList``, best first, unknown ones at the end.

        Raises InvalidInput, ResourceNotFound, Throttling.
        """
        from recommender_models.models import PersonalizedRanking

        endpoint = self._endpoint(request, "GetPersonalizedRanking")
        model = self._endpoints.model(endpoint)
        if not isinstance(model, PersonalizedRanking):
            raise InvalidInput("The recipe of this campaign does not rank: use GetRecommendations")
        columns = self._columns(request, endpoint)
        asker = self._asker(request, endpoint)
        candidates = list(dict.fromkeys(request["inputList"]))
        if chosen := self._selection(request, endpoint, asker):
            candidates = [item for item in candidates if chosen.allows(item)]
        own = _events(endpoint, asker.history)
        listed = _listed(model.rank(own, candidates, user=asker.properties, context=asker.context))
        self._add_metadata(listed, columns, endpoint)
        recommendation_id = f"RID-{self._registry.new_id()}"
        self._given.add(recommendation_id, endpoint.arn)
        return {"personalizedRanking": listed, "recommendationId": recommendation_id}

    def terms(self, campaign_arn: str, user_id: str, items: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return why the items have their scores for a user now, in the terms of the model.

        Not one of AWS's operations. Empty for a recipe whose model has no such terms. Raises ResourceNotFound.
        """
        from recommender_models.models import UserPersonalization
        from recommender_models.models.terms import terms

        endpoint = self._endpoints.campaign(campaign_arn)
        model = self._endpoints.model(endpoint)
        if not isinstance(model, UserPersonalization):
            return {}
        asker = self._asker({"userId": user_id}, endpoint)
        found = terms(model, _events(endpoint, asker.history), items, asker.properties)
        return {item: asdict(each) for item, each in found.items()}

    def _endpoint(self, request: Request, operation: str) -> Endpoint:
        endpoint = self._endpoints.of(request)
        if self._toggles.throttling:
            self._throttle.take_list(operation, endpoint.arn)
        return endpoint

    def _asker(self, request: Request, endpoint: Endpoint) -> Asker:
        user_id = request.get("userId")
        history = self._stores.history(endpoint.group) if user_id else None
        own = history.for_user(user_id or "", self._registry.now()) if history else []
        properties = self._stores.records(endpoint.group, USERS).get(user_id or "")
        return Asker(user_id, request.get("itemId"), own, properties, request.get("context"))

    def _best(
        self, endpoint: Endpoint, model: "Loaded", asker: Asker, limit: int, filtered: Mapping[str, Any]
    ) -> Scored:
        """Return the best items that a filter and the use case let through."""
        from recommender_models import models

        chosen = _without_taken(endpoint, asker, self._selection(filtered, endpoint, asker))
        if isinstance(model, models.SemanticSimilarity):
            influence = endpoint.configuration.get("rankingInfluence")
            return model.similar(asker.item_id or "", limit, selection=chosen, influence=influence)
        if isinstance(model, models.SimilarItems):
            return model.similar(asker.item_id or "", limit, selection=chosen)
        if isinstance(model, models.TrendingNow):
            return self._trends.now(endpoint, model).recommend((), limit, selection=chosen)
        assert isinstance(model, (models.UserPersonalization, models.PopularityCount))  # noqa: S101 - no other comes here
        own = _events(endpoint, asker.history)
        if isinstance(model, models.UserPersonalization):
            model = model.with_exploration(exploration_of(endpoint.recipe, endpoint.configuration))
            return model.recommend(own, limit, user=asker.properties, selection=chosen, context=asker.context)
        return model.recommend(own, limit, user=asker.properties, selection=chosen)

    def _selection(self, filtered: Mapping[str, Any], endpoint: Endpoint, asker: Asker) -> Selection | None:
        if "filterArn" not in filtered:
            if "filterValues" in filtered:
                raise InvalidInput("filterValues needs a filterArn")
            return None
        bound = self._filters.bound(filtered["filterArn"], endpoint.group, filtered.get("filterValues", {}))
        items = self._stores.records(endpoint.group, ITEMS)
        return bound.select(items, asker.history, asker.properties, asker.item_id)

    def _columns(self, request: Request, endpoint: Endpoint) -> list[str]:
        if "metadataColumns" not in request:
            return []
        dataset = self._stores.dataset(endpoint.group, ITEMS)
        known = self._stores.columns(dataset) if dataset else {}
        return metadata_columns.requested(request, endpoint.configuration, known)

    def _add_metadata(self, listed: list[dict[str, Any]], columns: list[str], endpoint: Endpoint) -> None:
        if columns:
            items = self._stores.records(endpoint.group, ITEMS)
            for entry in listed:
                entry["metadata"] = metadata_columns.beside(items.get(entry["itemId"]), columns)


def _require_members(request: Request, endpoint: Endpoint, model: "Loaded") -> None:
    """Raise InvalidInput unless a request has what the use case needs, or the recipe of the campaign."""
    needed = NEEDED.get(model.kind, ("userId",))
    for key in endpoint.use_case.needs if endpoint.use_case else needed:
        if not request.get(key):
            raise InvalidInput(f"{key} is required by the recipe {endpoint.recipe}")


def _limit(request: Request, columns: list[str]) -> int:
    limit: int = request.get("numResults") or DEFAULT_RESULTS
    most = metadata_columns.MOST_RESULTS if columns else MOST_RESULTS
    if not 0 < limit <= most:
        raise InvalidInput(f"numResults must be at most {most}{' with metadataColumns' if columns else ''}")
    return limit


def _without_taken(endpoint: Endpoint, asker: Asker, chosen: Selection | None) -> Selection | None:
    """Return a selection without the items that the use case leaves out: those that the user bought or watched."""
    event_type = endpoint.use_case.leaves_out if endpoint.use_case else None
    if event_type is None:
        return chosen
    taken = frozenset(items_by_type(asker.history, MOST_RECENT).get(event_type.casefold(), ()))
    if not taken:
        return chosen
    return Selection(chosen.included, chosen.excluded, chosen.taken | taken) if chosen else Selection(None, taken)


def _events(endpoint: Endpoint, own: list[Interaction]) -> list[tuple[str, float, float]]:
    weighted = EventSelection.of(endpoint.solution).weigh(own)
    return [(interaction.item, interaction.time, weight) for interaction, weight in weighted]


def _listed(items: Scored, *, with_scores: bool = True) -> list[dict[str, Any]]:
    return [{"itemId": item, "score": score} if with_scores else {"itemId": item} for item, score in items]


def _mark(listed: list[dict[str, Any]], promoted: set[str], name: str | None, endpoint: Endpoint) -> None:
    """Say which items are promoted; only recipes of the second version give reasons (PredictedItem)."""
    for entry in listed:
        if entry["itemId"] in promoted:
            entry |= {"promotionName": name} if name else {}
            entry |= {"reason": ["Promoted item"]} if endpoint.recipe.endswith("-v2") else {}
