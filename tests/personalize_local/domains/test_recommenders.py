"""A recommender is created, stopped, started, updated and deleted under the service's rules."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.jobs.runner import Outcome
from personalize_local.journal import Journal
from personalize_local.toggles import Toggles
from tests.personalize_local.domains.domain import HOUR, INTERACTIONS, RECIPES, Domain
from tests.personalize_local.world import HeldJobs, Refused, World

BY_VIEWS = "aws-ecomm-popular-items-by-views"
DAY = 24 * HOUR


@pytest.fixture
def shop() -> Domain:
    """Return a shop in which everybody has viewed i1, and one user i2."""
    domain = Domain("ECOMMERCE")
    domain.put([*((f"u{number}", "i1", "View", 10.0) for number in range(3)), ("u1", "i2", "View", 5.0)])
    return domain


def refusal(world: World, operation: str, **request: Any) -> str:
    """Return the code of a refusal."""
    with pytest.raises(Refused) as refused:
        world.call(operation, **request)
    return refused.value.code


def statuses(shop: Domain, arn: str, times: int) -> list[str]:
    """Return the statuses of the next seconds, two apart."""
    seen = []
    for _ in range(times):
        seen.append(shop.describe(arn)["status"])
        shop.world.wait(2)
    return seen


def test_a_stopped_recommender_answers_nothing_until_it_is_started(shop: Domain) -> None:
    arn, world = shop.recommender(BY_VIEWS), shop.world
    assert refusal(world, "StartRecommender", recommenderArn=arn) == "ResourceInUseException"
    assert world.call("StopRecommender", recommenderArn=arn) == {"recommenderArn": arn}
    assert refusal(world, "DeleteRecommender", recommenderArn=arn) == "ResourceInUseException"
    assert statuses(shop, arn, 4) == ["STOP PENDING", "STOP IN_PROGRESS", "STOP IN_PROGRESS", "INACTIVE"]
    ask = {"recommenderArn": arn, "userId": "u1"}
    assert refusal(world, "GetRecommendations", **ask) == "ResourceNotFoundException"
    assert refusal(world, "StopRecommender", recommenderArn=arn) == "ResourceInUseException"
    world.call("StartRecommender", recommenderArn=arn)
    assert statuses(shop, arn, 4) == ["START PENDING", "START IN_PROGRESS", "START IN_PROGRESS", "ACTIVE"]
    assert shop.recommended(arn, userId="u1") == ["i1", "i2"]
    world.call("StopRecommender", recommenderArn=arn)
    world.wait(6)
    world.call("DeleteRecommender", recommenderArn=arn)
    world.wait(3)
    assert refusal(world, "DescribeRecommender", recommenderArn=arn) == "ResourceNotFoundException"


def test_a_recommender_shows_the_metrics_of_its_model_and_is_listed_with_its_group(shop: Domain) -> None:
    arn = shop.recommender(BY_VIEWS, minRecommendationRequestsPerSecond=2)
    assert len(shop.describe(arn)["modelMetrics"]) == 8
    (listed,) = shop.world.call("ListRecommenders", datasetGroupArn=shop.group)["recommenders"]
    assert listed["recommenderArn"] == arn
    assert listed["recommenderConfig"] == {"minRecommendationRequestsPerSecond": 2}


def test_an_update_takes_a_while_and_allows_metadata(shop: Domain) -> None:
    arn, world = shop.recommender(BY_VIEWS), shop.world
    shop.put_item("i1", price=2.5, categoryL1="lamps")
    ask = {"recommenderArn": arn, "userId": "u1", "metadataColumns": {"ITEMS": ["CATEGORY_L1"]}}
    update = {"recommenderArn": arn, "recommenderConfig": {"enableMetadataWithRecommendations": True}}
    world.call("UpdateRecommender", **update)
    assert shop.describe(arn)["latestRecommenderUpdate"]["status"] == "CREATE IN_PROGRESS"
    assert refusal(world, "UpdateRecommender", **update) == "ResourceInUseException"
    assert refusal(world, "GetRecommendations", **ask) == "InvalidInputException"
    world.wait(6)
    (described,) = world.call("ListRecommenders")["recommenders"]
    assert described["recommenderConfig"] == update["recommenderConfig"]
    assert shop.describe(arn)["latestRecommenderUpdate"]["status"] == "ACTIVE"
    first, *_ = world.call("GetRecommendations", **ask)["itemList"]
    assert first["metadata"] == {"CATEGORY_L1": "lamps"}


def test_other_columns_to_train_on_train_anew(shop: Domain) -> None:
    arn = shop.recommender(BY_VIEWS)
    shop.put([(f"v{number}", "i2", "View", 1.0) for number in range(9)])
    assert shop.recommended(arn, 1, userId="u1") == ["i1"]
    columns = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["PRICE"]}}}
    shop.world.call("UpdateRecommender", recommenderArn=arn, recommenderConfig=columns)
    assert shop.recommended(arn, 1, userId="u1") == ["i1"]
    shop.world.wait(30)
    assert shop.recommended(arn, 1, userId="u1") == ["i2"]


def test_a_recommender_is_trained_again_after_seven_days_if_there_is_news(tmp_path: Path) -> None:
    world = World(folder=tmp_path, journal=Journal(tmp_path))
    shop = Domain("ECOMMERCE", world)
    world.fill(shop.tracking)
    world.wait(2)
    arn = shop.recommender("aws-ecomm-recommended-for-you")
    before = shop.recommended(arn, 25, userId="nobody")
    world.wait(8 * DAY)
    shop.put([(f"u{number}", "new", "View", 1.0) for number in range(30)])
    world.service.tick()
    world.wait(30)
    after = shop.recommended(arn, 25, userId="nobody")
    assert "new" not in before
    assert "new" in after
    shop.put([(f"u{number}", "newer", "View", 1.0) for number in range(30)])
    world.wait(6 * DAY)
    world.service.tick()
    world.wait(30)
    assert shop.recommended(arn, 25, userId="nobody") == after
    world.journal.close()
    again = World(folder=tmp_path, journal=Journal(tmp_path), now=world.now)
    answer = again.call("GetRecommendations", recommenderArn=arn, userId="nobody")["itemList"]
    assert [item["itemId"] for item in answer] == after


def test_too_few_events_of_the_use_cases_type_fail_the_creation() -> None:
    shop = Domain("ECOMMERCE", World(toggles=Toggles(throttling=False)))
    shop.world.fill(shop.tracking)
    made = {"datasetGroupArn": shop.group, "recipeArn": f"{RECIPES}aws-ecomm-popular-items-by-purchases"}
    arn = shop.world.call("CreateRecommender", name="r", **made)["recommenderArn"]
    shop.world.wait(30)
    described = shop.describe(arn)
    assert described["status"] == "CREATE FAILED"
    assert "1000 interactions; there are 0" in described["failureReason"]


def test_users_are_not_deleted_while_a_recommender_is_trained() -> None:
    jobs = HeldJobs()
    shop = Domain("ECOMMERCE", World(jobs=jobs))
    made = {"name": "r", "datasetGroupArn": shop.group, "recipeArn": f"{RECIPES}{BY_VIEWS}"}
    arn = shop.world.call("CreateRecommender", **made)["recommenderArn"]
    job = {"jobName": "d", "datasetGroupArn": shop.group, "dataSource": {"dataLocation": "s3://a/b"}}
    job["roleArn"] = "arn:aws:iam::123456789012:role/any"
    assert refusal(shop.world, "CreateDataDeletionJob", **job) == "ResourceInUseException"
    jobs.end(Outcome(failure="no luck"))
    shop.world.wait(30)
    assert shop.describe(arn)["failureReason"] == "no luck"
    assert shop.world.call("CreateDataDeletionJob", **job)


def test_a_use_case_is_for_groups_of_its_domain(shop: Domain) -> None:
    made = {"name": "r", "datasetGroupArn": shop.group}
    for recipe in ("aws-vod-most-popular", "aws-user-personalization-v2", "nonsense"):
        assert refusal(shop.world, "CreateRecommender", **made, recipeArn=RECIPES + recipe) == "InvalidInputException"
    custom = shop.world.call("CreateDatasetGroup", name="custom")["datasetGroupArn"]
    shop.world.wait(3)
    made = {"name": "r", "datasetGroupArn": custom, "recipeArn": RECIPES + BY_VIEWS}
    assert refusal(shop.world, "CreateRecommender", **made) == "InvalidInputException"


def test_schema_and_group_are_of_one_domain_and_the_domains_fields_are_required(shop: Domain) -> None:
    world = shop.world
    custom = world.call("CreateSchema", name="custom", schema=INTERACTIONS)["schemaArn"]
    made = {"name": "d", "schemaArn": custom, "datasetGroupArn": shop.group, "datasetType": "Interactions"}
    assert refusal(world, "CreateDataset", **made) == "InvalidInputException"
    items = json.loads(INTERACTIONS) | {"name": "Items", "fields": [{"name": "ITEM_ID", "type": "string"}]}
    with pytest.raises(Refused, match="requires the field PRICE of type float"):
        world.call("CreateSchema", name="items", schema=json.dumps(items), domain="ECOMMERCE")
    with pytest.raises(Refused, match="requires the field GENRES of type string, categorical"):
        world.call("CreateSchema", name="items", schema=json.dumps(items), domain="VIDEO_ON_DEMAND")


def test_the_recipes_of_a_domain_are_listed_and_described(world: World) -> None:
    for domain, word in (("ECOMMERCE", "ecomm"), ("VIDEO_ON_DEMAND", "vod")):
        listed = world.call("ListRecipes", domain=domain)["recipes"]
        assert len(listed) == 5
        assert all(recipe["domain"] == domain and f"aws-{word}-" in recipe["name"] for recipe in listed)
        described = world.call("DescribeRecipe", recipeArn=listed[0]["recipeArn"])["recipe"]
        assert described["recipeType"] in ("USER_PERSONALIZATION", "RELATED_ITEMS")
