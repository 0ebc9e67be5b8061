"""UpdateDataset: a Users or an Items dataset gets further columns, which older solutions do not train on."""

from typing import Any

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import RECIPES, Shop, made_shop
from tests.personalize_local.domains.domain import INTERACTIONS
from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.world import Refused, World

OLD = (("ITEM_ID", "string"), ("PRICE", ["null", "float"]), ("GENRE", ["null", "string"], "categorical"))
BRAND = ("BRAND", ["null", "string"], "categorical")


@pytest.fixture
def shop() -> Shop:
    """Return a shop in which a few interactions train a model."""
    return made_shop(World(toggles=Toggles(throttling=False, minimums=False)))


def replace(shop: Shop, *fields: tuple[Any, ...], name: str = "new") -> str:
    """Replace the schema of the items; return the new schema's ARN."""
    made = shop.world.call("CreateSchema", name=name, schema=schema("Items", *fields))["schemaArn"]
    shop.world.call("UpdateDataset", datasetArn=shop.datasets["Items"], schemaArn=made)
    return str(made)


def test_a_new_column_is_there_at_once_for_records_and_filters(shop: Shop) -> None:
    with pytest.raises(Refused, match="properties has brand"):
        shop.put_item("i1", brand="acme")
    made = replace(shop, *OLD, BRAND)
    described = shop.world.call("DescribeDataset", datasetArn=shop.datasets["Items"])["dataset"]
    assert described["schemaArn"] == made
    assert described["latestDatasetUpdate"]["status"] == "ACTIVE"
    shop.put_item("i1", brand="acme")
    assert shop.filter('INCLUDE ItemID WHERE Items.BRAND IN ("acme")')
    for name, refused in (("Items", False), ("new", True)):
        arn = shop.group.replace("dataset-group/shop", f"schema/{name}")
        if refused:
            with pytest.raises(Refused, match="ResourceInUseException"):
                shop.world.call("DeleteSchema", schemaArn=arn)
        else:
            shop.world.call("DeleteSchema", schemaArn=arn)


def test_a_solution_from_before_does_not_train_on_the_new_column_unless_it_includes_it(shop: Shop) -> None:
    world = shop.world
    world.put(shop.tracking, {"itemId": "i1"}, {"itemId": "i2"}, user="u1")
    world.put(shop.tracking, {"itemId": "i2"}, user="u2")
    world.wait(2)
    recipe = {"datasetGroupArn": shop.group, "recipeArn": f"{RECIPES}aws-similar-items"}
    included = {"trainingDataConfig": {"includedDatasetColumns": {"ITEMS": ["BRAND"]}}}
    before = world.solution("before", **recipe)
    including = world.solution("including", **recipe, solutionConfig=included)
    replace(shop, *OLD, BRAND)
    world.wait(1)
    after = world.solution("after", **recipe)
    for item in ("i1", "new"):
        shop.put_item(item, brand="acme")

    def most_similar(solution: str, name: str) -> str:
        campaign = world.campaign(world.trained(solution), name=name)
        answer = world.call("GetRecommendations", campaignArn=campaign, itemId="new", numResults=1)
        return str(answer["itemList"][0]["itemId"])

    assert most_similar(before, "before") == "i2", "the popular one: nothing is known of the new item"
    assert most_similar(after, "after") == "i1"
    assert most_similar(including, "including") == "i1"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (OLD[:2], "must have the field GENRE"),
        ((*OLD[:2], ("GENRE", ["null", "string"]), BRAND), "must have the field GENRE as it is"),
        ((OLD[0], ("PRICE", "float"), OLD[2]), "must have the field PRICE as it is"),
        ((*OLD, ("BRAND", "string", "categorical")), "BRAND must allow null"),
    ],
)
def test_fields_stay_and_new_ones_allow_null(shop: Shop, fields: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(Refused, match=f"InvalidInput.*{reason}"):
        replace(shop, *fields)


def test_the_schema_of_interactions_stays_and_that_of_items_is_one_for_items(shop: Shop) -> None:
    made = shop.world.call("CreateSchema", name="interactions", schema=INTERACTIONS)["schemaArn"]
    for kind, reason in (("Interactions", "neither a Users nor an Items dataset"), ("Items", "not for Items")):
        with pytest.raises(Refused, match=f"InvalidInput.*{reason}"):
            shop.world.call("UpdateDataset", datasetArn=shop.datasets[kind], schemaArn=made)
