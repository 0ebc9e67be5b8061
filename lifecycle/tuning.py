"""What CloudFormation cannot set of a solution: event weights and automatic training, compared and updated.

https://docs.aws.amazon.com/personalize/latest/dg/API_UpdateSolution.html. It takes these two and nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import resource_types
from lifecycle.resources import CreationFailed, Resources, State

EVENTS, SCHEDULE = "events_config", "training_schedule"
OFF, WEEKLY = "off", "rate(7 days)"  # what AWS does without a schedule
UPDATE = "latestSolutionUpdate"
FAILED = "CREATE FAILED"
DIGITS = 6  # of a weight

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What a solution should have; None: whatever it has.

    ``events``: members of the API's ``eventParametersList``. ``schedule``: a ``schedulingExpression``, or ``off``.
    """

    solution: str
    events: tuple[Event, ...] | None = None
    schedule: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON that ``from_json`` reads."""
        events = None if self.events is None else [dict(event) for event in self.events]
        return {"solution": self.solution, "events": events, "schedule": self.schedule}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Wanted":
        """Read what ``as_json`` wrote."""
        events = value["events"]
        return cls(value["solution"], None if events is None else tuple(events), value["schedule"])


@dataclass(frozen=True)
class Difference:
    """A setting that a solution does not have as it is wanted; both as text, for people."""

    solution: str
    setting: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"solution {self.solution}, {self.setting}: {self.found} in Personalize, {self.wanted} wanted"


class TuningFailed(Exception):
    """A solution could not be updated; the message is one line: which, why, what to do."""


def differences(wanted: Wanted, solution: State) -> list[Difference]:
    """Return what a solution, as DescribeSolution shows it, has otherwise than it is wanted."""
    pairs = {
        EVENTS: (None if wanted.events is None else _events_text(wanted.events), _events_text(_events(solution))),
        SCHEDULE: (
            None if wanted.schedule is None else _schedule_text(wanted.schedule),
            _schedule_text(_schedule(solution)),
        ),
    }
    return [
        Difference(wanted.solution, setting, its, found)
        for setting, (its, found) in pairs.items()
        if its is not None and its != found
    ]


def request(wanted: Wanted, solution: State) -> dict[str, Any]:
    """Return the request of an UpdateSolution. It also has what stays, so that none of it is dropped."""
    schedule, config = wanted.schedule or _schedule(solution), {}
    events = _events(solution) if wanted.events is None else wanted.events
    if schedule != OFF:
        config["autoTrainingConfig"] = {"schedulingExpression": schedule}
    if events:
        config["eventsConfig"] = {"eventParametersList": [dict(event) for event in events]}  # type: ignore[dict-item]
    return {
        "solutionArn": solution["solutionArn"],
        "performAutoTraining": schedule != OFF,
        **({"solutionUpdateConfig": config} if config else {}),
    }


def _find(resources: Resources, dataset_group: str, wanted: Sequence[Wanted]) -> dict[str, State]:
    """Return the solutions that are there, by name. Raises ClientError."""
    group = resources.find(resource_types.DATASET_GROUP, dataset_group)
    if not (group and wanted):
        return {}
    names = {one.solution for one in wanted}
    summaries = resources.all(resource_types.SOLUTION, datasetGroupArn=group)
    return {
        one["name"]: resources.describe(resource_types.SOLUTION, one["solutionArn"])
        for one in summaries
        if one["name"] in names
    }


@dataclass(frozen=True)
class Compared:
    """A solution as it is wanted, and as it is: None where there is none. ``differences``: none where it is so."""

    wanted: Wanted
    solution: State | None
    differences: Sequence[Difference] = ()


def compare(resources: Resources, dataset_group: str, wanted: Sequence[Wanted]) -> list[Compared]:
    """Return each wanted solution beside what is there. Raises ClientError."""
    found = _find(resources, dataset_group, wanted)
    return [
        Compared(one, found[one.solution], differences(one, found[one.solution]))
        if one.solution in found
        else Compared(one, None)
        for one in wanted
    ]


def apply_all(resources: Resources, compared: Sequence[Compared]) -> None:
    """Update the solutions that are there, and not as wanted, one after the other. Raises TuningFailed, ClientError."""
    for one in compared:
        if one.solution and one.differences:
            _apply(resources, one.wanted, one.solution)


def _apply(resources: Resources, wanted: Wanted, solution: State) -> None:
    """Update a solution, and wait until the update is done. Raises TuningFailed, ClientError."""
    try:
        resources.client.update_solution(**request(wanted, solution))
        resources.wait(resource_types.SOLUTION, solution["solutionArn"], part=UPDATE)
    except CreationFailed:
        update = resources.describe(resource_types.SOLUTION, solution["solutionArn"]).get(UPDATE, {})
        reason = " ".join(str(update.get("failureReason", "no reason given")).split())
        raise TuningFailed(f"the update of solution {wanted.solution} failed: {reason}") from None
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
        raise TuningFailed(f"solution {wanted.solution} is busy: wait until it is ACTIVE, then try again") from None


def _config(solution: State) -> Mapping[str, Any]:
    """Return the configuration: that of the newest update goes before that of the creation, unless it failed."""
    update = solution.get(UPDATE, {})
    newer = {} if update.get("status") == FAILED else update.get("solutionUpdateConfig", {})
    return {**solution.get("solutionConfig", {}), **newer}


def _events(solution: State) -> Sequence[Event]:
    return list(_config(solution).get("eventsConfig", {}).get("eventParametersList", []))


def _schedule(solution: State) -> str:
    if not solution.get("performAutoTraining", True):
        return OFF
    return str(_config(solution).get("autoTrainingConfig", {}).get("schedulingExpression", WEEKLY))


def _events_text(events: Sequence[Event]) -> str:
    """Return events so that equal ones are equal: by type, weights rounded, AWS's defaults filled in."""
    texts = []
    for event in sorted(events, key=lambda one: str(one.get("eventType"))):
        threshold = event.get("eventValueThreshold")
        least = "" if threshold is None else f" from {round(threshold, DIGITS):g} up"
        texts.append(f"{event.get('eventType')} {round(event.get('weight', 1.0), DIGITS):g}{least}")
    return ", ".join(texts) or "all types alike"


def _schedule_text(schedule: str) -> str:
    days = re.search(r"\d+", schedule)
    return f"every {int(days[0])} days" if days else OFF
