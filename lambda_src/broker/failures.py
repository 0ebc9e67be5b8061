"""How a call can fail.

Failure
├── Rejected       this request can never work as it is: find the bad part, quarantine it, go on
├── Unavailable    it may work later: throttled, an error of the other side, no answer, no time left
└── Misconfigured  nothing can work until somebody changes a setting, a permission or a secret: fail loudly
"""

import traceback
from collections.abc import Callable
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

THROTTLING = {
    *("ThrottlingException", "Throttling", "TooManyRequestsException", "TooManyRequests", "RequestThrottled"),
    *("ProvisionedThroughputExceededException", "RequestLimitExceeded"),  # DynamoDB's
}
UNAVAILABLE = {
    *("RequestTimeout", "ResourceInUseException", "LimitExceededException", "SlowDown"),
    # DynamoDB's; of a cancelled transaction only where no claim is contested
    *("TransactionInProgressException", "TransactionCanceledException"),
}
REJECTED = {"InvalidInputException", "ValidationException"}


class Failure(Exception):
    """A call failed. ``may_have_landed``: it, or an earlier try, may have been done all the same, or may still be."""

    may_have_landed = False


class Rejected(Failure):
    """The other side understood the request and will never accept it as it is."""


class Misconfigured(Failure):
    """No request can work until the configuration changes."""


class Unavailable(Failure):
    """The same request may work later; ``retry_after`` is in seconds, if the other side named a time.

    ``timed_out``: it was sent, and no answer came in time.
    """

    def __init__(
        self,
        message: str,
        *,
        throttled: bool = False,
        timed_out: bool = False,
        may_have_landed: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.throttled = throttled
        self.timed_out = timed_out
        self.may_have_landed = may_have_landed
        self.retry_after = retry_after


def described(error: BaseException) -> str:
    """Return an exception's type and its innermost place in the broker's own code, and nothing of its message.

    For example ``KeyError at broker/batch.py:71``.
    """
    return " at ".join([type(error).__name__, *places(error)[-1:]])


def places(error: BaseException) -> list[str]:
    """Return the file and the line of each frame in the broker's own code, the innermost one last."""
    frames = ((frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(error.__traceback__))
    return [f"{module.replace('.', '/')}.py:{line}" for module, line in frames if module.startswith("broker.")]


def aws_call(operation: Callable[..., Any], **arguments: Any) -> Any:
    """Return ``operation(**arguments)`` of a boto3 client; its errors become those of the tree above.

    The messages carry AWS's error code only: its texts may repeat what was sent.
    """
    try:
        return operation(**arguments)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise _failure(code, status, f"{error.operation_name}: {code or status}") from None
    except ParamValidationError:
        raise Rejected("boto3 refused a parameter") from None
    except (ConnectionError, HTTPClientError, IncompleteReadError, ResponseParserError) as error:
        raise Unavailable(type(error).__name__, timed_out=isinstance(error, ReadTimeoutError)) from None
    except BotoCoreError as error:  # no credentials, no region, no such endpoint
        raise Misconfigured(type(error).__name__) from None


def _failure(code: str, status: int, message: str) -> Failure:
    if code in THROTTLING or status == 429:
        return Unavailable(message, throttled=True)
    if code in UNAVAILABLE or status >= 500:
        return Unavailable(message)
    return Rejected(message) if code in REJECTED else Misconfigured(message)
