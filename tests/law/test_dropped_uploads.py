"""Uploads that mParticle accepts and drops: the customers' next batches show that their lists have not arrived."""

import pytest
from broker.metric_names import Metric

from tests.law.steps import Spell, Step, Visit
from tests.law.test_lines import AS_DEPLOYED, after
from tests.law.world.faults import DROPPED
from tests.law.world.loop import Loop

CUSTOMERS = range(3)
A_QUARTER_OF_AN_HOUR = 900.0


def visits(number: int) -> list[Step]:
    """Return a visit of each customer, to another product each time, so that their lists change."""
    return [Visit(customer, (f"i{customer + 3 * number}",), "purchase", message=number) for customer in CUSTOMERS]


def compared(loop: Loop) -> tuple[int, int]:
    """Return how many profiles ``refresh`` has compared, and how many of them were behind."""
    outcomes = loop.refresh.outcomes
    return outcomes[Metric.PROFILES_COMPARED], outcomes[Metric.PROFILES_BEHIND]


def test_lists_that_arrive_are_seen_in_the_next_batch() -> None:
    loop = after(*visits(0), A_QUARTER_OF_AN_HOUR, *visits(1), A_QUARTER_OF_AN_HOUR, *visits(2), setting=AS_DEPLOYED)

    assert compared(loop) == (2 * len(CUSTOMERS), 0)


def test_lists_that_mparticle_accepts_and_drops_are_missed_in_the_next_batch_and_written_again() -> None:
    drops = Spell("bulkevents", DROPPED, 60.0)
    steps = [*visits(0), A_QUARTER_OF_AN_HOUR, drops, *visits(1), A_QUARTER_OF_AN_HOUR, *visits(2)]
    loop = after(*steps, A_QUARTER_OF_AN_HOUR, *visits(3), setting=AS_DEPLOYED)

    assert compared(loop) == (3 * len(CUSTOMERS), len(CUSTOMERS))


def test_a_batch_that_was_enriched_a_moment_after_the_upload_shows_nothing_yet() -> None:
    loop = after(Spell("bulkevents", DROPPED, 60.0), *visits(0), 120.0, *visits(1), setting=AS_DEPLOYED)

    assert compared(loop) == (0, 0)


@pytest.mark.parametrize("seconds", [30.0, 3600.0])
def test_records_that_waited_on_the_stream_show_nothing(seconds: float) -> None:
    """What they say of the profiles is as old as they are."""
    outage = Spell("PutEvents", "unavailable", seconds)
    loop = after(*visits(0), 60.0, outage, *visits(1), 5.0, *visits(2), setting=AS_DEPLOYED)

    assert compared(loop)[1] == 0
