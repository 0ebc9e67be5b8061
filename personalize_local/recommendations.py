"""GetRecommendations and GetPersonalizedRanking: a user's visible history against the model of a campaign.

The models are loaded with the first request: SciPy takes half of a start, and many services never answer one.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from personalize_local import metadata_columns
from personalize_local.control.campaigns import CampaignControl
from personalize_local.control.filters import FilterControl
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.control.solutions import SolutionControl
from personalize_local.data.stores import ITEMS, USERS, Stores
from personalize_local.errors import InvalidInput, NotServed
from personalize_local.filters.evaluation import Selection
from personalize_local.region import region_of
from personalize_local.toggles import ACCOUNT_RATE, CAMPAIGN_RATE, Throttle, Toggles
from recommender_models.interactions import Interaction
from recommender_models.selection import EventSelection

if TYPE_CHECKING:
    from recommender_models.models import Model, PopularityCount, SimilarItems, UserPersonalization

DEFAULT_RESULTS, MOST_RESULTS = 25, 500
NOT_SERVED = ("recommenderArn", "promotions")
RECENT = 20_000  # lists that are remembered, for whoever watches the service
ATTRIBUTABLE = 200_000  # lists whose campaign is remembered
Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecentList:
    """One list that was given to a user, in the names of GetRecommendations; ``given_at`` in epoch seconds."""

    number: int
    userId: str
    recommendationId: str
    items: tuple[str, ...]
    given_at: float


class Recommendations:
    """The campaigns' data plane."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        *,
        solutions: SolutionControl,
        campaigns: CampaignControl,
        filters: FilterControl,
        throttle: Throttle,
        toggles: Toggles,
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._solutions = solutions
        self._campaigns = campaigns
        self._filters = filters
        self._throttle = throttle
        self._toggles = toggles
        self._models: dict[Resource, Model] = {}
        self._recent: deque[RecentList] = deque(maxlen=RECENT)
        self._given = 0
        self._campaign_by_list: OrderedDict[str, str] = OrderedDict()

    def get_recommendations(self, request: Request) -> dict[str, Any]:
        """Return ``itemList`` (best first) and ``recommendationId``; an unknown user gets the popular items.

        Raises InvalidInput, ResourceNotFound (no such campaign, or not ACTIVE), Throttling, NotServed.
        """
        from recommender_models.models import PersonalizedRanking, SimilarItems, UserPersonalization

        _refuse_not_served(request)
        if "campaignArn" not in request:
            raise InvalidInput("campaignArn is required")
        version = self._serving(request, "GetRecommendations")
        model = self._model(version)
        if isinstance(model, PersonalizedRanking):
            raise InvalidInput("The recipe of this campaign ranks: use GetPersonalizedRanking")
        columns = self._columns(request, version)
        limit = request.get("numResults") or DEFAULT_RESULTS
        most = metadata_columns.MOST_RESULTS if columns else MOST_RESULTS
        if not 0 < limit <= most:
            raise InvalidInput(f"numResults must be at most {most}{' with metadataColumns' if columns else ''}")
        if isinstance(model, SimilarItems):
            items = self._similar(request, version, model, limit)
        else:
            items = self._personal(request, version, model, limit)
        # The service gives no scores for Similar-Items, SIMS and Popularity-Count (Developer Guide, "Scores").
        answer = self._answer(request, "itemList", items, with_scores=isinstance(model, UserPersonalization))
        self._add_metadata(answer["itemList"], columns, version)
        if request.get("userId"):
            self._remember(request["userId"], answer["recommendationId"], items)
        return answer

    def recent(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return at most ``limit`` of the newest lists whose number is above ``after``, in order."""
        return [asdict(one) for one in self._recent if one.number > after][:limit]

    def campaign_of(self, recommendation_id: str) -> str | None:
        """Return the ARN of the campaign that gave a list, None for one that is not remembered."""
        return self._campaign_by_list.get(recommendation_id)

    def _remember_campaign(self, recommendation_id: str, campaign_arn: str) -> None:
        self._campaign_by_list[recommendation_id] = campaign_arn
        if len(self._campaign_by_list) > ATTRIBUTABLE:
            self._campaign_by_list.popitem(last=False)

    def terms(self, campaign_arn: str, user_id: str, items: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return why the items have their scores for a user now, in the terms of the model.

        Not one of AWS's operations. Empty for a recipe whose model has no such terms. Raises ResourceNotFound.
        """
        from recommender_models.models import UserPersonalization
        from recommender_models.models.terms import terms

        version = self._campaigns.serving(campaign_arn)
        model = self._model(version)
        if not isinstance(model, UserPersonalization):
            return {}
        user = self._stores.records(version.description["datasetGroupArn"], USERS).get(user_id)
        own = _events(version, self._history(version, user_id))
        return {item: asdict(each) for item, each in terms(model, own, items, user).items()}

    def _remember(self, user_id: str, recommendation_id: str, items: list[tuple[str, float]]) -> None:
        self._given += 1
        listed = tuple(item for item, _ in items)
        self._recent.append(RecentList(self._given, user_id, recommendation_id, listed, self._registry.now()))

    def _personal(
        self, request: Request, version: Resource, model: "UserPersonalization | PopularityCount", limit: int
    ) -> list[tuple[str, float]]:
        user_id = _required(request, "userId")
        own = self._history(version, user_id)
        chosen = self._selection(request, version, own, user_id)
        user = self._stores.records(version.description["datasetGroupArn"], USERS).get(user_id)
        return model.recommend(_events(version, own), limit, user=user, selection=chosen)

    def _similar(
        self, request: Request, version: Resource, model: "SimilarItems", limit: int
    ) -> list[tuple[str, float]]:
        item, user_id = _required(request, "itemId"), request.get("userId")
        own = self._history(version, user_id) if user_id else []
        chosen = self._selection(request, version, own, user_id)
        return model.similar(item, limit, selection=chosen)

    def get_personalized_ranking(self, request: Request) -> dict[str, Any]:
        """Return ``personalizedRanking``: the items of ``inputList``, best first, unknown ones at the end.

        Raises InvalidInput, ResourceNotFound, Throttling, NotServed.
        """
        from recommender_models.models import PersonalizedRanking

        _refuse_not_served(request)
        version = self._serving(request, "GetPersonalizedRanking")
        columns = self._columns(request, version)
        model = self._model(version)
        if not isinstance(model, PersonalizedRanking):
            raise InvalidInput("The recipe of this campaign does not rank: use GetRecommendations")
        user_id, group = request["userId"], version.description["datasetGroupArn"]
        own = self._history(version, user_id)
        candidates = list(dict.fromkeys(request["inputList"]))
        if chosen := self._selection(request, version, own, user_id):
            candidates = [item for item in candidates if chosen.allows(item)]
        user = self._stores.records(group, USERS).get(user_id)
        ranked = model.rank(_events(version, own), candidates, user=user)
        answer = self._answer(request, "personalizedRanking", ranked)
        self._add_metadata(answer["personalizedRanking"], columns, version)
        return answer

    def _serving(self, request: Request, operation: str) -> Resource:
        campaign = request["campaignArn"]
        version = self._campaigns.serving(campaign)
        if self._toggles.throttling:
            self._throttle.take(CAMPAIGN_RATE, operation, campaign)
            self._throttle.take(ACCOUNT_RATE, "account", region_of(campaign))
        return version

    def _columns(self, request: Request, version: Resource) -> list[str]:
        dataset = self._stores.dataset(version.description["datasetGroupArn"], ITEMS)
        known = self._stores.columns(dataset) if dataset else {}
        return metadata_columns.requested(request, self._campaigns.configuration(request["campaignArn"]), known)

    def _add_metadata(self, listed: list[dict[str, Any]], columns: list[str], version: Resource) -> None:
        if columns:
            items = self._stores.records(version.description["datasetGroupArn"], ITEMS)
            for entry in listed:
                entry["metadata"] = metadata_columns.beside(items.get(entry["itemId"]), columns)

    def _history(self, version: Resource, user_id: str) -> list[Interaction]:
        history = self._stores.history(version.description["datasetGroupArn"])
        return history.for_user(user_id, self._registry.now()) if history else []

    def _selection(
        self, request: Request, version: Resource, own: list[Interaction], user_id: str | None
    ) -> Selection | None:
        if "filterArn" not in request:
            if "filterValues" in request:
                raise InvalidInput("filterValues needs a filterArn")
            return None
        group = version.description["datasetGroupArn"]
        bound = self._filters.bound(request["filterArn"], group, request.get("filterValues", {}))
        user = self._stores.records(group, USERS).get(user_id or "")
        return bound.select(self._stores.records(group, ITEMS), own, user, request.get("itemId"))

    def _model(self, version: Resource) -> "Model":
        from recommender_models import models

        if version not in self._models:
            served = self._campaigns.served()
            self._models = {
                known_version: model for known_version, model in self._models.items() if known_version in served
            }
            self._models[version] = models.load(self._solutions.folder(version) / "model")
        return self._models[version]

    def _answer(
        self, request: Request, key: str, items: list[tuple[str, float]], *, with_scores: bool = True
    ) -> dict[str, Any]:
        listed = [{"itemId": item, "score": score} if with_scores else {"itemId": item} for item, score in items]
        recommendation_id = f"RID-{self._registry.new_id()}"
        self._remember_campaign(recommendation_id, request["campaignArn"])
        return {key: listed, "recommendationId": recommendation_id}


def _events(version: Resource, own: list[Interaction]) -> list[tuple[str, float, float]]:
    weighted = EventSelection.of(version.description).weigh(own)
    return [(interaction.item, interaction.time, weight) for interaction, weight in weighted]


def _required(request: Request, key: str) -> str:
    if not request.get(key):
        raise InvalidInput(f"{key} is required by the recipe of this campaign")
    return str(request[key])


def _refuse_not_served(request: Request) -> None:
    for option in NOT_SERVED:
        if option in request:
            raise NotServed(f"{option} is not served locally")
