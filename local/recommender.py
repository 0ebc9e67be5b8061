"""The Amazon Personalize resources of one broker, created in their order and waited for. Works against any endpoint."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).resolve().parents[1] / "lambda_src" / "broker" / "interactions.avsc"
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
PAUSE = 0.1


class CreationFailed(Exception):
    """A resource ended in CREATE FAILED; the message is the service's reason."""


@dataclass(frozen=True)
class Tracker:
    """What interactions are sent to: a dataset group with its event tracker."""

    dataset_group_arn: str
    tracking_id: str


def create_tracker(personalize: Any, name: str) -> Tracker:
    """Create schema, dataset group, interactions dataset and event tracker, and wait for each."""
    schema = personalize.create_schema(name=f"{name}-interactions", schema=SCHEMA.read_text())["schemaArn"]
    group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
    _wait(lambda: personalize.describe_dataset_group(datasetGroupArn=group)["datasetGroup"])
    dataset = personalize.create_dataset(
        name=f"{name}-interactions", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
    )["datasetArn"]
    _wait(lambda: personalize.describe_dataset(datasetArn=dataset)["dataset"])
    tracker = personalize.create_event_tracker(name=name, datasetGroupArn=group)
    arn = tracker["eventTrackerArn"]
    _wait(lambda: personalize.describe_event_tracker(eventTrackerArn=arn)["eventTracker"])
    return Tracker(group, tracker["trackingId"])


def train(personalize: Any, tracker: Tracker, name: str) -> Iterator[Mapping[str, Any]]:
    """Create a solution and a version of it; yield the version as it stands until it is ACTIVE.

    Raises CreationFailed, for example where there are too few interactions.
    """
    solution = personalize.create_solution(name=name, datasetGroupArn=tracker.dataset_group_arn, recipeArn=RECIPE)
    arn = solution["solutionArn"]
    _wait(lambda: personalize.describe_solution(solutionArn=arn)["solution"])
    version = personalize.create_solution_version(solutionArn=arn)["solutionVersionArn"]
    yield from _until_active(
        lambda: personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    )


def create_campaign(personalize: Any, solution_version_arn: str, name: str) -> str:
    """Create a campaign, wait for it and return its ARN."""
    arn: str = personalize.create_campaign(name=name, solutionVersionArn=solution_version_arn, minProvisionedTPS=1)[
        "campaignArn"
    ]
    _wait(lambda: personalize.describe_campaign(campaignArn=arn)["campaign"])
    return arn


def _wait(describe: Callable[[], Mapping[str, Any]]) -> None:
    for _ in _until_active(describe):
        continue


def _until_active(describe: Callable[[], Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    while True:
        state = describe()
        yield state
        if state["status"] == "ACTIVE":
            return
        if state["status"].endswith("FAILED"):
            raise CreationFailed(state.get("failureReason", "no reason given"))
        time.sleep(PAUSE)
