"""The result of a function's invocation, and the failed items of a batch in it.

Rules: "Success and failure conditions" in https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
and https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html.
"""

from collections.abc import Callable, Collection
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


def failed_items(result: InvokeResult, items: Collection[str], *, partial: bool) -> Collection[str]:
    """Return the failed ones of ``items``; ``partial``: whether the mapping reports batch item failures.

    A null or empty answer is a success. An empty, null or unknown identifier, or an answer of another shape, fails
    the whole batch.
    """
    if result.function_error is not None:
        return items
    if not partial:
        return ()
    named = _named_items(result.payload)
    known = set(items)
    if named is None or any(not isinstance(name, str) or name not in known for name in named):
        return items
    return set(named)


def _named_items(payload: Any) -> list[Any] | None:
    """Return the identifiers in the answer; None for an answer of another shape."""
    if payload in (None, "", {}):
        return []
    if not isinstance(payload, dict):
        return None
    failures = payload.get("batchItemFailures")
    if failures is None:
        return []
    if not isinstance(failures, list):
        return None
    return [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
