"""Stream to function to queue through moto, with real processes: what is promised of the cores holds in real time."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blueprint.mappings import KinesisMapping, QueueMapping
from local_stack.aws.resources import Resources, ResourceSettings, create_resources
from local_stack.aws.session import local_client
from local_stack.lambda_emulator.invocation import InvokeResult
from local_stack.lambda_emulator.polling.threads import PollerThreads, QueueThreads, StreamThreads
from local_stack.lambda_emulator.runtime.function import Function
from local_stack.process import ServiceProcess, start_service

HANDLER = """
import base64, os, boto3

sqs = boto3.client("sqs")

def handler(event, context):
    bodies = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
    if "poison" in bodies:
        raise ValueError("poison")
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[start:start + 10])]
        sqs.send_message_batch(QueueUrl=os.environ["QUEUE_URL"], Entries=entries)
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        yield service


def resources(aws: ServiceProcess, prefix: str, **settings: Any) -> Resources:
    return create_resources(aws.url, ResourceSettings(prefix=prefix, queue_delay=0, **settings))


def wait_for(condition: Callable[[], Any], threads: PollerThreads, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert threads.failure is None
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def test_a_poison_record_ends_in_the_bucket_and_all_others_on_the_queue(aws: ServiceProcess, tmp_path: Path) -> None:
    made = resources(aws, "poison", shards=2)
    bodies = ["poison" if number == 57 else f"record-{number}" for number in range(120)]
    local_client("kinesis", aws.url).put_records(
        StreamName=made.stream_name, Records=[{"Data": body.encode(), "PartitionKey": body} for body in bodies]
    )
    (tmp_path / "forward.py").write_text(HANDLER)
    variables = {"QUEUE_URL": made.queue_url, "AWS_ENDPOINT_URL": aws.url}
    with Function("ingest", "forward.handler", code_dir=tmp_path, environment=variables, instances=2) as function:
        stream = StreamThreads(
            KinesisMapping(maximum_retry_attempts=1),
            endpoint=aws.url,
            stream_arn=made.stream_arn,
            shard_ids=made.shard_ids,
            function_arn=function.arn,
            invoke=function.invoke,
            on_failure_bucket=made.on_failure_bucket,
            poll_interval=0.05,
        )
        stream.start()
        wait_for(lambda: sum(c.records_done + c.records_given_up for c in stream.counts().values()) == 120, stream)
        assert stream.stop()

    assert on_queue(aws, made) == set(bodies) - {"poison"}
    documents = on_failure(aws, made)
    assert [document["requestContext"]["condition"] for document in documents] == ["RetryAttemptsExhausted"]
    records = json.loads(documents[0]["payload"])["Records"]
    assert [base64.b64decode(record["kinesis"]["data"]) for record in records] == [b"poison"]
    assert documents[0]["KinesisBatchInfo"]["startSequenceNumber"] == records[0]["kinesis"]["sequenceNumber"]


def on_queue(aws: ServiceProcess, resources: Resources) -> set[str]:
    """Read the queue empty through its mapping."""
    seen: list[str] = []

    def collect(event: dict[str, Any]) -> InvokeResult:
        seen.extend(record["body"] for record in event["Records"])
        return InvokeResult()

    mapping = QueueMapping(batch_size=1000, maximum_batching_window=1, visibility_timeout=180)
    queue = QueueThreads(
        mapping,
        endpoint=aws.url,
        queue_url=resources.queue_url,
        queue_arn=resources.queue_arn,
        invoke=collect,
        pollers=2,
    )
    queue.start()
    wait_for(lambda: sum(counts.messages_deleted for counts in queue.counts()) == 119, queue)
    assert queue.stop()
    assert len(seen) == 119
    return set(seen)


def on_failure(aws: ServiceProcess, resources: Resources) -> list[dict[str, Any]]:
    s3 = local_client("s3", aws.url)
    listed = s3.list_objects_v2(Bucket=resources.on_failure_bucket).get("Contents", [])
    assert all(item["Key"].startswith("aws/lambda/") for item in listed)
    return [
        json.loads(s3.get_object(Bucket=resources.on_failure_bucket, Key=item["Key"])["Body"].read()) for item in listed
    ]


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue_and_the_others_are_deleted(
    aws: ServiceProcess,
) -> None:
    """Redrive is moto's; the visibility of what failed is the function's own doing, as with the real queue."""
    made = resources(aws, "dead", max_receives=3)
    sqs = local_client("sqs", aws.url)
    receives: list[str] = []

    def refuse_one(event: dict[str, Any]) -> InvokeResult:
        bad = [record for record in event["Records"] if record["body"] == "bad"]
        for record in bad:
            receives.append(record["attributes"]["ApproximateReceiveCount"])
            handle = record["receiptHandle"]
            sqs.change_message_visibility(QueueUrl=made.queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
        return InvokeResult(payload={"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in bad]})

    for body in ("good", "bad", "fine"):
        sqs.send_message(QueueUrl=made.queue_url, MessageBody=body)
    queue = QueueThreads(
        QueueMapping(),
        endpoint=aws.url,
        queue_url=made.queue_url,
        queue_arn=made.queue_arn,
        invoke=refuse_one,
        poll_interval=0.02,
    )
    queue.start()
    dead: list[str] = []

    def is_dead() -> bool:
        messages = sqs.receive_message(QueueUrl=made.dead_letter_url).get("Messages", [])
        dead.extend(message["Body"] for message in messages)
        return bool(dead)

    wait_for(is_dead, queue)
    assert queue.stop()
    assert dead == ["bad"]
    assert receives == ["1", "2", "3"]
    assert queue.counts()[0].messages_deleted == 2


def test_a_poller_in_a_long_wait_stops_at_once(aws: ServiceProcess) -> None:
    class Waiting:
        def poll(self) -> float:
            return 3600.0

    threads = PollerThreads([Waiting()], "waiting")
    threads.start()
    started = time.monotonic()

    assert threads.stop()
    assert time.monotonic() - started < 5.0  # it would wait an hour, and `stop` ten seconds


def test_an_exception_out_of_a_poller_is_kept_for_all_to_see() -> None:
    class Broken:
        def poll(self) -> float:
            raise RuntimeError("a bug")

    threads = PollerThreads([Broken()], "broken")
    threads.start()
    deadline = time.monotonic() + 300
    while threads.failure is None and time.monotonic() < deadline:
        time.sleep(0.01)

    assert str(threads.failure) == "a bug"
    assert threads.stop()
