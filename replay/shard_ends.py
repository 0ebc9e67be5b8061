"""Where a rewind ends: the last record of each shard that arrived before a time.

No call tells the last sequence number of an open shard. But GetRecords says how far it is behind the newest record:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from broker.clock import Clock
from broker.failures import aws_call
from broker.retry import Retry

# Seconds before the end in which the last record is looked for, one after the other: a busy shard has one in the first.
LOOK_BACK = (60.0, 600.0, 7_200.0, 86_400.0)
RETRY = Retry(attempts=10, base=0.2, cap=5.0)  # five reads a second and shard are for all readers together
FOREVER = float("inf")


@dataclass(frozen=True)
class ShardEnd:
    """The last record of a shard to read again; ``arrived`` in epoch seconds."""

    shard: str
    sequence_number: str
    arrived: float


class StreamEnds:
    """A stream behind a boto3 Kinesis client."""

    def __init__(self, kinesis: Any, stream_arn: str, clock: Clock) -> None:
        self._kinesis = kinesis
        self._stream = stream_arn
        self._clock = clock

    def retention(self) -> float:
        """Return for how many seconds the stream keeps a record."""
        answer = self._call("describe_stream_summary", StreamARN=self._stream)
        return float(answer["StreamDescriptionSummary"]["RetentionPeriodHours"]) * 3_600

    def shards(self) -> list[str]:
        """Return the ids of all shards, closed ones included: they may hold what is to be read again."""
        return [shard["ShardId"] for page in self._pages() for shard in page["Shards"]]

    def ends(self, since: float, until: float) -> list[ShardEnd]:
        """Return the end of each shard that has records which arrived from ``since`` until before ``until``."""
        found = (self._end(shard, since, until) for shard in self.shards())
        return [end for end in found if end]

    def _pages(self) -> Iterator[dict[str, Any]]:
        page = self._call("list_shards", StreamARN=self._stream)
        yield page
        while page.get("NextToken"):
            page = self._call("list_shards", NextToken=page["NextToken"])
            yield page

    def _end(self, shard: str, since: float, until: float) -> ShardEnd | None:
        for seconds in (*LOOK_BACK, FOREVER):
            start = max(since, until - seconds)
            last = self._last(shard, start, until)
            if last or start == since:
                return last
        return None

    def _last(self, shard: str, start: float, until: float) -> ShardEnd | None:
        at = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.fromtimestamp(start, UTC)}
        iterator = self._call("get_shard_iterator", StreamARN=self._stream, ShardId=shard, **at)["ShardIterator"]
        last = None
        while iterator:
            answer = self._call("get_records", StreamARN=self._stream, ShardIterator=iterator)
            for record in answer["Records"]:
                arrived = record["ApproximateArrivalTimestamp"].timestamp()
                if arrived >= until:
                    return last
                last = ShardEnd(shard, record["SequenceNumber"], arrived)
            iterator = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None
        return last

    def _call(self, operation: str, **request: Any) -> Any:
        call = getattr(self._kinesis, operation)
        return RETRY.call(lambda: aws_call(call, **request), self._clock, FOREVER)
