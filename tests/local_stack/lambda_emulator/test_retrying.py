"""What becomes of a batch after an invocation, rule by rule."""

from dataclasses import replace

import pytest

from blueprint.mappings import KinesisMapping
from local_stack.lambda_emulator.invocation import InvokeResult, failed
from local_stack.lambda_emulator.polling.retrying import Batch, judge, split_by_age
from tests.local_stack.lambda_emulator.virtual import START, record, records

ERROR = failed("ValueError", "no")
WITH = KinesisMapping(maximum_retry_attempts=2)
WITHOUT = replace(WITH, bisect_batch_on_function_error=False)


def partial(*numbers: int) -> InvokeResult:
    return InvokeResult(payload={"batchItemFailures": [{"itemIdentifier": str(number)} for number in numbers]})


@pytest.mark.parametrize(
    ("mapping", "size", "retries", "result", "done", "again", "given_up"),
    [
        # success
        (WITH, 4, 2, InvokeResult(), [1, 2, 3, 4], [], []),
        # an error halves the batch, in order, and uses up no retry
        (WITH, 4, 0, ERROR, [], [([1, 2], 0), ([3, 4], 0)], []),
        (WITH, 3, 2, ERROR, [], [([1, 2], 2), ([3], 2)], []),
        # one record cannot be halved: it is retried, then given up
        (WITH, 1, 1, ERROR, [], [([1], 2)], []),
        (WITH, 1, 2, ERROR, [], [], [1]),
        # without bisecting the whole batch is retried, then given up
        (WITHOUT, 4, 1, ERROR, [], [([1, 2, 3, 4], 2)], []),
        (WITHOUT, 4, 2, ERROR, [], [], [1, 2, 3, 4]),
        # a partial answer cuts at the lowest failed number; what comes after is tried again, succeeded or not
        (WITH, 4, 0, partial(3), [1, 2], [([3, 4], 0)], []),
        (WITH, 4, 0, partial(4, 2), [1], [([2, 3, 4], 0)], []),
        (WITHOUT, 4, 0, partial(3), [1, 2], [([3, 4], 1)], []),
        (WITHOUT, 4, 2, partial(3), [1, 2], [], [3, 4]),
        # nothing lies before the first record: halved as after an error
        (WITH, 4, 0, partial(1), [], [([1, 2], 0), ([3, 4], 0)], []),
        (WITH, 1, 2, partial(1), [], [], [1]),
    ],
)
def test_what_becomes_of_a_batch(
    mapping: KinesisMapping,
    size: int,
    retries: int,
    result: InvokeResult,
    done: list[int],
    again: list[tuple[list[int], int]],
    given_up: list[int],
) -> None:
    verdict = judge(Batch(tuple(records(size)), retries=retries, invocations=5), result, mapping)

    assert [int(item.sequence_number) for item in verdict.done] == done
    assert [([int(r.sequence_number) for r in batch.records], batch.retries) for batch in verdict.again] == again
    assert [int(r.sequence_number) for r in (verdict.given_up.records if verdict.given_up else ())] == given_up
    tried = [*verdict.again, *([verdict.given_up] if verdict.given_up else [])]
    assert all(batch.invocations == 6 for batch in tried)


def test_without_a_limit_no_number_of_retries_gives_a_record_up() -> None:
    verdict = judge(Batch(tuple(records(1)), retries=1_000_000), ERROR, KinesisMapping())

    assert verdict.given_up is None
    assert verdict.again[0].retries == 1_000_001


@pytest.mark.parametrize(("oldest", "expired", "kept"), [(0, 0, 4), (1.5, 2, 2), (9, 4, 0)])
def test_a_batch_splits_into_the_records_that_are_too_old_and_the_rest(oldest: float, expired: int, kept: int) -> None:
    batch = Batch(tuple(record(number, arrival=START + number) for number in range(4)))

    old, young = split_by_age(batch, START + oldest)

    assert len(old.records if old else ()) == expired
    assert len(young.records if young else ()) == kept
