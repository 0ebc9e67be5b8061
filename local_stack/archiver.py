"""Copies the local stream into a bucket as Firehose does: see ``lifecycle.archive`` for the form.

Firehose takes the Kinesis Producer Library's aggregates apart, appends a line feed to each record
(``AppendDelimiterToRecord``), and writes what it has gathered after a time, or when there is enough.
https://docs.aws.amazon.com/streams/latest/dev/kpl-with-firehose.html
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from broker import kpl

from blueprint.sizing import Buffer
from lifecycle.archive import RECORDS, packed
from local_stack.aws.json_client import JsonClient
from local_stack.aws.session import local_client
from local_stack.lambda_emulator.polling.events import ReadFailed, Record, RecordSource
from local_stack.lambda_emulator.polling.sources import KinesisSource
from local_stack.lambda_emulator.polling.threads import PollerThreads

LIMIT = 1_000  # records of a read


class Archiver:
    """A poller of all shards; ``waiting``: how many records were read and are not in the bucket yet."""

    def __init__(
        self,
        name: str,
        shard_ids: Sequence[str],
        *,
        source: RecordSource,
        s3: Any,
        bucket: str,
        buffer: Buffer,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        poll_interval: float = 1.0,
    ) -> None:
        self._name = name
        self._positions: dict[str, str | None] = dict.fromkeys(shard_ids)
        self._source = source
        self._s3 = s3
        self._bucket = bucket
        self._buffer = buffer
        self._clock = clock
        self._new_id = new_id
        self._interval = poll_interval
        self._records: list[bytes] = []
        self._oldest = 0.0
        self._since = 0.0
        self.archived = 0

    @property
    def waiting(self) -> int:
        """Return how many records are gathered."""
        return len(self._records)

    def poll(self) -> float:
        """Read what is new, and write what is due; return the seconds until the next read."""
        for shard in self._positions:
            self._read(shard)
        size = sum(map(len, self._records))
        if self._records and (size >= self._buffer.bytes or self._clock() >= self._since + self._buffer.seconds):
            self.flush()
        return self._interval

    def flush(self) -> None:
        """Write what is gathered; it stays gathered where the bucket refuses it."""
        if not self._records:
            return
        hour, now = (datetime.fromtimestamp(moment, UTC) for moment in (self._oldest, self._clock()))
        key = f"{RECORDS}{hour:%Y/%m/%d/%H}/{self._name}-1-{now:%Y-%m-%d-%H-%M-%S}-{self._new_id()}.gz"
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=packed(iter(self._records)))
        except (BotoCoreError, ClientError):
            return
        self.archived += len(self._records)
        self._records = []

    def _read(self, shard: str) -> None:
        try:
            records = self._source.read(shard, self._positions[shard], LIMIT)
        except ReadFailed:
            return
        if not records:
            return
        if not self._records:
            self._since, self._oldest = self._clock(), records[0].arrival
        self._oldest = min(self._oldest, *(record.arrival for record in records))
        for record in records:
            self._records += _taken_apart(record)
        self._positions[shard] = records[-1].sequence_number


class ArchiverThread(PollerThreads):
    """An archiver beside the other pollers, which writes what it has gathered when it is stopped."""

    def __init__(
        self,
        *,
        endpoint: str,
        stream_name: str,
        shard_ids: Sequence[str],
        bucket: str,
        buffer: Buffer,
        poll_interval: float,
    ) -> None:
        source = KinesisSource(JsonClient("kinesis", endpoint), stream_name)
        self.archiver = Archiver(
            f"{stream_name}-archive",
            shard_ids,
            source=source,
            s3=local_client("s3", endpoint),
            bucket=bucket,
            buffer=buffer,
            poll_interval=poll_interval,
        )
        super().__init__([self.archiver], "archive")

    def stop(self, seconds: float = 10.0) -> bool:
        """Stop reading, and write what is gathered."""
        ended = super().stop(seconds)
        self.archiver.flush()
        return ended


def _taken_apart(record: Record) -> Iterator[bytes]:
    try:
        yield from list(kpl.user_records(record.data)) if kpl.is_aggregate(record.data) else [record.data]
    except kpl.BadAggregate:
        yield record.data
