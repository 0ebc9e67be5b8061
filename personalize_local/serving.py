"""What answers a request: the trained model behind a campaign or a recommender, with the rules that it serves by.

The models are loaded with the first request: SciPy takes half of a start, and many services never answer one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personalize_local.control.campaigns import CampaignControl
from personalize_local.control.recommenders import RecommenderControl
from personalize_local.control.resources import Resource
from personalize_local.control.trainings import Trainings
from personalize_local.errors import InvalidInput
from personalize_rules.recipes import PREFIX
from personalize_rules.use_cases import USE_CASES, UseCase

if TYPE_CHECKING:
    from recommender_models.models import Model

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

    def __init__(self, trainings: Trainings, campaigns: CampaignControl, recommenders: RecommenderControl) -> None:
        self._trainings = trainings
        self._campaigns = campaigns
        self._recommenders = recommenders
        self._models: dict[Resource, Model] = {}

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
        version = self._campaigns.serving(arn)
        recipe = version.description["recipeArn"].removeprefix(PREFIX)
        group = version.description["datasetGroupArn"]
        return Endpoint(arn, recipe, group, version, version.description, self._campaigns.configuration(arn))

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

    def model(self, endpoint: Endpoint) -> "Model":
        """Return the model of an endpoint; those that nothing serves any more are forgotten."""
        from recommender_models import models

        trained = endpoint.trained
        if trained not in self._models:
            served = self._campaigns.served() | self._recommenders.served()
            self._models = {known: model for known, model in self._models.items() if known in served}
            self._models[trained] = models.load(self._trainings.folder(trained) / "model")
        return self._models[trained]
