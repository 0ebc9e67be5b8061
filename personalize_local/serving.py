"""What answers a request: the trained model behind a campaign or a recommender, with the rules that it serves by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personalize_local.control.campaigns import CampaignControl
from personalize_local.control.recommenders import RecommenderControl
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.control.trainings import SEMANTIC_SIMILARITY, Trainings
from personalize_local.data.stores import Stores
from personalize_local.errors import InvalidInput
from personalize_local.served_models import ServedModels
from personalize_rules.recipes import PREFIX
from personalize_rules.use_cases import USE_CASES, UseCase

if TYPE_CHECKING:
    from recommender_models.models import Loaded

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """A campaign or a recommender as it serves now. ``solution``: the options of CreateSolution that it follows.

    ``trained``: what its model is kept under. ``configuration``: its ``campaignConfig`` or ``recommenderConfig``.
    """

    arn: str
    recipe: str
    group: str
    trained: Resource
    solution: Mapping[str, Any]
    configuration: Mapping[str, Any]
    use_case: UseCase | None = None


class Endpoints:
    """All campaigns and recommenders, and the loaded models of those that have answered."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        trainings: Trainings,
        campaigns: CampaignControl,
        recommenders: RecommenderControl,
    ) -> None:
        self._campaigns = campaigns
        self._recommenders = recommenders
        self._models = ServedModels(registry, stores, trainings, lambda: {*campaigns.served(), *recommenders.served()})

    def of(self, request: Request) -> Endpoint:
        """Return what a request names. Raises InvalidInput (none or both), ResourceNotFound (not ACTIVE, too)."""
        campaign, recommender = request.get("campaignArn"), request.get("recommenderArn")
        if campaign and recommender:
            raise InvalidInput("A request has a campaignArn or a recommenderArn, not both")
        if campaign:
            return self.campaign(campaign)
        if recommender:
            return self.recommender(recommender)
        raise InvalidInput("campaignArn is required, or a recommenderArn")

    def campaign(self, arn: str) -> Endpoint:
        """Return a campaign. Raises ResourceNotFound unless it is ACTIVE."""
        version, configuration = self._campaigns.serving(arn)
        recipe = version.description["recipeArn"].removeprefix(PREFIX)
        group = version.description["datasetGroupArn"]
        if recipe == SEMANTIC_SIMILARITY:  # such campaigns need not be told to give metadata
            configuration = {"enableMetadataWithRecommendations": True, **configuration}
        return Endpoint(arn, recipe, group, version, version.description, configuration)

    def recommender(self, arn: str) -> Endpoint:
        """Return a recommender. Raises ResourceNotFound unless it is ACTIVE."""
        recommender = self._recommenders.serving(arn)
        recipe = recommender.description["recipeArn"].removeprefix(PREFIX)
        return Endpoint(
            arn,
            recipe,
            recommender.description["datasetGroupArn"],
            self._recommenders.trained(recommender),
            self._recommenders.solution(recommender),
            self._recommenders.configuration(recommender),
            USE_CASES[recipe],
        )

    def model(self, endpoint: Endpoint) -> "Loaded":
        """Return the model of an endpoint."""
        return self._models.model(endpoint.trained, endpoint.group)
