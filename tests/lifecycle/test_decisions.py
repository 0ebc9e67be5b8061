"""What an import does next, what is under way, what is due: decided without any service."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle import counts, imports
from lifecycle.counts import InteractionCounts
from lifecycle.imports import ImportStep, decide
from lifecycle.names import Names
from lifecycle.status import Inventory, ResourceState, due

NAMES = Names("shop")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def job(name: str, status: str = "ACTIVE", mode: str = "FULL", hour: int = 0) -> dict[str, Any]:
    return {
        "jobName": name,
        "datasetImportJobArn": f"arn:{name}",
        "status": status,
        "importMode": mode,
        "creationDateTime": BEGAN + timedelta(hours=hour),
    }


OTHER = job("shop-interactions-other")


def test_the_first_import_is_full_and_every_later_one_adds() -> None:
    assert decide([], NAMES, "interactions", "abc", None) == ImportStep("shop-interactions-abc", "FULL")
    assert decide([OTHER], NAMES, "interactions", "abc", None) == ImportStep("shop-interactions-abc", "INCREMENTAL")


@pytest.mark.parametrize("status", ["CREATE FAILED", "CREATE IN_PROGRESS"])
def test_an_import_that_brought_nothing_yet_does_not_count_as_an_earlier_one(status: str) -> None:
    step = decide([job("shop-interactions-other", status)], NAMES, "interactions", "abc", None)

    assert step.mode == "FULL"


def test_a_mode_that_is_asked_for_is_taken_and_has_a_name_of_its_own() -> None:
    assert decide([OTHER], NAMES, "users", "abc", "FULL") == ImportStep("shop-users-full-abc", "FULL")


@pytest.mark.parametrize(("status", "done"), [("ACTIVE", True), ("CREATE PENDING", False)])
def test_the_same_import_is_found_again_by_its_name(status: str, done: bool) -> None:
    existing = job("shop-interactions-abc", status, "INCREMENTAL")

    step = decide([OTHER | {"creationDateTime": BEGAN - timedelta(1)}, existing], NAMES, "interactions", "abc", None)
    assert step == ImportStep("shop-interactions-abc", "INCREMENTAL", "arn:shop-interactions-abc", done)


def test_a_failed_import_is_tried_again_under_a_further_name() -> None:
    failed = [job("shop-interactions-abc", "CREATE FAILED"), job("shop-interactions-abc-2", "CREATE FAILED")]

    assert decide(failed, NAMES, "interactions", "abc", None) == ImportStep("shop-interactions-abc-3", "FULL")


def test_what_a_later_full_import_has_replaced_is_imported_again() -> None:
    jobs = [job("shop-interactions-abc"), job("shop-interactions-full-xyz", hour=1)]

    assert decide(jobs, NAMES, "interactions", "abc", None) == ImportStep("shop-interactions-abc-2", "INCREMENTAL")


def test_limits_of_aws_are_said_beforehand() -> None:
    assert "999 rows" in imports.warnings(ImportStep("j", "FULL"), "interactions", 999, 1)[0]
    assert "1.5 GB" in imports.warnings(ImportStep("j", "INCREMENTAL"), "interactions", 1_000, 1_500_000_000)[0]
    assert imports.warnings(ImportStep("j", "FULL"), "interactions", 1_000, 1_500_000_000) == []
    assert imports.warnings(ImportStep("j", "FULL"), "users", 1, 1) == []


def test_only_the_rows_since_the_newest_full_import_are_in_the_dataset() -> None:
    jobs = [
        job("d", mode="INCREMENTAL", hour=4),
        job("a", hour=0),
        job("b", mode="INCREMENTAL", hour=1),
        job("c", hour=3),
        job("failed", "CREATE FAILED", hour=5),
    ]

    assert [one["jobName"] for one in counts.in_force(jobs)] == ["c", "d"]
    assert [one["jobName"] for one in counts.in_force(jobs[1:3])] == ["a", "b"]


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        (InteractionCounts(), []),
        (InteractionCounts(interactions=1_000), []),
        (InteractionCounts(interactions=999), ["999 of 1,000 interactions"]),
        (InteractionCounts(1_000, 100, 24), ["24 of 25 users with two interactions or more"]),
        (InteractionCounts(1_000, 2_500, 25), []),
        (InteractionCounts(2_700, 2_600, 25), ["1.0% of the users have two interactions, 1 % must"]),
        (InteractionCounts(3, 2, 1), ["3 of 1,000 interactions", "1 of 25 users with two interactions or more"]),
    ],
)
def test_every_minimum_that_can_be_known_counts(known: InteractionCounts, missing: list[str]) -> None:
    assert known.missing() == missing


def test_the_local_status_is_that_of_the_brokers_own_group() -> None:
    group = {"datasetGroupArn": "arn:mine", "interactions": 5, "users": 3, "usersWithTwo": 2}
    answer = {"datasetGroups": [group | {"datasetGroupArn": "arn:other", "interactions": 9}, group]}

    assert counts.from_local(answer, "arn:mine") == InteractionCounts(5, 3, 2, from_service=True)
    assert counts.from_local(answer, None) == InteractionCounts(0, 0, 0, from_service=True)


ENOUGH, FEW = InteractionCounts(2_000, 100, 50, from_service=True), InteractionCounts(10, 5, 2, from_service=True)
GROUP, DATASET = (
    ResourceState("dataset group", "shop", "ACTIVE", "arn:g"),
    ResourceState("dataset", "shop", "ACTIVE", "arn:d"),
)
TRAINED = {"solutionVersionArn": "arn:v", "creationDateTime": BEGAN}


def inventory_with(*found: ResourceState, version: dict[str, Any] | None = None) -> Inventory:
    return Inventory("arn:g", (GROUP, DATASET, *found), version, {})


CAMPAIGN = ResourceState("campaign", "shop", "ACTIVE", "arn:c")
TRAINING = ResourceState("solution version", "1", "CREATE IN_PROGRESS", "arn:v")


@pytest.mark.parametrize(
    ("found", "known", "local", "deployed", "command"),
    [
        (Inventory(None, (), None, {}), FEW, True, None, "./broker backfill FILE"),
        (Inventory(None, (), None, {}), InteractionCounts(), False, None, "make deploy"),
        (inventory_with(), FEW, False, "collect", "./broker backfill FILE"),
        (inventory_with(), ENOUGH, False, "collect", "make deploy STAGE=train"),
        (inventory_with(), InteractionCounts(), False, "collect", "make deploy STAGE=train"),
        (inventory_with(), ENOUGH, True, None, "./broker train"),
        (inventory_with(), ENOUGH, False, "train", "./broker train"),
        (inventory_with(TRAINING), ENOUGH, False, "train", "./broker status"),
        (inventory_with(version=TRAINED), ENOUGH, False, "train", "make deploy STAGE=recommend"),
        (inventory_with(version=TRAINED), ENOUGH, True, None, "./broker recommend USER --create-campaign"),
        (inventory_with(CAMPAIGN, version=TRAINED), FEW, False, "recommend", "./broker recommend USER"),
        (replace(inventory_with(CAMPAIGN, version=TRAINED), newer=("job",)), ENOUGH, True, None, "./broker train"),
    ],
)
def test_what_is_due_next_is_one_command(
    found: Inventory, known: InteractionCounts, local: bool, deployed: str | None, command: str
) -> None:
    assert due(found, known, local=local, deployed=deployed).command == command


def test_names_fit_personalizes_limit_and_stay_apart() -> None:
    longest = Names("x" * 40)
    names = {longest.job("interactions-incremental", identity, 12) for identity in ("0123456789", "0123456780")}

    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)
    assert Names("shop").solution("aws-user-personalization-v2") == "shop"
    assert Names("shop").solution("aws-similar-items") == "shop-similar"
    assert Names("x" * 63).solution("aws-similar-items", hpo=True) == "x" * 59 + "-hpo"
