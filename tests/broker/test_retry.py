"""The retry rule: bounded in attempts and in time, with growing pauses."""

import pytest
from broker.clock import Clock
from broker.failures import Misconfigured, Rejected, Unavailable
from broker.rate_limit import RateLimiter
from broker.retry import Retry

from tests.broker.stubs import NOW, FakeTime, raising


def test_what_is_unavailable_is_asked_again_after_growing_pauses() -> None:
    time = FakeTime()
    action = raising(*[Unavailable("no")] * 3)
    assert Retry(attempts=4, base=0.2, cap=1.0).call(action, time.time(), NOW + 60) == "done"
    assert time.slept == [0.4, 0.8, 1.0]


def test_pauses_are_jittered() -> None:
    time = FakeTime(jitter=0.25)
    Retry(attempts=2, base=1.0, cap=10.0).call(raising(Unavailable("no")), time.time(), NOW + 60)
    assert time.slept == [0.5]


def test_attempts_are_bounded_and_nobody_waits_after_the_last() -> None:
    time = FakeTime()
    with pytest.raises(Unavailable, match="third"):
        Retry(attempts=3).call(raising(*map(Unavailable, ["first", "second", "third"])), time.time(), NOW + 60)
    assert len(time.slept) == 2


@pytest.mark.parametrize("error", [Rejected("no"), Misconfigured("no"), KeyError("no")])
def test_what_cannot_get_better_is_not_asked_again(error: Exception) -> None:
    time = FakeTime()
    with pytest.raises(type(error)):
        Retry().call(raising(error), time.time(), NOW + 60)
    assert time.slept == []


def test_a_pause_is_at_least_what_the_other_side_asked_for() -> None:
    time = FakeTime()
    Retry(cap=1.0).call(raising(Unavailable("no", retry_after=7)), time.time(), NOW + 60)
    assert time.slept == [7]


@pytest.mark.parametrize("retry_after", [10.0, float("inf")])
def test_a_pause_that_ends_after_the_deadline_is_not_begun(retry_after: float) -> None:
    time = FakeTime()
    with pytest.raises(Unavailable, match=r"^no$") as raised:
        Retry().call(raising(Unavailable("no", retry_after=retry_after)), time.time(), NOW + 10)
    assert raised.value.retry_after == retry_after
    assert time.slept == []


def test_nothing_starts_at_the_deadline_or_after() -> None:
    calls: list[int] = []
    with pytest.raises(Unavailable, match="no time left"):
        Retry().call(lambda: calls.append(1), FakeTime().time(), NOW)
    assert calls == []


def test_nothing_starts_when_the_wait_for_a_turn_ended_after_the_deadline() -> None:
    """Lambda stops a process between two invocations: a thread that waits may go on minutes later."""
    time = FakeTime()
    calls: list[None] = []
    frozen = Clock(lambda: time.now, lambda seconds: time.sleep(seconds + 300), lambda: 1.0)
    paused = RateLimiter(1.0, 1, frozen)
    paused.reserve(NOW + 60, calls=10)
    with pytest.raises(Unavailable):
        Retry().call(lambda: calls.append(None), frozen, NOW + 60, paused)
    assert calls == []
