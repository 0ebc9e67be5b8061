"""The real rates: a second's worth may come at once, and no more."""

from collections.abc import Callable

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import Shop, made_shop
from tests.personalize_local.world import Refused, World


@pytest.fixture
def shop() -> Shop:
    """A world with the real rates."""
    return made_shop(World(toggles=Toggles()))


def throttled(call: Callable[[], object]) -> bool:
    """Whether a call is refused as one too many."""
    try:
        call()
    except Refused as refused:
        if (refused.status, refused.code, refused.message) != (400, "ThrottlingException", "Rate exceeded"):
            raise
        return True
    return False


def accepted_calls(call: Callable[[], object], tries: int) -> int:
    """Return how many of ``tries`` calls at once are accepted."""
    return sum(not throttled(call) for _ in range(tries))


def test_the_thousand_and_first_put_events_in_a_second_is_refused(shop: Shop) -> None:
    def put() -> None:
        shop.world.put(shop.tracking, {"itemId": "i1"})

    assert accepted_calls(put, 1003) == 1000
    shop.world.wait(0.0105)
    assert accepted_calls(put, 20) == 10
    shop.world.wait(60)
    assert accepted_calls(put, 1003) == 1000, "what was not used is not saved up"


def test_a_refused_call_takes_no_event(shop: Shop) -> None:
    accepted_calls(lambda: shop.world.put(shop.tracking, {"itemId": "i1"}), 1003)
    assert len(shop.world.service.deliveries(limit=2000)) == 1000


def test_put_items_and_put_users_are_ten_a_second_each(shop: Shop) -> None:
    assert accepted_calls(lambda: shop.put_item("i1", price=1.0), 12) == 10
    assert accepted_calls(lambda: shop.put_user("u1", age=7), 12) == 10
    shop.world.wait(0.35)
    assert accepted_calls(lambda: shop.put_item("i1", price=1.0), 12) == 3


def test_one_dataset_groups_calls_are_not_anothers(shop: Shop) -> None:
    other = shop.world.ready_to_collect(name="other")
    assert accepted_calls(lambda: shop.world.put(shop.tracking, {"itemId": "i1"}), 1001) == 1000
    assert accepted_calls(lambda: shop.world.put(other, {"itemId": "i1"}), 1001) == 1000


def test_a_campaign_gives_five_hundred_recommendations_a_second_and_the_account_2500(shop: Shop) -> None:
    world = shop.world
    version = shop.trained()
    campaigns = [world.campaign(version, name=f"c{number}") for number in range(6)]
    of_each = [accepted_calls(lambda arn=campaign: world.recommended(arn, "u1"), 501) for campaign in campaigns]
    assert of_each == [500] * 5 + [0]


def test_an_unthrottled_service_takes_all(shop: Shop) -> None:
    shop.world.service.set_toggles({"throttling": False})
    assert accepted_calls(lambda: shop.world.put(shop.tracking, {"itemId": "i1"}), 1500) == 1500
    assert accepted_calls(lambda: shop.put_item("i1", price=1.0), 50) == 50
