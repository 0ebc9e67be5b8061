"""What `./broker seed` says before it begins: how many users, how long, what it costs; and after it."""

from collections import Counter
from typing import Any

from cli.seed_plan import Part, SeedPlan, report
from infra.cost.prices import EXAMPLE, Prices, read_prices
from lifecycle.batch import Job
from seeding.jobs import SeedJob
from seeding.progress import Progress
from seeding.targets import ALL, Target

MILLION = 1_000_000
PRICES = read_prices(EXAMPLE)


def part(users: int, recipe: str = "aws-user-personalization-v2", *, goes_on: bool = False, **how: Any) -> Part:
    target = Target("arn:version", recipe, 1_789_000_000.0, None, {}, how.pop("variants", (ALL,)))
    return Part(target, SeedJob(Job("shop-seed-1", "arn:version", 10), goes_on), range(1, users + 1), **how)


def planned(*parts: Part, prices: Prices = PRICES) -> SeedPlan:
    plan = SeedPlan("aws", list(parts), 54, 30, {"inactive": 7}, {"no_mparticle_id": 3}, {}, prices)
    plan.estimate()
    return plan


def test_a_million_users_take_five_hours_and_cost_what_requests_and_the_table_cost() -> None:
    plan = planned(part(MILLION))
    outcome = plan.outcome(dry_run=True)
    assert (outcome["users"], outcome["hours"]) == (MILLION, 5.14)
    assert (outcome["usd"], outcome["usd_complete"]) == (f"{150 + 2.5 + 0.0625:.2f}", True)
    said = "\n".join(plan.said())
    for words in (
        "1,000,000 users get a list, 54 a second: 5.1 hours",
        "left out: 7 inactive (no activity within --active-days)",
        "not read: 3 rows or batches, no_mparticle_id",
        "a new job shop-seed-1 (aws-user-personalization-v2, trained 2026-09-10",
        "Personalize, batch inference: 150",
        "prolongs the life of a profile",
        "not included: what mParticle charges",
    ):
        assert words in said, said


def test_what_an_earlier_run_has_paid_for_and_done_is_neither_paid_nor_done_again() -> None:
    done = Progress(MILLION // 2, {}, Counter(written=400_000, newer_list=100_000))
    plan = planned(part(MILLION, goes_on=True, done=done))
    outcome = plan.outcome(dry_run=True)
    assert (outcome["hours"], outcome["usd"]) == (2.57, f"{1.25 + 0.03125:.2f}")
    assert "goes on with job shop-seed-1" in "\n".join(plan.said())
    [job] = outcome["jobs"]
    assert (job["lists"], job["written"], job["not_written"]) == (500_000, 400_000, {"newer_list": 100_000})


def test_a_recipe_without_a_price_makes_the_sum_a_least_one() -> None:
    plan = planned(part(10, variants=("one",)), part(10, "aws-user-personalization", variants=("two",)))
    outcome = plan.outcome(dry_run=True)
    assert outcome["usd_complete"] is False
    assert [job["variants"] for job in outcome["jobs"]] == [["one"], ["two"]]
    said = "\n".join(plan.said())
    assert "Personalize, batch inference: no price" in said
    assert "together at least" in said
    assert "one: 10 users" in said


def test_the_report_says_what_was_written_and_what_was_not_and_why() -> None:
    plan = planned(part(5, done=Progress(5, {}, Counter(written=3, newer_list=2)), variants=("one", "two")))
    assert list(report(plan.outcome(dry_run=False))) == [
        "written: 3 lists of one, two, by job shop-seed-1",
        "not written: 2 newer_list (the profile has a list that is as new, or newer)",
    ]
    assert list(report(plan.outcome(dry_run=True))) == ["dry run: nothing was asked, and nothing written"]
