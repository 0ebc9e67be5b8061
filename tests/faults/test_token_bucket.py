"""The bucket behind both services' rate limits."""

import pytest

from faults.token_bucket import TokenBucket


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_seconds_worth_comes_at_once_and_what_was_refused_costs_nothing(clock: Clock) -> None:
    bucket = TokenBucket(10.0, clock=clock)
    assert [bucket.take() for _ in range(12)] == [0] * 10 + [1, 1]
    clock.now += 0.25
    assert [bucket.take() for _ in range(4)] == [0, 0, 1, 1]


def test_it_holds_no_more_than_a_seconds_worth_however_long_nobody_asks(clock: Clock) -> None:
    bucket = TokenBucket(10.0, clock=clock)
    clock.now += 3600
    assert sum(bucket.take() == 0 for _ in range(30)) == 10


def test_more_than_it_holds_passes_when_it_is_full_and_is_paid_for_later(clock: Clock) -> None:
    bucket = TokenBucket(10.0, clock=clock)
    assert bucket.take(30) == 0
    assert bucket.percentage_used() == 100
    assert bucket.take() == 3
    clock.now += 2.2
    assert bucket.take() == 0
