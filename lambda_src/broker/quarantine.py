"""The quarantine: what can never work, with the reason, as newline-delimited JSON objects in S3."""

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from broker.clock import Clock
from broker.failures import aws_call
from broker.reasons import QuarantineReason
from broker.retry import Retry

RETRY = Retry(attempts=3, base=0.1, cap=1.0)


@dataclass(frozen=True)
class QuarantineRow:
    """One thing that can never work.

    ``source`` is the shard or the queue, ``sequence_number`` the record's or the message's id in it, and ``index`` the
    part of the record: an event id, or a number. Together they are the row's key. ``record`` is the raw record, base64
    from a stream and text from a queue; of several rows of one record in one object, only the first has it.
    """

    source: str
    sequence_number: str
    index: str
    reason: QuarantineReason
    detail: str
    arrived_ms: int
    partition_key: str
    record: str


class Quarantine:
    """One S3 bucket; ``client()`` gives a boto3 S3 client, created only when there is something to keep."""

    def __init__(self, client: Callable[[], Any], bucket: str, flow: str, clock: Clock) -> None:
        self._client = client
        self._bucket = bucket
        self._flow = flow
        self._clock = clock

    def put(self, rows: Sequence[QuarantineRow], deadline: float) -> None:
        """Write one object for all rows; the same rows overwrite it. Raises Failure."""
        lines = [json.dumps(asdict(row), separators=(",", ":")) for row in rows]
        call = functools.partial(
            aws_call,
            self._client().put_object,
            Bucket=self._bucket,
            Key=self._key(rows),
            Body="".join(f"{line}\n" for line in lines).encode(),
            ContentType="application/x-ndjson",
        )
        RETRY.call(call, self._clock, deadline)

    def _key(self, rows: Sequence[QuarantineRow]) -> str:
        # Made of the rows' keys and times alone, so that a redelivery lands on the same object.
        keys = "\n".join(f"{row.source}/{row.sequence_number}/{row.index}" for row in rows)
        day = datetime.fromtimestamp(min(row.arrived_ms for row in rows) / 1000, UTC)
        return f"{self._flow}/{day:%Y/%m/%d}/{rows[0].source}-{hashlib.sha256(keys.encode()).hexdigest()[:32]}.ndjson"
