"""Late calls: cut short and sent again early, for one in a hundred at most, and never while the service struggles."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from broker.clients import IMPATIENT_READ_TIMEOUT, READ_TIMEOUT, Aws
from broker.failures import Failure, Unavailable
from broker.rate_limit import SLOWING_DOWN, RateLimiter
from broker.speculative_retry import MAX_CREDIT, SpeculativeRetry

from tests.broker.stubs import BROKEN, AwsClient, FakeTime, always

HANGS = ReadTimeoutError(endpoint_url="https://personalize")


class Clients:
    """Both clients of one service; ``late``: from now on the service answers after the shorter timeout."""

    def __init__(self, pace: RateLimiter | None = None) -> None:
        self.late: Any = False
        self.patient = AwsClient(ask=always("answer"))
        self.impatient = AwsClient(ask=lambda _: HANGS if self.late else "answer")
        self.calls = SpeculativeRetry(self.patient, self.impatient, pace)

    def ask(self, times: int = 1) -> int:
        """Call a number of times; return how many calls were cut short."""
        before = len(self.impatient.requests)
        for _ in range(times):
            with suppress(Unavailable):
                assert self.calls.call("ask") == "answer"
        return len(self.impatient.requests) - before if self.late else 0


def test_the_first_call_of_a_process_is_never_cut_short() -> None:
    clients = Clients()
    clients.late = True
    assert clients.ask() == 0
    assert clients.ask() == 1


def test_a_call_that_hangs_is_cut_short_and_its_retry_is_not() -> None:
    clients = Clients()
    clients.ask(2)
    clients.late = True
    assert [clients.ask() for _ in range(3)] == [1, 0, 0]
    assert [len(client.requests) for client in (clients.patient, clients.impatient)] == [3, 2]


def test_of_a_slow_service_one_call_in_a_hundred_is_cut_short_at_most() -> None:
    clients = Clients()
    clients.ask()
    clients.late = True
    assert clients.ask(10_000) <= 101


def test_after_a_long_time_without_a_late_call_only_a_few_in_a_row_are_cut_short() -> None:
    clients = Clients()
    clients.ask(100_000)
    clients.late = True
    assert clients.ask(50) == MAX_CREDIT


def test_while_the_service_throttles_nothing_is_cut_short() -> None:
    time = FakeTime()
    pace = RateLimiter(1000, 1, time.time())
    clients = Clients(pace)
    clients.ask(2)
    pace.throttled()
    clients.late = True
    assert clients.ask() == 0
    time.now += SLOWING_DOWN
    assert clients.ask() == 1


def test_another_failure_costs_no_budget() -> None:
    clients = Clients()
    clients.ask()
    clients.impatient.answers["ask"] = always(BROKEN)
    for _ in range(3):
        with pytest.raises(Failure):
            clients.calls.call("ask")
    assert len(clients.impatient.requests) == 3


def test_the_impatient_client_differs_in_its_read_timeout_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patient, impatient = (
        vars(Aws(3).client("personalize-events", read_timeout=timeout).meta.config)
        for timeout in (READ_TIMEOUT, IMPATIENT_READ_TIMEOUT)
    )
    assert {name for name, value in patient.items() if impatient[name] != value} <= {
        "read_timeout",
        "_user_provided_options",
    }
