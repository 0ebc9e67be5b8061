"""Each use case of the domain ECOMMERCE finds what its rule says, where other rules would find something else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.personalize_local.domains.domain import HOUR, Domain, Interaction
from tests.personalize_local.world import Refused

BY_VIEWS = "aws-ecomm-popular-items-by-views"
BY_PURCHASES = "aws-ecomm-popular-items-by-purchases"
TOGETHER = "aws-ecomm-frequently-bought-together"
ALSO_VIEWED = "aws-ecomm-customers-who-viewed-x-also-viewed"
FOR_YOU = "aws-ecomm-recommended-for-you"
SHOPPERS, DAY = 30, 24 * HOUR


def history() -> Iterator[Interaction]:
    """Yield what the shoppers did.

    All view the lamp, then the vase. A third buys the lamp with the wick, and the rug a day later. Everybody buys the
    gift card, which few view. Each of two halves views what its own kind of room has.
    """
    for number in range(SHOPPERS):
        user, room = f"u{number}", ("kitchen", "garden")[number % 2]
        yield from ((user, "lamp", "View", 9 * DAY), (user, "vase", "View", 9 * DAY - 60))
        yield user, "gift-card", "Purchase", 8 * DAY
        if number % 3 == 0:
            yield from ((user, "lamp", "Purchase", 5 * DAY), (user, "wick", "Purchase", 5 * DAY - 60))
            yield user, "rug", "Purchase", 4 * DAY
        for place in range(4):
            yield user, f"{room}-{(number // 2 + place) % 6}", "View", 3 * DAY - place


@pytest.fixture(scope="module")
def shop() -> Domain:
    """Return a shop with that history."""
    domain = Domain("ECOMMERCE")
    domain.put(history())
    return domain


def test_most_viewed_counts_views_and_best_sellers_purchases(shop: Domain) -> None:
    viewed = shop.recommended(shop.recommender(BY_VIEWS), userId="u1")
    bought = shop.recommended(shop.recommender(BY_PURCHASES), userId="u1")
    assert set(viewed[:2]) == {"lamp", "vase"}
    assert bought[0] == "gift-card"
    assert not {"vase", "kitchen-0"} & set(bought)


def test_bought_together_is_what_was_in_the_basket_not_what_was_viewed_or_bought_later(shop: Domain) -> None:
    found = shop.recommended(shop.recommender(TOGETHER), itemId="lamp")
    assert found[0] == "wick"
    assert "vase" not in found


def test_also_viewed_is_what_was_viewed_and_leaves_out_what_the_user_bought(shop: Domain) -> None:
    also_viewed = shop.recommender(ALSO_VIEWED)
    assert shop.recommended(also_viewed, itemId="lamp", userId="nobody")[0] == "vase"
    assert "wick" not in shop.recommended(also_viewed, itemId="lamp", userId="nobody")
    shop.put([("buyer", "vase", "Purchase", 0)])
    assert "vase" not in shop.recommended(also_viewed, itemId="lamp", userId="buyer")


def test_recommended_for_you_follows_the_user_and_leaves_out_what_they_bought(shop: Domain) -> None:
    for_you = shop.recommender(FOR_YOU)
    shop.put([("gardener", "garden-1", "View", 60), ("gardener", "garden-2", "View", 30)])
    rooms = [item for item in shop.recommended(for_you, 12, userId="gardener") if "-" in item and item != "gift-card"]
    assert {item.split("-")[0] for item in rooms[:4]} == {"garden"}
    assert "garden-1" in rooms
    shop.put([("gardener", "garden-1", "Purchase", 0)])
    assert "garden-1" not in shop.recommended(for_you, 25, userId="gardener")
    answer = shop.world.call("GetRecommendations", recommenderArn=for_you, userId="gardener")
    assert all(item["score"] > 0 for item in answer["itemList"])


@pytest.mark.parametrize(
    ("use_case", "request_", "missing"),
    [
        (BY_VIEWS, {"itemId": "lamp"}, "userId"),
        (TOGETHER, {"userId": "u1"}, "itemId"),
        (ALSO_VIEWED, {"itemId": "lamp"}, "userId"),
        (ALSO_VIEWED, {"userId": "u1"}, "itemId"),
        (FOR_YOU, {}, "userId"),
    ],
)
def test_a_request_needs_what_its_use_case_does(
    shop: Domain, use_case: str, request_: dict[str, Any], missing: str
) -> None:
    arn = shop.recommender(use_case, name=f"{use_case}-needs-{missing}")
    with pytest.raises(Refused, match=f"InvalidInput.*{missing} is required"):
        shop.recommended(arn, **request_)
