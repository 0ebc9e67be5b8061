"""Delivery: what is bad is found with few calls, what is good arrives, and a wrong configuration stops everything."""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest
from broker.delivery import Delivered, Proof, deliver
from broker.failures import Misconfigured, Rejected, Unavailable

from tests.broker.stubs import Inline

Sent = list[tuple[int, ...]]


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


def all_are_bad(_: Delivered[int, str]) -> Collection[int]:
    """Answer that the configuration works for every kind of part."""
    return ()


def nothing_works(_: Delivered[int, str]) -> None:
    """Answer that no probe is accepted."""


def run(
    other: Other,
    requests: Sequence[Sequence[int]],
    pool: Executor | None = None,
    proof: Proof[int, str] = all_are_bad,
) -> Delivered[int, str]:
    return deliver(requests, other, pool or Inline(), proof)


def parts(found: Sequence[tuple[int, object]]) -> list[int]:
    return sorted(part for part, _ in found)


def test_requests_start_in_order_and_each_part_has_its_answer() -> None:
    other = Other()
    delivered = run(other, tens(30))
    assert other.sent == [tuple(ten) for ten in tens(30)]
    assert delivered.accepted == [(part, "taken") for part in range(30)]
    assert delivered.rejected == delivered.waiting == []


@pytest.mark.parametrize("bad", range(10))
def test_halving_finds_one_bad_part_of_ten_in_at_most_ten_calls(bad: int) -> None:
    other = Other([bad])
    delivered = run(other, tens(10))
    assert delivered.rejected == [(bad, "400")]
    assert parts(delivered.accepted) == [part for part in range(10) if part != bad]
    assert len(other.sent) <= 10
    assert other.sent.count((bad,)) == 2, "it is only bad if it is refused alone, and once more"


def test_several_bad_parts_cost_the_good_ones_nothing() -> None:
    delivered = run(Other([0, 9, 15, 16]), tens(20))
    assert parts(delivered.rejected) == [0, 9, 15, 16]
    assert len(delivered.accepted) == 16


def test_without_a_proof_nothing_is_bad_though_others_are_accepted() -> None:
    with pytest.raises(Misconfigured, match="11 of 20 refused"):
        run(Other(range(11)), tens(20), proof=nothing_works)


def test_with_a_proof_all_that_is_bad_is_found_however_much_of_it_there_is() -> None:
    assert len(run(Other(range(45)), tens(45)).rejected) == 45


def test_what_the_proof_does_not_cover_is_neither_bad_nor_accepted_nor_waiting() -> None:
    delivered = run(Other(range(30)), tens(40), proof=lambda _: {4, 25, 26})
    assert parts(delivered.unproven) == [4, 25, 26]
    assert parts(delivered.rejected) == [part for part in range(30) if part not in {4, 25, 26}]
    assert (parts(delivered.accepted), delivered.waiting) == ([*range(30, 40)], [])


def test_what_was_unproven_before_the_configuration_became_right_is_sent_again() -> None:
    other = Other([3])

    def proof(_: object) -> Collection[int]:
        other.bad.clear()
        return {3}

    delivered = run(other, [[3], [4]], proof=proof)
    assert (parts(delivered.accepted), delivered.rejected, delivered.unproven) == ([3, 4], [], [])


def test_many_bad_parts_in_the_first_requests_do_not_stop_the_good_ones_behind_them() -> None:
    other = Other(range(25))
    delivered = run(other, tens(60))
    assert (len(delivered.rejected), len(delivered.accepted)) == (25, 35)


def test_a_wrong_configuration_is_noticed_without_taking_every_request_apart() -> None:
    other = Other(range(1000))
    with pytest.raises(Misconfigured, match="20 of 20 refused, so the configuration is wrong: 400"):
        run(other, tens(1000), proof=nothing_works)
    assert len(other.sent) <= 100 + 40, "each request once, and some twenty events alone"


def test_requests_of_one_bad_part_each_do_not_hide_that_longer_ones_hold_something_good() -> None:
    alone, longer = [[part] for part in range(20)], [[*range(start, start + 10)] for start in range(100, 200, 10)]
    delivered = run(Other([*range(20), *range(100, 200, 10)]), alone + longer)
    assert (len(delivered.accepted), len(delivered.rejected)) == (90, 30)


@pytest.mark.parametrize("bad", [1, 19])
def test_with_nothing_accepted_the_proof_decides(bad: int) -> None:
    assert len(run(Other(range(bad)), tens(bad)).rejected) == bad
    with pytest.raises(Misconfigured, match=f"{bad} of {bad} refused"):
        run(Other(range(bad)), tens(bad), proof=nothing_works)


def test_no_proof_is_asked_for_where_nothing_is_refused() -> None:
    def proof(_: object) -> Collection[int]:
        raise AssertionError("asked")

    run(Other(), tens(10), proof=proof)
    run(Other(errors={3: Unavailable("503")}), tens(10), proof=proof)


@pytest.mark.parametrize("wrong_at", [1, 2])
def test_a_configuration_that_becomes_wrong_meanwhile_rejects_nothing(wrong_at: int) -> None:
    """Something was accepted before it did: the proof must come after what is refused, and before."""
    proofs = iter(range(1, 10))
    with pytest.raises(Misconfigured):
        run(Other([3]), tens(10), proof=lambda _: None if next(proofs) == wrong_at else ())


def test_what_was_refused_before_the_configuration_became_right_is_sent_again() -> None:
    other = Other([3])

    def proof(_: object) -> Collection[int]:
        other.bad.clear()
        return ()

    delivered = run(other, [[3], [4]], proof=proof)
    assert (parts(delivered.accepted), delivered.rejected) == ([3, 4], [])


def test_once_something_stays_throttled_no_further_request_starts() -> None:
    other = Other(errors={12: Unavailable("429", throttled=True, retry_after=30.0)})
    delivered = run(other, tens(50))
    assert other.sent == [tuple(ten) for ten in tens(20)]
    assert parts(delivered.accepted) == list(range(10))
    assert delivered.waiting == [(part, 30.0) for part in range(10, 50)], "and all wait as long as they were told to"


def test_what_is_merely_unavailable_does_not_stop_the_others() -> None:
    delivered = run(Other(errors={12: Unavailable("503", retry_after=4.0)}), tens(30))
    assert parts(delivered.accepted) == [*range(10), *range(20, 30)]
    assert delivered.waiting == [(part, 4.0) for part in range(10, 20)]


def test_throttling_in_the_middle_of_halving_leaves_the_rest_waiting_and_no_part_lost() -> None:
    other = Other([3])
    calls = iter(range(100))

    def throttled_at_the_third(request: Sequence[int]) -> str:
        if next(calls) == 2:
            raise Unavailable("429", throttled=True)
        return other(request)

    delivered = deliver(tens(10), throttled_at_the_third, Inline(), all_are_bad)
    assert parts(delivered.waiting) == list(range(10))
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
    delivered = run(Other(errors={7: KeyError("ada@example.com")}), tens(10))
    assert delivered.rejected == [(7, "KeyError")]
    assert len(delivered.accepted) == 9


def test_nothing_to_deliver_is_delivered() -> None:
    assert run(Other(), []) == Delivered()


def test_many_threads_lose_and_repeat_nothing() -> None:
    bad = range(0, 500, 37)
    with ThreadPoolExecutor(16) as pool:
        delivered = run(Other(bad), tens(500), pool)
    assert parts(delivered.rejected) == list(bad)
    assert parts([*delivered.accepted, *delivered.rejected]) == list(range(500))
