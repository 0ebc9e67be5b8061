"""The slot of the shop: who sees what in it, what it leads to, and that the shop is the same without it."""

import itertools
import random
from collections import Counter

import pytest
from broker.experiment import HOLDOUT

from local_stack.items4u.sessions import Post, Session, Shop
from local_stack.items4u.slot import LIST_ID, PLACES, Look, ProfileList, Slot, best_sellers, chosen, look

SESSIONS = 1_000
LISTED = ("KIT-1003", "COF-1031", "GAR-1104")
OWN, NONE = ProfileList(LISTED, "rec-1", "recommended"), ProfileList()


def sessions(slot: Slot | None, count: int = SESSIONS) -> list[Session]:
    return list(itertools.islice(Shop(1, 200, slot).sessions(), count))


def posts(session: Session, recommended: ProfileList = OWN) -> list[Post]:
    return list(session.posts(lambda: 1_800_000_000.0, recommended))


def impressions(made: list[Post]) -> list[dict]:
    """Return the data of the events that show the slot."""
    return [
        event["data"]
        for post in made
        for event in post.batch["events"]
        for shown in event["data"].get("product_impressions", [])
        if shown["product_impression_list"] == Slot().list_name
    ]


def listed(impression: dict) -> list[str]:
    return [product["id"] for product in impression["product_impressions"][0]["products"]]


def led_to(made: list[Post]) -> list[tuple[str, str]]:
    """Return the interactions that name the list."""
    return [
        interaction
        for post in made
        for event in post.batch["events"]
        if (event["data"].get("custom_attributes") or {}).get(LIST_ID) and "product_action" in event["data"]
        for interaction in post.interactions
    ]


def usable(session: Session) -> bool:
    return session.consents and session.environment == "production"


def test_with_a_slot_that_nobody_sees_the_shop_is_as_without_one():
    without, unseen = (sessions(slot, 50) for slot in (None, Slot(seen=0.0, effect=1.0)))
    assert [posts(one) for one in without] == [posts(one) for one in unseen]


def test_a_slot_opens_with_the_next_session():
    shop = Shop(1, 200)
    visits = shop.sessions()
    before = list(itertools.islice(visits, 20))
    shop.slot = Slot(seen=1.0)
    after = list(itertools.islice(visits, 20))
    assert not any(session.slot for session in before)
    assert all(session.slot or session.input == "till" for session in after)


def test_a_slot_adds_posts_and_changes_none():
    without, with_slot = (sessions(slot, 300) for slot in (None, Slot(seen=1.0, effect=1.0)))
    for one, two in zip(without, with_slot, strict=True):
        others = [post.batch["source_request_id"] for post in posts(two)]
        assert [post for post in posts(one) if post not in posts(two)] == []
        assert len(others) - len(posts(one)) in ((0,) if one.input == "till" else (3,))


def test_the_slot_is_seen_in_its_share_of_the_online_visits():
    online = [session for session in sessions(Slot(seen=0.35)) if session.input != "till"]
    seen = sum(session.slot is not None for session in online)
    assert abs(seen - 0.35 * len(online)) < 4 * (0.35 * 0.65 * len(online)) ** 0.5


def test_a_visitor_sees_the_list_of_their_profile_and_the_impression_names_it():
    session = next(session for session in sessions(Slot(seen=1.0)) if session.slot)
    [impression] = impressions(posts(session))
    assert listed(impression) == list(LISTED)
    assert impression["custom_attributes"] == {LIST_ID: "rec-1"}


def test_whoever_has_no_list_sees_best_sellers_which_are_no_list_and_persuade_nobody():
    shop = Shop(1, 200)
    seen = [posts(session, NONE) for session in sessions(Slot(seen=1.0, effect=1.0), 100) if session.slot]
    for made in seen:
        [impression] = impressions(made)
        assert listed(impression) == [item.id for item in best_sellers(shop.items)]
        assert "custom_attributes" not in impression
        assert led_to(made) == []
    assert len(seen) > 50


def test_the_list_of_a_holdout_is_shown_and_persuades_nobody():
    popular = ProfileList(LISTED, "rec-2", HOLDOUT)
    seen = [posts(session, popular) for session in sessions(Slot(seen=1.0, effect=1.0), 100) if session.slot]
    assert all(listed(impression) == list(LISTED) for made in seen for impression in impressions(made))
    assert [led_to(made) for made in seen] == [[]] * len(seen)


def test_the_effect_is_the_share_of_looks_that_end_with_a_purchase_of_a_listed_item():
    looks = [session for session in sessions(Slot(seen=1.0, effect=0.1)) if session.slot and usable(session)]
    outcomes = Counter(tuple(action for action, _ in led_to(posts(session))) for session in looks)
    assert set(outcomes) == {(), ("view_detail", "purchase")}
    bought = outcomes["view_detail", "purchase"]
    assert abs(bought - 0.1 * len(looks)) < 4 * (0.1 * 0.9 * len(looks)) ** 0.5
    assert {item for session in looks for _, item in led_to(posts(session))} <= set(LISTED)


def test_a_larger_effect_persuades_the_same_visitors_and_more():
    small, large = (sessions(Slot(seen=1.0, effect=effect)) for effect in (0.05, 0.5))
    persuaded = [
        {n for n, each in enumerate(all_) if each.slot and each.slot.look.is_persuaded} for all_ in (small, large)
    ]
    assert set() < persuaded[0] < persuaded[1]


def test_what_cannot_train_leads_to_no_interaction():
    refused = [each for each in sessions(Slot(seen=1.0, effect=1.0)) if each.slot and not usable(each)]
    assert refused
    assert all(post.interactions == () for session in refused for post in posts(session))


@pytest.mark.parametrize("number", range(3))
def test_of_a_list_a_visitor_buys_each_item_as_often_as_they_like_it(number: int):
    shop = Shop(1, 3)
    taste, items = shop.shoppers[number].taste, shop.items[:4]
    counts = Counter(chosen(items, taste, (place + 0.5) / 10_000).id for place in range(10_000))
    likings = [taste.liking(item) for item in items]
    for item, liking in zip(items, likings, strict=True):
        assert abs(counts[item.id] - 10_000 * liking / sum(likings)) <= 2


def test_whoever_is_not_persuaded_buys_nothing_of_a_list():
    shop = Shop(1, 1)
    taste = shop.shoppers[0].taste
    assert Look(taste, False, 0.5).bought(shop.items) is None
    assert Look(taste, True, 0.5).bought([]) is None
    assert look(Slot(seen=0.0), taste, random.Random(1)) is None
    assert len(best_sellers(shop.items)) == PLACES
