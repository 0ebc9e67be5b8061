"""When a verdict is given, which one, and what is said where there is none."""

import numpy as np
import pytest

from experiments.estimates import Estimate
from experiments.looks import Look, Rule, looks, needed, verdict
from experiments.sequential import anytime_multiplier, planned_multipliers, spent

RULE = Rule(planned_days=28)


def seen(day: int, *, standard_errors: float, bought: int = 50) -> Look:
    """Return a look whose effect is so many standard errors from zero, where it takes two and a half."""
    return Look(
        day, Estimate(0.1, 0.1 + 0.01 * standard_errors, 0.01 * standard_errors, 0.01, 2_000, 2_000), bought, 2.5
    )


@pytest.mark.parametrize(
    ("days", "outcome", "decided", "reason"),
    [
        ({7: 4.0, 13: 4.0}, "cannot tell", None, "day 13: a verdict takes 2 whole weeks"),
        ({13: 4.0, 14: 4.0}, "better", 14, ""),
        ({14: -4.0}, "worse", 14, ""),
        ({14: 1.0, 18: 4.0}, "cannot tell", None, "a verdict waits for the end of the week"),
        ({14: 1.0, 18: 4.0, 21: 2.0}, "cannot tell", None, "the interval holds zero"),
        ({14: 4.0, 21: 1.0}, "better", 14, ""),  # the first one counts: the experiment could have ended there
    ],
)
def test_a_verdict_is_that_of_the_first_whole_week_that_has_one(
    days: dict[int, float], outcome: str, decided: int | None, reason: str
) -> None:
    found = verdict([seen(day, standard_errors=errors) for day, errors in days.items()], RULE, mismatch=False)
    assert (found.outcome, found.day) == (outcome, decided)
    assert reason in found.reason


def test_too_few_buyers_or_missing_customers_allow_no_verdict() -> None:
    few, enough = (seen(14, standard_errors=9, bought=bought) for bought in (19, 20))
    assert "19 customers bought in a variant" in verdict([few], RULE, mismatch=False).reason
    assert verdict([enough], RULE, mismatch=False).outcome == "better"
    assert verdict([enough], RULE, mismatch=True).outcome == "cannot tell"
    assert verdict([], RULE, mismatch=False).reason == "there is nothing to compare yet"


@pytest.mark.parametrize("rule", [RULE, Rule(expected=4_000)])
def test_a_small_difference_takes_more_customers_than_a_large_one_and_none_takes_no_number(rule: Rule) -> None:
    takes = [verdict([seen(14, standard_errors=each)], rule, mismatch=False).needed for each in (2.0, 1.0, 0.0)]
    assert takes[0] is not None
    assert takes[1] is not None
    # Half the difference takes four times the customers, of whom 4,000 are there, and with no end a longer reach.
    assert (takes[1] + 4_000) / (takes[0] + 4_000) == pytest.approx(4, rel=0.15)
    assert takes[2] is None


def test_a_day_without_anything_to_compare_is_no_look() -> None:
    some = seen(1, standard_errors=1).estimate
    assert [look.day for look in looks([1, 2, 3], [None, some, some], [0, 20, 30], RULE)] == [2, 3]
    assert looks([1], [None], [0], RULE) == []


@pytest.mark.parametrize("rule", [RULE, Rule(expected=4_000)])
def test_with_so_many_more_four_in_five_reach_beyond_the_multiplier_that_there_is_by_then(rule: Rule) -> None:
    there = seen(14, standard_errors=1.0).estimate
    more = needed(seen(14, standard_errors=1.0), rule)
    assert more is not None
    by_then = there.customers + more
    days = np.arange(1.0, 29.0)
    planned, open_end = planned_multipliers(days, spent(days, 28))[-1], anytime_multiplier(by_then, 2_000)
    reach = (planned if rule.planned_days else open_end) + 0.8416  # 80 % of a normal distribution are below
    assert there.effect / (there.standard_error * np.sqrt(there.customers / by_then)) == pytest.approx(reach, rel=1e-3)
