"""Creates solutions and trains their versions, under the service's preconditions."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from personalize_local.control import kinds
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, ARN_PREFIX, Resource
from personalize_local.errors import InvalidInput, NotServed, ResourceInUse, ResourceNotFound
from personalize_local.data.interactions import Interaction
from personalize_local.learning.model import Model, TrainingSet
from personalize_local.learning.selection import EventSelection, shortage, training_set

RECIPES = tuple(f"arn:aws:personalize:::recipe/aws-user-personalization{version}" for version in ("", "-v2"))
Request = dict[str, Any]
Train = Callable[[TrainingSet], "Future[Model]"]
"""Starts a training and returns at once, unless it trains in place."""


class SolutionControl:
    """Solutions and solution versions; ``training_seconds`` is the least time that a training takes."""

    def __init__(
        self,
        registry: Registry,
        interactions_of: Callable[[str], list[Interaction]],
        train: Train,
        new_id: Callable[[], str],
        seconds: float,
        training_seconds: float,
    ) -> None:
        """``interactions_of(dataset group ARN)`` returns what has become visible by now, each counted once."""
        self._registry = registry
        self._interactions_of = interactions_of
        self._train = train
        self._new_id = new_id
        self._seconds = seconds
        self._training_seconds = training_seconds

    def create_solution(self, request: Request) -> dict[str, str]:
        """Create a solution for an ACTIVE dataset group.

        Trains nothing: ``performAutoTraining`` (AWS's default: true) is kept and shown, but not acted on. Raises
        ResourceInUse, ResourceAlreadyExists, InvalidInput, NotServed (another recipe than User-Personalization).
        """
        group = self._registry.find(kinds.DATASET_GROUP, request["datasetGroupArn"])
        group.require_active(self._registry.now())
        _check_recipe(request)
        view = {"performHPO": False, "performAutoML": False, "performAutoTraining": True, **request}
        view.pop("tags", None)
        EventSelection.of(view)
        arn = f"{ARN_PREFIX}solution/{request['name']}"
        now = self._registry.now()
        self._registry.add(Resource(kinds.SOLUTION, arn, view, now, self._seconds, parents=(group,)))
        return {"solutionArn": arn}

    def create_solution_version(self, request: Request) -> dict[str, str]:
        """Start a training on the interactions that are visible now; too few end in CREATE FAILED with the numbers."""
        solution = self._registry.find(kinds.SOLUTION, request["solutionArn"])
        now = self._registry.now()
        solution.require_active(now)
        if request.get("trainingMode", "FULL") != "FULL":
            raise NotServed("only the training mode FULL is served locally")
        version = self._version_of(solution, request, now)
        rows = self._interactions_of(solution.view["datasetGroupArn"])
        weighted = EventSelection.of(solution.view).weigh(rows)
        version.failure = shortage(weighted)
        if version.failure is None:
            version.work = self._train(training_set(weighted))
        self._registry.add(version)
        return {"solutionVersionArn": version.arn}

    def _version_of(self, solution: Resource, request: Request, now: float) -> Resource:
        copied = ("performHPO", "performAutoML", "recipeArn", "eventType", "datasetGroupArn", "solutionConfig")
        view = {key: solution.view[key] for key in copied if key in solution.view}
        view |= {"solutionArn": solution.arn, "trainingMode": "FULL", "trainingType": "MANUAL"}
        view |= {"name": request["name"]} if "name" in request else {}
        arn = f"{solution.arn}/{self._new_id()[:8]}"
        group = solution.view["datasetGroupArn"]
        datasets = [one for one in self._registry.all(kinds.DATASET) if one.view["datasetGroupArn"] == group]
        seconds, inputs = self._training_seconds, (solution, *datasets)
        return Resource(kinds.SOLUTION_VERSION, arn, view, now, seconds, inputs=inputs, owner=solution)

    def describe_solution(self, request: Request) -> dict[str, Any]:
        """Describe a solution, with the summary of its newest version."""
        solution = self._registry.find(kinds.SOLUTION, request["solutionArn"])
        now = self._registry.now()
        described = solution.describe(now)
        if versions := self.versions(solution):
            described["latestSolutionVersion"] = versions[-1].summarise(now)
        return {"solution": described}

    def versions(self, solution: Resource) -> list[Resource]:
        """Return a solution's versions, oldest first."""
        return [version for version in self._registry.all(kinds.SOLUTION_VERSION) if version.owner is solution]

    def newest_active(self, solution: Resource) -> Resource:
        """Return the newest version that is ACTIVE. Raises ResourceNotFound."""
        now = self._registry.now()
        active = [version for version in self.versions(solution) if version.status(now) == ACTIVE]
        if not active:
            raise ResourceNotFound(f"{solution.arn} has no solution version that is ACTIVE")
        return active[-1]


def model_of(version: Resource) -> Model:
    """Return the model of an ACTIVE solution version. Raises ResourceInUse while there is none."""
    if version.work is None or not version.work.done():
        raise ResourceInUse(f"{version.arn} is not trained")
    model: Model = version.work.result()
    return model


def _check_recipe(request: Request) -> None:
    if request.get("performAutoML") or request.get("performHPO"):
        raise NotServed("performAutoML and performHPO are not served locally")
    recipe = request.get("recipeArn")
    if recipe is None:
        raise InvalidInput("recipeArn is required when performAutoML is false")
    if not recipe.startswith("arn:aws:personalize:::recipe/"):
        raise InvalidInput(f"{recipe} is not a recipe's ARN")
    if recipe not in RECIPES:
        raise NotServed(f"{recipe} is not served locally; served are {' and '.join(RECIPES)}")
