"""Creates solutions and trains their versions, by hand or on schedule, under the service's preconditions."""

import re
from collections.abc import Mapping
from typing import Any

from personalize_local.control import recipes, resource_types
from personalize_local.control.action_period import days_of
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, IN_PROGRESS, PENDING, Resource
from personalize_local.control.trainings import AUTOTRAIN, FULL, SEMANTIC_SIMILARITY, UPDATE, Trainings
from personalize_local.control.trend_frequency import interval
from personalize_local.errors import InvalidInput, NotServed, ResourceInUse, ResourceNotFound
from recommender_models.selection import EventSelection

DAY = 86_400.0
MANUAL, AUTOMATIC = "MANUAL", "AUTOMATIC"
DEFAULT_SCHEDULE = "rate(7 days)"  # CreateSolution, autoTrainingConfig
UPDATABLE = "aws-user-personalization"  # CreateSolutionVersion, trainingMode: and a legacy recipe, not served here
Request = dict[str, Any]


class SolutionControl:
    """Solutions and solution versions; ``training_seconds`` is the shortest time of a training."""

    def __init__(
        self,
        registry: Registry,
        trainings: Trainings,
        *,
        seconds: float,
        training_seconds: float,
    ) -> None:
        self._registry = registry
        self._trainings = trainings
        self._seconds = seconds
        self._training_seconds = training_seconds

    def create_solution(self, request: Request) -> dict[str, str]:
        """Create a solution for an ACTIVE dataset group; ``performAutoTraining`` is true by default.

        Raises ResourceInUse, ResourceAlreadyExists, InvalidInput, NotServed (a recipe that is only listed).
        """
        group = self._registry.find(resource_types.DATASET_GROUP, request["datasetGroupArn"])
        group.require_active(self._registry.now())
        if request.get("performAutoML"):
            raise NotServed(
                "performAutoML is not served locally: it chooses between all recipes for users, and those of aws-hrnn "
                "have no local model. Name a recipe"
            )
        recipes.require_served(request.get("recipeArn"))
        description: dict[str, Any] = {
            "performHPO": False,
            "performAutoML": False,
            "performAutoTraining": True,
            **request,
        }
        description.pop("tags", None)
        _check_incremental(description)
        _check_selection(description)
        interval(description)
        days_of(description)
        period(description)
        arn = self._registry.arn(f"solution/{request['name']}")
        self._registry.add(
            Resource(resource_types.SOLUTION, arn, description, self._registry.now(), self._seconds, parents=(group,))
        )
        return {"solutionArn": arn}

    def update_solution(self, request: Request) -> dict[str, str]:
        """Change automatic training, its schedule, or the events that the next versions train on, at once."""
        solution = self._registry.find(resource_types.SOLUTION, request["solutionArn"])
        solution.require_active(self._registry.now())
        changed = {key: request[key] for key in ("performAutoTraining", "performIncrementalUpdate") if key in request}
        config = {**solution.description.get("solutionConfig", {}), **request.get("solutionUpdateConfig", {})}
        description = solution.description | changed | ({"solutionConfig": config} if config else {})
        _check_incremental(description)
        _check_selection(description)
        period(description)
        now = self._registry.now()
        update = changed | {"status": ACTIVE, "creationDateTime": now, "lastUpdatedDateTime": now}
        update |= {key: request[key] for key in ("solutionUpdateConfig",) if key in request}
        solution.description.update(description | {"latestSolutionUpdate": update})
        return {"solutionArn": solution.arn}

    def create_solution_version(self, request: Request, training_type: str = MANUAL) -> dict[str, str]:
        """Start a training on the interactions that are visible now; with too few the version becomes CREATE FAILED.

        In the mode UPDATE the version has the model of the newest ACTIVE one of mode FULL, and knows the newest items.
        Raises ResourceInUse, NotServed (the mode AUTOTRAIN, which AWS lists without a description), InvalidInput (no
        Interactions dataset, or nothing to update).
        """
        solution = self._registry.find(resource_types.SOLUTION, request["solutionArn"])
        solution.require_lasting(self._registry.now())
        if request.get("trainingMode") == AUTOTRAIN:
            raise NotServed("trainingMode AUTOTRAIN is not served locally: AWS does not say what it does")
        self._registry.refuse_running(resource_types.DELETION_JOB, group_for(solution))
        group = solution.description["datasetGroupArn"]
        recipe = solution.description["recipeArn"].removeprefix(recipes.PREFIX)
        self._trainings.require_datasets(group, recipe)
        updated = self._to_update(solution, recipe) if request.get("trainingMode") == UPDATE else None
        version = self._new_version(solution, request, training_type, (updated or solution).description)
        self._registry.add(version)
        if updated:
            self._trainings.start_update(version, updated, group)
        else:
            self._trainings.start(version, group, recipe, version.description, solution.created_at)
        return {"solutionVersionArn": version.arn}

    def _to_update(self, solution: Resource, recipe: str) -> Resource:
        """Return the version whose model an UPDATE takes. Raises InvalidInput."""
        if recipe != UPDATABLE:
            raise InvalidInput(f"trainingMode UPDATE is for {UPDATABLE} only, not for {recipe}")
        now = self._registry.now()
        full = [version for version in self.versions(solution) if version.description["trainingMode"] == FULL]
        active = [version for version in full if version.status(now) == ACTIVE]
        if not active:
            raise InvalidInput(f"trainingMode UPDATE needs an ACTIVE version of mode FULL, and {solution.arn} has none")
        return active[-1]

    def stop_solution_version_creation(self, request: Request) -> None:
        """Give up the training of a version that is not trained. Raises ResourceNotFound, ResourceInUse."""
        version = self._registry.find(resource_types.SOLUTION_VERSION, request["solutionVersionArn"])
        now = self._registry.now()
        status = version.status(now)
        if status not in (PENDING, IN_PROGRESS):
            raise ResourceInUse(f"{version.arn} is in status {status}")
        version.stop(now, self._registry.first(self._seconds))
        self._trainings.stop(version)

    def _new_version(
        self, solution: Resource, request: Request, training_type: str, options: Mapping[str, Any]
    ) -> Resource:
        copied = ("performHPO", "performAutoML", "recipeArn", "eventType", "datasetGroupArn", "solutionConfig")
        description = {key: options[key] for key in copied if key in options}
        description |= {"solutionArn": solution.arn, "trainingType": training_type}
        description["trainingMode"] = request.get("trainingMode", FULL)
        description |= {"name": request["name"]} if "name" in request else {}
        arn = f"{solution.arn}/{self._registry.new_id()[:8]}"
        inputs = (solution, *self._trainings.inputs(solution.description["datasetGroupArn"]))
        now = self._registry.now()
        return Resource(
            resource_types.SOLUTION_VERSION,
            arn,
            description,
            now,
            self._training_seconds,
            inputs=inputs,
            owner=solution,
        )

    def describe_solution(self, request: Request) -> dict[str, Any]:
        """Describe a solution, with the summary of its newest version."""
        solution = self._registry.find(resource_types.SOLUTION, request["solutionArn"])
        now = self._registry.now()
        described = solution.describe(now)
        if versions := self.versions(solution):
            described["latestSolutionVersion"] = versions[-1].summarise(now)
        return {"solution": described}

    def get_solution_metrics(self, request: Request) -> dict[str, Any]:
        """Return the offline metrics of a version. Raises ResourceInUse unless it is ACTIVE."""
        version = self._registry.find(resource_types.SOLUTION_VERSION, request["solutionVersionArn"])
        version.require_active(self._registry.now())
        return {"solutionVersionArn": version.arn, "metrics": self._trainings.result(version)["metrics"]}

    def describe_solution_version(self, request: Request) -> dict[str, Any]:
        """Describe a version, with what its training has found out."""
        version = self._registry.find(resource_types.SOLUTION_VERSION, request["solutionVersionArn"])
        described, result = version.describe(self._registry.now()), self._trainings.result(version)
        if result:
            described["trainingHours"] = result.get("hours", 0.0)
        if "hyperparameters" in result:
            described["tunedHPOParams"] = {"algorithmHyperParameters": result["hyperparameters"]}
        return {"solutionVersion": described}

    def versions(self, solution: Resource) -> list[Resource]:
        """Return a solution's versions, oldest first."""
        return [version for version in self._registry.all(resource_types.SOLUTION_VERSION) if version.owner is solution]

    def newest_active(self, solution: Resource) -> Resource:
        """Return the newest version that is ACTIVE. Raises ResourceNotFound."""
        now = self._registry.now()
        active = [version for version in self.versions(solution) if version.status(now) == ACTIVE]
        if not active:
            raise ResourceNotFound(f"{solution.arn} has no solution version that is ACTIVE")
        return active[-1]


def group_for(solution: Resource) -> Resource:
    """Return the dataset group of a solution."""
    return solution.parents[0]


def period(solution: Mapping[str, Any]) -> float:
    """Return the seconds between two automatic trainings. Raises InvalidInput outside 1 to 30 days."""
    config = solution.get("solutionConfig", {}).get("autoTrainingConfig", {})
    rate = re.fullmatch(r"rate\((\d+) days?\)", config.get("schedulingExpression", DEFAULT_SCHEDULE))
    days = int(rate[1]) if rate else 0
    if not 1 <= days <= 30:
        raise InvalidInput("autoTrainingConfig.schedulingExpression must be rate(1 day) to rate(30 days)")
    return days * DAY


def _check_incremental(solution: Mapping[str, Any]) -> None:
    """Raise InvalidInput for incremental updates of a recipe that has none (CreateSolution)."""
    if solution.get("performIncrementalUpdate") and not solution["recipeArn"].endswith(SEMANTIC_SIMILARITY):
        raise InvalidInput(f"performIncrementalUpdate is for {SEMANTIC_SIMILARITY} only")


def _check_selection(solution: Mapping[str, Any]) -> None:
    """Raise InvalidInput for an invalid selection of events."""
    try:
        EventSelection.of(solution)
    except ValueError as error:
        raise InvalidInput(str(error)) from error
