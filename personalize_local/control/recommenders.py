"""Recommenders: use cases of domain dataset groups, trained when they are created, started and stopped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from personalize_local import exploration
from personalize_local.control import resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, INACTIVE, Resource, ResourceType, Switch
from personalize_local.control.trainings import Trainings
from personalize_local.data.stores import ITEMS, Stores
from personalize_local.errors import InvalidInput, ResourceInUse, ResourceNotFound
from personalize_rules.recipes import PREFIX
from personalize_rules.use_cases import USE_CASES, UseCase

COLUMNS = "trainingDataConfig"
Request = dict[str, Any]
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Update:
    """A new configuration, which replaces the old one after ``seconds``."""

    config: Config
    at: float
    seconds: float

    def over(self, now: float) -> bool:
        """Whether the recommender serves by it."""
        return now >= self.at + self.seconds


class RecommenderControl:
    """Recommenders; ``seconds`` is how long a start, a stop or an update takes, ``training_seconds`` a creation."""

    def __init__(
        self, registry: Registry, stores: Stores, trainings: Trainings, *, seconds: float, training_seconds: float
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._trainings = trainings
        self._seconds = seconds
        self._training_seconds = training_seconds
        self._updates: WeakKeyDictionary[Resource, Update] = WeakKeyDictionary()

    def create_recommender(self, request: Request) -> dict[str, str]:
        """Train the model of a use case for an ACTIVE dataset group of its domain.

        Raises ResourceNotFound, ResourceInUse, ResourceAlreadyExists, InvalidInput (another domain, no such use case,
        a dataset is missing).
        """
        group = self._registry.find(resource_types.DATASET_GROUP, request["datasetGroupArn"])
        group.require_active(self._registry.now())
        use_case = self._use_case(request["recipeArn"], group)
        exploration.checked(request.get("recommenderConfig", {}))
        arn = self._registry.arn(f"recommender/{request['name']}")
        self._registry.refuse_duplicate(arn)
        self._registry.refuse_running(resource_types.DELETION_JOB, group)
        self._require_datasets(use_case, group)
        shown = ("name", "datasetGroupArn", "recipeArn", "recommenderConfig")
        description = {key: request[key] for key in shown if key in request}
        recommender = self._resource(resource_types.RECOMMENDER, arn, description, group, parents=(group,))
        self._registry.add(recommender)
        self._train(recommender, recommender)
        return {"recommenderArn": arn}

    def update_recommender(self, request: Request) -> dict[str, str]:
        """Change an ACTIVE recommender; it serves by its old configuration until the update is over.

        It is trained again if other columns are to be trained on.
        """
        recommender = self._require(request, ACTIVE)
        now = self._registry.now()
        if recommender in self._updates and not self._updates[recommender].over(now):
            raise ResourceInUse(f"{recommender.arn} is being updated")
        before, config = self.configuration(recommender), request["recommenderConfig"]
        exploration.checked(config)
        self._updates[recommender] = Update(config, now, self._registry.first(self._seconds))
        if config.get(COLUMNS) != before.get(COLUMNS):
            self.retrain(recommender)
        return {"recommenderArn": recommender.arn}

    def start_recommender(self, request: Request) -> dict[str, str]:
        """Start an INACTIVE recommender, which trains nothing (StartRecommender)."""
        return self._switch(request, INACTIVE, "START", ACTIVE)

    def stop_recommender(self, request: Request) -> dict[str, str]:
        """Stop an ACTIVE recommender: it recommends nothing and is not trained until it is started."""
        return self._switch(request, ACTIVE, "STOP", INACTIVE)

    def describe_recommender(self, request: Request) -> dict[str, Any]:
        """Describe a recommender, with its newest update and the offline metrics of its model."""
        recommender, now = self._find(request["recommenderArn"]), self._registry.now()
        self.configuration(recommender)
        described = recommender.describe(now)
        if update := self._updates.get(recommender):
            described["latestRecommenderUpdate"] = {
                "recommenderConfig": update.config,
                "status": ACTIVE if update.over(now) else "CREATE IN_PROGRESS",
                "creationDateTime": update.at,
                "lastUpdatedDateTime": update.at + update.seconds if update.over(now) else update.at,
            }
        if metrics := self._trainings.result(self.trained(recommender)).get("metrics"):
            described["modelMetrics"] = metrics
        return {"recommender": described}

    def list_recommenders(self, request: Request) -> dict[str, Any]:
        """List recommenders, with the configurations that they serve by."""
        for recommender in self._registry.all(resource_types.RECOMMENDER):
            self.configuration(recommender)
        return self._registry.page(resource_types.RECOMMENDER, request)

    def serving(self, arn: str) -> Resource:
        """Return an ACTIVE recommender. Raises ResourceNotFound."""
        recommender = self._find(arn)
        status = recommender.status(self._registry.now())
        if status != ACTIVE:
            raise ResourceNotFound(f"Recommender {arn} is in status {status}, not ACTIVE")
        return recommender

    def trained(self, recommender: Resource) -> Resource:
        """Return what the model that a recommender serves is kept under: itself, or its newest training."""
        now = self._registry.now()
        return [recommender, *(one for one in self.retrainings(recommender) if one.status(now) == ACTIVE)][-1]

    def retrainings(self, recommender: Resource) -> list[Resource]:
        """Return the trainings after the first one, oldest first."""
        return [training for training in self._registry.all(resource_types.RETRAINING) if training.owner is recommender]

    def served(self) -> set[Resource]:
        """Return what the models of all recommenders are kept under."""
        return {self.trained(recommender) for recommender in self._registry.all(resource_types.RECOMMENDER)}

    def kept(self) -> Iterator[Resource]:
        """Yield what the models are kept under that recommenders serve, or may serve later."""
        for recommender in self._registry.all(resource_types.RECOMMENDER):
            trainings = [recommender, *self.retrainings(recommender)]
            yield from trainings[trainings.index(self.trained(recommender)) :]

    def configuration(self, recommender: Resource) -> Config:
        """Return the ``recommenderConfig`` that a recommender serves by now."""
        update = self._updates.get(recommender)
        if update and update.over(self._registry.now()):
            recommender.description["recommenderConfig"] = update.config
        config: Config = recommender.description.get("recommenderConfig", {})
        return config

    def solution(self, recommender: Resource) -> dict[str, Any]:
        """Return the options of CreateSolution that a recommender is trained by."""
        update = self._updates.get(recommender)
        config = update.config if update else self.configuration(recommender)
        event_type = USE_CASES[recommender.description["recipeArn"].removeprefix(PREFIX)].trains_on
        options: dict[str, Any] = {"eventType": event_type} if event_type else {}
        return options | ({"solutionConfig": {COLUMNS: config[COLUMNS]}} if COLUMNS in config else {})

    def retrain(self, recommender: Resource) -> None:
        """Train a recommender's model again, on what is visible now."""
        group = recommender.parents[0]
        arn = f"{recommender.arn}/{self._registry.new_id()[:8]}"
        training = self._resource(resource_types.RETRAINING, arn, {}, group, owner=recommender)
        self._registry.add(training)
        self._train(training, recommender)

    def _train(self, training: Resource, recommender: Resource) -> None:
        name = recommender.description["recipeArn"].removeprefix(PREFIX)
        group = recommender.description["datasetGroupArn"]
        self._trainings.start(training, group, name, self.solution(recommender), recommender.created_at)

    def _resource(
        self, kind: ResourceType, arn: str, description: Request, group: Resource, **relations: Any
    ) -> Resource:
        inputs = (group, *self._trainings.inputs(group.arn))
        now = self._registry.now()
        return Resource(kind, arn, description, now, self._training_seconds, inputs=inputs, **relations)

    def _use_case(self, recipe_arn: str, group: Resource) -> UseCase:
        use_case = USE_CASES.get(recipe_arn.removeprefix(PREFIX))
        if use_case is None or not recipe_arn.startswith(PREFIX):
            raise InvalidInput(f"{recipe_arn} is no use case of a domain")
        if group.description.get("domain") != use_case.domain:
            raise InvalidInput(f"{recipe_arn} is for dataset groups of the domain {use_case.domain}")
        return use_case

    def _require_datasets(self, use_case: UseCase, group: Resource) -> None:
        self._trainings.require_interactions(group.arn)
        if use_case.needs_items and self._stores.dataset(group.arn, ITEMS) is None:
            raise InvalidInput("The use case requires an Items dataset, and the dataset group has none")

    def _find(self, arn: str) -> Resource:
        return self._registry.find(resource_types.RECOMMENDER, arn)

    def _require(self, request: Request, status: str) -> Resource:
        recommender = self._find(request["recommenderArn"])
        found = recommender.status(self._registry.now())
        if found != status:
            raise ResourceInUse(f"{recommender.arn} must be {status}, but it is in status {found}")
        return recommender

    def _switch(self, request: Request, before: str, action: str, after: str) -> dict[str, str]:
        recommender = self._require(request, before)
        seconds = self._registry.first(self._seconds)
        recommender.switch = Switch(action, after, self._registry.now(), seconds)
        return {"recommenderArn": recommender.arn}
