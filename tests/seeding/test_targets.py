"""Which model answers for whom, by which job, and what its answers are."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from broker.experiment import HOLDOUT, experiment_from
from broker.recommendations import Recommendations

from lifecycle.names import Names
from lifecycle.resources import Resources
from seeding import jobs, lists
from seeding.targets import ALL, NoModel, Targets, find, why_none
from tests.broker.stubs import AwsClient

ARN = "arn:aws:personalize:us-east-1:123456789012"
TRAINED = datetime(2026, 9, 10, tzinfo=UTC)
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
EXPLORES = {"itemExplorationConfig": {"explorationWeight": "0.3"}, "syncWithLatestSolutionVersion": False}


class Pages:
    """A paginator of boto3's, for versions."""

    def __init__(self, *versions: Mapping[str, Any]) -> None:
        self.versions = versions

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"solutionVersions": list(self.versions)}]


def personalize(*versions: Mapping[str, Any]) -> Resources:
    """Return a service: the campaign ``fresh`` explores, ``latest`` follows its solution."""
    serves = {"latest": f"{ARN}:solution/s/$LATEST", "fresh": f"{ARN}:solution/fresh/1"}

    def campaign(request: Mapping[str, Any]) -> Any:
        name = request["campaignArn"].rpartition("/")[2]
        arn = serves.get(name, f"{ARN}:solution/s/1")
        return {"campaign": {"solutionVersionArn": arn, "campaignConfig": EXPLORES if name == "fresh" else {}}}

    def version(request: Mapping[str, Any]) -> Any:
        arn = request["solutionVersionArn"]
        return {"solutionVersion": {"solutionVersionArn": arn, "recipeArn": RECIPE, "creationDateTime": TRAINED}}

    client = AwsClient(describe_campaign=campaign, describe_solution_version=version)
    client.get_paginator = lambda _: Pages(*versions)  # type: ignore[attr-defined]
    return Resources(client)


def experiment(**variants: Any) -> Any:
    return experiment_from({"name": "autumn", "holdout": 20, "variants": variants})


def campaign_arn(name: str) -> str:
    return f"{ARN}:campaign/{name}"


def test_without_an_experiment_all_users_have_the_campaigns_version_and_the_filter() -> None:
    found = find(personalize(), campaign_arn("c"), "filter", None)
    [one] = found.targets
    assert (one.version_arn, one.filter_arn, one.variants) == (f"{ARN}:solution/s/1", "filter", (ALL,))
    assert (one.trained_at, one.recipe) == (TRAINED.timestamp(), "aws-user-personalization-v2")
    assert all(found.of(mpid) == one for mpid in range(100))


def test_a_campaign_that_follows_its_solution_has_its_newest_trained_version() -> None:
    versions = [
        {"solutionVersionArn": f"{ARN}:solution/s/{number}", "status": status, "creationDateTime": number}
        for number, status in ((1, "ACTIVE"), (2, "ACTIVE"), (3, "CREATE IN_PROGRESS"))
    ]
    [one] = find(personalize(*versions), campaign_arn("latest"), None, None).targets
    assert one.version_arn == f"{ARN}:solution/s/2"
    with pytest.raises(NoModel, match="train first"):
        find(personalize(), campaign_arn("latest"), None, None)


def test_variants_with_the_same_campaign_and_filter_share_a_job_and_the_others_have_their_own() -> None:
    mine = experiment(
        control={"weight": 1},
        same={"weight": 1},
        fresh={"weight": 1, "campaign_arn": campaign_arn("fresh")},
        few={"weight": 1, "filter_arn": f"{ARN}:filter/few"},
    )
    found = find(personalize(), campaign_arn("c"), None, mine)
    by_variants = {one.variants: one for one in found.targets}
    assert set(by_variants) == {("control", "same"), ("fresh",), ("few",)}
    assert by_variants["fresh",].config == {"itemExplorationConfig": {"explorationWeight": "0.3"}}
    assert by_variants["few",].filter_arn == f"{ARN}:filter/few"

    why_not, in_holdout = why_none(found), 0
    for mpid in range(1_000):
        name, target = mine.variant_of(mpid), found.of(mpid)
        assert why_not(mpid) == (HOLDOUT if name == HOLDOUT else None)
        assert (target is None) if name == HOLDOUT else (target is not None and name in target.variants)
        in_holdout += name == HOLDOUT
    assert 150 < in_holdout < 250


def test_the_same_files_model_and_variants_are_the_same_job_and_a_failed_one_is_made_again() -> None:
    found = find(personalize(), campaign_arn("c"), None, None)
    [one] = found.targets

    def decided(*known: tuple[str, str], target: Any = one, identity: tuple[str, ...] = ("file",)) -> jobs.SeedJob:
        return jobs.decide(
            [{"jobName": name, "status": status} for name, status in known], Names("shop"), target, 10, identity
        )

    first = decided()
    assert (first.is_there, first.progress_key) == (False, f"batch/seed/{first.job.name}.json")
    assert decided((first.job.name, "CREATE IN_PROGRESS")).is_there
    assert decided((first.job.name, "ACTIVE")).job == first.job
    again = decided((first.job.name, "CREATE FAILED"))
    assert (again.is_there, again.job.name) == (False, f"{first.job.name}-2")
    other = find(personalize(), campaign_arn("fresh"), None, None).targets[0]
    assert len({first.job.name, decided(target=other).job.name, decided(identity=("other",)).job.name}) == 3


def test_an_answer_is_a_list_without_an_id_and_an_error_is_none() -> None:
    answers = [
        {"input": {"userId": "-7"}, "output": {"recommendedItems": ["a", "b", "a"], "scores": [1, 0.5]}, "error": None},
        {"input": {"userId": "8"}, "output": None, "error": "unknown"},
        {"input": {"userId": "made-up"}, "output": {"recommendedItems": ["a"]}},
        {"input": {"userId": "9"}, "output": {"recommendedItems": []}},
    ]  # fmt: skip
    read = list(lists.read(map(json.dumps, answers), TRAINED.timestamp()))
    assert [(one.mpid, one.new and one.new.items) for one in read] == [
        (-7, ("a", "b")),
        (8, None),
        (None, ("a",)),
        (9, ()),
    ]
    assert read[0].new == Recommendations(("a", "b"), None, TRAINED.timestamp())


def test_targets_without_an_experiment_leave_nobody_out() -> None:
    assert why_none(Targets(find(personalize(), campaign_arn("c"), None, None).targets, None))(5) is None
