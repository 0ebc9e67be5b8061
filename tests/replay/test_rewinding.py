"""A rewind finds where each shard ends, knows how far it is, and has at most one mapping, which it removes."""

import itertools
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from broker.clock import Clock
from broker.rewind_plan import PLAN, PROGRESS, RewindPlan, ShardProgress, plan_from_json

from blueprint import sizing
from local_stack.aws.resources import Resources, ResourceSettings, create_resources
from local_stack.aws.session import local_client
from local_stack.process import start_service
from replay.rewinding import Places, Progress, Rewinding, mapping_request
from replay.shard_ends import StreamEnds
from tests.broker.stubs import AwsClient, always, client_error, in_turn

CLOCK = Clock(time.time, time.sleep, lambda: 0.5)
NUMBERS = itertools.count()
HOUR = 3600.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start_service("local_stack.aws") as aws:
        yield aws.url


@pytest.fixture
def made(url: str) -> Resources:
    return create_resources(url, ResourceSettings(f"rewind{next(NUMBERS)}", shards=2))


def put(url: str, made: Resources, shard: int, count: int = 1) -> str:
    """Put records on one of the two shards, which share the hash keys evenly; return the last sequence number."""
    kinesis = local_client("kinesis", url)
    key = str((shard * 2 + 1) << 126)
    record = {"StreamName": made.stream_name, "PartitionKey": "k", "ExplicitHashKey": key, "Data": b"{}"}
    return [str(kinesis.put_record(**record)["SequenceNumber"]) for _ in range(count)][-1]


def test_the_end_of_a_shard_is_its_last_record_before_a_time_and_a_shard_without_one_has_none(
    url: str, made: Resources
) -> None:
    stream = StreamEnds(local_client("kinesis", url), made.stream_arn, CLOCK)
    began = time.time()
    third = put(url, made, 0, 3)
    middle = time.time()
    last, other = put(url, made, 0, 2), put(url, made, 1)
    whole, half = (stream.ends(began - HOUR, until) for until in (time.time(), middle))

    assert stream.shards() == list(made.shard_ids)
    assert [end.sequence_number for end in whole] == [last, other]
    assert [(end.shard, end.sequence_number) for end in half] == [(made.shard_ids[0], third)]
    assert began <= half[0].arrived < middle
    assert stream.ends(time.time(), time.time() + 1) == []
    assert stream.retention() == 24 * HOUR


def test_a_shard_that_was_quiet_for_long_is_read_from_further_back() -> None:
    """Its last record lies before the first windows in which one is looked for."""
    old = datetime.fromtimestamp(time.time() - 5 * HOUR, UTC)
    asked: list[float] = []

    def iterator(request: Mapping[str, Any]) -> Any:
        asked.append(request["Timestamp"].timestamp())
        return {"ShardIterator": "old" if request["Timestamp"] <= old else "new"}

    def records(request: Mapping[str, Any]) -> Any:
        found = (
            [{"SequenceNumber": "7", "ApproximateArrivalTimestamp": old}] if request["ShardIterator"] == "old" else []
        )
        return {"Records": found, "MillisBehindLatest": 0, "NextShardIterator": "further"}

    kinesis = AwsClient(
        list_shards=in_turn({"Shards": [{"ShardId": "a"}], "NextToken": "more"}, {"Shards": []}),
        get_shard_iterator=iterator,
        get_records=records,
    )
    [end] = StreamEnds(kinesis, "arn:stream", CLOCK).ends(time.time() - 20 * HOUR, time.time())
    assert end.sequence_number == "7"
    assert asked == sorted(asked, reverse=True)
    assert len(asked) == 4, "a minute, ten minutes, two hours, and then from the beginning"


PLACES = Places("rewind", "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/events", "control", "given-up")
PLANNED = RewindPlan("now", 1_000_000, 9_000_000, {"a": "10", "b": "20"})


def rewinding(url: str, made: Resources, **answers: Any) -> Rewinding:
    places = Places("rewind", made.stream_arn, made.control_bucket, made.on_failure_bucket)
    return Rewinding(AwsClient(**answers), local_client("s3", url), places, CLOCK)


def test_how_far_it_is_counts_this_rewind_alone_and_the_slowest_shard(url: str, made: Resources) -> None:
    run, s3 = rewinding(url, made), local_client("s3", url)

    def reads(shard: str, number: str, arrived_ms: int, id: str = "now") -> None:
        body = ShardProgress(id, number, arrived_ms).as_json()
        s3.put_object(Bucket=made.control_bucket, Key=f"{PROGRESS}{shard}.json", Body=body)

    reads("a", "99", 8_000_000, "before")
    assert run.progress(PLANNED) == Progress(0, 2, 1_000)
    reads("a", "10", 5_000_000)
    reads("b", "19", 4_000_000)
    assert run.progress(PLANNED) == Progress(1, 2, 4_000)
    reads("b", "21", 9_500_000)
    assert run.progress(PLANNED) == Progress(2, 2, 9_000)
    assert run.progress(PLANNED).is_done


def test_the_plan_is_there_before_the_mapping_which_is_removed_once(url: str, made: Resources) -> None:
    def create(_: Mapping[str, Any]) -> Any:
        stored = local_client("s3", url).get_object(Bucket=made.control_bucket, Key=PLAN)["Body"].read()
        assert plan_from_json(stored) == PLANNED
        return {"UUID": "u"}

    gone = client_error("ResourceNotFoundException", 404)
    run = rewinding(
        url,
        made,
        create_event_source_mapping=create,
        delete_event_source_mapping=in_turn({}, gone, client_error("ResourceInUseException", 400)),
        list_event_source_mappings=in_turn({"EventSourceMappings": []}, {"EventSourceMappings": [{"UUID": "u"}]}),
        get_event_source_mapping=in_turn({"LastProcessingResult": "OK"}, {"LastProcessingResult": "PROBLEM: denied"}),
    )
    assert run.under_way() is None
    assert run.start(PLANNED, sizing.REWIND) == "u"
    assert run.under_way() == "u"
    assert [run.problem("u"), run.problem("u")] == ["", "PROBLEM: denied"]
    run.stop("u")
    run.stop("u")
    with pytest.raises(type(gone), match="ResourceInUse"):
        run.stop("u")


def test_the_mapping_begins_at_a_time_with_one_reader_a_shard_and_never_gives_up() -> None:
    request = mapping_request(PLACES, sizing.REWIND, 1_500)

    assert request["StartingPosition"] == "AT_TIMESTAMP"
    assert request["StartingPositionTimestamp"] == datetime.fromtimestamp(1.5, UTC)
    assert (request["ParallelizationFactor"], request["MaximumRecordAgeInSeconds"]) == (1, -1)
    assert (request["MaximumRetryAttempts"], request["FunctionResponseTypes"]) == (-1, ["ReportBatchItemFailures"])
    assert request["DestinationConfig"] == {"OnFailure": {"Destination": "arn:aws-cn:s3:::given-up"}}


def test_it_waits_until_every_shard_is_done() -> None:
    waited: list[float] = []
    clock = Clock(time.time, waited.append, lambda: 0.5)
    stored = in_turn(
        *(
            {"Body": _Body(ShardProgress("now", number, 1).as_json())}
            for number in ("9", "20", "10", "20")  # shard a, then b, at each look
        )
    )
    run = Rewinding(AwsClient(), AwsClient(get_object=stored), PLACES, clock)
    shown: list[Progress] = []
    run.wait(PLANNED, shown.append, 5.0)
    assert [progress.done for progress in shown] == [1, 2]
    assert waited == [5.0]


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self) -> bytes:
        return self._content


def test_a_bucket_that_refuses_is_an_error_and_no_progress() -> None:
    run = Rewinding(AwsClient(), AwsClient(get_object=always(client_error("AccessDenied", 403))), PLACES, CLOCK)
    with pytest.raises(type(client_error("x")), match="AccessDenied"):
        run.progress(PLANNED)
