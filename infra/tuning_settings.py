"""The settings ``broker:events_config`` and ``broker:training_schedule``: what CloudFormation cannot set of a solution.

https://docs.aws.amazon.com/personalize/latest/dg/API_UpdateSolution.html, API_EventParameters.html.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.context import Reader

EVENTS, SCHEDULE = "events_config", "training_schedule"
WEIGHT, THRESHOLD = "weight", "threshold"
MOST_EVENTS = 10  # of an EventsConfig
MOST_DAYS = 30  # AutoTrainingConfig
DEFAULT_DAYS = 7
OFF = "off"
WEIGHED = "-v2"  # recipes that have event weights end so


@dataclass(frozen=True)
class EventWeight:
    """How much interactions of a type count in training, 0 to 1; ``threshold``: the least EVENT_VALUE, None for all."""

    event_type: str
    weight: float
    threshold: float | None = None


@dataclass(frozen=True)
class Tuning:
    """The wanted values; None where Personalize's are left as they are.

    ``days`` between two automatic trainings; 0 switches them off.
    """

    events: tuple[EventWeight, ...] | None = None
    days: int | None = None

    @property
    def trains_every(self) -> int:
        """Return the days between two automatic trainings, 0 where there are none."""
        return DEFAULT_DAYS if self.days is None else self.days

    def of(self, recipe: str) -> "Tuning":
        """Return what of it a solution of this recipe takes."""
        return self if recipe.endswith(WEIGHED) else Tuning(days=self.days)


def read_tuning(read: Reader) -> Tuning:
    """Return the wanted values."""
    return Tuning(read(EVENTS, _events, None), read(SCHEDULE, _days, None))


def tuning_problems(
    tuning: Tuning, *, recipe: str, reported: Sequence[str], event_value: bool, creates: bool
) -> list[str]:
    """Return what is wrong with them beside the other settings.

    ``reported``: the event types. ``event_value``: whether amounts are sent. ``creates``: the stack makes the solution.
    """
    wanted = {EVENTS: tuning.events, SCHEDULE: tuning.days}
    if not creates:
        given = [key for key, value in wanted.items() if value is not None]
        return [f"{key} is for resources that are created, but tracking_id names existing ones" for key in given]
    if tuning.events is None:
        return []
    problems = []
    if not recipe.endswith(WEIGHED):
        problems.append(f"{EVENTS} is for recipes that end in {WEIGHED}, not for {recipe}: leave it out")
    if not event_value and any(event.threshold is not None for event in tuning.events):
        problems.append(f"{EVENTS} has a {THRESHOLD}, but event_value is false: nothing would reach it")
    listed = {event.event_type for event in tuning.events}
    missing = [name for name in reported if name not in listed]
    return problems + [f"{EVENTS} says nothing of {name}, which is reported: give its weight, or 0" for name in missing]


def _events(value: Any) -> tuple[EventWeight, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(f"must be an object, or one as JSON, not {value[:40]!r}") from None
    if not isinstance(value, dict):
        raise ValueError(f'must be an object such as {{"purchase": 1, "view_detail": 0.2}}, not {value!r}')  # noqa: TRY004 - one kind of error for all wrong values
    if len(value) > MOST_EVENTS:
        raise ValueError(f"has {len(value)} event types, and Personalize takes at most {MOST_EVENTS}")
    events = tuple(_event(name, one) for name, one in value.items())
    if not any(event.weight for event in events):
        raise ValueError("has no weight above 0: nothing would be left to train on")
    return events


def _event(name: str, value: Any) -> EventWeight:
    of_type = value if isinstance(value, Mapping) else {WEIGHT: value}
    unknown = sorted(of_type.keys() - {WEIGHT, THRESHOLD})
    if unknown or WEIGHT not in of_type:
        raise ValueError(f"{name} must be a weight, or an object with {WEIGHT} and perhaps {THRESHOLD}, not {value!r}")
    weight, threshold = of_type[WEIGHT], of_type.get(THRESHOLD)
    if not _is_number(weight) or not 0 <= weight <= 1:
        raise ValueError(f"{name}: {WEIGHT} must be a number from 0 to 1, not {weight!r}")
    if threshold is not None and not _is_number(threshold):
        raise ValueError(f"{name}: {THRESHOLD} must be a number, not {threshold!r}")
    return EventWeight(name, float(weight), None if threshold is None else float(threshold))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _days(value: Any) -> int:
    if value is False or str(value).lower() == OFF:
        return 0
    days = re.fullmatch(r"rate\((\d{1,2}) days?\)", str(value))
    if not days or not 1 <= int(days[1]) <= MOST_DAYS:
        raise ValueError(f"must be rate(1 day) to rate({MOST_DAYS} days), or {OFF}, not {value!r}")
    return int(days[1])
