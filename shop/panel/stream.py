"""The stream, read again by the panel: its own iterators, beside those of the functions."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from shop.panel.trail import Record

PAGE = 1000
SHARDS_EVERY = 30.0  # seconds between two questions which shards there are


@dataclass
class StreamReader:
    """Reads each record once; ``since`` in epoch seconds, None for all that the stream has. Not thread-safe."""

    kinesis: Any
    stream_name: str
    since: float | None = None
    _iterators: dict[str, str] = field(default_factory=dict)
    _read: dict[str, str] = field(default_factory=dict)
    _shards: list[str] = field(default_factory=list)
    _asked: float = -SHARDS_EVERY

    def new(self) -> Iterator[Record]:
        """Yield what has arrived since the last time, shard by shard. Raises ClientError."""
        if time.monotonic() - self._asked >= SHARDS_EVERY:
            shards = self.kinesis.list_shards(StreamName=self.stream_name)["Shards"]
            self._shards, self._asked = [shard["ShardId"] for shard in shards], time.monotonic()
        for shard in self._shards:
            yield from self._new_of(shard)

    def _new_of(self, shard: str) -> Iterator[Record]:
        while True:
            answer = self._records(shard)
            self._iterators[shard] = answer["NextShardIterator"]
            for record in answer["Records"]:
                self._read[shard] = record["SequenceNumber"]
                arrived_ms = round(record["ApproximateArrivalTimestamp"].timestamp() * 1000)
                yield Record(shard, record["SequenceNumber"], arrived_ms, record["Data"])
            if len(answer["Records"]) < PAGE:
                return

    def _records(self, shard: str) -> Any:
        try:
            return self.kinesis.get_records(ShardIterator=self._iterator(shard), Limit=PAGE)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExpiredIteratorException":
                raise
            del self._iterators[shard]
            return self.kinesis.get_records(ShardIterator=self._iterator(shard), Limit=PAGE)

    def _iterator(self, shard: str) -> str:
        if shard not in self._iterators:
            begin = self._begin(shard)
            answer = self.kinesis.get_shard_iterator(StreamName=self.stream_name, ShardId=shard, **begin)
            self._iterators[shard] = answer["ShardIterator"]
        return self._iterators[shard]

    def _begin(self, shard: str) -> dict[str, Any]:
        if shard in self._read:
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": self._read[shard]}
        if self.since is None:
            return {"ShardIteratorType": "TRIM_HORIZON"}
        return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.fromtimestamp(self.since, UTC)}
