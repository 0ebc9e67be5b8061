"""The failed items of a batch, from a function's answer: none, some, or all.

Rules: "Success and failure conditions" in https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
and https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html.
"""

from collections.abc import Collection
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult


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
