"""Tags: those of a creation are listed, and nothing else is."""

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


def test_what_does_not_exist_has_no_list_of_tags(world: World) -> None:
    arn = world.call("CreateDatasetGroup", name="gone", tags=TAGS)["datasetGroupArn"]
    world.wait(3)
    world.call("DeleteDatasetGroup", datasetGroupArn=arn)
    world.wait(10)
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        world.call("ListTagsForResource", resourceArn=arn)
