"""The verdict on a batch of stream records after an invocation: done, retried in parts or whole, or discarded.

Rules: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html and
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html ("Splitting batches doesn't consume
the retry quota"). Where AWS is silent, on an answer that names the very first record as failed while bisecting is on,
the batch is halved as after a function error: there is nothing before that record to cut off.
"""

from dataclasses import dataclass, replace

from blueprint.mappings import UNLIMITED, KinesisMapping
from local_stack.lambda_emulator.invocation import InvokeResult, failed_items
from local_stack.lambda_emulator.polling.events import Record


@dataclass(frozen=True)
class Batch:
    """Records for one invocation, with the number of attempts and the last result."""

    records: tuple[Record, ...]
    retries: int = 0
    invocations: int = 0
    result: InvokeResult | None = None


@dataclass(frozen=True)
class Verdict:
    """The records that are done, the batches to try next (in order), and the discarded batch."""

    done: tuple[Record, ...] = ()
    again: tuple[Batch, ...] = ()
    given_up: Batch | None = None


def judge(batch: Batch, result: InvokeResult, mapping: KinesisMapping) -> Verdict:
    """Return the verdict on a batch from the result of its invocation."""
    numbers = [record.sequence_number for record in batch.records]
    failed = failed_items(result, numbers, partial=mapping.report_batch_item_failures)
    if not failed:
        return Verdict(done=batch.records)
    # Everything from the lowest failed record on is retried, whatever the answer says about later ones.
    lowest = next(index for index, number in enumerate(numbers) if number in failed)
    done, rest = batch.records[:lowest], batch.records[lowest:]
    tried = replace(batch, records=rest, invocations=batch.invocations + 1, result=result)
    if mapping.bisect_batch_on_function_error and len(batch.records) > 1:
        return Verdict(done=done, again=(tried,) if done else _halves(tried))
    if mapping.maximum_retry_attempts != UNLIMITED and batch.retries >= mapping.maximum_retry_attempts:
        return Verdict(done=done, given_up=tried)
    return Verdict(done=done, again=(replace(tried, retries=batch.retries + 1),))


def _halves(batch: Batch) -> tuple[Batch, ...]:
    middle = (len(batch.records) + 1) // 2
    return replace(batch, records=batch.records[:middle]), replace(batch, records=batch.records[middle:])


def split_by_age(batch: Batch, oldest_arrival: float) -> tuple[Batch | None, Batch | None]:
    """Return (the records that arrived before ``oldest_arrival``, the others); arrival grows along a shard."""
    young = next((i for i, record in enumerate(batch.records) if record.arrival >= oldest_arrival), len(batch.records))
    expired, remaining = batch.records[:young], batch.records[young:]
    return (
        replace(batch, records=expired) if expired else None,
        replace(batch, records=remaining) if remaining else None,
    )


@dataclass(frozen=True)
class Backoff:
    """The seconds before the first retry, the factor between retries, and the longest wait."""

    first: float = 0.2
    factor: float = 2.0
    longest: float = 30.0

    def seconds(self, failures: int) -> float:
        """Return the seconds to wait after that many failures in a row (1: after the first)."""
        # The exponent is bounded, since an unlimited number of retries would overflow a float.
        return min(self.longest, self.first * self.factor ** min(max(failures - 1, 0), 60))
