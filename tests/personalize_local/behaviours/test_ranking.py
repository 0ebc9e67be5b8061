"""GetPersonalizedRanking: the items that are asked about, in the shopper's order."""

from typing import Any

import pytest

from tests.personalize_local.behaviours.shop import Shop, made_shop
from tests.personalize_local.world import Refused, World


@pytest.fixture
def shop(world: World) -> Shop:
    """A shop with all three datasets."""
    return made_shop(world)


def rank_items(shop: Shop, campaign: str, user: str, items: list[str], **options: Any) -> list[str]:
    """Return the ranking of some items."""
    request = {"campaignArn": campaign, "userId": user, "inputList": items, **options}
    answer = shop.world.call("GetPersonalizedRanking", **request)
    scores = [item.get("score", 0.0) for item in answer["personalizedRanking"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["recommendationId"].startswith("RID-")
    return [item["itemId"] for item in answer["personalizedRanking"]]


def test_a_shoppers_kind_of_item_comes_first_and_unknown_ones_last(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained("aws-personalized-ranking-v2"))
    asked = ["nowhere", "i2", "i1", "i4", "i3"]
    odd, even = rank_items(shop, campaign, "u1", asked), rank_items(shop, campaign, "u2", asked)
    assert (set(odd[:2]), odd[-1]) == ({"i1", "i3"}, "nowhere")
    assert (set(even[:2]), even[-1]) == ({"i2", "i4"}, "nowhere")


def test_nothing_is_left_out_or_added_but_by_a_filter(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained("aws-personalized-ranking"))
    asked = ["i1", "i2", "i3", "x", "y"]
    assert sorted(rank_items(shop, campaign, "nobody", asked)) == sorted(asked)
    shop.put_item("i2", genre="horror")
    kept = shop.filter('EXCLUDE ItemID WHERE Items.GENRE IN ("horror")')
    assert sorted(rank_items(shop, campaign, "u1", asked, filterArn=kept)) == ["i1", "i3", "x", "y"]


def test_each_recipe_answers_the_operation_that_it_is_for(shop: Shop) -> None:
    ranking = shop.world.campaign(shop.trained("aws-personalized-ranking"), name="r")
    with pytest.raises(Refused, match=r"InvalidInput.*use GetPersonalizedRanking"):
        shop.world.recommended(ranking, "u1")
    solution = shop.world.solution(name="p", datasetGroupArn=shop.group)
    personal = shop.world.campaign(shop.world.trained(solution), name="p")
    with pytest.raises(Refused, match=r"InvalidInput.*use GetRecommendations"):
        rank_items(shop, personal, "u1", ["i1"])


def test_similar_items_are_asked_for_by_an_item(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained("aws-similar-items"))
    with pytest.raises(Refused, match=r"InvalidInput.*itemId is required"):
        shop.world.call("GetRecommendations", campaignArn=campaign, userId="u1")
    answer = shop.world.call("GetRecommendations", campaignArn=campaign, itemId="i1", numResults=5)
    found = [item["itemId"] for item in answer["itemList"]]
    assert "i1" not in found
    assert all(int(item[1:]) % 2 for item in found)
