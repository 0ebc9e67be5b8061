"""Lambda's calls for event source mappings, as boto3 sees them: one per stream and function, until it is removed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blueprint import sizing
from blueprint.mappings import KinesisMapping
from local_stack.aws.session import local_client
from local_stack.lambda_api import LambdaApi
from local_stack.lambda_emulator.polling.threads import PollerThreads
from local_stack.stream_mappings import StreamMappings
from replay.rewinding import Places, mapping_request

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
REQUEST = mapping_request(Places("rewind", STREAM, "control", "given-up"), sizing.REWIND, 1_789_380_000_000)


class Started:
    """Notes what was started, and what of it has been stopped."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, KinesisMapping, float]] = []
        self.pollers: list[PollerThreads] = []

    def __call__(self, function: str, numbers: KinesisMapping, begin: float) -> PollerThreads:
        self.reads.append((function, numbers, begin))
        self.pollers.append(PollerThreads([], "none"))
        return self.pollers[-1]


@pytest.fixture
def started() -> Started:
    return Started()


@pytest.fixture
def client(started: Started) -> Iterator[Any]:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:rewind"
    with LambdaApi({}, mappings=StreamMappings(STREAM, {"rewind": arn}, started)) as api:
        yield local_client("lambda", api.url)


def listed(client: Any) -> list[str]:
    found = client.list_event_source_mappings(FunctionName="rewind", EventSourceArn=STREAM)["EventSourceMappings"]
    return [mapping["UUID"] for mapping in found]


def test_a_mapping_reads_as_it_is_told_from_its_time_on_until_it_is_removed(client: Any, started: Started) -> None:
    made = client.create_event_source_mapping(**REQUEST)

    assert started.reads == [("rewind", sizing.REWIND, 1_789_380_000.0)]
    assert made["StartingPositionTimestamp"] == datetime.fromtimestamp(1_789_380_000, UTC)
    assert listed(client) == [made["UUID"]]
    assert client.list_event_source_mappings(FunctionName="ingest")["EventSourceMappings"] == []
    assert client.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled"
    assert client.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    assert listed(client) == []
    assert started.pollers[0]._stopping.is_set()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"FunctionName": "ingest"}, "ResourceNotFoundException"),
        ({"EventSourceArn": f"{STREAM}-2"}, "ResourceNotFoundException"),
        ({"StartingPosition": "LATEST"}, "InvalidParameterValueException"),
        ({"ParallelizationFactor": 11}, "InvalidParameterValueException"),
    ],
)
def test_what_lambda_would_refuse_or_this_one_does_not_know_starts_nothing(
    client: Any, started: Started, changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        client.create_event_source_mapping(**REQUEST | changed)
    assert (started.reads, listed(client)) == ([], [])


def test_a_second_mapping_for_the_function_is_refused_and_an_unknown_one_is_not_found(client: Any) -> None:
    client.create_event_source_mapping(**REQUEST)
    with pytest.raises(ClientError, match="ResourceConflictException"):
        client.create_event_source_mapping(**REQUEST)
    for operation in (client.get_event_source_mapping, client.delete_event_source_mapping):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            operation(UUID="00000000-0000-0000-0000-000000000000")
