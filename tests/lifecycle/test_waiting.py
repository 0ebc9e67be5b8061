"""Describe; not found → create; pending → wait: against a stub, for the states that a local service never shows."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle import counts, resource_types, training
from lifecycle.names import Names
from lifecycle.resources import CreationFailed, Resources


class Service:
    """A stub of the control plane: solutions that are there, the states that one goes through, and all calls."""

    def __init__(self, *states: str, solutions: tuple[str, ...] = (), reason: str = "too few\ninteractions") -> None:
        self.calls: list[str] = []
        self._states, self._solutions, self._reason = iter(states), solutions, reason

    def get_paginator(self, operation: str) -> "Service":
        assert operation == "list_solutions"
        return self

    def paginate(self, **scope: str) -> Iterator[dict[str, Any]]:
        self.calls.append(f"list {scope}")
        yield {"solutions": []}
        yield {"solutions": [{"name": name, "solutionArn": f"arn:{name}"} for name in self._solutions]}

    def create_solution(self, **request: Any) -> dict[str, str]:
        self.calls.append(f"create {request}")
        return {"solutionArn": f"arn:{request['name']}"}

    def describe_solution(self, solutionArn: str) -> dict[str, Any]:
        status = next(self._states)
        return {
            "solution": {"name": "shop", "solutionArn": solutionArn, "status": status, "failureReason": self._reason}
        }


def test_what_is_not_there_is_created_and_waited_for_ever_more_patiently() -> None:
    service, pauses, shown = Service("CREATE PENDING", *["CREATE IN_PROGRESS"] * 30, "ACTIVE"), [], []
    resources = Resources(service, sleep=pauses.append, show=lambda what, state: shown.append((what, state["status"])))

    resources.ensure(resource_types.SOLUTION, "shop", {"recipeArn": "r"}, datasetGroupArn="g")

    assert service.calls == ["list {'datasetGroupArn': 'g'}", "create {'name': 'shop', 'recipeArn': 'r'}"]
    assert len(pauses) == 31
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.1, 10.0)
    assert shown[0] == ("solution", "CREATE PENDING")
    assert shown[-1] == ("solution", "ACTIVE")


def test_what_is_there_is_neither_created_nor_waited_for_nor_shown() -> None:
    service, pauses, shown = Service("ACTIVE", solutions=("other", "shop")), [], []
    resources = Resources(service, sleep=pauses.append, show=lambda what, state: shown.append(what))

    assert resources.ensure(resource_types.SOLUTION, "shop", {})["solutionArn"] == "arn:shop"
    assert (service.calls, pauses, shown) == (["list {}"], [], [])


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATE FAILED", "delete it with: aws personalize delete-solution --solution-arn arn:shop"),
        ("DELETE IN_PROGRESS", "wait until it is gone"),
    ],
)
def test_a_resource_that_will_never_be_active_is_one_line_with_the_reason_and_what_to_do(
    status: str, advice: str
) -> None:
    with pytest.raises(CreationFailed) as failed:
        Resources(Service(status), sleep=lambda _: None).wait(resource_types.SOLUTION, "arn:shop")

    assert str(failed.value).startswith(f"solution shop is {status}: too few interactions (")
    assert advice in str(failed.value)
    assert "\n" not in str(failed.value)


class Going:
    """A stub of a filter that goes through states, and is then not found."""

    def __init__(self, *states: str, refusal: str = "ResourceNotFoundException") -> None:
        self._states, self._refusal = iter(states), refusal
        self.deletions = 0

    def delete_filter(self, filterArn: str) -> None:
        self.deletions += 1

    def describe_filter(self, filterArn: str) -> dict[str, Any]:
        for status in self._states:
            return {"filter": {"name": "new-only", "filterArn": filterArn, "status": status}}
        raise ClientError({"Error": {"Code": self._refusal, "Message": "no"}}, "DescribeFilter")


@pytest.mark.parametrize(("first", "deletions"), [("ACTIVE", 1), ("CREATE FAILED", 1), ("DELETE IN_PROGRESS", 0)])
def test_what_is_deleted_is_waited_for_until_it_is_not_found(first: str, deletions: int) -> None:
    service, pauses, shown = Going(first, first, *["DELETE IN_PROGRESS"] * 30), [], []
    resources = Resources(service, sleep=pauses.append, show=lambda what, state: shown.append(state["status"]))

    resources.delete(resource_types.FILTER, "arn:f")

    assert service.deletions == deletions
    assert shown == [first, *["DELETE IN_PROGRESS"] * 30]
    assert (len(pauses), pauses[0], pauses[-1]) == (31, 0.1, 10.0)
    assert pauses == sorted(pauses)


def test_a_deletion_that_failed_or_cannot_be_looked_at_is_not_taken_for_done() -> None:
    with pytest.raises(CreationFailed, match=r"filter new-only is DELETE FAILED: .*delete-filter --filter-arn arn:f"):
        Resources(Going("ACTIVE", "DELETE FAILED")).delete(resource_types.FILTER, "arn:f")
    with pytest.raises(ClientError, match="Throttling"):
        Resources(Going("ACTIVE", refusal="ThrottlingException")).delete(resource_types.FILTER, "arn:f")


class Updated:
    """A stub with one campaign: ACTIVE all the time, its update not at once."""

    def __init__(self, serves: str, *, follows: bool = False) -> None:
        self.updated: list[str] = []
        self._serves, self._follows, self._looks = serves, follows, 0

    def get_paginator(self, operation: str) -> "Updated":
        assert operation == "list_campaigns"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"campaigns": [{"name": "shop", "campaignArn": "arn:campaign"}]}]

    def update_campaign(self, campaignArn: str, solutionVersionArn: str) -> None:
        self.updated.append(solutionVersionArn)

    def describe_campaign(self, campaignArn: str) -> dict[str, Any]:
        self._looks += 1
        campaign: dict[str, Any] = {"name": "shop", "campaignArn": campaignArn, "status": "ACTIVE"}
        campaign |= {"solutionVersionArn": self._serves}
        campaign |= {"campaignConfig": {"syncWithLatestSolutionVersion": True}} if self._follows else {}
        if self.updated:
            status = "CREATE IN_PROGRESS" if self._looks < 4 else "ACTIVE"
            campaign["latestCampaignUpdate"] = {"status": status, "solutionVersionArn": self.updated[-1]}
        return {"campaign": campaign}


def test_a_campaign_is_brought_up_to_the_new_version_and_the_update_waited_for() -> None:
    service, pauses = Updated("arn:old"), []
    training.campaign(Resources(service, sleep=pauses.append), "shop", "arn:new")

    assert service.updated == ["arn:new"]
    assert len(pauses) == 2


@pytest.mark.parametrize("service", [Updated("arn:new"), Updated("arn:old", follows=True)])
def test_a_campaign_that_serves_the_version_or_follows_by_itself_is_left_alone(service: Updated) -> None:
    training.campaign(Resources(service, sleep=lambda _: None), "shop", "arn:new")

    assert service.updated == []


class Account:
    """A stub of what AWS tells of a deployed broker: daily sums of a metric, and no dataset group."""

    def client(self, service: str) -> "Account":
        assert service in ("cloudwatch", "personalize")
        return self

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        assert (asked["Namespace"], asked["MetricName"], asked["Statistics"]) == (
            "PersonalizeBroker",
            "Accepted",
            ["Sum"],
        )
        assert (asked["EndTime"] - asked["StartTime"]).total_seconds() / asked["Period"] <= 1_440  # CloudWatch's limit
        return {"Datapoints": [{"Sum": 40.0}, {"Sum": 2.0}]}

    def get_paginator(self, operation: str) -> "Account":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"datasetGroups": []}]


def test_on_aws_the_brokers_own_count_is_all_that_is_known_of_the_stream() -> None:
    known = counts.from_aws(Account().client, Names("shop"), {"IngestFunction": "shop-ingest"})

    assert known == counts.InteractionCounts(interactions=42, streamed=42, imported=0)
    assert counts.from_aws(Account().client, Names("shop"), {}).interactions is None
