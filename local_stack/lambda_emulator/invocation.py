"""The result of a function's invocation, as Lambda reports it to the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

UNHANDLED = "Unhandled"


@dataclass(frozen=True)
class InvokeResult:
    """The function's JSON answer in ``payload``, or an error if ``function_error`` is set.

    ``function_error`` is "Unhandled" if the function did not answer: it raised, timed out, ended, or could not start.
    ``error_type`` and ``error_message`` then name the cause in Lambda's words.
    """

    payload: Any = None
    function_error: str | None = None
    error_type: str = ""
    error_message: str = ""
    request_id: str = ""


Invoke = Callable[[dict[str, Any]], InvokeResult]


def failed(error_type: str, message: str, request_id: str = "") -> InvokeResult:
    """Return the result of an invocation without an answer."""
    return InvokeResult(function_error=UNHANDLED, error_type=error_type, error_message=message, request_id=request_id)
