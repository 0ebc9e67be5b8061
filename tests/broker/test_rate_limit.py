"""Pacing: calls keep to a share of a quota, the share follows what the system accepts, and processes divide it."""

import heapq
import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from broker.clock import Clock
from broker.failures import Unavailable
from broker.rate_limit import AFTER_AN_OUTAGE, BURST, DECREASE, LONGEST, SLOWING_DOWN, Calls, RateLimiter
from broker.readers import ASK_EVERY, FALLBACK_SHARDS, StreamReaders
from broker.retry import Retry

from tests.broker.stubs import DENIED, FAR, NOW, AwsClient, FakeTime, always

THREADS = 8
LATENCY = 0.02  # seconds


def test_calls_are_spaced_by_the_rate_after_a_first_burst() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=40, processes=4, clock=time.time())
    starts = []
    for _ in range(30):
        limiter.wait(FAR)
        starts.append(time.now - NOW)
    burst = int(10 * BURST) + 1
    assert starts[:burst] == pytest.approx([0] * burst, abs=1e-5)
    assert starts[burst:] == pytest.approx([0.1 * (number + 1) for number in range(30 - burst)], abs=1e-5)


def test_a_request_of_a_hundred_batches_counts_as_a_hundred() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=2, clock=time.time())
    for _ in range(3):
        limiter.wait(FAR, calls=100)
    assert time.slept == pytest.approx([1, 2], abs=1e-5)  # 50 of the first hundred were saved up


def test_a_rate_of_less_than_one_call_per_second_is_kept() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=1, processes=4, clock=time.time())
    for _ in range(4):
        limiter.wait(FAR)
    assert time.slept == pytest.approx([3, 4, 4], abs=1e-5)


def test_what_would_be_due_at_the_deadline_does_not_wait_and_takes_no_turn() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=1, processes=1, clock=time.time())
    limiter.wait(FAR, calls=10)
    for _ in range(3):
        with pytest.raises(Unavailable, match="no time"):
            limiter.wait(NOW + 9)
    assert time.slept == []
    limiter.wait(NOW + 9.5)
    assert time.slept == pytest.approx([9])


def test_of_a_thousand_processes_one_that_sent_a_full_request_sends_another_within_seconds() -> None:
    """Its share is a batch in four seconds, but the others may be idle: what is refused says so."""
    time = FakeTime()
    limiter = RateLimiter(quota=270, processes=1_000, clock=time.time())
    limiter.wait(FAR, calls=100)
    for _ in range(100):  # after an outage, the rate is lower still
        time.now += 1 / limiter.rate
        limiter.throttled()
    starts = []
    for _ in range(3):
        limiter.wait(time.now + 2 * LONGEST, calls=100)
        starts.append(time.now)
    assert [later - earlier for earlier, later in itertools.pairwise(starts)] == pytest.approx([LONGEST, LONGEST])


@pytest.mark.parametrize("seconds", [0.5, 30, 3_600])
def test_a_clock_that_is_set_back_stops_no_calls(seconds: float) -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=2, clock=time.time())
    for _ in range(100):
        limiter.wait(time.now + 60)
    limiter.throttled()
    limiter.wait(time.now + 60)
    rate, slept = limiter.rate, len(time.slept)
    time.now -= seconds
    for _ in range(100):
        limiter.wait(time.now + 60)
    assert sum(time.slept[slept:]) == pytest.approx(100 / rate, abs=1 / rate)
    time.now += SLOWING_DOWN
    assert not limiter.is_slowing_down()


def test_a_refusal_slows_down_once_and_acceptances_speed_up_again_to_the_quota_at_most() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=2, clock=time.time())
    for _ in range(5):  # sent at the same time
        limiter.throttled()
    assert limiter.rate == 50 * DECREASE
    for _ in range(20_000):
        limiter.wait(NOW + 1e6)
        limiter.accepted()
    assert limiter.rate == 100


@pytest.mark.parametrize("processes", [1, 12, 32])
def test_after_a_spell_in_which_nearly_all_is_refused_the_rate_is_back_within_half_a_minute(processes: int) -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=1_000, processes=processes, clock=time.time())
    usual = limiter.rate
    while time.now < NOW + 40:
        limiter.wait(time.now + 60)
        limiter.throttled()
    assert limiter.rate < usual / 50
    ended = time.now
    while limiter.rate < usual:
        limiter.wait(time.now + 60)
        limiter.accepted()
    assert time.now - ended < 30


@pytest.mark.parametrize("batches", [1, 10, 100])
def test_after_a_spell_in_which_all_is_refused_one_acceptance_takes_up_half_of_the_rate(batches: int) -> None:
    """A request of a hundred takes ten seconds at the least rate: with some of these only, it would take minutes."""
    time = FakeTime()
    limiter = RateLimiter(quota=270, processes=4, clock=time.time())
    usual = limiter.rate
    while time.now < NOW + 30:
        limiter.wait(time.now + 60, calls=batches)
        limiter.throttled(batches)
    assert limiter.rate < usual / 3
    ended = time.now
    limiter.wait(time.now + 60, calls=batches)
    limiter.accepted(batches)
    assert limiter.rate >= AFTER_AN_OUTAGE * usual
    for _ in range(2):
        limiter.wait(time.now + 60, calls=batches)
    assert time.now - ended < 1.5 * LONGEST


def test_refusals_between_acceptances_go_on_slowing_down() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=2, clock=time.time())
    for _ in range(6):
        time.now += 1
        limiter.throttled()
        limiter.accepted()
    assert limiter.rate < 50 * DECREASE**5


def test_the_rate_does_not_grow_while_nothing_waits() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=2, clock=time.time())
    for _ in range(100):
        time.now += 10
        limiter.wait(time.now + 60)
        limiter.accepted()
    assert limiter.rate == 50


def test_another_number_of_processes_divides_the_quota_again_and_keeps_what_was_learned() -> None:
    limiter = RateLimiter(quota=100, processes=2, clock=FakeTime().time())
    limiter.throttled()
    limiter.divide(4)
    assert limiter.rate == 25 * DECREASE
    limiter.divide(4)
    assert limiter.rate == 25 * DECREASE


def test_threads_together_keep_to_the_rate() -> None:
    limiter = RateLimiter(quota=1_000, processes=1, clock=Clock(lambda: NOW, lambda seconds: None, lambda: 1.0))
    pauses: list[float] = []
    threads = [
        threading.Thread(target=lambda: pauses.extend(limiter.reserve(FAR) for _ in range(100))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later = sorted(pause for pause in pauses if pause > 0)
    assert later == pytest.approx([(number + 1) / 1_000 for number in range(len(later))], abs=1e-3)
    assert len(later) == 2_000 - 1_000 * BURST - 1


def test_a_throttled_call_waits_until_the_deadline_and_an_unavailable_one_for_its_attempts() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=1, clock=time.time())
    calls = Counter[str]()

    def refuse(throttled: bool) -> None:
        calls["throttled" if throttled else "other"] += 1
        raise Unavailable("no", throttled=throttled)

    with pytest.raises(Unavailable):
        Retry(attempts=4, cap=3.0).call(lambda: refuse(True), time.time(), NOW + 60, limiter)
    assert calls["throttled"] > 15
    assert NOW + 50 < time.now < NOW + 60
    with pytest.raises(Unavailable):
        Retry(attempts=4, cap=3.0).call(lambda: refuse(False), time.time(), time.now + 60, limiter)
    assert calls["other"] == 4
    taken = limiter.take_calls()
    assert (taken.made, taken.throttled) == (calls.total(), calls["throttled"])
    assert limiter.take_calls() == Calls(), "each call is counted once"


def test_the_batches_of_a_request_are_counted_one_by_one_also_where_it_is_refused() -> None:
    time = FakeTime()
    limiter = RateLimiter(quota=100, processes=1, clock=time.time())
    answers = iter([Unavailable("no", throttled=True), None])

    def upload() -> None:
        if failure := next(answers):
            raise failure

    Retry().call(upload, time.time(), FAR, limiter, calls=30)
    assert limiter.take_calls() == Calls(made=60, throttled=30)


# Many processes against one quota, in virtual time.


@dataclass
class World:
    """Readers of ``THREADS`` calls each against a service that accepts ``limit`` calls per second, as a token bucket.

    ``active(reader, seconds)``: whether a reader has anything to send. ``accepted``: by reader and second.
    """

    limit: float
    limiters: list[RateLimiter] = field(default_factory=list)
    now: float = NOW
    tokens: float = 0.0
    filled: float = NOW
    refused: int = 0
    accepted: Counter[tuple[int, int]] = field(default_factory=Counter)

    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda seconds: None, lambda: 1.0)

    def answers(self, reader: int) -> bool:
        self.tokens = min(self.limit, self.tokens + (self.now - self.filled) * self.limit)
        self.filled = self.now
        if self.tokens < 1:
            self.refused += 1
            return False
        self.tokens -= 1
        self.accepted[reader, int(self.now - NOW)] += 1
        return True

    def total(self, first: int, last: int, readers: range | None = None) -> int:
        return sum(
            number
            for (reader, second), number in self.accepted.items()
            if first <= second < last and (readers is None or reader in readers)
        )


def play(world: World, seconds: int, active: Callable[[int, float], bool] = lambda reader, second: True) -> None:
    """Let all readers call without end for a time."""
    rng = random.Random(1)
    queue = [
        (world.now + rng.random() / 10, number, number % len(world.limiters), "start")
        for number in range(THREADS * len(world.limiters))
    ]
    heapq.heapify(queue)
    number = len(queue)
    while queue:
        at, _, reader, what = heapq.heappop(queue)
        if at > NOW + seconds:
            return
        world.now, number = at, number + 1
        limiter, pause, after = world.limiters[reader], LATENCY, "start"
        if what == "start" and not active(reader, at - NOW):
            pause = 0.5
        elif what == "start":
            pause, after = limiter.reserve(float("inf")), "call"
        elif what == "call":
            after = "accepted" if world.answers(reader) else "throttled"
        elif what == "accepted":
            limiter.accepted()
            pause = 0.0
        else:
            limiter.throttled()
            pause = rng.random() * 0.4
        heapq.heappush(queue, (at + pause, number, reader, after))


def world_of(readers: int, *, limit: float, quota: float) -> World:
    world = World(limit, tokens=limit)
    world.limiters = [RateLimiter(quota, readers, world.clock()) for _ in range(readers)]
    return world


@pytest.mark.parametrize(("limit", "quota"), [(100, 200), (100, 100), (500, 1000), (1000, 1000)])
def test_sixteen_readers_get_what_the_service_accepts_and_one_call_in_ten_at_most_is_refused(
    limit: int, quota: int
) -> None:
    world = world_of(16, limit=limit, quota=quota)
    play(world, 60)
    accepted = world.total(0, 60)
    assert accepted >= 0.93 * 60 * limit
    assert world.refused <= accepted / 9
    assert min(world.total(20, 60, range(reader, reader + 1)) for reader in range(16)) > 0


def test_a_quota_that_is_far_below_the_setting_is_found_within_seconds() -> None:
    world = world_of(16, limit=100, quota=1000)
    play(world, 10)
    refused = world.refused
    play(world, 60)
    assert world.refused - refused <= world.total(10, 60) / 9


def test_what_idle_readers_leave_is_taken_up_by_the_others() -> None:
    world = world_of(16, limit=1000, quota=1000)
    play(world, 60, active=lambda reader, _: reader < 8)
    assert world.total(30, 60) >= 0.9 * 30 * 1000


def test_readers_that_come_in_the_middle_get_their_share() -> None:
    world = world_of(16, limit=200, quota=400)
    play(world, 120, active=lambda reader, second: reader < 8 or second > 40)
    old, new = (world.total(80, 120, readers) for readers in (range(8), range(8, 16)))
    assert old + new >= 0.93 * 40 * 200
    assert min(old, new) >= 0.25 * (old + new)
    assert world.refused <= world.total(0, 120) / 9


def test_below_one_call_per_second_and_reader_it_still_works() -> None:
    world = world_of(16, limit=8, quota=8)
    play(world, 600)
    assert world.total(0, 600) >= 0.75 * 600 * 8
    assert world.refused <= world.total(0, 600) / 9


# How many readers there are.


def test_the_readers_are_the_open_shards_times_the_factor_and_asked_for_every_few_minutes() -> None:
    time = FakeTime(jitter=0.5)
    kinesis = AwsClient(describe_stream_summary=always({"StreamDescriptionSummary": {"OpenShardCount": 6}}))
    pace = RateLimiter(480, 1, time.time())
    readers = StreamReaders(kinesis, 2, pace, time.time())

    def rate() -> float:
        readers.share_quota("arn:stream")
        return pace.rate

    assert [rate() for _ in range(3)] == [40] * 3
    assert kinesis.requests == [{"operation": "describe_stream_summary", "StreamARN": "arn:stream"}]
    kinesis.answers["describe_stream_summary"] = always({"StreamDescriptionSummary": {"OpenShardCount": 8}})
    time.now += ASK_EVERY - 1
    assert rate() == 40
    time.now += 1
    assert rate() == 30


@pytest.mark.parametrize("answer", [DENIED, {}, {"StreamDescriptionSummary": {"OpenShardCount": None}}])
def test_a_stream_that_does_not_say_its_shards_stops_nothing(answer: object) -> None:
    time = FakeTime()
    pace = RateLimiter(480, 1, time.time())
    StreamReaders(AwsClient(describe_stream_summary=always(answer)), 2, pace, time.time()).share_quota("arn:stream")
    assert pace.rate == 480 / 2 / FALLBACK_SHARDS
