"""Tags: those of a creation, and those that are added and removed later."""

from pathlib import Path

import pytest

from personalize_local.journal import Journal
from tests.personalize_local.world import Refused, World

TAGS = [{"tagKey": "team", "tagValue": "shop"}]


def test_the_tags_of_a_creation_are_listed_also_after_a_restart(tmp_path: Path) -> None:
    world = World(folder=tmp_path, journal=Journal(tmp_path))
    tagged = world.call("CreateDatasetGroup", name="tagged", tags=TAGS)["datasetGroupArn"]
    bare = world.call("CreateDatasetGroup", name="bare")["datasetGroupArn"]
    world.journal.close()
    after = World(folder=tmp_path, journal=Journal(tmp_path))
    assert after.call("ListTagsForResource", resourceArn=tagged)["tags"] == TAGS
    assert after.call("ListTagsForResource", resourceArn=bare)["tags"] == []


def tags(world: World, arn: str) -> dict[str, str]:
    """Return a resource's tags."""
    listed = world.call("ListTagsForResource", resourceArn=arn)["tags"]
    return {tag["tagKey"]: tag["tagValue"] for tag in listed}


def many(first: int, count: int) -> list[dict[str, str]]:
    return [{"tagKey": f"k{number}", "tagValue": ""} for number in range(first, first + count)]


def test_tags_are_added_replaced_and_removed_also_after_a_restart(tmp_path: Path) -> None:
    world = World(folder=tmp_path, journal=Journal(tmp_path))
    arn = world.call("CreateDatasetGroup", name="shop", tags=TAGS)["datasetGroupArn"]
    more = [{"tagKey": "team", "tagValue": "data"}, {"tagKey": "cost", "tagValue": "1"}]
    assert world.call("TagResource", resourceArn=arn, tags=more) == {}
    assert tags(world, arn) == {"team": "data", "cost": "1"}
    assert world.call("UntagResource", resourceArn=arn, tagKeys=["team", "unknown"]) == {}
    assert tags(world, arn) == {"cost": "1"}
    world.journal.close()
    assert tags(World(folder=tmp_path, journal=Journal(tmp_path)), arn) == {"cost": "1"}


def test_a_resource_has_fifty_tags_at_most_and_none_of_awss_own(world: World) -> None:
    arn = world.call("CreateDatasetGroup", name="shop", tags=many(0, 50))["datasetGroupArn"]
    refusals = (
        ("TagResource", {"resourceArn": arn, "tags": many(50, 1)}, "TooManyTagsException"),
        ("CreateDatasetGroup", {"name": "other", "tags": many(0, 51)}, "TooManyTagsException"),
        (
            "UntagResource",
            {"resourceArn": arn, "tagKeys": [f"k{number}" for number in range(51)]},
            "TooManyTagKeysException",
        ),
        ("TagResource", {"resourceArn": arn, "tags": [{"tagKey": "AWS:x", "tagValue": ""}]}, "InvalidInputException"),
    )
    for operation, request, code in refusals:
        with pytest.raises(Refused) as refused:
            world.call(operation, **request)
        assert refused.value.code == code
    assert len(tags(world, arn)) == 50
    world.call("TagResource", resourceArn=arn, tags=many(49, 1))
    assert [group["name"] for group in world.call("ListDatasetGroups")["datasetGroups"]] == ["shop"]


def test_what_does_not_exist_has_no_list_of_tags(world: World) -> None:
    arn = world.call("CreateDatasetGroup", name="gone", tags=TAGS)["datasetGroupArn"]
    world.wait(3)
    world.call("DeleteDatasetGroup", datasetGroupArn=arn)
    world.wait(10)
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        world.call("ListTagsForResource", resourceArn=arn)
