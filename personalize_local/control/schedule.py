"""The schedule of automatic trainings."""

from collections.abc import Iterator, Mapping
from typing import Any

from personalize_local.control import resource_types
from personalize_local.control.recommenders import RecommenderControl
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.control.solutions import AUTOMATIC, DAY, SolutionControl, group_for, period
from personalize_local.control.trainings import SEMANTIC_SIMILARITY, Trainings
from personalize_local.data.stores import Stores
from personalize_rules.recipes import PREFIX
from recommender_models.selection import LEAST_INTERACTIONS, LEAST_USERS

RECOMMENDER_PERIOD = 7 * DAY  # Developer Guide, "Maintaining recommenders": automatic retraining


class Schedule:
    """Finds the solutions and recommenders whose automatic training is due, and trains them.

    As in the service: first within an hour after the solution is ACTIVE, then after each period, and only if new
    interactions have come in since the last version (CreateSolution, performAutoTraining); a recommender every seven
    days. Locally nothing starts before there is enough to train on, nor while users are being deleted.
    """

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        *,
        solutions: SolutionControl,
        recommenders: RecommenderControl,
        trainings: Trainings,
        delay: float,
    ) -> None:
        """``delay``: seconds from ACTIVE to the first automatic training of a solution."""
        self._registry = registry
        self._stores = stores
        self._solutions = solutions
        self._recommenders = recommenders
        self._trainings = trainings
        self._delay = delay

    def due(self) -> Iterator[dict[str, str]]:
        """Yield what to train now, each as ``train`` takes it."""
        for solution in self._registry.all(resource_types.SOLUTION):
            if self._is_solution_due(solution):
                yield {"solutionArn": solution.arn}
        for recommender in self._registry.all(resource_types.RECOMMENDER):
            if self._is_recommender_due(recommender):
                yield {"recommenderArn": recommender.arn}

    def train(self, request: Mapping[str, Any]) -> None:
        """Train a solution or a recommender."""
        if "solutionArn" in request:
            self._solutions.create_solution_version(dict(request), AUTOMATIC)
        else:
            self._recommenders.retrain(self._registry.find(resource_types.RECOMMENDER, request["recommenderArn"]))

    def _is_solution_due(self, solution: Resource) -> bool:
        status, since = solution.phase(self._registry.now())
        if status != ACTIVE or not solution.description["performAutoTraining"]:
            return False
        versions = self._solutions.versions(solution)
        automatic = [version for version in versions if version.description["trainingType"] == AUTOMATIC]
        due_at = automatic[-1].created_at + period(solution.description) if automatic else since + self._delay
        return self._registry.now() >= due_at and self._may_start(solution, group_for(solution), versions)

    def _is_recommender_due(self, recommender: Resource) -> bool:
        now = self._registry.now()
        if recommender.status(now) != ACTIVE:
            return False
        trainings = [recommender, *self._recommenders.retrainings(recommender)]
        due = now >= trainings[-1].created_at + RECOMMENDER_PERIOD
        return due and self._may_start(recommender, recommender.parents[0], trainings)

    def _may_start(self, trained: Resource, group: Resource, before: list[Resource]) -> bool:
        """Whether there is enough to train on, and more than for the trainings before; no users are being deleted."""
        recipe = trained.description["recipeArn"].removeprefix(PREFIX)
        amount = self._trainings.amount(group.arn, recipe)
        if amount == (self._trainings.sizes[before[-1]] if before else 0):
            return False
        if self._registry.running(resource_types.DELETION_JOB, group):
            return False
        if recipe == SEMANTIC_SIMILARITY:
            return True
        history = self._stores.history(group.arn)
        if history is None or amount < LEAST_INTERACTIONS:
            return False
        return history.totals(self._registry.now())[2] >= LEAST_USERS
