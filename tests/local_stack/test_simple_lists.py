"""The simple lists of hand-made shops: what is on each, in which order, and how many."""

from local_stack.simple_lists import MOST_POPULAR, OWN_CATEGORIES, OWN_ITEMS, SimpleLists, by_popularity

HATS, SHOES, TOYS = (tuple(f"{kind}{number}" for number in range(12)) for kind in ("hat", "shoe", "toy"))
CATEGORIES = {item: item.rstrip("0123456789") for item in (*HATS, *SHOES, *TOYS)}
# toy0, hat0, shoe0, toy1, hat1, ...
POPULAR = tuple(item for items in zip(TOYS, HATS, SHOES, strict=True) for item in items)
SHOP = SimpleLists(POPULAR, CATEGORIES)


def test_items_are_popular_by_how_often_they_occur_and_by_name_among_equals() -> None:
    assert by_popularity(["b", "c", "a", "c", "b", "d", "c"]) == ("c", "b", "a", "d")


def test_the_most_popular_items_are_the_same_for_everybody() -> None:
    assert SHOP.for_history([], 10)[MOST_POPULAR] == list(POPULAR[:10])
    assert SHOP.for_history(["shoe9"], 10)[MOST_POPULAR] == list(POPULAR[:10])


def test_own_items_are_the_commonest_then_the_newest_then_popular_ones() -> None:
    history = ["shoe9", "hat3", "toy7", "shoe9", "hat3", "toy0"]
    own = SHOP.for_history(history, 10)[OWN_ITEMS]
    assert own[:4] == ["hat3", "shoe9", "toy0", "toy7"]
    assert own[4:] == ["hat0", "shoe0", "toy1", "hat1", "shoe1", "toy2"], "toy0 is there already"


def test_own_items_are_cut_at_the_places() -> None:
    assert SHOP.for_history([*HATS, "hat11"], 10)[OWN_ITEMS] == [f"hat{number}" for number in range(11, 1, -1)]


def test_own_categories_give_six_places_to_the_commonest_and_four_to_the_next() -> None:
    history = ["shoe9", "hat3", "toy7", "shoe9", "hat3", "hat4"]
    own = SHOP.for_history(history, 10)[OWN_CATEGORIES]
    assert own == [*HATS[:6], *SHOES[:4]]


def test_among_equally_common_categories_the_newest_is_first() -> None:
    assert SHOP.for_history(["hat3", "shoe9"], 10)[OWN_CATEGORIES] == [*SHOES[:6], *HATS[:4]]


def test_places_that_own_categories_cannot_fill_go_to_the_other_one_and_then_to_popular_items() -> None:
    few = SimpleLists(POPULAR, {"hat8": "hat", "hat9": "hat", "shoe1": "shoe"})
    own = few.for_history(["hat8", "hat9", "shoe1"], 10)[OWN_CATEGORIES]
    others = [item for item in POPULAR if item not in ("hat8", "hat9", "shoe1")]
    assert own == ["hat8", "hat9", "shoe1", *others[:7]]
    alone = SHOP.for_history(["hat3"], 10)[OWN_CATEGORIES]
    assert alone == list(HATS[:10])


def test_a_customer_without_a_history_gets_popular_items_on_every_list() -> None:
    popular = list(POPULAR[:10])
    assert SHOP.for_history([], 10) == {MOST_POPULAR: popular, OWN_ITEMS: popular, OWN_CATEGORIES: popular}
    assert SHOP.for_new_items([], 10) == {MOST_POPULAR: popular, OWN_CATEGORIES: popular}


def test_lists_of_new_items_hold_none_of_the_history_and_are_filled_up() -> None:
    history = ["hat0", "hat1", "toy0", "shoe1", "hat0", "shoe0"]
    lists = SHOP.for_new_items(history, 10)
    assert lists == {
        MOST_POPULAR: [item for item in POPULAR if item not in history][:10],
        OWN_CATEGORIES: [*HATS[2:8], *SHOES[2:6]],
    }


def test_without_any_category_there_is_no_list_by_category() -> None:
    bare = SimpleLists(POPULAR)
    assert set(bare.for_history(["hat3"], 10)) == {MOST_POPULAR, OWN_ITEMS}
    assert set(bare.for_new_items(["hat3"], 10)) == {MOST_POPULAR}


def test_a_small_shop_has_lists_as_long_as_it_can() -> None:
    small = SimpleLists(("a", "b"), {"a": "x", "b": "x"})
    assert small.for_history(["b"], 10) == {
        MOST_POPULAR: ["a", "b"],
        OWN_ITEMS: ["b", "a"],
        OWN_CATEGORIES: ["a", "b"],
    }
