"""Experiments in virtual time: what customers do, what is true, and that a drawn trial shows it."""

import functools
import random

import numpy as np
import pytest
from broker.experiment import HOLDOUT, Experiment, Variant

from local_stack.items4u.catalogue import catalogue
from local_stack.items4u.customers import Visits, consenting, own_list, visits
from local_stack.items4u.slot import PLACES, Slot
from local_stack.items4u.trial import NEVER, Measured, outcomes, trial, truth
from local_stack.items4u.visits import Memory, remember, visit

HALVES = Experiment("halves", {"recommended": Variant(1)}, holdout=50)
CONVERSION, REVENUE = Measured(True, "conversion"), Measured(True, "revenue")


@functools.cache
def pool() -> Visits:
    return visits(1, 600, range(-14, 14), Slot())


def by_hand() -> Visits:
    """Return three customers: one sees the slot on day 1 and buys on days 0 and 2, one only looks, one never does."""
    return Visits(
        customers=3,
        customer=np.array([0, 0, 0, 0, 1, 2]),
        day=np.array([-3, 0, 1, 2, 1, 1]),
        revenue=np.array([9.0, 10.0, 0.0, 20.0, 0.0, 5.0]),
        units=np.array([1, 1, 0, 2, 0, 1]),
        sees_slot=np.array([True, False, True, False, True, False]),
        persuaded_below=np.array([0.01, 1.0, 0.3, 1.0, 0.05, 1.0]),
        listed_price=np.array([3.0, 3.0, 4.0, 4.0, 7.0, 7.0]),
    )


@pytest.mark.parametrize(
    ("measured", "expected", "begins"),
    [
        (REVENUE, [20.0, 0.0, 0.0], [1, 1, NEVER]),
        (CONVERSION, [1.0, 0.0, 0.0], [1, 1, NEVER]),
        (Measured(False, "revenue"), [30.0, 0.0, 5.0], [0, 1, 1]),
        (Measured(False, "conversion"), [1.0, 0.0, 1.0], [0, 1, 1]),
        (Measured(False, "revenue", days=2), [10.0, 0.0, 5.0], [0, 1, 1]),
        (Measured(True, "revenue", days=1), [0.0, 0.0, 0.0], [NEVER, NEVER, NEVER]),
    ],
)
def test_an_outcome_counts_from_the_first_look_or_from_the_first_visit(measured, expected, begins):
    earned, begin = outcomes(by_hand(), by_hand().revenue, measured, 3)
    assert (earned.tolist(), begin.tolist()) == (expected, begins)


@pytest.mark.parametrize(
    ("effect", "measured", "difference"),
    [
        (0.0, REVENUE, 0.0),
        (0.1, REVENUE, 7.0 / 2),
        (0.1, CONVERSION, 1 / 2),
        (0.5, REVENUE, (4.0 + 7.0) / 2),
        (0.5, CONVERSION, 1 / 2),  # the other one bought anyway
        (0.5, Measured(False, "revenue"), (4.0 + 7.0) / 3),
    ],
)
def test_the_true_difference_is_what_the_slot_adds_per_customer_of_the_analysis(effect, measured, difference):
    assert truth(by_hand(), effect, measured) == pytest.approx(difference)


def test_the_same_seed_gives_the_same_customers_and_the_first_ones_whatever_their_number():
    few = visits(1, 100, range(-14, 14), Slot())
    rows = pool().customer < 100
    for name in ("customer", "day", "revenue", "units", "sees_slot", "persuaded_below", "listed_price"):
        np.testing.assert_array_equal(getattr(few, name), getattr(pool(), name)[rows])


def test_customers_are_rare_visitors_of_whom_some_never_see_the_slot():
    n, everybody = pool().customers, Measured(False, "conversion")
    conversion, begin = outcomes(pool(), pool().revenue, everybody, n)
    _, first_look = outcomes(pool(), pool().revenue, CONVERSION, n)
    came, saw = begin < NEVER, first_look < NEVER
    assert 0.3 < came.mean() < 0.7
    assert 0.2 < saw.sum() / came.sum() < 0.6
    assert 0.4 < conversion[came].mean() < 0.7


def test_a_list_holds_what_the_customer_likes_and_has_not_bought():
    items, shopper, memory, rng = catalogue(1), consenting(1, 1)[0], Memory(), random.Random(1)
    for _ in range(20):
        remember(memory, visit(shopper, memory, items, rng))
    listed = own_list(shopper, memory, items)
    assert memory.bought
    assert len(listed) == PLACES
    assert {item.category for item in listed} <= dict(shopper.taste.categories).keys()
    assert not {item.id for item in listed} & memory.bought.keys()


def test_a_trial_gives_each_customer_the_variant_of_their_mpid():
    drawn = trial(pool(), HALVES, effect=0.5, customers=2_000, seed=1)
    assert drawn.variant.tolist() == [HALVES.variant_of(int(mpid)) for mpid in drawn.mpid]
    assert len(set(drawn.mpid.tolist())) == 2_000
    assert abs((drawn.variant == HOLDOUT).sum() - 1_000) < 4 * 500**0.5


def test_without_an_effect_the_customers_of_a_trial_do_what_those_of_the_pool_do():
    drawn = trial(pool(), HALVES, effect=0.0, customers=5_000, seed=2)
    per_customer = pool().revenue.sum() / pool().customers
    each = np.bincount(drawn.customer, drawn.revenue, minlength=5_000)
    assert abs(each.mean() - per_customer) < 4 * each.std() / 5_000**0.5


def test_the_holdout_is_persuaded_of_nothing_and_all_others_are_as_the_effect_says():
    with_effect, without = (trial(pool(), HALVES, effect=e, customers=3_000, seed=3) for e in (0.5, 0.0))
    more = with_effect.units - without.units
    in_holdout = (with_effect.variant == HOLDOUT)[with_effect.customer]
    assert more[in_holdout].sum() == 0
    looks = with_effect.sees_slot & ~in_holdout
    assert more[~looks].sum() == 0
    assert abs(more[looks].mean() - 0.5) < 0.06


@pytest.mark.parametrize("measured", [CONVERSION, REVENUE, Measured(False, "conversion"), Measured(False, "revenue")])
def test_the_difference_in_a_large_trial_is_the_true_one(measured):
    drawn = trial(pool(), HALVES, effect=0.5, customers=60_000, seed=4)
    earned, begin = outcomes(drawn, drawn.revenue, measured, 60_000)
    is_in, is_held_out = begin < NEVER, drawn.variant == HOLDOUT
    arms = [earned[is_in & ~is_held_out], earned[is_in & is_held_out]]
    error = sum(arm.var() / len(arm) for arm in arms) ** 0.5
    assert abs(arms[0].mean() - arms[1].mean() - truth(pool(), 0.5, measured)) < 4 * error
