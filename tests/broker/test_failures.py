"""Failures told apart, and the retry rule: bounded in attempts and in time, with nobody's words in the messages."""

import traceback
from collections.abc import Callable

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
)
from broker.failures import Failure, Misconfigured, Rejected, Retry, Unavailable, aws_call

from tests.broker.stubs import NOW, FakeTime, client_error

URL = "https://personalize-events.us-east-1.amazonaws.com"


def raising(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def action() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return action


@pytest.mark.parametrize(
    ("error", "expected", "throttled"),
    [
        (client_error("ThrottlingException", 400), Unavailable, True),
        (client_error("TooManyRequestsException", 429), Unavailable, True),
        (client_error("", 429), Unavailable, True),
        (client_error("InternalFailure", 500), Unavailable, False),
        (client_error("ServiceUnavailable", 503), Unavailable, False),
        (client_error("", 502), Unavailable, False),
        (client_error("ResourceInUseException", 409), Unavailable, False),
        (client_error("InvalidInputException", 400), Rejected, None),
        (client_error("ValidationException", 400), Rejected, None),
        (ParamValidationError(report="eventList.0.sentAt"), Rejected, None),
        (client_error("ResourceNotFoundException", 404), Misconfigured, None),
        (client_error("AccessDeniedException", 403), Misconfigured, None),
        (client_error("ExpiredTokenException", 400), Misconfigured, None),
        (client_error("", 418), Misconfigured, None),
        (NoCredentialsError(), Misconfigured, None),
        (NoRegionError(), Misconfigured, None),
        (ReadTimeoutError(endpoint_url=URL), Unavailable, False),
        (ConnectTimeoutError(endpoint_url=URL), Unavailable, False),
        (EndpointConnectionError(endpoint_url=URL), Unavailable, False),
    ],
    ids=lambda value: getattr(value, "args", ["-"])[0] if isinstance(value, Exception) else None,
)
def test_what_aws_answers_is_told_apart(error: Exception, expected: type[Failure], throttled: bool | None) -> None:
    with pytest.raises(Failure) as raised:
        aws_call(lambda: raising(error)())
    assert type(raised.value) is expected
    assert getattr(raised.value, "throttled", None) is throttled


def test_an_error_of_ours_is_not_taken_for_one_of_aws() -> None:
    with pytest.raises(KeyError):
        aws_call(raising(KeyError("x")))


@pytest.mark.parametrize("code", ["InvalidInputException", "AccessDeniedException", "ThrottlingException"])
def test_a_failure_says_the_code_and_never_the_text_which_may_repeat_what_was_sent(code: str) -> None:
    refusing = raising(client_error(code, 400, "userId ada@example.com is bad", "PutEvents"))
    with pytest.raises(Failure) as raised:
        aws_call(refusing)
    shown = "".join(traceback.format_exception(raised.value))
    assert str(raised.value) == f"PutEvents: {code}"
    assert "ada@example.com" not in shown


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
