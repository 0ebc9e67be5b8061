"""A promotion's items take their share of a list, by a filter of their own, at places that vary."""

from typing import Any

import pytest

from tests.personalize_local.behaviours.shop import Shop, made_shop
from tests.personalize_local.world import Refused, World


@pytest.fixture
def shop(world: World) -> Shop:
    """Return a shop in which two of the items that a user with odd taste would never see are on sale."""
    shop = made_shop(world)
    for item in ("i2", "i4"):
        shop.put_item(item, genre="sale")
    for item in ("i1", "i3"):
        shop.put_item(item, genre="old")
    return shop


def listed(shop: Shop, campaign: str, percent: int, results: int = 10, **request: Any) -> list[dict[str, Any]]:
    """Return a list of which a share is on sale."""
    on_sale = f"{shop.group.replace('dataset-group/shop', 'filter/sale')}"
    promotion = {"name": "sale", "percentPromotedItems": percent, "filterArn": on_sale}
    ask = {"campaignArn": campaign, "userId": "u1", "numResults": results, "promotions": [promotion], **request}
    return list(shop.world.call("GetRecommendations", **ask)["itemList"])


def promoted(items: list[dict[str, Any]]) -> list[str]:
    """Return the promoted items' ids; the others must say nothing of a promotion."""
    marked = [item for item in items if "promotionName" in item]
    assert all(item["promotionName"] == "sale" and item["reason"] == ["Promoted item"] for item in marked)
    assert not any("reason" in item for item in items if item not in marked)
    return [item["itemId"] for item in marked]


def test_a_share_of_the_list_is_promoted_and_the_rest_keeps_its_order(shop: Shop) -> None:
    shop.filter('INCLUDE ItemID WHERE Items.GENRE IN ("sale")', "sale")
    campaign = shop.world.campaign(shop.trained())
    plain = shop.world.recommended(campaign, "u1", 10)
    assert not {"i2", "i4"} & set(plain)
    for percent, most in ((10, 1), (11, 2), (20, 2), (100, 2)):
        items = listed(shop, campaign, percent)
        assert len(items) == 10
        assert len(promoted(items)) == most
        others = [item["itemId"] for item in items if "promotionName" not in item]
        assert others == plain[: 10 - most]
    positions = {tuple("promotionName" in item for item in listed(shop, campaign, 20)) for _ in range(20)}
    assert len(positions) > 5


def test_the_requests_filter_counts_for_the_others_only(shop: Shop) -> None:
    shop.filter('INCLUDE ItemID WHERE Items.GENRE IN ("sale")', "sale")
    old = shop.filter('INCLUDE ItemID WHERE Items.GENRE IN ("old")', "old")
    campaign = shop.world.campaign(shop.trained())
    items = listed(shop, campaign, 50, results=4, filterArn=old)
    assert {item["itemId"] for item in items} == {"i1", "i2", "i3", "i4"}
    assert set(promoted(items)) == {"i2", "i4"}


@pytest.mark.parametrize("missing", ["filterArn", "percentPromotedItems"])
def test_a_promotion_needs_a_share_and_a_filter(shop: Shop, missing: str) -> None:
    on_sale = shop.filter('INCLUDE ItemID WHERE Items.GENRE IN ("sale")', "sale")
    campaign = shop.world.campaign(shop.trained())
    promotion: dict[str, Any] = {"name": "sale", "percentPromotedItems": 10, "filterArn": on_sale}
    del promotion[missing]
    with pytest.raises(Refused, match=f"InvalidInput.*{missing} is required"):
        shop.world.call("GetRecommendations", campaignArn=campaign, userId="u1", promotions=[promotion])
