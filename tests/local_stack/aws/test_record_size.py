"""A record of the size that the stream allows comes out as it went in; a larger one is refused, and stops no other."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from blueprint import sizing
from blueprint.mappings import MAXIMUM_PAYLOAD_BYTES
from local_stack.aws.resources import ResourceSettings, create_resources
from local_stack.aws.session import local_client
from local_stack.lambda_emulator.polling.events import Record, payload_bytes
from local_stack.mparticle.forwarding.forwarder import Forwarder, Refused
from local_stack.mparticle.forwarding.kinesis import put_record
from local_stack.process import ServiceProcess, start_service
from tests.local_stack.aws.test_server import read_all

LIMIT = sizing.MAX_RECORD_KIB * 1024
KEY = "key"
FITS = b"x" * (LIMIT - len(KEY))


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        yield service


@pytest.fixture
def stream(aws: ServiceProcess, request: pytest.FixtureRequest) -> str:
    settings = ResourceSettings(f"t{abs(hash(request.node.name)) % 10**8}", shards=1)
    return create_resources(aws.url, settings).stream_name


def test_what_the_stream_allows_fits_into_an_invocation() -> None:
    largest = Record("9" * 56, "9" * 256, FITS, 1_800_000_000.0)
    assert payload_bytes(largest) < MAXIMUM_PAYLOAD_BYTES


def test_the_largest_record_comes_out_whole_by_either_call(aws: ServiceProcess, stream: str) -> None:
    kinesis = local_client("kinesis", aws.url)
    kinesis.put_record(StreamName=stream, Data=FITS, PartitionKey=KEY)
    kinesis.put_records(StreamName=stream, Records=[{"Data": FITS, "PartitionKey": KEY}])

    assert [record["Data"] == FITS for record in read_all(kinesis, stream)] == [True, True]
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == sizing.MAX_RECORD_KIB


def test_one_byte_more_is_refused_with_the_limit_by_either_call(aws: ServiceProcess, stream: str) -> None:
    kinesis = local_client("kinesis", aws.url)
    with pytest.raises(ClientError, match=f"'data' failed .* less than or equal to {LIMIT}"):
        kinesis.put_record(StreamName=stream, Data=FITS + b"x", PartitionKey=KEY)
    records = [{"Data": data, "PartitionKey": KEY} for data in (b"a", FITS + b"x")]
    with pytest.raises(ClientError, match=f"'records.2.member.data' failed .* less than or equal to {LIMIT}"):
        kinesis.put_records(StreamName=stream, Records=records)
    assert read_all(kinesis, stream) == []


def test_a_stream_that_was_told_nothing_takes_one_mib_and_no_stream_takes_eleven(aws: ServiceProcess) -> None:
    kinesis = local_client("kinesis", aws.url)
    kinesis.create_stream(StreamName="plain", ShardCount=1)
    kinesis.put_record(StreamName="plain", Data=b"x" * (2**20 - 1), PartitionKey="1")
    with pytest.raises(ClientError, match="less than or equal to 1048576"):
        kinesis.put_record(StreamName="plain", Data=b"x" * 2**20, PartitionKey="1")
    with pytest.raises(ClientError, match="maxRecordSizeInKiB"):
        local_client("kinesis", aws.url).create_stream(StreamName="vast", ShardCount=1, MaxRecordSizeInKiB=11 * 1024)


def test_all_records_of_one_call_have_ten_mib_together(aws: ServiceProcess, stream: str) -> None:
    kinesis = local_client("kinesis", aws.url)
    with pytest.raises(ClientError, match="10 MiB"):
        kinesis.put_records(StreamName=stream, Records=[{"Data": FITS, "PartitionKey": KEY}] * 3)


def test_mparticle_counts_a_record_that_the_stream_refuses_and_goes_on(aws: ServiceProcess, stream: str) -> None:
    put = put_record(stream, aws.url, connections=1)
    forwarder = Forwarder(put, clock=lambda: 0.0, chance=lambda: 0.5)
    for mpid, size in ((1, LIMIT), (2, 10)):
        forwarder.offer({"mpid": mpid, "attribute": "x" * size})
    while forwarder.deliver_due():
        continue

    counts = forwarder.counts()
    assert (counts["refused"], counts["forwarded"], counts["failed_attempts"], counts["waiting"]) == (1, 1, 0, 0)
    with pytest.raises(Refused, match=str(LIMIT)):
        put("1", FITS + b"xxx")
