"""Items without interactions: recommended to those whom their attributes fit, seconds after they are put."""

from typing import Any

import pytest

from personalize_local.served_models import UPDATE_EVERY
from tests.personalize_local.behaviours.shop import Shop, made_shop
from tests.personalize_local.world import Refused, World

V1 = "aws-user-personalization"


@pytest.fixture
def shop(world: World) -> Shop:
    """Return a shop whose odd items are lamps and whose even ones are vases, each a bit dearer than the one before."""
    shop = made_shop(world)
    for number in range(20):
        shop.put_item(f"i{number}", genre="lamp" if number % 2 else "vase", price=float(number))
    return shop


def listed(shop: Shop, campaign: str, user: str, results: int = 10, **options: Any) -> list[str]:
    asked = {"campaignArn": campaign, "userId": user, "numResults": results, **options}
    return [entry["itemId"] for entry in shop.world.call("GetRecommendations", **asked)["itemList"]]


def test_a_new_item_reaches_those_whom_it_fits_before_and_after_the_training(shop: Shop) -> None:
    shop.put_item("new lamp", genre="lamp")
    campaign = shop.world.campaign(shop.trained())
    assert "new lamp" in listed(shop, campaign, "u1")
    assert "new lamp" not in listed(shop, campaign, "u0")
    shop.put_item("newer vase", genre="vase")
    shop.put_item("plain")
    assert "newer vase" not in listed(shop, campaign, "u0"), "the model is told every few seconds"
    shop.world.wait(UPDATE_EVERY)
    assert "newer vase" in listed(shop, campaign, "u0")
    assert "newer vase" not in listed(shop, campaign, "u1")
    for user in ("u0", "u1"):
        assert "plain" not in listed(shop, campaign, user, 20), "nothing is known of it"


def test_a_filter_on_a_price_works_on_new_items(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained())
    cheap = shop.filter("INCLUDE ItemID WHERE Items.PRICE < 3")
    shop.put_item("cheap lamp", genre="lamp", price=2.0)
    shop.put_item("dear lamp", genre="lamp", price=200.0)
    shop.world.wait(UPDATE_EVERY)
    found = listed(shop, campaign, "u1", filterArn=cheap)
    assert set(found) == {"i0", "i1", "i2", "cheap lamp"}
    assert found.index("cheap lamp") <= 1, "before the vases"
    shop.put_item("cheap lamp", genre="lamp", price=20.0)
    assert "cheap lamp" not in listed(shop, campaign, "u1", filterArn=cheap)


def test_a_campaign_of_the_older_recipe_says_how_much_it_explores(shop: Shop) -> None:
    for number in range(6):
        shop.put_item(f"new {number}", genre="lamp")
    version = shop.trained(V1)

    def places(name: str, **config: str) -> list[int]:
        campaign = shop.world.campaign(version, name=name, campaignConfig={"itemExplorationConfig": config})
        found = listed(shop, campaign, "u1", 10)
        return [place for place, item in enumerate(found, 1) if item.startswith("new")]

    assert places("default")[:3] == [4, 7, 10]
    assert places("eager", explorationWeight="1") == [1, 2, 3, 4, 5, 6]
    by_attributes_alone = places("plain", explorationWeight="0")
    assert all(place > 4 for place in by_attributes_alone)
    with pytest.raises(Refused, match="explorationWeight must be from 0 to 1"):
        places("wrong", explorationWeight="2")


def test_why_a_new_item_is_listed_is_its_attributes(shop: Shop) -> None:
    shop.put_item("new lamp", genre="lamp")
    campaign = shop.world.campaign(shop.trained())
    (parts,) = shop.world.service.terms(campaign, "u1", ["new lamp"]).values()
    assert parts["fits"] > 10 * (parts["similar"] + parts["again"] + parts["popular"] + parts["follows"])


def test_a_string_that_is_neither_categorical_nor_textual_teaches_nothing(world: World) -> None:
    """The genre is in such a column: the price, by which nobody chooses, is all that a training looks at."""
    from tests.personalize_local.behaviours import shop as shops
    from tests.personalize_local.jobs.schemas import schema

    avro = schema("Items", ("ITEM_ID", "string"), ("PRICE", "float"), ("GENRE", ["null", "string"]))
    shop = shops.made_shop(world)
    shaped = world.call("CreateSchema", name="other", schema=avro)["schemaArn"]
    world.call("DeleteDataset", datasetArn=shop.datasets["Items"])
    world.wait(10)
    made = {"name": "other", "schemaArn": shaped, "datasetGroupArn": shop.group, "datasetType": "Items"}
    shop.datasets["Items"] = world.call("CreateDataset", **made)["datasetArn"]
    world.wait(3)
    for number in range(20):
        shop.put_item(f"i{number}", genre="lamp" if number % 2 else "vase", price=float(number // 2))
    shop.put_item("new lamp", genre="lamp", price=5.0)
    campaign = world.campaign(shop.trained())
    assert "new lamp" not in listed(shop, campaign, "u1", 20)
