"""A replay on real S3, Kinesis and SQS APIs: what is listed, what comes back, in which order, and once."""

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from broker.failures import Failure
from broker.suppression import SuppressionList
from broker.users import UserToRefresh

from local_stack import loopback
from local_stack.aws.resources import ResourceSettings, create_resources
from local_stack.process import ServiceProcess, start_service
from replay.inventory import RecordFilter
from replay.records import ON_FAILURE, QUARANTINE
from replay.store import MARKS
from tests.replay.world import NAME, NOW, SHARD, World, client, content, moved, reasons, row

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        yield service


@pytest.fixture
def world(aws: ServiceProcess) -> Iterator[World]:
    settings = ResourceSettings(f"test{next(NUMBERS)}", shards=1, queue_delay=0)
    yield World(aws.url, create_resources(aws.url, settings, client))
    requests.delete(f"{aws.url}/_local/faults", timeout=60).raise_for_status()


def fault(aws: ServiceProcess, **given: Any) -> None:
    loopback.post(f"{aws.url}/_local/faults", json={"faults": [given]}).raise_for_status()


def test_the_list_counts_records_by_reason_and_says_nothing_of_what_they_hold(world: World) -> None:
    world.quarantine(row(1), row(1, index="second", raw=False), row(2), row(3, "not_json"))
    world.give_up(4, 5)
    lines = world.inventory().lines(RecordFilter())
    assert [(line["source"], line["kind"], line["reason"], line["waiting"]) for line in lines] == [
        (ON_FAILURE, "record", "RecordAgeExceeded", 2),
        (QUARANTINE, "record", "not_json", 1),
        (QUARANTINE, "record", "refused", 2),
    ]
    assert (lines[2]["first"], lines[2]["last"]) == ("2026-11-18T11:06:41Z", "2026-11-18T11:06:42Z")
    assert lines[2]["example"] in world.keys(QUARANTINE)
    assert NAME not in json.dumps(lines)


@pytest.mark.parametrize("key", [None, ""])
def test_records_without_a_partition_key_are_redriven_in_order(world: World, key: Any) -> None:
    world.quarantine(*(replace(row(number), partition_key=key) for number in (1, 2, 3)))
    assert world.redrive() == 3
    assert world.on_stream() == [1, 2, 3]


def test_looking_changes_nothing(world: World) -> None:
    world.quarantine(row(1))
    world.inventory()
    assert world.on_stream() == []
    assert world.keys(QUARANTINE, MARKS) == []


def test_all_come_back_once_in_the_order_of_their_arrival_as_they_were(world: World) -> None:
    world.quarantine(row(5), row(5, index="second", raw=False), row(2))
    world.quarantine(row(3, "not_json"))
    world.give_up(4, 1)
    assert world.redrive() == 5
    assert world.on_stream() == [1, 2, 3, 4, 5]
    shard = world.made.shard_ids[0]
    found = world.kinesis.get_records(
        ShardIterator=world.kinesis.get_shard_iterator(
            StreamName=world.made.stream_name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    )["Records"]
    assert [(one["PartitionKey"], one["Data"]) for one in found] == [
        (f"redriven/key-{n}", content(n)) for n in range(1, 6)
    ]


def test_what_was_redriven_is_marked_and_not_redriven_again_and_its_objects_stay(world: World) -> None:
    world.quarantine(row(1), row(2))
    world.give_up(3)
    before = world.keys(QUARANTINE), world.keys(ON_FAILURE)
    world.redrive()
    assert world.redrive() == 0
    assert world.on_stream() == [1, 2, 3]
    assert reasons(world.inventory().lines(RecordFilter())) == {"refused": (0, 2), "RecordAgeExceeded": (0, 1)}
    assert (world.keys(QUARANTINE, "ingest/"), world.keys(ON_FAILURE, "aws/")) == before
    marks = [world.s3.get_object(Bucket=world.buckets[QUARANTINE], Key=key) for key in world.keys(QUARANTINE, MARKS)]
    assert all(NAME not in mark["Body"].read().decode() for mark in marks)


def test_a_record_in_several_objects_comes_back_once(world: World) -> None:
    world.quarantine(row(1), row(2))
    world.quarantine(row(1))
    world.give_up(2)
    assert world.redrive() == 2
    assert world.on_stream() == [1, 2]
    assert world.redrive() == 0
    assert world.redrive(ON_FAILURE) == 0, "its mark is beside each object that holds it"


def test_what_is_refused_again_after_it_was_redriven_is_a_new_record(world: World) -> None:
    world.quarantine(row(1))
    world.redrive()
    world.quarantine(row(7))
    assert world.redrive() == 1
    assert world.on_stream() == [1, 7]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (RecordFilter(reasons=("refused",)), [1, 2]),
        (RecordFilter(reasons=("not_json", "RecordAgeExceeded")), [3, 4]),
        (RecordFilter(reasons=("nonsense",)), []),
        (RecordFilter(since_ms=(NOW + 2) * 1000), [2, 3, 4]),
        (RecordFilter(until_ms=(NOW + 2) * 1000), [1]),
        (RecordFilter(reasons=("refused",), since_ms=(NOW + 2) * 1000, until_ms=(NOW + 4) * 1000), [2]),
    ],
)
def test_only_what_is_chosen_comes_back(world: World, choice: RecordFilter, expected: list[int]) -> None:
    world.quarantine(row(1), row(2), row(3, "not_json"))
    world.give_up(4)
    assert world.redrive(choice=choice) == len(expected)
    assert world.on_stream() == expected
    assert world.redrive() == 4 - len(expected), "the others of its object wait on"
    assert sorted(world.on_stream()) == [1, 2, 3, 4]


def test_a_choice_by_source_or_key_looks_nowhere_else(world: World) -> None:
    world.quarantine(row(1))
    world.quarantine(row(2))
    world.give_up(3)
    assert world.redrive(ON_FAILURE) == 1
    assert world.on_stream() == [3]
    [first, second] = world.keys(QUARANTINE, "ingest/")
    assert world.redrive(key=second) == 1
    assert world.redrive(key=first[:6]) == 1
    marks = world.inventory(key=MARKS)
    assert (marks.records, marks.unreadable) == ({}, []), "a mark is not a record"


def test_objects_written_before_a_time_are_not_even_read_for_what_came_after_it(world: World) -> None:
    world.quarantine(row(1))
    assert world.replay().objects(RecordFilter(since_ms=4e12)) == []
    assert len(world.replay().objects(RecordFilter(since_ms=NOW * 1000))) == 1


def test_records_that_the_stream_refuses_are_put_again_and_none_twice(world: World, aws: ServiceProcess) -> None:
    fault(aws, fault="entries", operation="kinesis.PutRecords", chance=0.5)
    world.quarantine(*(row(number) for number in range(40)))
    assert world.redrive() == 40
    assert sorted(world.on_stream()) == list(range(40))
    assert world.paused, "it waits before it puts again"


def test_a_failure_in_mid_run_keeps_what_is_there_and_a_repeat_brings_the_rest(
    world: World, aws: ServiceProcess
) -> None:
    world.quarantine(*(row(number) for number in range(600)))  # two calls of PutRecords
    fault(aws, fault="denied", operation="kinesis.PutRecords", every=2)
    with pytest.raises(Failure, match="AccessDenied"):
        world.redrive()
    assert len(world.on_stream()) == 500
    assert reasons(world.inventory().lines(RecordFilter())) == {"refused": (100, 500)}
    requests.delete(f"{aws.url}/_local/faults", timeout=60).raise_for_status()
    assert world.redrive() == 100
    assert world.on_stream() == list(range(600))


def test_stopped_in_mid_run_a_repeat_goes_on(world: World) -> None:
    world.quarantine(*(row(number) for number in range(600)))
    with pytest.raises(KeyboardInterrupt):
        world.redrive(moved=Interrupting(after=520))
    assert world.redrive() == 80, "what was there of the batch in flight is marked, too"
    assert set(world.on_stream()) == set(range(600))


class Interrupting:
    """Ctrl-C after so many records."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self, _: int) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


def test_refused_profiles_go_to_the_refresh_queue_and_not_on_the_stream(world: World) -> None:
    bodies = [json.dumps({"mpid": number}) for number in range(25)]
    rows = [row(number, source="refresh-queue", record=body) for number, body in enumerate(bodies)]
    world.quarantine(*rows, flow="refresh")
    [line] = world.inventory().lines(RecordFilter())
    assert (line["kind"], line["waiting"]) == ("user", 25)
    assert world.redrive() == 25
    assert sorted(world.messages()) == sorted(bodies)
    assert world.on_stream() == []
    assert world.redrive() == 0


def test_messages_that_the_queue_refuses_are_sent_again(world: World, aws: ServiceProcess) -> None:
    fault(aws, fault="entries", operation="sqs.SendMessageBatch", chance=0.5)
    rows = [row(number, source="refresh-queue", record=f'{{"mpid":{number}}}') for number in range(25)]
    world.quarantine(*rows, flow="refresh")
    world.redrive()
    assert sorted(json.loads(body)["mpid"] for body in world.messages()) == list(range(25))


def test_where_there_is_no_queue_users_stay(world: World) -> None:
    world.quarantine(row(1, source="refresh-queue", record='{"mpid":1}'), flow="refresh")
    replay = world.replay(queue=False)
    chosen = replay.inventory(replay.objects(RecordFilter()), moved).chosen(RecordFilter())
    replay.redrive(chosen, moved)
    assert [held.redriven for held in chosen] == [False]


def test_an_object_that_is_none_of_ours_is_named_and_the_others_come_back(world: World) -> None:
    world.s3.put_object(Bucket=world.buckets[QUARANTINE], Key="ingest/notes.txt", Body=b"do not touch")
    world.quarantine(row(1))
    assert [one.key for one in world.inventory().unreadable] == ["ingest/notes.txt"]
    assert world.redrive() == 1


def test_a_record_whose_ids_would_change_is_held_back(world: World) -> None:
    future = content(1, events=[], timestamp_unixtime_ms=0)
    dated = json.loads(content(2))
    dated["events"][0]["data"]["timestamp_unixtime_ms"] = (NOW + 3 * 86_400) * 1000
    world.now = NOW + 10 * 86_400
    world.quarantine(row(1, record=_base64(future)), row(2, record=_base64(json.dumps(dated).encode())), row(3))
    held = world.inventory().records.values()
    assert [one.repeatable for one in held] == [True, False, True]
    assert world.redrive() == 2
    assert world.on_stream() == [1, 3]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_nothing_of_users_on_the_suppression_list_is_redriven_and_what_others_have_in_the_record_is(
    world: World,
) -> None:
    suppressed = SuppressionList(b"key").with_users([1, 4])
    both = base64.b64encode(content(1) + b"\n" + content(2)).decode()
    world.quarantine(row(1), row(2), row(3, record=both), row(4))
    body = UserToRefresh(4, "production", None, "1", 0).as_body()
    world.quarantine(row(5, source="refresh-queue", record=body), flow="refresh")
    replay = world.replay(suppressed=suppressed)
    inventory = replay.inventory(replay.objects(RecordFilter()), moved)
    chosen = inventory.chosen(RecordFilter())

    assert [record.id for record in chosen] == [f"{SHARD}:2", f"{SHARD}:3"]
    assert sum(record.suppressed for record in inventory.records.values()) == 3
