"""A shard's mapping over time: batching, retries, giving up and the checkpoint, with a clock set by hand."""

import json
from typing import Any

import pytest

from blueprint.mappings import KinesisMapping
from local_stack.lambda_emulator.invocation import Invoke, InvokeResult
from local_stack.lambda_emulator.polling.kinesis_poller import KinesisPoller
from local_stack.lambda_emulator.polling.on_failure import MappingIdentity
from local_stack.lambda_emulator.polling.retrying import Backoff
from tests.local_stack.lambda_emulator.virtual import (
    START,
    Bucket,
    Clock,
    FunctionWithPoison,
    PartialFunction,
    Shard,
    numbers_of,
    record,
    records,
    run_until,
)

IDENTITY = MappingIdentity("uuid", "arn:aws:kinesis:us-east-1:123456789012:stream/s", "arn:aws:lambda:function")


class World:
    """One poller with everything around it."""

    def __init__(self, mapping: KinesisMapping, shard: Shard, invoke: Invoke, checkpoint: str | None = None) -> None:
        self.clock = Clock()
        self.bucket = Bucket()
        self.shard = shard
        ids = (f"id-{number}" for number in range(10_000))
        self.poller = KinesisPoller(
            mapping,
            IDENTITY,
            "shardId-000000000000",
            source=shard,
            invoke=invoke,
            clock=self.clock,
            new_id=lambda: next(ids),
            deliver=self.bucket.deliver,
            checkpoint=checkpoint,
            poll_interval=1.0,
            backoff=Backoff(first=1.0, factor=2.0, longest=8.0),
        )

    def run(self, last: int) -> None:
        """Poll until everything up to that sequence number is settled."""
        run_until(lambda: self.poller.checkpoint == str(last), self.poller.poll, self.clock)

    def documents(self) -> list[dict[str, Any]]:
        """Return what was given up, in order."""
        return [json.loads(content) for content in self.bucket.stored.values()]


def given_up_by(world: World) -> list[str]:
    return [number for content in world.documents() for number in numbers_of(json.loads(content["payload"]))]


def test_without_a_window_whatever_is_there_is_a_batch() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(batch_size=100), Shard(records(3)), function)

    world.poller.poll()

    assert function.batches == [["1", "2", "3"]]
    assert world.poller.checkpoint == "3"


def test_a_batch_is_never_larger_than_its_size_and_a_backlog_goes_on_at_once() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(batch_size=2), Shard(records(5)), function)

    waits = [world.poller.poll() for _ in range(3)]

    assert function.batches == [["1", "2"], ["3", "4"], ["5"]]
    assert waits == [0.0, 0.0, 1.0]


def test_with_a_window_records_gather_until_it_closes() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(batch_size=100, maximum_batching_window=5), Shard(records(1)), function)

    assert world.poller.poll() == 1.0
    world.shard.records.append(record(2))
    world.clock.now += 4.9
    world.poller.poll()
    assert function.batches == []

    world.clock.now += 0.1
    world.poller.poll()
    assert function.batches == [["1", "2"]]


def test_a_window_closes_early_when_the_batch_is_full() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(batch_size=3, maximum_batching_window=300), Shard(records(3)), function)

    world.poller.poll()

    assert function.batches == [["1", "2", "3"]]


def test_no_batch_carries_more_than_six_megabytes() -> None:
    sizes: list[int] = []

    def invoke(event: dict[str, Any]) -> InvokeResult:
        sizes.append(len(json.dumps(event)))
        return InvokeResult()

    heavy = [record(number, data=b"x" * 1_000_000) for number in range(1, 13)]
    world = World(KinesisMapping(batch_size=100, maximum_batching_window=300), Shard(heavy), invoke)

    waits = [world.poller.poll() for _ in range(2)]
    world.run(12)

    assert waits == [0.0, 1.0], "a full batch goes at once, what is left over waits for its window"
    assert len(sizes) == 3
    assert max(sizes) <= 6 * 1024 * 1024


def test_an_empty_shard_is_asked_once_per_interval_and_invokes_nothing() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(), Shard(), function)

    for _ in range(5):
        world.clock.now += world.poller.poll()

    assert len(world.shard.reads) == 5
    assert world.clock.now == START + 5.0
    assert function.batches == []


def test_reading_starts_behind_the_checkpoint_it_is_given() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(), Shard(records(5)), function, checkpoint="3")

    world.run(5)

    assert function.batches == [["4", "5"]]


def test_one_poison_record_alone_is_given_up_and_the_others_are_done_in_order() -> None:
    function = FunctionWithPoison("57")
    world = World(KinesisMapping(batch_size=100, maximum_retry_attempts=2), Shard(records(100)), function)

    world.run(100)

    assert given_up_by(world) == ["57"]
    assert function.succeeded == [str(number) for number in range(1, 101) if number != 57]
    assert function.batches.count(["57"]) == 3
    assert world.poller.counts.records_given_up == 1
    assert world.poller.counts.records_done == 99


def test_with_partial_answers_a_poison_record_is_isolated_too() -> None:
    function = PartialFunction("57")
    world = World(KinesisMapping(batch_size=100, maximum_retry_attempts=0), Shard(records(100)), function)

    world.run(100)

    assert given_up_by(world) == ["57"]
    assert set(function.succeeded) == {str(number) for number in range(1, 101) if number != 57}


def test_without_bisecting_the_whole_batch_is_given_up_with_its_poison() -> None:
    mapping = KinesisMapping(batch_size=4, maximum_retry_attempts=1, bisect_batch_on_function_error=False)
    world = World(mapping, Shard(records(8)), FunctionWithPoison("2"))

    world.run(8)

    assert given_up_by(world) == ["1", "2", "3", "4"]
    assert world.documents()[0]["requestContext"]["approximateInvokeCount"] == 2


def test_retries_wait_longer_each_time_up_to_a_bound() -> None:
    mapping = KinesisMapping(batch_size=1, maximum_retry_attempts=5)
    world = World(mapping, Shard(records(1)), FunctionWithPoison("1"))

    waits = [world.poller.poll()]
    for _ in range(4):
        world.clock.now += waits[-1]
        waits.append(world.poller.poll())

    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_nothing_is_invoked_before_a_retry_is_due() -> None:
    function = FunctionWithPoison("1")
    world = World(KinesisMapping(batch_size=1), Shard(records(2)), function)

    world.poller.poll()
    world.clock.now += 0.9
    world.poller.poll()

    assert function.batches == [["1"]]
    assert world.poller.checkpoint is None


def test_a_failing_record_holds_up_its_shard_until_it_succeeds() -> None:
    function = FunctionWithPoison("2")
    world = World(KinesisMapping(batch_size=1), Shard(records(3)), function)
    run_until(lambda: function.batches.count(["2"]) == 20, world.poller.poll, world.clock)
    assert world.poller.checkpoint == "1"

    function.poison.clear()
    world.run(3)

    assert function.succeeded == ["1", "2", "3"]
    assert world.bucket.stored == {}


def test_records_above_the_maximum_age_are_given_up_tried_or_not() -> None:
    function = FunctionWithPoison("1")
    shard = Shard([record(1), record(2), record(3, arrival=START + 500), record(4, arrival=START + 500)])
    mapping = KinesisMapping(batch_size=3, maximum_record_age=60, bisect_batch_on_function_error=False)
    world = World(mapping, shard, function)
    run_until(lambda: bool(world.bucket.stored), world.poller.poll, world.clock)

    assert START + 60 < world.clock.now < START + 100
    assert given_up_by(world) == ["1", "2"]
    assert world.documents()[0]["requestContext"]["condition"] == "RecordAgeExceeded"

    world.run(4)
    assert function.succeeded == ["3", "4"]


def test_records_that_are_too_old_before_the_first_try_are_given_up_without_one() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(maximum_record_age=60), Shard([record(1, arrival=START - 61), record(2)]), function)

    world.run(2)

    assert given_up_by(world) == ["1"]
    assert world.documents()[0]["requestContext"]["approximateInvokeCount"] == 0
    assert function.batches == [["2"]]


def test_the_checkpoint_waits_for_the_destination() -> None:
    world = World(KinesisMapping(batch_size=1, maximum_retry_attempts=0), Shard(records(2)), FunctionWithPoison("1"))
    world.bucket.broken = True
    for _ in range(5):
        world.clock.now += world.poller.poll()
    assert world.poller.checkpoint is None
    assert world.poller.counts.delivery_failures > 1

    world.bucket.broken = False
    world.run(2)

    assert given_up_by(world) == ["1"]


def test_a_stream_that_does_not_answer_is_asked_again() -> None:
    function = FunctionWithPoison()
    world = World(KinesisMapping(), Shard(records(1)), function)
    world.shard.broken = True
    waits = [world.poller.poll()]
    for _ in range(3):
        world.clock.now += waits[-1]
        waits.append(world.poller.poll())
    assert waits == [1.0, 2.0, 4.0, 8.0]

    world.shard.broken = False
    world.run(1)

    assert world.poller.counts.read_failures == 4


def test_an_invocation_may_take_time_between_begin_and_finish() -> None:
    world = World(KinesisMapping(), Shard([record(1, arrival=START)]), FunctionWithPoison())

    event = world.poller.begin()
    assert event is not None
    world.clock.now += 2.5
    assert world.poller.checkpoint is None
    world.poller.finish(InvokeResult())

    assert world.poller.checkpoint == "1"
    assert world.poller.counts.iterator_age_ms == 2500


def test_a_function_that_cannot_be_invoked_loses_nothing() -> None:
    class Gone(Exception):
        pass

    def deleted_function(event: dict[str, Any]) -> InvokeResult:
        raise Gone

    world = World(KinesisMapping(), Shard(records(2)), deleted_function)
    with pytest.raises(Gone):
        world.poller.poll()

    assert numbers_of(world.poller.begin() or {}) == ["1", "2"]


def test_without_a_destination_records_are_dropped_as_lambda_does() -> None:
    clock = Clock()
    poller = KinesisPoller(
        KinesisMapping(batch_size=1, maximum_retry_attempts=0),
        IDENTITY,
        "shardId-000000000000",
        source=Shard(records(2)),
        invoke=FunctionWithPoison("1"),
        clock=clock,
        new_id=lambda: "id",
    )

    run_until(lambda: poller.checkpoint == "2", poller.poll, clock)

    assert poller.counts.records_given_up == 1
