"""Which interactions a solution uses, and how much each weighs; how many of them Amazon Personalize asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender_models.interactions import Interaction, InteractionColumns

# Amazon Personalize, quotas: what a training needs after filtering by event type and value.
LEAST_INTERACTIONS = 1000
LEAST_USERS = 25  # with two interactions or more
LEAST_SHARE = 0.01  # of all users have two interactions or more

Weighted = list[tuple[Interaction, float]]


@dataclass(frozen=True)
class Rule:
    """How one event type counts: from ``threshold`` up, with ``weight``."""

    threshold: float | None
    weight: float


@dataclass(frozen=True)
class EventSelection:
    """The event types that a solution trains on; without any rule all count alike, whatever their type (AWS's default).

    Weights come from the solution's ``eventsConfig`` only: nothing is guessed from the names of event types.
    """

    rules: Mapping[str, Rule]

    @classmethod
    def of(cls, solution: Mapping[str, Any]) -> "EventSelection":
        """Read the selection from a solution: its ``eventsConfig``, else ``eventType`` and ``eventValueThreshold``.

        Raises ValueError if the threshold, which is a string, is not a number.
        """
        config = solution.get("solutionConfig", {})
        listed = config.get("eventsConfig", {}).get("eventParametersList", [])
        rules = {
            event["eventType"]: Rule(event.get("eventValueThreshold"), event.get("weight", 1.0))
            for event in listed
            if "eventType" in event
        }
        if not rules and "eventType" in solution:
            rules = {solution["eventType"]: Rule(_threshold(config.get("eventValueThreshold")), 1.0)}
        return cls(rules)

    def weigh(self, interactions: Iterable[Interaction]) -> Weighted:
        """Return the interactions that count, each with its weight above zero."""
        if not self.rules:
            return [(interaction, 1.0) for interaction in interactions]
        weighed = ((interaction, self._weight(interaction)) for interaction in interactions)
        return [(interaction, weight) for interaction, weight in weighed if weight > 0]

    def weights(self, columns: InteractionColumns) -> npt.NDArray[np.float32]:
        """Return each row's weight, zero where it does not count: ``weigh`` for columns."""
        if not self.rules:
            return np.ones(len(columns), dtype=np.float32)
        weights = np.zeros(len(columns), dtype=np.float32)
        for code, event_type in enumerate(columns.event_types):
            if rule := self.rules.get(event_type):
                least = -np.inf if rule.threshold is None else rule.threshold
                # NaN, no value, reaches no threshold.
                enough = (columns.values >= least) | (rule.threshold is None)
                weights[(columns.types == code) & enough] = rule.weight
        return weights

    def _weight(self, interaction: Interaction) -> float:
        rule = self.rules.get(interaction.event_type)
        if rule is None:
            return 0.0
        if rule.threshold is None:
            return rule.weight
        # In the precision of the columns: 9.99 of an import reaches a threshold of 9.99.
        reached = interaction.value is not None and np.float32(interaction.value) >= np.float32(rule.threshold)
        return rule.weight if reached else 0.0


def _threshold(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError as error:
        raise ValueError("eventValueThreshold must be a number") from error
