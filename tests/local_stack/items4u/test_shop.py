"""The made-up shop: repeatable, varied like a real one, and predictable by taste alone."""

import itertools
import json
from collections import Counter

import pytest

from local_stack.items4u.catalogue import CATEGORIES, catalogue
from local_stack.items4u.sessions import Post, Session, Shop
from local_stack.items4u.shoppers import shoppers

NOW = 1_800_000_000.0
SESSIONS = 600


class Ticking:
    """A clock that goes on by a tenth of a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


def play(seed: int, count: int, shopper_count: int = 200) -> list[tuple[Session, list[Post]]]:
    clock = Ticking()
    chosen = itertools.islice(Shop(seed, shopper_count).sessions(), count)
    return [(session, list(session.posts(clock))) for session in chosen]


@pytest.fixture(scope="module")
def played() -> list[tuple[Session, list[Post]]]:
    return play(1, SESSIONS)


def test_the_catalogue_has_hundreds_of_distinct_items_in_twelve_categories() -> None:
    items = catalogue(1)
    assert len({item.id for item in items}) == len({item.name for item in items}) == len(items) == 300
    assert {item.category for item in items} == set(CATEGORIES)
    assert len(CATEGORIES) == 12
    assert all(2 < item.price < 150 for item in items)


def test_the_same_seed_gives_the_same_shop_and_another_seed_another() -> None:
    one, same, other = ([[post.batch for post in posts] for _, posts in play(seed, 30, 40)] for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert catalogue(1) == catalogue(1) != catalogue(2)


def test_more_shoppers_leave_the_first_ones_as_they_were() -> None:
    assert shoppers(1, 50)[:20] == shoppers(1, 20)


def test_a_shoppers_sessions_do_not_depend_on_what_others_do_in_between() -> None:
    first = Shop(1, 200).shoppers[0].customer_id
    alone = [session.purchased_items for session, _ in play(1, 8, 1)]
    among = [session.purchased_items for session, _ in play(1, SESSIONS) if session.shopper_id == first]
    assert len(among) > 1
    assert alone[: len(among)] == among[:8]


def test_a_post_carries_the_time_at_which_it_is_asked_for() -> None:
    session = next(session for session in Shop(1, 50).sessions() if len(session.uploads) > 1)
    clock = Ticking()
    posts = session.posts(clock)
    next(posts)
    clock.now = NOW + 500
    times = [event["data"]["timestamp_unixtime_ms"] for event in next(posts).batch["events"]]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx((NOW + 500.1) * 1000, abs=1)


def test_every_kind_of_action_and_noise_occurs_in_likely_shares(played: list[tuple[Session, list[Post]]]) -> None:
    actions = Counter(action for _, posts in played for post in posts for action, _ in post.interactions)
    total = actions.total()
    assert total == pytest.approx(SESSIONS * 4.7, rel=0.15)
    shares = {action: count / total for action, count in actions.items()}
    assert shares == {
        "view_detail": pytest.approx(0.52, abs=0.05),
        "add_to_cart": pytest.approx(0.21, abs=0.04),
        "purchase": pytest.approx(0.22, abs=0.05),
        "add_to_wishlist": pytest.approx(0.05, abs=0.02),
    }
    events = [event for _, posts in played for post in posts for event in post.batch["events"]]
    kinds = Counter(event["event_type"] for event in events)
    assert {"session_start", "session_end", "screen_view", "custom_event", "opt_out", "user_attribute_change"} <= set(
        kinds
    )
    shapes = Counter(name for event in events for name in event["data"] if name.startswith(("product", "promotion")))
    assert set(shapes) == {"product_action", "promotion_action", "product_impressions"}
    other = {event["data"].get("product_action", {}).get("action") for event in events}
    assert {"remove_from_cart", "checkout"} <= other


def test_the_rare_cases_occur_and_stay_rare(played: list[tuple[Session, list[Post]]]) -> None:
    posts = [post for _, posts in played for post in posts]
    actions = [
        event["data"]["product_action"]
        for post in posts
        for event in post.batch["events"]
        if "product_action" in event["data"]
    ]
    sizes = [len(action["products"]) for action in actions if action["action"] == "purchase"]
    without_id = [action for action in actions if any("id" not in product for product in action["products"])]
    repeats = len(posts) - len(
        {event["data"]["source_message_id"] for post in posts for event in post.batch["events"][:1]}
    )
    assert 1 <= sum(size > 10 for size in sizes) < 0.05 * len(sizes)
    assert sum(size > 1 for size in sizes) > 0.2 * len(sizes)
    assert 1 <= len(without_id) < 0.02 * len(actions)
    assert 1 <= repeats < 0.03 * len(posts)
    assert 1 <= sum(post.batch["environment"] == "development" for post in posts) < 0.05 * len(posts)
    assert 1 <= sum("consent_state" in post.batch for post in posts) < 0.1 * len(posts)


def test_a_repeated_delivery_is_the_same_batch_but_for_its_request_id(
    played: list[tuple[Session, list[Post]]],
) -> None:
    pairs = [
        pair
        for _, posts in played
        for pair in itertools.pairwise(posts)
        if pair[0].batch["events"] == pair[1].batch["events"]
    ]
    same_request = [one.batch["source_request_id"] == two.batch["source_request_id"] for one, two in pairs]
    assert set(same_request) == {True, False}
    for one, two in pairs:
        assert two.interactions == ()
        assert {**one.batch, "source_request_id": ""} == {**two.batch, "source_request_id": ""}


def test_nothing_of_development_or_of_a_shopper_who_opted_out_is_to_be_trained_on(
    played: list[tuple[Session, list[Post]]],
) -> None:
    kept_out = [posts for session, posts in played if session.environment == "development" or not session.consents]
    assert len(kept_out) > 5
    assert all(post.interactions == () for posts in kept_out for post in posts)
    assert {posts[0].batch.get("consent_state") is None for session, posts in played if not session.consents} == {False}


def test_some_begin_anonymous_and_are_known_from_their_sign_in_on(played: list[tuple[Session, list[Post]]]) -> None:
    begin_anonymous = [(session, posts) for session, posts in played if "customer_id" not in session.known_identities]
    assert 0.05 * SESSIONS < len(begin_anonymous) < 0.4 * SESSIONS
    signed_in: dict[str, bool] = {}
    for session, posts in played:
        known = ["user_identities" in post.batch for post in posts]
        assert known == sorted(known)
        device = session.known_identities.get("device_application_stamp", "")
        if device:
            assert known[0] >= signed_in.get(device, False)
            signed_in[device] = known[-1]
        if session.purchased_items:
            assert known[-1]


def test_every_input_is_used_and_a_till_knows_its_customer_but_no_device(
    played: list[tuple[Session, list[Post]]],
) -> None:
    assert {session.input for session, _ in played} == {"web", "ios", "android", "till"}
    for session, posts in played:
        for post in posts:
            assert ("mp_deviceid" in post.batch) == (session.input != "till")
            assert session.input != "till" or post.batch["user_identities"]["customer_id"] == session.shopper_id


def test_what_a_session_says_was_bought_is_what_its_batches_say(played: list[tuple[Session, list[Post]]]) -> None:
    for session, posts in played:
        bought = {item for post in posts for action, item in post.interactions if action == "purchase"}
        if session.consents and session.environment == "production":
            assert bought == set(session.purchased_items)
    share = sum(bool(session.purchased_items) for session, _ in played) / SESSIONS
    assert 0.4 < share < 0.75


def test_purchases_follow_taste_and_seldom_repeat_but_for_what_is_used_up(
    played: list[tuple[Session, list[Post]]],
) -> None:
    shop = Shop(1, 200)
    items = {item.id: item for item in shop.items}
    tastes = {each.customer_id: each.taste for each in shop.shoppers}
    bought = [(tastes[session.shopper_id], items[item]) for session, _ in played for item in session.purchased_items]
    in_liked = sum(item.category in dict(taste.categories) for taste, item in bought) / len(bought)
    in_style = sum(item.style == taste.style for taste, item in bought) / len(bought)
    assert 0.8 < in_liked < 0.98
    assert 0.5 < in_style < 0.9
    seen: Counter[tuple[str, str]] = Counter((s.shopper_id, item) for s, _ in played for item in s.purchased_items)
    again = [items[item].is_consumable for (_, item), count in seen.items() if count > 1]
    assert 0 < len(again) < 0.1 * len(seen)
    assert sum(again) > 0.5 * len(again)


def test_popularity_is_skewed_but_does_not_decide(played: list[tuple[Session, list[Post]]]) -> None:
    counts = Counter(item for _, posts in played for post in posts for _, item in post.interactions)
    top_ten = sum(count for _, count in counts.most_common(10)) / counts.total()
    assert 2.5 * 10 / 300 < top_ten < 0.2
    assert len(counts) > 270


def test_in_a_day_nobody_comes_twice(played: list[tuple[Session, list[Post]]]) -> None:
    first_day = [session.shopper_id for session, _ in played[:60]]
    assert len(set(first_day)) == 60
    assert max(Counter(session.shopper_id for session, _ in played).values()) > 4


def test_the_data_is_personal_enough_to_look_for_leaks_and_belongs_to_nobody(
    played: list[tuple[Session, list[Post]]],
) -> None:
    known = [post.batch for _, posts in played for post in posts if "user_identities" in post.batch]
    for made in known:
        assert made["user_identities"]["email"].endswith("@example.com")
        assert made["user_identities"]["mobile_number"].startswith("+1 555 010")
        assert made["ip"].startswith("203.0.113.")
        assert {"$FirstName", "$LastName", "$City", "$Zip", "age_band", "member_level"} <= set(made["user_attributes"])
    assert not json.dumps(known, ensure_ascii=False).isascii()
