"""Faults at the running services, as boto3 and requests meet them, and that each does what it says it does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError
from broker.failures import Misconfigured, Rejected, Unavailable, aws_call

from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.process import ServiceProcess, start_service

STREAM, QUEUE = "events", "refresh"
ENTRIES = [{"Id": str(number), "MessageBody": f"body {number}"} for number in range(10)]
RECORDS = [{"Data": b"x", "PartitionKey": str(number)} for number in range(10)]


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        local_client("kinesis", service.url).create_stream(StreamName=STREAM, ShardCount=1)
        local_client("s3", service.url).create_bucket(Bucket="bucket")
        yield service


@pytest.fixture(scope="module")
def mparticle(aws: ServiceProcess) -> Iterator[ServiceProcess]:
    with start_service("local_stack.mparticle", ["--stream", STREAM, "--kinesis-endpoint", aws.url]) as service:
        yield service


@pytest.fixture(scope="module")
def personalize() -> Iterator[ServiceProcess]:
    with start_service("personalize_local") as service:
        yield service


@pytest.fixture
def queue(aws: ServiceProcess) -> Iterator[str]:
    sqs = local_client("sqs", aws.url)
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture(autouse=True)
def no_faults_are_left(aws: ServiceProcess, mparticle: ServiceProcess, personalize: ServiceProcess) -> Iterator[None]:
    yield
    for service in (aws, mparticle, personalize):
        requests.delete(f"{service.url}/_local/faults", timeout=60).raise_for_status()


def fault(service: ServiceProcess, **given: Any) -> None:
    answer = loopback.post(f"{service.url}/_local/faults", json={"faults": [given]})
    assert answer.status_code == 200, answer.text


def served(service: ServiceProcess, operation: str) -> int:
    return int(loopback.get(f"{service.url}/_local/requests").json().get(operation, 0))


def list_groups(service: ServiceProcess, timeout: float = 60.0) -> Any:
    return local_client("personalize", service.url, timeout=timeout).list_dataset_groups()


def put_events(service: ServiceProcess) -> Any:
    client = local_client("personalize-events", service.url)
    return client.put_events(
        trackingId="none",
        userId="12",
        sessionId="s",
        eventList=[{"eventId": "e", "eventType": "view", "itemId": "LIG-1", "sentAt": 1_700_000_000}],
    )


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        ({"fault": "throttling"}, "ThrottlingException", 400),
        ({"fault": "throttling", "status": 429}, "TooManyRequestsException", 429),
        ({"fault": "unavailable"}, "ServiceUnavailable", 503),
        ({"fault": "unavailable", "status": 500}, "InternalFailure", 500),
        ({"fault": "invalid"}, "InvalidInputException", 400),
        ({"fault": "denied"}, "AccessDeniedException", 403),
    ],
)
def test_refusals_reach_boto3_as_aws_words_them(
    personalize: ServiceProcess, given: dict[str, Any], code: str, status: int
) -> None:
    fault(personalize, **given)
    for call in (list_groups, put_events):
        with pytest.raises(ClientError) as refused:
            call(personalize)
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        *((kind, Unavailable) for kind in ("throttling", "unavailable", "reset")),
        ("invalid", Rejected),
        ("denied", Misconfigured),
    ],
)
def test_the_broker_tells_the_kinds_apart(personalize: ServiceProcess, kind: str, failure: type[Exception]) -> None:
    fault(personalize, fault=kind)
    with pytest.raises(failure):
        aws_call(put_events, service=personalize)


def test_a_fault_with_an_item_strikes_only_the_request_that_names_it(personalize: ServiceProcess) -> None:
    fault(personalize, fault="throttling", match={"item": "RUG-*"})
    with pytest.raises(ClientError, match="does not exist"):  # the service's own: there is no tracker
        put_events(personalize)
    fault(personalize, fault="throttling", match={"item": "LIG-*"})
    with pytest.raises(ClientError, match="Throttling"):
        put_events(personalize)


@pytest.mark.parametrize(("when", "done"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["reset", "unavailable"])
def test_the_service_has_or_has_not_done_its_work_when_it_fails(
    personalize: ServiceProcess, kind: str, when: str, done: int
) -> None:
    before = served(personalize, "ListDatasetGroups")
    fault(personalize, fault=kind, when=when)
    with pytest.raises((ConnectionClosedError, ClientError)):
        list_groups(personalize)
    assert served(personalize, "ListDatasetGroups") - before == done


def test_half_a_reply_breaks_off_after_the_work_was_done(aws: ServiceProcess) -> None:
    s3 = local_client("s3", aws.url)
    fault(aws, fault="half-reply", operation="s3.GetObject")
    s3.put_object(Bucket="bucket", Key="whole", Body=b"0123456789" * 10)
    with pytest.raises(ResponseStreamingError):
        s3.get_object(Bucket="bucket", Key="whole")["Body"].read()
    assert served(aws, "s3.GetObject") > 0


def test_hanging_holds_the_caller_until_it_gives_up(personalize: ServiceProcess) -> None:
    fault(personalize, fault="hanging")
    with pytest.raises(ReadTimeoutError):
        list_groups(personalize, timeout=0.3)


def test_hanging_ends_by_itself_after_its_seconds(personalize: ServiceProcess) -> None:
    fault(personalize, fault="hanging", seconds=0.1)
    with pytest.raises(ConnectionClosedError):
        list_groups(personalize)


def test_latency_delays_what_then_works_and_the_others_do_not_wait(personalize: ServiceProcess) -> None:
    slow = {"fault": "latency", "operation": "personalize.ListDatasetGroups"}
    fault(personalize, **slow, seconds=40, times=1)
    with pytest.raises(ReadTimeoutError):
        list_groups(personalize, timeout=0.2)
    local_client("personalize", personalize.url, timeout=30).list_schemas()
    fault(personalize, **slow, seconds=0.4)
    assert list_groups(personalize)["datasetGroups"] == []


def test_single_messages_of_a_batch_fail_and_the_others_are_in_the_queue(aws: ServiceProcess, queue: str) -> None:
    fault(aws, fault="entries", operation="sqs.SendMessageBatch", chance=0.5)
    sqs = local_client("sqs", aws.url)
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=ENTRIES)
    sent, failed = ({one["Id"] for one in answer.get(kind, [])} for kind in ("Successful", "Failed"))
    assert sent
    assert failed
    assert sorted(sent | failed) == [entry["Id"] for entry in ENTRIES]
    assert not sent & failed
    found = [message["Body"] for _ in range(3) for message in _received(sqs, queue)]
    assert sorted(found) == [f"body {id}" for id in sorted(sent)]


def _received(sqs: Any, queue: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return answer


def test_all_messages_of_a_batch_can_fail(aws: ServiceProcess, queue: str) -> None:
    fault(aws, fault="entries", operation="sqs.SendMessageBatch")
    answer = local_client("sqs", aws.url).send_message_batch(QueueUrl=queue, Entries=ENTRIES)
    assert [one["Id"] for one in answer["Failed"]] == [entry["Id"] for entry in ENTRIES]
    assert "Successful" not in answer


def test_single_records_of_put_records_fail_each_in_its_place(aws: ServiceProcess) -> None:
    fault(aws, fault="entries", operation="kinesis.PutRecords", chance=0.5)
    answer = local_client("kinesis", aws.url).put_records(StreamName=STREAM, Records=RECORDS)
    failed = [one for one in answer["Records"] if "ErrorCode" in one]
    assert len(answer["Records"]) == len(RECORDS)
    assert 0 < answer["FailedRecordCount"] == len(failed) < len(RECORDS)


def test_mparticle_words_its_own_refusals(mparticle: ServiceProcess) -> None:
    fault(mparticle, fault="throttling", operation="mparticle.BulkUploadEvents", retry_after=7)
    answer = loopback.post(f"{mparticle.url}/v2/bulkevents", json=[])
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["errors"][0]["code"] == "TOO_MANY_REQUESTS"
    assert loopback.post(f"{mparticle.url}/v2/events", json={}).status_code == 401  # its own: no credentials
    fault(mparticle, fault="unavailable", operation="mparticle.Identify")
    refused = loopback.post(f"{mparticle.url}/v1/identify", json={}).json()
    assert (refused["StatusCode"], refused["Errors"][0]["code"]) == (503, "SERVICE_UNAVAILABLE")


def test_s3_words_its_refusals_in_xml(aws: ServiceProcess) -> None:
    fault(aws, fault="throttling", operation="s3.*")
    with pytest.raises(ClientError, match="SlowDown"):
        local_client("s3", aws.url).put_object(Bucket="bucket", Key="key", Body=b"")


def test_a_wrong_fault_is_refused_and_none_of_the_request_is_taken(personalize: ServiceProcess) -> None:
    url = f"{personalize.url}/_local/faults"
    answer = requests.put(url, json={"faults": [{"fault": "reset"}, {"fault": "nothing"}]}, timeout=60)
    assert answer.status_code == 400
    assert "latency" in answer.json()["message"]
    assert requests.put(url, data="{", timeout=60).json() == {"message": "the body is not JSON"}
    assert loopback.get(url).json() == {"faults": []}


def test_put_has_exactly_these_faults_and_the_page_itself_is_never_struck(personalize: ServiceProcess) -> None:
    url = f"{personalize.url}/_local/faults"
    fault(personalize, fault="reset")
    requests.put(url, data=json.dumps({"faults": [{"fault": "denied"}]}), timeout=60).raise_for_status()
    assert [one["fault"] for one in loopback.get(url).json()["faults"]] == ["denied"]
