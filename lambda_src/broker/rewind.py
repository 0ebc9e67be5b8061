"""rewind: records that the stream still holds, read again as ``ingest`` reads them, up to where each shard ended.

It asks for no refreshes: it has no queue. What was accepted before has the same event id, and trains once.
"""

import functools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from broker.clients import SHUTDOWN_RESERVE_S, Aws, body_of, deadline
from broker.clock import Clock
from broker.failures import Misconfigured, aws_call
from broker.ingest import WHOLE_BATCH, Ingest, connect
from broker.invocation import invocation
from broker.kinesis_record import KinesisRecord, MalformedRecord, record_from_lambda
from broker.retry import Retry
from broker.rewind_plan import ARCHIVE, PLAN, PROGRESS, NoPlan, RewindPlan, ShardProgress, plan_from_json
from broker.settings import rewind_settings
from broker.telemetry import Counts

RETRY = Retry(attempts=4, base=0.1, cap=1.0)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's Kinesis event with the records that failed (ReportBatchItemFailures)."""
    with invocation(context) as counts:
        return _rewind().run(event["Records"], deadline(context), counts)


class RewindStore:
    """Where the plan is read and the progress is written; ``s3()`` gives a boto3 S3 client."""

    def __init__(self, s3: Callable[[], Any], bucket: str, clock: Clock) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._clock = clock

    def plan(self, deadline: float) -> RewindPlan:
        """Return the plan of the rewind that is under way. Raises Failure."""
        try:
            return plan_from_json(RETRY.call(lambda: aws_call(self._get), self._clock, deadline))
        except NoPlan as error:
            raise Misconfigured(str(error)) from None

    def put(self, shard: str, progress: ShardProgress, deadline: float) -> None:
        """Keep how far a shard is. Raises Failure."""
        put = functools.partial(
            aws_call,
            self._s3().put_object,
            Bucket=self._bucket,
            Key=f"{PROGRESS}{shard}.json",
            Body=progress.as_json(),
            ContentType="application/json",
        )
        RETRY.call(put, self._clock, deadline)

    def _get(self) -> bytes:
        try:
            answer = self._s3().get_object(Bucket=self._bucket, Key=PLAN)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                raise Misconfigured("no rewind is planned: remove this function's event source mapping") from None
            raise
        return body_of(answer)


class Rewind:
    """The steps of one invocation: leave out what is later than the end, deliver the rest, keep how far it is."""

    def __init__(self, ingest: Ingest, store: RewindStore) -> None:
        self._ingest = ingest
        self._store = store

    def run(self, records: Sequence[Any], deadline: float, counts: Counts) -> dict[str, Any]:
        """Return ``{"batchItemFailures": [...]}``: the records to be delivered again. Raises Failure."""
        if all(_is_of_archive(passed) for passed in records):  # the command hands over what it wants to be read
            return self._ingest.run(records, deadline, counts)
        plan = self._store.plan(deadline)
        numbered = [(passed, _numbered(passed)) for passed in records]
        covered = [passed for passed, record in numbered if _is_covered(plan, record)]
        answer: dict[str, Any] = {"batchItemFailures": []}
        if covered:
            answer = self._ingest.run(covered, deadline, counts)
        done = _done([record for _, record in numbered if record], answer)
        for shard, record in done.items():  # Lambda passes the records of one shard
            progress = ShardProgress(plan.id, record.sequence_number, record.arrived_ms)
            self._store.put(shard, progress, deadline + SHUTDOWN_RESERVE_S)
        return answer


def _numbered(passed: Any) -> KinesisRecord | None:
    try:
        return record_from_lambda(passed)
    except MalformedRecord:
        return None


def _is_of_archive(passed: Any) -> bool:
    record = _numbered(passed)
    return record is not None and record.shard == ARCHIVE


def _is_covered(plan: RewindPlan, record: KinesisRecord | None) -> bool:
    return record is None or plan.covers(record.shard, record.sequence_number)


def _done(records: Sequence[KinesisRecord], answer: Mapping[str, Any]) -> dict[str, KinesisRecord]:
    """Return the last record of each shard before the first one that failed: Lambda goes on there."""
    failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    if WHOLE_BATCH in failed:
        return {}
    first = min(map(int, failed), default=None)
    done = [record for record in records if first is None or int(record.sequence_number) < first]
    return {record.shard: record for record in done}


@functools.cache
def _rewind() -> Rewind:
    """Connect the steps to AWS, once per process, at its first invocation."""
    settings = rewind_settings()
    pool = ThreadPoolExecutor(settings.concurrency, "rewind")
    clock = Clock(time.time, time.sleep, random.random)
    aws = Aws(settings.concurrency, clock.now)
    without_queues = replace(settings, refresh_queue_url=None, purchase_queue_url=None)
    s3 = functools.cache(functools.partial(aws.client, "s3"))
    suppression = settings.suppression
    assert suppression is not None  # noqa: S101 - rewind_settings has seen to it; for mypy
    return Rewind(connect(without_queues, aws, pool, clock), RewindStore(s3, suppression.bucket, clock))
