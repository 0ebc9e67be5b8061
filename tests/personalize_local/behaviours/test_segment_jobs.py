"""Batch segment jobs are for versions of a segment recipe, and these are for nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import RECIPES, ROLE, Shop, made_shop
from tests.personalize_local.everything import PLACES as IN_BUCKET
from tests.personalize_local.everything import open_world, put_file
from tests.personalize_local.world import Refused, World

PLACES = {
    "jobInput": {"s3DataSource": {"path": "s3://shop/asked.json"}},
    "jobOutput": {"s3DataDestination": {"path": "s3://shop/out/"}},
}


@pytest.fixture
def shop() -> Shop:
    """Return a shop in which a few interactions train a model."""
    shop = made_shop(World(toggles=Toggles(throttling=False, minimums=False)))
    shop.world.fill(shop.tracking, users=4, each=10)
    shop.world.wait(2)
    return shop


def version(shop: Shop, recipe: str) -> str:
    return shop.world.trained(shop.world.solution(recipe, datasetGroupArn=shop.group, recipeArn=RECIPES + recipe))


def refused(shop: Shop, operation: str, **request: Any) -> str:
    with pytest.raises(Refused) as caught:
        shop.world.call(operation, **request)
    assert caught.value.code == "InvalidInputException"
    return caught.value.message


def test_a_job_needs_a_segment_recipe_and_has_at_most_five_million_users(shop: Shop) -> None:
    affinity, personal = version(shop, "aws-item-affinity"), version(shop, "aws-user-personalization")
    job = {"jobName": "j", "roleArn": ROLE, **PLACES}
    assert "not a recipe for user segments" in refused(
        shop, "CreateBatchSegmentJob", **job, solutionVersionArn=personal
    )
    assert "no batch recommendations" in refused(shop, "CreateBatchInferenceJob", **job, solutionVersionArn=affinity)
    too_many = {"solutionVersionArn": affinity, "numResults": 5_000_001}
    assert "0 to 5000000" in refused(shop, "CreateBatchSegmentJob", **job, **too_many)
    elsewhere = job | {"jobOutput": {"s3DataDestination": {"path": "https://shop/out/"}}}
    assert "S3 location" in refused(shop, "CreateBatchSegmentJob", **elsewhere, solutionVersionArn=affinity)
    arn = shop.world.call("CreateBatchSegmentJob", **job, solutionVersionArn=affinity)["batchSegmentJobArn"]
    assert arn.endswith(":batch-segment-job/j")


def test_its_filter_is_one_for_users_and_for_attributes_not_one_on_interactions(shop: Shop) -> None:
    personal, affinity = version(shop, "aws-user-personalization"), version(shop, "aws-item-affinity")
    by_attribute = version(shop, "aws-item-attribute-affinity")
    job = {"jobName": "j", "roleArn": ROLE, **PLACES}
    for_items = shop.filter("EXCLUDE ItemID WHERE Items.PRICE < 3", "items")
    viewers = shop.filter('INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("view")', "viewers")
    adults = shop.filter("INCLUDE UserID WHERE Users.AGE >= 18", "adults")
    others = shop.filter(
        'INCLUDE UserID WHERE Users.AGE >= 18 | EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("view")', "others"
    )

    def refusal(operation: str, trained: str, filter_arn: str) -> str:
        return refused(shop, operation, **job, solutionVersionArn=trained, filterArn=filter_arn)

    assert "is a filter for items" in refusal("CreateBatchSegmentJob", affinity, for_items)
    assert "is a filter for users" in refusal("CreateBatchInferenceJob", personal, adults)
    for on_interactions in (viewers, others):
        said = refusal("CreateBatchSegmentJob", by_attribute, on_interactions)
        assert "A filter on interactions cannot be used" in said
    campaign = shop.world.campaign(personal)
    assert "is a filter for users" in refused(
        shop, "GetRecommendations", campaignArn=campaign, userId="u1", filterArn=adults
    )
    for name, trained, filter_arn in (("a", affinity, viewers), ("b", affinity, adults), ("c", by_attribute, adults)):
        made = job | {"jobName": name, "solutionVersionArn": trained, "filterArn": filter_arn}
        arn = shop.world.call("CreateBatchSegmentJob", **made)["batchSegmentJobArn"]
        described = shop.world.call("DescribeBatchSegmentJob", batchSegmentJobArn=arn)["batchSegmentJob"]
        assert described["filterArn"] == filter_arn


def test_the_values_of_a_line_are_checked_by_the_types_of_the_columns(tmp_path: Path) -> None:
    shop = made_shop(open_world(tmp_path, toggles=Toggles(throttling=False, minimums=False)))
    shop.world.fill(shop.tracking, users=4, each=10)
    shop.put_user("u1", age=40, homeTown="Bonn")
    shop.world.wait(2)
    asked = [{"itemId": "i1", "filterValues": {"TOWN": town}} for town in ('"Bonn"', "53111")]
    put_file(tmp_path, "asked.json", [json.dumps(line) for line in asked])
    job = {"jobName": "j", "roleArn": ROLE, "solutionVersionArn": version(shop, "aws-item-affinity"), **IN_BUCKET}
    townsfolk = shop.filter("INCLUDE UserID WHERE Users.HOME_TOWN = $TOWN", "townsfolk")
    shop.world.call("CreateBatchSegmentJob", **job, filterArn=townsfolk)
    shop.world.wait(3)
    answers = (tmp_path / "s3/bucket/out/asked.json.out").read_text().splitlines()
    by_name, by_number = map(json.loads, answers)
    assert by_name["output"]["recommendedUsers"] == ["u1"]
    assert "Users.HOME_TOWN: expected a string in double quotes" in by_number["error"]


def test_a_segment_recipe_has_no_campaign(shop: Shop) -> None:
    affinity = version(shop, "aws-item-attribute-affinity")
    for arn in (affinity, f"{affinity.rpartition('/')[0]}/$LATEST"):
        assert "CreateBatchSegmentJob" in refused(shop, "CreateCampaign", name="c", solutionVersionArn=arn)
