"""Filters as a shopper meets them: what a recommendation leaves out, and why one is refused."""

from typing import Any

import pytest

from tests.personalize_local.behaviours.shop import Shop, made_shop
from tests.personalize_local.world import Refused, World

SEEN = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")'


@pytest.fixture(scope="module")
def trained() -> tuple[Shop, str]:
    """A shop whose odd users view odd items, and its campaign."""
    shop = made_shop(World())
    campaign = shop.world.campaign(shop.trained())
    shop.put_item("i1", price=10.0, genre="comedy|drama")
    shop.put_item("i3", price=20.0, genre="drama")
    shop.put_item("i5", price=30.0)
    return shop, campaign


def filtered(trained: tuple[Shop, str], kept: str, user: str = "u1", **options: Any) -> list[str]:
    """Return what a filter leaves of a user's recommendations."""
    shop, campaign = trained
    ask = {"campaignArn": campaign, "userId": user, "filterArn": kept, **options}
    return [item["itemId"] for item in shop.world.call("GetRecommendations", **ask)["itemList"]]


def create_filter(trained: tuple[Shop, str], expression: str) -> str:
    """Create a filter under a name of its own."""
    shop, _ = trained
    return shop.filter(expression, f"f{len(shop.world.call('ListFilters')['Filters'])}")


@pytest.mark.parametrize(
    ("expression", "values", "left"),
    [
        ('INCLUDE ItemID WHERE Items.GENRE IN ("drama")', {}, {"i1", "i3"}),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("drama") AND Items.PRICE > 15', {}, {"i3"}),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("comedy") OR Items.PRICE >= 30', {}, {"i1", "i5"}),
        (
            'INCLUDE ItemID WHERE Items.PRICE > 1 | EXCLUDE ItemID WHERE Items.GENRE IN ("comedy")',
            {},
            {"i3", "i5"},
        ),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($G)", {"G": '"comedy"'}, {"i1"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($G)", {"G": '"comedy","drama"'}, {"i1", "i3"}),
        ("INCLUDE ItemID WHERE Items.PRICE = $P", {"P": "20"}, {"i3"}),
    ],
)
def test_an_expression_leaves_what_it_says(
    trained: tuple[Shop, str], expression: str, values: dict[str, str], left: set[str]
) -> None:
    options = {"filterValues": values} if values else {}
    assert set(filtered(trained, create_filter(trained, expression), **options)) == left


def test_what_a_shopper_has_done_is_left_out_once_it_is_visible(trained: tuple[Shop, str]) -> None:
    shop, campaign = trained
    kept = create_filter(trained, SEEN)
    shopper = "just here"
    assert filtered(trained, kept, shopper) == shop.world.recommended(campaign, shopper, 25)
    shop.world.put(shop.tracking, {"itemId": "i1"}, {"itemId": "i2", "eventType": "buy"}, user=shopper, session="here")
    assert "i1" in filtered(trained, kept, shopper), "the lag"
    shop.world.wait(2)
    left = filtered(trained, kept, shopper)
    assert "i1" not in left
    assert "i2" in left


def test_a_full_list_comes_through_a_filter_that_takes_the_best_away(trained: tuple[Shop, str]) -> None:
    shop, campaign = trained
    unfiltered = shop.world.recommended(campaign, "nobody", 5)
    for item in unfiltered:
        shop.put_item(item, genre="gone")
    kept = create_filter(trained, 'EXCLUDE ItemID WHERE Items.GENRE IN ("gone")')
    left = filtered(trained, kept, "nobody", numResults=5)
    assert len(left) == 5
    assert not set(left) & set(unfiltered)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"filterValues": {}}, "G"),
        ({"filterValues": {"OTHER": '"x"', "G": '"x"'}}, "OTHER"),
        ({"filterValues": {"G": "no quotes"}}, "G"),
    ],
)
def test_the_values_must_be_those_that_the_expression_names(
    trained: tuple[Shop, str], options: dict[str, Any], said: str
) -> None:
    kept = create_filter(trained, "INCLUDE ItemID WHERE Items.GENRE IN ($G)")
    with pytest.raises(Refused, match="InvalidInput") as refused:
        filtered(trained, kept, **options)
    assert said in refused.value.message


def test_values_without_a_filter_are_refused(trained: tuple[Shop, str]) -> None:
    shop, campaign = trained
    with pytest.raises(Refused, match="InvalidInput"):
        shop.world.call("GetRecommendations", campaignArn=campaign, userId="u", filterValues={"G": '"x"'})


def test_a_filter_that_is_not_active_or_of_another_group_is_an_invalid_input(trained: tuple[Shop, str]) -> None:
    shop, _ = trained
    shop.world.ready_to_collect(name="other")
    other = shop.group.replace("/shop", "/other")
    foreign = shop.world.call("CreateFilter", name="foreign", datasetGroupArn=other, filterExpression=SEEN)["filterArn"]
    early = shop.world.call("CreateFilter", name="early", datasetGroupArn=shop.group, filterExpression=SEEN)
    for arn, said in ((foreign, "another dataset group"), (early["filterArn"], "must be ACTIVE")):
        with pytest.raises(Refused, match=f"400 InvalidInput.*{said}"):
            filtered(trained, arn)
    made_late = shop.world.call("CreateDatasetGroup", name="late")["datasetGroupArn"]
    with pytest.raises(Refused, match=r"InvalidInput.*must be ACTIVE"):
        shop.world.call("CreateFilter", name="late", datasetGroupArn=made_late, filterExpression=SEEN)
