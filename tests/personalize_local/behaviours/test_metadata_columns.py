"""`metadataColumns`: columns of the Items dataset beside each item of an answer, and what is refused."""

from typing import Any

import pytest

from tests.personalize_local.behaviours.shop import RECIPES, Shop, made_shop
from tests.personalize_local.world import Refused, World

WITH_METADATA = {"enableMetadataWithRecommendations": True}


@pytest.fixture
def shop(world: World) -> Shop:
    """Return a shop in which one item has a price and a genre, and one a genre only."""
    shop = made_shop(world)
    shop.put_item("i1", price=12.5, genre="lamp")
    shop.put_item("i3", genre="vase")
    return shop


def metadata(shop: Shop, campaign: str, *columns: str, **options: Any) -> dict[str, dict[str, str]]:
    """Return each recommended item's metadata."""
    asked = {"campaignArn": campaign, "userId": "u1", "metadataColumns": {"ITEMS": list(columns)}, **options}
    listed = shop.world.call("GetRecommendations", **asked)["itemList"]
    return {entry["itemId"]: entry["metadata"] for entry in listed}


def test_an_answer_has_the_columns_that_are_asked_for_as_strings(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained(), campaignConfig=WITH_METADATA)
    found = metadata(shop, campaign, "GENRE", "PRICE")
    assert found["i1"] == {"GENRE": "lamp", "PRICE": "12.5"}
    assert found["i3"] == {"GENRE": "vase"}
    assert found["i5"] == {}, "the Items dataset does not have it"
    assert metadata(shop, campaign, "GENRE")["i1"] == {"GENRE": "lamp"}
    plain = shop.world.call("GetRecommendations", campaignArn=campaign, userId="u1")["itemList"]
    assert not any("metadata" in entry for entry in plain)


def test_a_ranking_has_them_too(shop: Shop) -> None:
    version = shop.trained("aws-personalized-ranking-v2")
    campaign = shop.world.campaign(version, campaignConfig=WITH_METADATA)
    asked = {"campaignArn": campaign, "userId": "u1", "inputList": ["i3", "unknown"]}
    ranked = shop.world.call("GetPersonalizedRanking", **asked, metadataColumns={"ITEMS": ["GENRE"]})
    assert [entry["metadata"] for entry in ranked["personalizedRanking"]] == [{"GENRE": "vase"}, {}]


def test_an_update_of_the_campaign_allows_them(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained())
    with pytest.raises(Refused, match="enableMetadataWithRecommendations"):
        metadata(shop, campaign, "GENRE")
    shop.world.call("UpdateCampaign", campaignArn=campaign, campaignConfig=WITH_METADATA)
    shop.world.wait(6)
    assert metadata(shop, campaign, "GENRE")["i1"] == {"GENRE": "lamp"}


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        (["COLOUR"], {}, "no column COLOUR"),
        ([f"C{number}" for number in range(11)], {}, "one to 10 columns"),
        (["GENRE"], {"numResults": 51}, "at most 50 with metadataColumns"),
        (["GENRE"], {"metadataColumns": {"USERS": ["AGE"]}}, "names USERS"),
    ],
)
def test_what_cannot_be_answered_is_refused(shop: Shop, columns: list[str], options: dict[str, Any], said: str) -> None:
    campaign = shop.world.campaign(shop.trained(), campaignConfig=WITH_METADATA)
    with pytest.raises(Refused, match=said) as refused:
        metadata(shop, campaign, *columns, **options)
    assert refused.value.code == "InvalidInputException"


def test_a_group_without_an_items_dataset_has_no_columns(world: World) -> None:
    world.fill(world.ready_to_collect())
    world.wait(2)
    recipe = {"recipeArn": f"{RECIPES}aws-user-personalization-v2"}
    campaign = world.campaign(world.trained(world.solution(**recipe)), campaignConfig=WITH_METADATA)
    asked = {"campaignArn": campaign, "userId": "u1", "metadataColumns": {"ITEMS": ["NAME"]}}
    with pytest.raises(Refused, match="no column NAME"):
        world.call("GetRecommendations", **asked)
