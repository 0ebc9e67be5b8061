"""Delivery: what is bad is found with few calls, what is good arrives, and a wrong configuration stops everything."""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest
from broker.delivery import Delivery, Verify, deliver
from broker.failures import Misconfigured, Rejected, Unavailable
from broker.outcomes import Accepted, Outcome, Retryable, Unproven, only
from broker.outcomes import Rejected as RejectedPart

from tests.broker.stubs import Inline

Sent = list[tuple[int, ...]]
Outcomes = Mapping[int, Outcome[str]]
TAKEN, BAD = Accepted("taken"), RejectedPart("400")


class Other:
    """The other side: refuses requests with a bad part, and answers as it is told to for some others."""

    def __init__(self, bad: Sequence[int] = (), errors: dict[int, Exception] | None = None) -> None:
        self.bad = set(bad)
        self.errors = errors or {}
        self.sent: Sent = []
        self._lock = threading.Lock()

    def __call__(self, request: Sequence[int]) -> str:
        with self._lock:
            self.sent.append(tuple(request))
        for part in request:
            if part in self.errors:
                raise self.errors[part]
        if self.bad & set(request):
            raise Rejected("400")
        return "taken"


def tens(count: int) -> list[list[int]]:
    return [list(range(start, min(start + 10, count))) for start in range(0, count, 10)]


def all_are_bad(_: Outcomes) -> Collection[int]:
    """Answer that the configuration works for every kind of part."""
    return ()


def nothing_works(_: Outcomes) -> None:
    """Answer that no probe is accepted."""


def run(
    other: Other,
    requests: Sequence[Sequence[int]],
    pool: Executor | None = None,
    verify: Verify[int, str] = all_are_bad,
) -> dict[int, Outcome[str]]:
    return deliver(requests, other, pool or Inline(), verify)


def all_with(outcome: Outcome[str], *parts: Iterable[int]) -> dict[int, Outcome[str]]:
    """Return that outcome for each of the parts."""
    return dict.fromkeys(chain(*parts), outcome)


def test_requests_start_in_order_and_each_part_has_its_answer() -> None:
    other = Other()
    assert run(other, tens(30)) == all_with(TAKEN, range(30))
    assert other.sent == [tuple(ten) for ten in tens(30)]


@pytest.mark.parametrize("bad", range(10))
def test_bisecting_finds_one_bad_part_of_ten_in_at_most_ten_calls(bad: int) -> None:
    other = Other([bad])
    assert run(other, tens(10)) == all_with(TAKEN, range(10)) | {bad: BAD}
    assert len(other.sent) <= 10
    assert other.sent.count((bad,)) == 2, "it is only bad if it is refused alone, and once more"


def test_several_bad_parts_cost_the_good_ones_nothing() -> None:
    bad = [0, 9, 15, 16]
    assert run(Other(bad), tens(20)) == all_with(TAKEN, range(20)) | all_with(BAD, bad)


def test_while_no_probe_is_accepted_nothing_is_bad_though_others_are_accepted() -> None:
    with pytest.raises(Misconfigured, match="11 of 20 refused"):
        run(Other(range(11)), tens(20), verify=nothing_works)


def test_with_a_verified_configuration_all_bad_parts_are_found_however_many_there_are() -> None:
    assert run(Other(range(45)), tens(45)) == all_with(BAD, range(45))


def test_a_rejected_part_that_no_probe_covers_is_unproven() -> None:
    outcome_of = run(Other(range(30)), tens(40), verify=lambda _: {4, 25, 26, 39})
    unproven = all_with(Unproven("400"), [4, 25, 26])
    assert outcome_of == all_with(BAD, range(30)) | all_with(TAKEN, range(30, 40)) | unproven


def test_what_was_unproven_before_the_configuration_became_right_is_sent_again() -> None:
    other = Other([3])

    def verify(_: object) -> Collection[int]:
        other.bad.clear()
        return {3}

    assert run(other, [[3], [4]], verify=verify) == all_with(TAKEN, [3, 4])


def test_what_was_refused_before_and_after_the_configuration_became_right_is_no_bad_part_yet() -> None:
    """Its second refusal may be older than the first proof for its kind."""
    unproven = iter([{3}, set[int]()])
    outcome_of = run(Other([3]), [[3], [4]], verify=lambda _: next(unproven))
    assert outcome_of == {3: Unproven("400"), 4: TAKEN}


def test_many_bad_parts_in_the_first_requests_do_not_stop_the_good_ones_behind_them() -> None:
    other = Other(range(25))
    assert run(other, tens(60)) == all_with(BAD, range(25)) | all_with(TAKEN, range(25, 60))


def test_a_wrong_configuration_is_noticed_without_taking_every_request_apart() -> None:
    other = Other(range(1000))
    with pytest.raises(Misconfigured, match="20 of 20 refused, so the configuration is wrong: 400"):
        run(other, tens(1000), verify=nothing_works)
    assert len(other.sent) <= 100 + 40, "each request once, and some twenty events alone"


def test_requests_of_one_bad_part_each_do_not_hide_that_longer_ones_hold_something_good() -> None:
    alone, longer = [[part] for part in range(20)], [[*range(start, start + 10)] for start in range(100, 200, 10)]
    outcome_of = run(Other([*range(20), *range(100, 200, 10)]), alone + longer)
    assert (len(only(outcome_of, Accepted)), len(only(outcome_of, RejectedPart))) == (90, 30)


@pytest.mark.parametrize("bad", [1, 19])
def test_with_nothing_accepted_the_verification_decides(bad: int) -> None:
    assert run(Other(range(bad)), tens(bad)) == all_with(BAD, range(bad))
    with pytest.raises(Misconfigured, match=f"{bad} of {bad} refused"):
        run(Other(range(bad)), tens(bad), verify=nothing_works)


def test_the_configuration_is_not_verified_where_nothing_is_rejected() -> None:
    def verify(_: object) -> Collection[int]:
        raise AssertionError("asked")

    run(Other(), tens(10), verify=verify)
    run(Other(errors={3: Unavailable("503")}), tens(10), verify=verify)


@pytest.mark.parametrize("wrong_at", [1, 2])
def test_a_configuration_that_becomes_wrong_meanwhile_rejects_nothing(wrong_at: int) -> None:
    """Something was accepted before it did, so verify before the rejected parts are sent again, and after."""
    calls = iter(range(1, 10))
    with pytest.raises(Misconfigured):
        run(Other([3]), tens(10), verify=lambda _: None if next(calls) == wrong_at else ())


def test_what_was_refused_before_the_configuration_became_right_is_sent_again() -> None:
    other = Other([3])

    def verify(_: object) -> Collection[int]:
        other.bad.clear()
        return ()

    assert run(other, [[3], [4]], verify=verify) == all_with(TAKEN, [3, 4])


def test_once_something_stays_throttled_no_further_request_starts() -> None:
    other = Other(errors={12: Unavailable("429", throttled=True, retry_after=30.0)})
    outcome_of = run(other, tens(50))
    assert other.sent == [tuple(ten) for ten in tens(20)]
    assert outcome_of == all_with(TAKEN, range(10)) | all_with(Retryable(30.0), range(10, 50))


def test_what_is_merely_unavailable_does_not_stop_the_others() -> None:
    outcome_of = run(Other(errors={12: Unavailable("503", retry_after=4.0)}), tens(30))
    assert outcome_of == all_with(TAKEN, range(30)) | all_with(Retryable(4.0), range(10, 20))


def test_throttling_in_the_middle_of_bisecting_leaves_the_rest_waiting_and_no_part_lost() -> None:
    other = Other([3])
    calls = iter(range(100))

    def throttled_at_the_third(request: Sequence[int]) -> str:
        if next(calls) == 2:
            raise Unavailable("429", throttled=True)
        return other(request)

    outcome_of = deliver(tens(10), throttled_at_the_third, Inline(), all_are_bad)
    assert outcome_of == all_with(Retryable(), range(10))
    assert len(other.sent) == 2


def test_a_wrong_configuration_said_outright_fails_everything_and_starts_nothing_more() -> None:
    other = Other(errors={12: Misconfigured("403")})
    with pytest.raises(Misconfigured, match="403"):
        run(other, tens(50))
    assert len(other.sent) == 2


class Remembering(ThreadPoolExecutor):
    """A pool that knows what it was given."""

    def __init__(self) -> None:
        super().__init__(2)
        self.given: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given.append(super().submit(fn, *args, **kwargs))
        return self.given[-1]


@pytest.mark.parametrize("throttled_at", [0, 10])
def test_a_wrong_configuration_is_louder_than_throttling_whichever_is_answered_first(throttled_at: int) -> None:
    both_sent, pool = threading.Barrier(2), Remembering()

    def send(request: Sequence[int]) -> str:
        both_sent.wait(timeout=60)
        if request[0] == 10:
            pool.given[0].result(timeout=60)
        raise Unavailable("429", throttled=True) if request[0] == throttled_at else Misconfigured("403")

    with pool, pytest.raises(Misconfigured):
        deliver(tens(20), send, pool, all_are_bad)


def test_an_exception_that_nobody_expected_isolates_the_part_that_causes_it() -> None:
    outcome_of = run(Other(errors={7: KeyError("ada@example.com")}), tens(10))
    assert isinstance(outcome_of[7], RejectedPart)
    described = outcome_of[7].detail
    assert re.fullmatch(r"KeyError at broker/delivery\.py:\d+", described)
    assert outcome_of == all_with(TAKEN, range(10)) | {7: RejectedPart(described)}


def test_nothing_to_deliver_is_delivered() -> None:
    assert run(Other(), []) == {}


def test_many_threads_lose_and_repeat_nothing() -> None:
    bad = range(0, 500, 37)
    with ThreadPoolExecutor(16) as pool:
        outcome_of = run(Other(bad), tens(500), pool)
    assert outcome_of == all_with(TAKEN, range(500)) | all_with(BAD, bad)


def stopping_at(*hung: int, until: threading.Event) -> Callable[[Sequence[int]], str]:
    """Return the other side of which some parts get no answer before an event is set."""

    def send(request: Sequence[int]) -> str:
        if set(hung) & set(request):
            until.wait()
        return "taken"

    return send


@pytest.mark.parametrize(("count", "hung"), [(1000, (500,)), (1000, tuple(range(0, 1000, 100))), (20, (0,))])
def test_nobody_waits_for_stragglers_and_their_late_outcome_changes_nothing(count: int, hung: tuple[int, ...]) -> None:
    end = threading.Event()
    with ThreadPoolExecutor(16) as pool:
        outcomes = deliver([[n] for n in range(count)], stopping_at(*hung, until=end), pool, all_are_bad)
        before = dict(outcomes)
        end.set()
    assert outcomes == before == all_with(TAKEN, range(count)) | all_with(Retryable(), hung)


def test_a_straggler_among_few_is_waited_for() -> None:
    end = threading.Event()
    threading.Timer(1.5, end.set).start()
    with ThreadPoolExecutor(16) as pool:
        outcomes = deliver([[n] for n in range(19)], stopping_at(3, until=end), pool, all_are_bad)
    assert outcomes == all_with(TAKEN, range(19))


def test_what_is_accepted_is_told_at_once() -> None:
    end, told = threading.Event(), threading.Event()
    heard: list[tuple[Sequence[int], str]] = []

    def accepted(request: Sequence[int], result: str) -> None:
        heard.append((request, result))
        if len(heard) == 9:
            told.set()

    with ThreadPoolExecutor(4) as pool:
        delivery = Delivery(stopping_at(5, until=end), pool, accepted)
        for part in range(10):
            delivery.start([part])
        assert told.wait(60), "though one request hangs"
        end.set()
        delivery.finish(all_are_bad)
    assert sorted(heard) == [([part], "taken") for part in range(10)]


def test_a_straggler_that_ends_while_the_configuration_is_verified_disturbs_nobody() -> None:
    end, ended = threading.Event(), threading.Event()
    other = stopping_at(0, until=end)

    def send(request: Sequence[int]) -> str:
        if request == [1]:
            raise Rejected("400")
        return other(request)

    def accepted(request: Sequence[int], _: str) -> None:
        if request == [0]:
            ended.set()

    def verify(so_far: Outcomes) -> Collection[int]:
        seen = iter(so_far)
        next(seen)
        end.set()
        assert ended.wait(60)
        list(seen)
        return ()

    with ThreadPoolExecutor(4) as pool:
        delivery = Delivery(send, pool, accepted)
        for part in range(20):
            delivery.start([part])
        assert delivery.finish(verify) == all_with(TAKEN, [0], range(2, 20)) | all_with(BAD, [1])


def test_what_starts_when_the_delivery_is_finished_is_not_sent() -> None:
    other = Other()
    delivery = Delivery(other, Inline())
    delivery.start([1])
    assert delivery.finish(all_are_bad) == all_with(TAKEN, [1])
    delivery.start([2])
    assert other.sent == [(1,)]
