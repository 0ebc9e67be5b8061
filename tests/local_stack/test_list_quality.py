"""The model beside the simple lists on hand-made purchases: hit rates, intervals and the verdict in words."""

from collections.abc import Callable

import pytest

from local_stack.list_quality import HitRates, Purchase, SimpleList, compare, compare_new_items
from local_stack.simple_lists import MOST_POPULAR, OWN_CATEGORIES, OWN_ITEMS, SimpleLists

CATEGORIES = {f"{kind}{number}": kind for kind in ("pop", "hat", "shoe") for number in range(30)}
SHOP = SimpleLists(tuple(CATEGORIES), CATEGORIES)  # the ten most popular: pop0 … pop9
OWN = ("hat20", "hat21", "shoe20")
CUSTOMERS = 60

Recommended = Callable[[int], list[str]]


def purchases(recommended: Recommended, bought: Recommended, customers: int = CUSTOMERS) -> list[Purchase]:
    """Return one purchase per customer, all of whom have the same history."""
    return [
        Purchase(str(number), recommended(number)[:10], bought(number), OWN, recommended(number))
        for number in range(customers)
    ]


def own_items(_: int) -> list[str]:
    return SHOP.for_history(OWN, 10)[OWN_ITEMS]


def popular(_: int) -> list[str]:
    return SHOP.for_history(OWN, 10)[MOST_POPULAR]


def nothing_bought(_: int) -> list[str]:
    return ["shoe29"]


def again_or_something_else(number: int) -> list[str]:
    """Two of three customers take an own item again, every sixth a popular one."""
    return [OWN[0]] if number % 3 else ["pop3"] if number % 2 else ["hat29"]


def compare_lists(recommended: Recommended, bought: Recommended = again_or_something_else) -> HitRates:
    rates = compare(purchases(recommended, bought), SHOP, seed=1)
    assert rates is not None
    return rates


def test_every_list_is_judged_by_the_same_purchases() -> None:
    rates = compare_lists(own_items)
    assert rates.purchases == CUSTOMERS
    assert rates.hit_rate == pytest.approx(2 / 3 + 1 / 6)
    assert {name: one.hit_rate for name, one in rates.simple.items()} == {
        MOST_POPULAR: pytest.approx(1 / 6),
        OWN_ITEMS: pytest.approx(2 / 3 + 1 / 6),
        OWN_CATEGORIES: 0.0,
    }


def test_a_model_that_repeats_own_items_is_not_shown_to_be_better_than_they_are_however_far_popular_items_fall() -> (
    None
):
    rates = compare_lists(own_items)
    assert rates.simple[MOST_POPULAR].joint_95[0] > 0.4
    assert rates.simple[OWN_ITEMS].joint_95 == (0, 0)
    assert (
        rates.verdict()
        == "not shown to be better than own items again; better than most popular items and own categories"
    )


def test_a_model_that_loses_is_told_so_first_and_what_it_ties_with_next() -> None:
    rates = compare_lists(popular)
    assert rates.verdict() == (
        "worse than own items again; not shown to be better than most popular items; better than own categories"
    )
    worst = compare_lists(nothing_bought)
    assert (
        worst.verdict()
        == "worse than most popular items and own items again; not shown to be better than own categories"
    )


def test_only_a_model_that_beats_every_simple_list_is_told_nothing_else() -> None:
    rates = compare_lists(again_or_something_else)
    assert rates.verdict() == "better than most popular items, own items again and own categories"


def test_a_difference_that_chance_explains_is_no_win() -> None:
    """Beside own items, the model hits two purchases more of sixty, and one less."""

    def a_little_more(number: int) -> list[str]:
        return again_or_something_else(number) if number in (0, 6) else [] if number == 1 else own_items(number)

    rates = compare_lists(a_little_more)
    low, high = rates.simple[OWN_ITEMS].joint_95
    assert low < 0 < high
    assert "not shown to be better than own items again" in rates.verdict()


def test_the_intervals_that_hold_together_are_wider_than_one_that_holds_alone() -> None:
    one = compare_lists(own_items).simple[MOST_POPULAR]
    assert one.joint_95[0] < one.difference_95[0] < one.difference_95[1] < one.joint_95[1]


def test_a_win_that_holds_alone_but_not_beside_the_other_lists_is_none() -> None:
    edge = SimpleList(0.1, difference_95=(0.01, 0.2), joint_95=(-0.01, 0.22))
    clear = SimpleList(0.1, difference_95=(0.1, 0.2), joint_95=(0.05, 0.22))
    rates = HitRates(100, 10, 0.2, {MOST_POPULAR: clear, OWN_ITEMS: edge})
    assert rates.verdict() == "not shown to be better than own items again; better than most popular items"


def test_an_interval_beside_no_other_list_is_the_same_as_alone() -> None:
    made = purchases(lambda number: [*OWN, "hat1" if number % 2 else "hat2"], lambda _: ["hat1"])
    rates = compare_new_items(made, SimpleLists(SHOP.popular), seed=1)
    assert rates is not None
    (one,) = rates.simple.values()
    assert one.joint_95 == one.difference_95
    assert one.difference_95[0] < 0.5 < one.difference_95[1]


def test_a_customers_purchases_count_as_one_draw() -> None:
    """Sixty purchases of two customers, one always hit, one never, are not sixty draws."""
    two = [Purchase(str(number % 2), ["x"] if number % 2 else [], ["x"], OWN) for number in range(60)]
    rates = compare(two, SHOP, seed=1)
    assert rates is not None
    assert rates.simple[MOST_POPULAR].difference_95 == (0, 1)


def test_a_customer_without_a_history_is_judged_by_popular_items_on_every_list() -> None:
    newcomers = [Purchase(str(number), ["hat1"], ["pop1"]) for number in range(CUSTOMERS)]
    rates = compare(newcomers, SHOP, seed=1)
    assert rates is not None
    assert {value.hit_rate for value in rates.simple.values()} == {1.0}
    assert rates.verdict() == "worse than most popular items, own items again and own categories"


def test_what_the_customer_had_before_is_neither_bought_nor_on_a_list_of_new_items() -> None:
    """The model's list is filled up from its longer one, which here begins with three own items."""

    def ranked(_: int) -> list[str]:
        return [*OWN, *(f"hat{number}" for number in range(15))]

    def bought(number: int) -> list[str]:
        return [OWN[0]] if number % 2 else [OWN[1], "hat9" if number % 4 else "hat10"]

    rates = compare_new_items(purchases(ranked, bought), SHOP, seed=1)
    assert rates is not None
    assert (rates.purchases, rates.places) == (CUSTOMERS / 2, 10)
    assert rates.hit_rate == 0.5, "hat9 is its tenth new item, hat10 the eleventh"
    assert set(rates.simple) == {MOST_POPULAR, OWN_CATEGORIES}


def test_simple_lists_of_new_items_are_no_longer_than_the_models() -> None:
    rates = compare_new_items(purchases(lambda _: [*OWN, "hat1", "hat2"], lambda _: ["pop2"]), SHOP, seed=1)
    assert rates is not None
    assert (rates.places, rates.simple[MOST_POPULAR].hit_rate) == (2, 0), "pop2 is the third"


def test_nothing_bought_is_nothing_to_compare() -> None:
    assert compare([], SHOP, seed=1) is None
    assert compare_new_items(purchases(own_items, lambda _: [OWN[0]]), SHOP, seed=1) is None


def test_few_purchases_have_no_verdict() -> None:
    rates = compare(purchases(again_or_something_else, again_or_something_else, 29), SHOP, seed=1)
    assert rates is not None
    assert rates.verdict() == "only 29 purchases: too few to tell anything"
