"""The archiver writes what Firehose would: every record once, after a time or when there is enough."""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from blueprint.sizing import Buffer
from lifecycle.archive import Archive
from local_stack.archiver import Archiver
from local_stack.lambda_emulator.polling.events import ReadFailed, Record
from tests.broker.packing import aggregated
from tests.lifecycle.test_archive import Bucket

ARRIVAL = datetime(2026, 11, 27, 11, 59, 59, tzinfo=UTC).timestamp()


class Shards:
    """Two shards, which fail when they are told to."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = {"a": [], "b": []}
        self.fail = False

    def put(self, shard: str, *data: bytes, arrival: float = ARRIVAL) -> None:
        for one in data:
            self.records[shard].append(Record(str(len(self.records[shard]) + 1), "key", one, arrival))

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        if self.fail:
            raise ReadFailed("no")
        return self.records[shard_id][int(position or 0) :][:limit]


class World:
    def __init__(self) -> None:
        self.now = ARRIVAL
        self.shards, self.bucket = Shards(), Bucket()
        self.archiver = Archiver(
            "shop",
            ["a", "b"],
            source=self.shards,
            s3=self.bucket,
            bucket="archive",
            buffer=Buffer(seconds=300, bytes=1_000),
            clock=lambda: self.now,
            new_id=lambda: str(len(self.bucket.objects)),
        )

    def poll(self, seconds: float = 0) -> list[bytes]:
        """Let time pass and poll; return the text of each object."""
        self.now += seconds
        self.archiver.poll()
        return [gzip.decompress(self.bucket.objects[key]) for key in sorted(self.bucket.objects)]


def test_records_are_written_after_the_time_each_with_a_line_feed_under_the_hour_of_the_oldest() -> None:
    world = World()
    world.shards.put("a", b'{"mpid": 1}')
    assert world.poll() == []
    world.shards.put("b", b'{"mpid": 2}', arrival=ARRIVAL + 200)
    assert world.poll(299) == []
    assert world.poll(1) == [b'{"mpid": 1}\n{"mpid": 2}\n']
    assert list(world.bucket.objects) == ["raw/2026/11/27/11/shop-1-2026-11-27-12-04-59-0.gz"]
    [stored] = Archive(world.bucket, "archive").objects()
    assert (stored.hour, world.archiver.archived) == (datetime(2026, 11, 27, 11, tzinfo=UTC), 2)
    assert len(world.poll(300)) == 1, "nothing new, no object"


def test_enough_records_are_written_at_once_and_each_only_once() -> None:
    world = World()
    for number in range(10):
        world.shards.put("ab"[number % 2], b"x" * 600)
        world.poll(1)
    assert sorted(map(len, world.poll())) == [1_202] * 5


def test_aggregates_are_taken_apart_and_broken_ones_are_kept_as_they_are() -> None:
    world = World()
    broken = aggregated(b"1", b"2")[:-1] + b"?"
    world.shards.put("a", aggregated(b'{"mpid": 1}', b'{"mpid": 2}'), broken)
    world.poll()
    assert world.poll(300) == [b'{"mpid": 1}\n{"mpid": 2}\n' + broken + b"\n"]


def test_nothing_is_lost_where_stream_or_bucket_fail(monkeypatch: Any) -> None:
    world = World()
    world.shards.put("a", b"1")
    world.shards.fail = True
    assert world.poll(300) == []
    world.shards.fail = False

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")

    with monkeypatch.context() as patch:
        patch.setattr(world.bucket, "put_object", refuse)
        world.poll()
        assert world.poll(300) == []
        assert world.archiver.waiting == 1
    assert world.poll(1) == [b"1\n"]
