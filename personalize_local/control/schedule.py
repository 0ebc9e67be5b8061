"""The schedule of automatic trainings."""

from personalize_local.control import resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.control.solutions import AUTOMATIC, SolutionControl, group_for, period
from personalize_local.control.trainings import Trainings
from personalize_local.data.stores import Stores
from recommender_models.selection import LEAST_INTERACTIONS, LEAST_USERS


class Schedule:
    """Finds the solutions whose automatic training is due.

    As in the service: first within an hour after the solution is ACTIVE, then after each period, and only if new
    interactions have come in since the last version (CreateSolution, performAutoTraining). Locally nothing starts
    before there is enough to train on, nor while users are being deleted.
    """

    def __init__(
        self, registry: Registry, stores: Stores, solutions: SolutionControl, trainings: Trainings, delay: float
    ) -> None:
        """``delay``: seconds from ACTIVE to the first automatic training."""
        self._registry = registry
        self._stores = stores
        self._solutions = solutions
        self._trainings = trainings
        self._delay = delay

    def due(self) -> list[Resource]:
        """Return the solutions to train now."""
        return [solution for solution in self._registry.all(resource_types.SOLUTION) if self._is_due(solution)]

    def _is_due(self, solution: Resource) -> bool:
        status, since = solution.phase(self._registry.now())
        if status != ACTIVE or not solution.description["performAutoTraining"]:
            return False
        versions = self._solutions.versions(solution)
        automatic = [version for version in versions if version.description["trainingType"] == AUTOMATIC]
        if self._registry.running(resource_types.DELETION_JOB, group_for(solution)):
            return False
        due_at = automatic[-1].created_at + period(solution.description) if automatic else since + self._delay
        return self._registry.now() >= due_at and self._has_news(solution, versions)

    def _has_news(self, solution: Resource, versions: list[Resource]) -> bool:
        history = self._stores.history(solution.description["datasetGroupArn"])
        if history is None:
            return False
        now = self._registry.now()
        size = history.size(now)
        if size < LEAST_INTERACTIONS or size == (self._trainings.sizes[versions[-1]] if versions else 0):
            return False
        return history.totals(now)[2] >= LEAST_USERS
