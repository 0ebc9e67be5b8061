"""Regions: what was created for one cannot be seen from another, and a request's region is the one it is signed for."""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from personalize_local.journal import Journal
from personalize_local.region import partition, region_of, signed_for
from tests.personalize_local.world import RECIPE, START, Refused, World

SYDNEY = "ap-southeast-2"
SIGNED = "AWS4-HMAC-SHA256 Credential=local/20261127/{}/personalize/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("authorization", "region"),
    [
        (SIGNED.format("eu-central-1"), "eu-central-1"),
        (SIGNED.format("us-gov-west-1"), "us-gov-west-1"),
        (SIGNED.format("no such region"), "us-east-1"),
        (SIGNED.format(""), "us-east-1"),
        ("AWS4-HMAC-SHA256 Credential=local", "us-east-1"),
        ("Basic d2ViLWtleTo=", "us-east-1"),
        ("", "us-east-1"),
        (None, "us-east-1"),
    ],
)
def test_the_region_is_the_one_of_the_signature(authorization: str | None, region: str) -> None:
    assert signed_for(authorization) == region


def test_an_arn_names_its_region_and_its_partition(world: World) -> None:
    for region, name in (("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")):
        world.region = region
        arn = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
        assert arn == f"arn:{name}:personalize:{region}:123456789012:dataset-group/shop"
        assert (partition(region), region_of(arn)) == (name, region)
    assert region_of("arn:aws:personalize:::recipe/aws-sims") == region_of("arn:aws:iam::1:role/r") == ""


def test_a_name_is_free_in_every_region_and_lists_show_one_region(world: World) -> None:
    here = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
    world.region = SYDNEY
    assert world.call("ListDatasetGroups")["datasetGroups"] == []
    there = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
    assert there != here
    assert [each["datasetGroupArn"] for each in world.call("ListDatasetGroups")["datasetGroups"]] == [there]


def test_nothing_of_another_region_is_found_wherever_a_request_names_it(world: World) -> None:
    tracking = world.ready_to_collect()
    world.fill(tracking)
    world.wait(2)
    solution = world.solution()
    campaign = world.campaign(world.trained(solution))
    group = world.call("ListDatasetGroups")["datasetGroups"][0]["datasetGroupArn"]
    world.region = SYDNEY
    requests: list[tuple[str, dict[str, Any]]] = [
        ("DescribeDatasetGroup", {"datasetGroupArn": group}),
        ("ListSolutions", {"datasetGroupArn": group}),
        ("CreateSolutionVersion", {"solutionArn": solution}),
        (
            "CreateFilter",
            {
                "name": "f",
                "datasetGroupArn": group,
                "filterExpression": 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")',
            },
        ),
        ("GetRecommendations", {"campaignArn": campaign, "userId": "u1"}),
        ("DeleteCampaign", {"campaignArn": campaign}),
        ("ListTagsForResource", {"resourceArn": campaign}),
    ]
    for name, request in requests:
        with pytest.raises(Refused, match=r"ResourceNotFoundException: Resource Arn arn:\S+ does not exist\."):
            world.call(name, **request)
    with pytest.raises(Refused, match=r"InvalidInputException: Tracking ID .* does not exist"):
        world.put(tracking, {"itemId": "i1"})
    world.region = "us-east-1"
    world.put(tracking, {"itemId": "i1"})
    assert world.recommended(campaign, "u1", 5)


def test_a_recipe_belongs_to_every_region(world: World) -> None:
    world.region = SYDNEY
    tracking = world.ready_to_collect()
    world.fill(tracking)
    world.wait(2)
    assert world.recommended(world.campaign(world.trained(world.solution())), "u1", 5)


def test_an_automatic_training_stays_in_the_region_of_its_solution(world: World) -> None:
    world.region = SYDNEY
    world.fill(world.ready_to_collect())
    group = world.call("ListDatasetGroups")["datasetGroups"][0]["datasetGroupArn"]
    solution = world.call("CreateSolution", name="auto", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"]
    world.region = "us-east-1"
    world.wait(3700)
    assert world.call("ListSolutionVersions")["solutionVersions"] == []
    world.region = SYDNEY
    [version] = world.call("ListSolutionVersions", solutionArn=solution)["solutionVersions"]
    assert version["solutionVersionArn"].startswith(solution)


def test_regions_survive_a_restart(tmp_path: Path) -> None:
    def groups(world: World) -> list[str]:
        return [each["datasetGroupArn"] for each in world.call("ListDatasetGroups")["datasetGroups"]]

    before = World(folder=tmp_path, journal=Journal(tmp_path))
    before.call("CreateDatasetGroup", name="here")
    before.region = SYDNEY
    before.call("CreateDatasetGroup", name="there")
    expected = groups(before)
    before.journal.close()
    after = World(folder=tmp_path, journal=Journal(tmp_path))
    assert [each.rpartition("/")[2] for each in groups(after)] == ["here"]
    after.region = SYDNEY
    assert groups(after) == expected
    after.journal.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_journal_of_an_earlier_version_is_read_and_replaced(tmp_path: Path, version: int) -> None:
    world = World()
    arn = world.call("CreateDatasetGroup", name="old")["datasetGroupArn"]
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as database:
        region = ", region TEXT DEFAULT 'us-east-1'" if version == 2 else ""
        columns = f"number INTEGER PRIMARY KEY, at REAL, operation TEXT, request TEXT, drawn TEXT{region}"
        database.execute(f"CREATE TABLE entries ({columns})")
        database.execute(f"PRAGMA user_version = {version}")
        entry = (world.now, "CreateDatasetGroup", json.dumps({"name": "old"}), json.dumps([3.0]))
        database.execute("INSERT INTO entries (at, operation, request, drawn) VALUES (?, ?, ?, ?)", entry)
    for name in ("new", "newer"):
        after = World(folder=tmp_path, journal=Journal(tmp_path))
        after.call("CreateDatasetGroup", name=name)
        after.journal.close()
    last = World(now=START + 3, folder=tmp_path, journal=Journal(tmp_path))
    names = [each["name"] for each in last.call("ListDatasetGroups")["datasetGroups"]]
    assert names == ["old", "new", "newer"]
    assert last.call("DescribeDatasetGroup", datasetGroupArn=arn)["datasetGroup"]["status"] == "ACTIVE"
    last.journal.close()
    assert not (tmp_path / "journal.sqlite").exists()
