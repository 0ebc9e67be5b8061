"""AWS's services on loopback: nothing lost under concurrency, counted at the server, fast with much in them."""

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

from local_stack.aws.json_client import CallFailed, JsonClient
from local_stack.aws.resources import ResourceSettings, create_resources
from local_stack.aws.session import local_client
from local_stack.process import ServiceProcess, start_service


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        yield service


def requests_of(aws: ServiceProcess) -> dict[str, int]:
    with urllib.request.urlopen(f"{aws.url}/_local/requests") as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))


def test_records_put_at_the_same_time_all_get_a_number_of_their_own(aws: ServiceProcess) -> None:
    kinesis = local_client("kinesis", aws.url, connections=8)
    kinesis.create_stream(StreamName="busy", ShardCount=1)

    def put(number: int) -> str:
        answer = kinesis.put_record(StreamName="busy", Data=str(number).encode(), PartitionKey="a")
        return str(answer["SequenceNumber"])

    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(put, range(100)))

    assert len(set(numbers)) == 100
    assert {record["Data"] for record in read_all(kinesis, "busy")} == {str(i).encode() for i in range(100)}


def read_all(kinesis: Any, stream: str, limit: int = 30) -> list[dict[str, Any]]:
    start = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(StreamName=stream, **start)["ShardIterator"]
    found: list[dict[str, Any]] = []
    for _ in range(20):
        answer = kinesis.get_records(ShardIterator=iterator, Limit=limit)
        if not answer["Records"]:
            assert answer["MillisBehindLatest"] == 0
            return found
        found += answer["Records"]
        iterator = answer["NextShardIterator"]
    raise AssertionError(f"no end after {len(found)} records")


def test_reading_goes_on_behind_a_given_sequence_number_in_order(aws: ServiceProcess) -> None:
    kinesis = local_client("kinesis", aws.url)
    kinesis.create_stream(StreamName="ordered", ShardCount=1)
    kinesis.put_records(
        StreamName="ordered", Records=[{"Data": str(i).encode(), "PartitionKey": "a"} for i in range(50)]
    )
    assert [record["Data"] for record in read_all(kinesis, "ordered")] == [str(i).encode() for i in range(50)]

    fifth = read_all(kinesis, "ordered")[4]["SequenceNumber"]
    start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": fifth}
    iterator = kinesis.get_shard_iterator(StreamName="ordered", ShardId="shardId-000000000000", **start)
    answer = kinesis.get_records(ShardIterator=iterator["ShardIterator"], Limit=2)

    assert [record["Data"] for record in answer["Records"]] == [b"5", b"6"]


def test_a_read_that_found_nothing_goes_on_where_it_was(aws: ServiceProcess) -> None:
    kinesis = local_client("kinesis", aws.url)
    kinesis.create_stream(StreamName="quiet", ShardCount=1)
    start = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(StreamName="quiet", **start)["ShardIterator"]
    for data in (b"first", b"second"):
        for _ in range(2):
            answer = kinesis.get_records(ShardIterator=iterator)
            assert (answer["Records"], answer["MillisBehindLatest"]) == ([], 0)
            iterator = answer["NextShardIterator"]
        kinesis.put_record(StreamName="quiet", Data=data, PartitionKey="a")
        answer = kinesis.get_records(ShardIterator=iterator)
        assert [record["Data"] for record in answer["Records"]] == [data]
        iterator = answer["NextShardIterator"]


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({}, 200),
        ({"StreamName": "none"}, 400),
        ({"Data": base64.b64encode(b"x" * 2**20).decode()}, 400),
        ({"Data": "a"}, 500),
        ({"Data": 7}, 500),
        ({"PartitionKey": "k" * 257}, 400),
        ({"PartitionKey": 7}, 500),
    ],
    ids=["plain", "no stream", "too large", "no base64", "no text", "long key", "no key"],
)
def test_a_plain_record_is_answered_as_moto_answers_it(
    aws: ServiceProcess, request: pytest.FixtureRequest, wanted: dict[str, Any], status: int
) -> None:
    kinesis, name = local_client("kinesis", aws.url), request.node.callspec.id.replace(" ", "-")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    record = {"StreamName": name, "PartitionKey": "é", "Data": base64.b64encode(b"data").decode(), **wanted}

    plain, by_moto = (put_record(aws, {**record, **more}) for more in ({}, {"ExplicitHashKey": None}))

    assert (plain.status, by_moto.status) == (status, status)
    assert plain.headers.keys() == by_moto.headers.keys()
    assert plain.headers["content-type"] == by_moto.headers["content-type"]
    taken = [(record["Data"], record["SequenceNumber"], record["PartitionKey"]) for record in read_all(kinesis, name)]
    if status == 200:
        answers = [json.loads(answer.data) for answer in (plain, by_moto)]
        assert taken == [(b"data", answer["SequenceNumber"], "é") for answer in answers]
        assert answers[0] | {"SequenceNumber": ""} == answers[1] | {"SequenceNumber": ""}
    else:
        assert (plain.data, taken) == (by_moto.data, [])


def put_record(aws: ServiceProcess, request: dict[str, Any]) -> urllib3.BaseHTTPResponse:
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, Signature=0"}
    headers = signed | {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.PutRecord"}
    return urllib3.request("POST", f"{aws.url}/", body=json.dumps(request), headers=headers)


def test_a_message_is_received_after_its_delay_and_once_while_it_is_hidden(aws: ServiceProcess) -> None:
    sqs = local_client("sqs", aws.url)
    url = sqs.create_queue(QueueName="delayed")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
    wanted = {"QueueUrl": url, "MaxNumberOfMessages": 10}

    assert "Messages" not in sqs.receive_message(**wanted, WaitTimeSeconds=0)
    [message] = sqs.receive_message(**wanted, WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == "late"
    assert "Messages" not in sqs.receive_message(**wanted, WaitTimeSeconds=0)


def test_a_read_of_what_is_not_there_is_refused_as_moto_words_it(aws: ServiceProcess) -> None:
    kinesis, sqs = JsonClient("kinesis", aws.url), JsonClient("sqs", aws.url)
    iterator = base64.b64encode(b"none:shardId-000000000000:0").decode()
    with pytest.raises(CallFailed, match="Stream none under account 123456789012 not found"):
        kinesis.call("GetRecords", {"ShardIterator": iterator, "Limit": 10})
    for wanted in ({"QueueUrl": f"{aws.url}/123456789012/none"}, {"QueueUrl": "", "MaxNumberOfMessages": 11}):
        with pytest.raises(CallFailed, match="ReceiveMessage: 400"):
            sqs.call("ReceiveMessage", {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 0, **wanted})


def test_requests_are_counted_by_operation(aws: ServiceProcess) -> None:
    before = requests_of(aws)
    sqs, s3 = local_client("sqs", aws.url), local_client("s3", aws.url)
    url = sqs.create_queue(QueueName="counted")["QueueUrl"]
    for _ in range(3):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a"}])
    s3.create_bucket(Bucket="counted")
    s3.put_object(Bucket="counted", Key="a/b c.json", Body=b"{}")
    assert s3.get_object(Bucket="counted", Key="a/b c.json")["Body"].read() == b"{}"

    after = requests_of(aws)

    new = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert new == {
        "sqs.CreateQueue": 1,
        "sqs.SendMessageBatch": 3,
        "s3.CreateBucket": 1,
        "s3.PutObject": 1,
        "s3.GetObject": 1,
    }


def test_an_error_comes_under_its_own_name(aws: ServiceProcess) -> None:
    kinesis, sqs, secrets = (local_client(name, aws.url) for name in ("kinesis", "sqs", "secretsmanager"))
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.put_record(StreamName="nowhere", Data=b"", PartitionKey="a")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nowhere")
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="nowhere")


def test_a_queue_also_answers_in_the_older_protocol(aws: ServiceProcess) -> None:
    local_client("sqs", aws.url).create_queue(QueueName="older")
    body = b"Action=GetQueueUrl&QueueName=older&Version=2012-11-05"
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, Signature=x"}
    with urllib.request.urlopen(urllib.request.Request(f"{aws.url}/", body, signed)) as answer:  # noqa: S310 - loopback
        assert b"/older</QueueUrl>" in answer.read()


def test_a_long_poll_answers_as_soon_as_a_message_is_there_and_holds_up_nobody(aws: ServiceProcess) -> None:
    sqs = local_client("sqs", aws.url, timeout=60.0, connections=4)
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    with ThreadPoolExecutor(1) as threads:
        started = time.monotonic()
        before = requests_of(aws).get("sqs.ReceiveMessage", 0)
        waiting = threads.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        while requests_of(aws).get("sqs.ReceiveMessage", 0) == before:
            assert not waiting.done()
        sqs.send_message(QueueUrl=url, MessageBody="here")
        assert waiting.result(60)["Messages"][0]["Body"] == "here"

    assert time.monotonic() - started < 15
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)


def processor_seconds(pid: int) -> float:
    """Return what a process has taken of the processors: on a busy machine the clock says little."""
    said = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True)  # noqa: S603, S607
    *hours, minutes, seconds = said.stdout.strip().split(":")
    return 3600 * sum(map(float, hours)) + 60 * float(minutes) + float(seconds)


def test_a_queue_with_a_thousand_messages_is_still_fast(aws: ServiceProcess) -> None:
    """moto alone takes a minute for this: it looks at every message, many times, for each one."""
    sqs = local_client("sqs", aws.url, timeout=60.0)
    url = sqs.create_queue(QueueName="long")["QueueUrl"]
    before = processor_seconds(aws.process.pid)
    for _ in range(100):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": "x" * 300} for i in range(10)])
    received = [sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"] for _ in range(10)]

    assert processor_seconds(aws.process.pid) - before < 10
    assert len({message["MessageId"] for batch in received for message in batch}) == 100


def test_the_resources_of_a_broker_are_created_as_set(aws: ServiceProcess) -> None:
    made = create_resources(aws.url, ResourceSettings(prefix="one", shards=3, max_receives=7, queue_delay=4))

    sqs = local_client("sqs", aws.url)
    queues = {made.queue_arn: made.queue_url, made.purchase_queue_arn: made.purchase_queue_url}
    assert len(queues) == 2
    for arn, url in queues.items():
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["QueueArn"] == arn
        assert json.loads(attributes["RedrivePolicy"]) == {
            "deadLetterTargetArn": made.dead_letter_arn,
            "maxReceiveCount": 7,
        }
        assert (attributes["DelaySeconds"], attributes["VisibilityTimeout"]) == ("4", "180")
    assert made.shard_ids == tuple(f"shardId-{number:012d}" for number in range(3))
    assert made.stream_arn == "arn:aws:kinesis:us-east-1:123456789012:stream/one-stream"
    secret = local_client("secretsmanager", aws.url).get_secret_value(SecretId=made.secret_arn)["SecretString"]
    assert json.loads(secret) == {"key": "local-key", "secret": "local-secret"}
    buckets = {bucket["Name"] for bucket in local_client("s3", aws.url).list_buckets()["Buckets"]}
    assert {made.quarantine_bucket, made.on_failure_bucket} <= buckets


def test_an_object_that_is_sent_in_chunks_is_stored(aws: ServiceProcess) -> None:
    s3 = local_client("s3", aws.url)
    s3.create_bucket(Bucket="chunks")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "chunks", "Key": "key"})
    headers = {"Content-Type": "binary/octet-stream"}
    request = urllib.request.Request(url, iter([b"one ", b"two"]), headers, method="PUT")  # noqa: S310 - loopback
    urllib.request.urlopen(request).close()  # noqa: S310 - loopback

    assert request.get_header("Transfer-encoding") == "chunked"
    assert s3.get_object(Bucket="chunks", Key="key")["Body"].read() == b"one two"
