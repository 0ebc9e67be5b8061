"""The settings of both event source mappings, under AWS's names and within AWS's limits.

Limits: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html. Deployment and local stack
take the same numbers from here, so this module imports nothing of the local stack.
"""

from dataclasses import dataclass

LIVE = "live"  # the alias of each function that the mappings invoke on AWS
UNLIMITED = -1
# What one invocation may carry, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAXIMUM_PAYLOAD_BYTES = 6 * 1024 * 1024


class BadMapping(ValueError):
    """Settings that AWS would refuse; the message names every one of them."""


@dataclass(frozen=True)
class KinesisMapping:
    """How Lambda reads a stream. Times are in seconds; -1 means without limit."""

    batch_size: int = 100
    maximum_batching_window: int = 0
    parallelization_factor: int = 1
    bisect_batch_on_function_error: bool = True
    report_batch_item_failures: bool = True
    maximum_retry_attempts: int = UNLIMITED
    maximum_record_age: int = UNLIMITED

    def __post_init__(self) -> None:
        age = self.maximum_record_age
        _refuse(
            _outside("batch_size", self.batch_size, 1, 10_000),
            _outside("maximum_batching_window", self.maximum_batching_window, 0, 300),
            _outside("parallelization_factor", self.parallelization_factor, 1, 10),
            _outside("maximum_retry_attempts", self.maximum_retry_attempts, UNLIMITED, 10_000),
            # AWS: -1, or 60 seconds to seven days.
            None if age == UNLIMITED else _outside("maximum_record_age", age, 60, 604_800),
        )


@dataclass(frozen=True)
class QueueMapping:
    """How Lambda reads a standard queue. Times are in seconds; no ``maximum_concurrency`` means AWS's own scaling.

    ``function_timeout`` and ``visibility_timeout`` belong to function and queue; AWS refuses a queue whose visibility
    is shorter than the function's timeout.
    """

    batch_size: int = 10
    maximum_batching_window: int = 0
    report_batch_item_failures: bool = True
    maximum_concurrency: int | None = None
    function_timeout: int = 3
    visibility_timeout: int = 30

    def __post_init__(self) -> None:
        concurrency = self.maximum_concurrency
        _refuse(
            _outside("batch_size", self.batch_size, 1, 10_000),
            _outside("maximum_batching_window", self.maximum_batching_window, 0, 300),
            None if concurrency is None else _outside("maximum_concurrency", concurrency, 2, 1_000),
            _outside("function_timeout", self.function_timeout, 1, 900),
            _outside("visibility_timeout", self.visibility_timeout, self.function_timeout, 43_200),
            _needs_window(self.batch_size, self.maximum_batching_window),
        )


def _outside(name: str, value: int, low: int, high: int) -> str | None:
    return None if low <= value <= high else f"{name} is {value}, must be {low} to {high}"


def _needs_window(batch_size: int, window: int) -> str | None:
    # More than one receive brings has to be gathered over time.
    if batch_size <= 10 or window >= 1:
        return None
    return f"maximum_batching_window is {window}, must be at least 1 with a batch_size of {batch_size}"


def _refuse(*problems: str | None) -> None:
    found = [problem for problem in problems if problem]
    if found:
        raise BadMapping("; ".join(found))
