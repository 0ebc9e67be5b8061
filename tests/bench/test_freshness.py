"""The measurement of freshness: what it sends, which times count, and which rates a machine holds."""

import json
from dataclasses import replace

import pytest

from bench.freshness import BEHIND, Freshness, Sender, steady, table

HELD = Freshness(
    rate=10, rate_sent=10, events=300, missing=0, p50=5.2, p99=6.1, beyond_p50=0.2, beyond_p99=1.1, processors={}
)


def test_each_event_is_of_a_customer_of_its_own() -> None:
    sender = Sender("http://127.0.0.1:1", first_mpid=7_000, rate=10, seed=1)
    bodies = [json.loads(sender.request(number).partition(b"\r\n\r\n")[2]) for number in range(4)]
    assert [body["mpid"] for body in bodies] == [7_000, 7_001, 7_002, 7_003]
    assert list(sender.due) == ["7000", "7001", "7002", "7003"]


def test_a_request_that_was_late_counts_from_when_it_was_due() -> None:
    sender = Sender("http://127.0.0.1:1", first_mpid=1, rate=10, seed=1)
    sender.request(0)
    sender.began -= 5
    sender.request(1)
    assert sender.due["2"] == pytest.approx(sender.began + 0.1)


def test_the_first_seconds_and_customers_without_a_list_do_not_count() -> None:
    sender = Sender("http://127.0.0.1:1", first_mpid=1, rate=10, seed=1)
    sender.began = 100.0
    sender.due = {"1": 100.0, "2": 110.0, "3": 111.0}
    assert steady(sender, {"1": 130.0, "2": 115.5}) == [5.5]


@pytest.mark.parametrize(
    "result",
    [
        replace(HELD, rate_sent=9.7),
        replace(HELD, missing=1),
        replace(HELD, beyond_p99=BEHIND + 1),
        replace(HELD, beyond_p99=None),
    ],
)
def test_a_rate_is_not_held(result: Freshness) -> None:
    assert HELD.is_held
    assert not result.is_held
    assert "held 10 per second" in table([HELD, replace(result, rate=30)], 4).note
    assert "held none" in table([result], 4).note
