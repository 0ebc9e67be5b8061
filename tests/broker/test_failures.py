"""Which failure each error of AWS becomes, with nothing of what was sent in the messages."""

import traceback

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
)
from broker.failures import Failure, Misconfigured, Rejected, Unavailable, aws_call

from tests.broker.stubs import client_error, raising

URL = "https://personalize-events.us-east-1.amazonaws.com"


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
