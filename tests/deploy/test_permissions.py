"""What each role may and may not, tried where IAM is enforced: mParticle's, ``ingest``'s and ``refresh``'s."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.mparticle import KNOWN_PRINCIPALS
from local_stack.aws import ACCOUNT
from tests.deploy.account import ROOT_OF_ACCOUNT, Credentials
from tests.deploy.enforced import MPARTICLE, ROLE, Call, Enforced, assume, enforced, role_session
from tests.deploy.probe import ALLOWED, attempt
from tests.infra.conftest import Synthesise
from tests.infra.conftest import made as made
from tests.infra.synthesis import FULL, GIVEN

pytestmark = pytest.mark.deploy

EXTERNAL_ID = f"orgid:{FULL['broker:mparticle_organisation']}"
OTHER = "other"
QUEUES = "RefreshQueueUrl", "PurchaseQueueUrl"
OF_USERS: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "mpid", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "mpid", "AttributeType": "N"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def made_stack(made: Synthesise) -> Iterator[Enforced]:
    """Stage recommend on given Personalize resources; beside it one of each kind of resource that is another's."""
    with enforced(made("recommend", GIVEN).template) as stack:
        client = stack.account.client
        client("kinesis").create_stream(StreamName=OTHER, ShardCount=1)
        client("sqs").create_queue(QueueName=OTHER)
        client("s3").create_bucket(Bucket=OTHER)
        client("secretsmanager").create_secret(Name=OTHER, SecretString="theirs")
        client("dynamodb").create_table(TableName=OTHER, **OF_USERS)
        client("secretsmanager").put_secret_value(SecretId=stack.outputs["MParticleSecretArn"], SecretString="ours")
        yield stack


@pytest.fixture(scope="module")
def over_http(made_stack: Enforced) -> list[str]:
    """How calls end that the functions' roles allow, without TLS: ministack speaks plain HTTP here."""
    refresh: list[Call] = [("sqs", "receive_message", {"QueueUrl": made_stack.outputs[queue]}) for queue in QUEUES]
    return made_stack.attempts("Ingest", ingest_writes(made_stack)) + made_stack.attempts("Refresh", refresh)


@pytest.fixture(scope="module")
def stack(made_stack: Enforced, over_http: list[str]) -> Enforced:
    """The stack without its refusal of plain HTTP, which would hide what the roles themselves may and may not."""
    made_stack.take_away("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy")
    return made_stack


@pytest.fixture(scope="module")
def principals(stack: Enforced) -> list[Credentials]:
    """Sessions of the roles by which mParticle comes."""
    return [role_session(stack.account, arn) for arn in KNOWN_PRINCIPALS["us1"]]


@pytest.fixture(scope="module")
def mparticle(stack: Enforced, principals: list[Credentials]) -> Credentials:
    """A session of the stack's role, as mParticle gets it."""
    return assume(stack.account, principals[0], ROLE, ExternalId=EXTERNAL_ID)


def test_both_principals_of_mparticle_may_assume_the_role_with_the_organisations_external_id(
    stack: Enforced, principals: list[Credentials]
) -> None:
    assert len(principals) == 2
    for principal in principals:
        assert assume(stack.account, principal, ROLE, ExternalId=EXTERNAL_ID).token


@pytest.mark.parametrize("external_id", [{}, {"ExternalId": "orgid:5001235"}, {"ExternalId": "5001234"}])
def test_nobody_may_assume_the_role_with_another_external_id_or_none(
    stack: Enforced, principals: list[Credentials], external_id: dict[str, str]
) -> None:
    assert refusal(stack, principals[0], external_id) == "AccessDenied"


def test_nobody_else_may_assume_the_role_not_even_in_mparticles_account_or_ours(stack: Enforced) -> None:
    others = [
        role_session(stack.account, f"arn:aws:iam::{MPARTICLE}:role/role-of-something-else"),
        role_session(stack.account, "arn:aws:iam::210987654321:role/role-lambda-verifyrequest"),
        Credentials(MPARTICLE, ROOT_OF_ACCOUNT.secret),
        ROOT_OF_ACCOUNT,
    ]

    assert [refusal(stack, other, {"ExternalId": EXTERNAL_ID}) for other in others] == ["AccessDenied"] * 4


def test_mparticle_may_put_records_on_the_stream_and_nothing_else(stack: Enforced, mparticle: Credentials) -> None:
    stream = stack.outputs["MParticleStreamName"]
    record: dict[str, Any] = {"Data": b"{}", "PartitionKey": "1"}
    shard = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = stack.account.client("kinesis").get_shard_iterator(StreamName=stream, **shard)["ShardIterator"]

    def tried(operation: str, service: str = "kinesis", **parameters: Any) -> str:
        return attempt(stack.account.client(service, mparticle), operation, parameters)

    assert tried("put_record", StreamName=stream, **record) == ALLOWED
    denied = [
        tried("put_record", StreamName=OTHER, **record),
        tried("put_records", StreamName=stream, Records=[record]),
        tried("describe_stream", StreamName=stream),
        tried("describe_stream_summary", StreamName=stream),
        tried("get_shard_iterator", StreamName=stream, **shard),
        tried("get_records", ShardIterator=iterator),
        tried("list_streams"),
        tried("delete_stream", StreamName=stream),
        tried("decrease_stream_retention_period", StreamName=stream, RetentionPeriodHours=24),
        tried("list_buckets", service="s3"),
        tried("get_secret_value", service="secretsmanager", SecretId=stack.outputs["MParticleSecretArn"]),
    ]
    assert set(denied) <= DENIED, denied


def test_without_tls_queues_and_buckets_refuse_even_those_who_may(over_http: list[str]) -> None:
    assert over_http == ["AccessDenied"] * 6


def test_ingest_may_read_its_stream_ask_for_refreshes_and_quarantine(stack: Enforced) -> None:
    read: Call = ("kinesis", "describe_stream_summary", {"StreamName": stack.outputs["MParticleStreamName"]})

    assert stack.attempts("Ingest", [read, *ingest_writes(stack)]) == [ALLOWED] * 5


def test_ingest_may_read_no_secret_and_write_nowhere_else(stack: Enforced) -> None:
    denied: list[Call] = [
        ("secretsmanager", "get_secret_value", {"SecretId": stack.outputs["MParticleSecretArn"]}),
        ("secretsmanager", "get_secret_value", {"SecretId": OTHER}),
        ("sqs", "send_message", {"QueueUrl": stack.outputs["DeadLettersUrl"], "MessageBody": "{}"}),
        ("sqs", "send_message", {"QueueUrl": other_queue(stack), "MessageBody": "{}"}),
        *(
            ("sqs", operation, {"QueueUrl": stack.outputs[queue]})
            for operation in ("receive_message", "purge_queue")
            for queue in QUEUES
        ),
        put_object(stack.outputs["QuarantineBucket"], "refresh/2026/11/21/a.ndjson"),
        put_object(stack.outputs["OnFailureBucket"], "ingest/a"),
        put_object(OTHER, "ingest/a"),
        ("s3", "get_object", {"Bucket": stack.outputs["QuarantineBucket"], "Key": "ingest/2026/11/21/a.ndjson"}),
        ("s3", "delete_object", {"Bucket": stack.outputs["OnFailureBucket"], "Key": "aws/lambda/some-mapping/a"}),
        put_record(stack.outputs["MParticleStreamName"]),
        ("kinesis", "describe_stream_summary", {"StreamName": OTHER}),
        *state_calls(stack.outputs["StateTable"]),
    ]

    assert_denied(stack, "Ingest", denied)


def test_refresh_may_read_and_write_its_table_in_transactions_too(stack: Enforced) -> None:
    calls = state_calls(stack.outputs["StateTable"])

    assert stack.attempts("Refresh", calls) == [ALLOWED] * len(calls)


def test_refresh_may_read_its_queues_send_to_them_and_read_that_one_secret(stack: Enforced) -> None:
    assert (
        stack.attempts(
            "Refresh",
            [
                *(("sqs", "receive_message", {"QueueUrl": stack.outputs[queue]}) for queue in QUEUES),
                *send_to_queues(stack),
                ("secretsmanager", "get_secret_value", {"SecretId": stack.outputs["MParticleSecretArn"]}),
                put_object(stack.outputs["QuarantineBucket"], "refresh/2026/11/21/a.ndjson"),
            ],
        )
        == [ALLOWED] * 6
    )


def test_refresh_may_neither_touch_the_stream_nor_write_or_read_anything_else(stack: Enforced) -> None:
    secret = {"SecretId": stack.outputs["MParticleSecretArn"]}
    denied: list[Call] = [
        put_record(stack.outputs["MParticleStreamName"]),
        ("kinesis", "describe_stream_summary", {"StreamName": stack.outputs["MParticleStreamName"]}),
        ("secretsmanager", "get_secret_value", {"SecretId": OTHER}),
        ("secretsmanager", "put_secret_value", secret | {"SecretString": "another"}),
        ("sqs", "send_message", {"QueueUrl": stack.outputs["DeadLettersUrl"], "MessageBody": "{}"}),
        ("sqs", "receive_message", {"QueueUrl": stack.outputs["DeadLettersUrl"]}),
        put_object(stack.outputs["QuarantineBucket"], "ingest/2026/11/21/a.ndjson"),
        put_object(stack.outputs["OnFailureBucket"], "aws/lambda/some-mapping/a"),
        ("s3", "list_objects_v2", {"Bucket": stack.outputs["QuarantineBucket"]}),
        *state_calls(OTHER),
        ("dynamodb", "scan", {"TableName": stack.outputs["StateTable"]}),
        ("dynamodb", "query", of_user(stack.outputs["StateTable"])),
        ("dynamodb", "delete_item", {"TableName": stack.outputs["StateTable"], "Key": USER}),
        ("dynamodb", "delete_table", {"TableName": stack.outputs["StateTable"]}),
    ]

    assert_denied(stack, "Refresh", denied)


def test_by_its_policy_only_ingest_may_put_events_and_only_refresh_may_ask_the_given_campaign(stack: Enforced) -> None:
    campaign, other = GIVEN["broker:campaign_arn"], "arn:aws:personalize:us-east-1:123456789012:campaign/another"

    assert simulated(stack, "Ingest", "PutEvents", "*") == "allowed"
    assert simulated(stack, "Refresh", "PutEvents", "*") == "implicitDeny"
    assert simulated(stack, "Refresh", "GetRecommendations", campaign) == "allowed"
    assert simulated(stack, "Refresh", "GetRecommendations", GIVEN["broker:filter_arn"]) == "allowed"
    assert simulated(stack, "Refresh", "GetRecommendations", other) == "implicitDeny"
    assert simulated(stack, "Ingest", "GetRecommendations", campaign) == "implicitDeny"


# Each service has its own word for it.
DENIED = {"AccessDenied", "AccessDeniedException"}


def assert_denied(stack: Enforced, function: str, calls: list[Call]) -> None:
    """Every one of the calls is denied to a function."""
    ended = zip(calls, stack.attempts(function, calls), strict=True)
    assert [(*call, answer) for call, answer in ended if answer not in DENIED] == []


def refusal(stack: Enforced, caller: Credentials, more: dict[str, str]) -> str | None:
    """Return why a caller may not assume mParticle's role; None if it may."""
    try:
        assume(stack.account, caller, ROLE, **more)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def simulated(stack: Enforced, function: str, action: str, resource: str) -> str:
    """Return IAM's own answer to what a function's role may do with Personalize, which ministack does not have."""
    answer = stack.account.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{stack.the(f'{function}Role')}",
        ActionNames=[f"personalize:{action}"],
        ResourceArns=[resource],
    )
    (result,) = answer["EvaluationResults"]
    return str(result["EvalDecision"])


def ingest_writes(stack: Enforced) -> list[Call]:
    """Return the calls by which ``ingest`` writes to queues and buckets."""
    return [
        *send_to_queues(stack),
        put_object(stack.outputs["QuarantineBucket"], "ingest/2026/11/21/a.ndjson"),
        put_object(stack.outputs["OnFailureBucket"], "aws/lambda/some-mapping/a"),
    ]


def send_to_queues(stack: Enforced) -> list[Call]:
    """Return a message to each queue."""
    return [("sqs", "send_message", {"QueueUrl": stack.outputs[queue], "MessageBody": "{}"}) for queue in QUEUES]


USER = {"mpid": {"N": "1"}}


def state_calls(table: str) -> list[Call]:
    """Return the calls by which ``refresh`` reads and writes what it remembers."""
    put = {"TableName": table, "Item": USER}
    update = {
        "TableName": table,
        "Key": USER,
        "UpdateExpression": "SET expires = :later",
        "ExpressionAttributeValues": {":later": {"N": "2"}},
    }
    return [
        ("dynamodb", "batch_get_item", {"RequestItems": {table: {"Keys": [USER]}}}),
        ("dynamodb", "put_item", put),
        ("dynamodb", "update_item", update),
        ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": put}]}),
        ("dynamodb", "transact_write_items", {"TransactItems": [{"Update": update}]}),
    ]


def of_user(table: str) -> dict[str, Any]:
    """Return a query for one user."""
    values = {":user": USER["mpid"]}
    return {"TableName": table, "KeyConditionExpression": "mpid = :user", "ExpressionAttributeValues": values}


def put_object(bucket: str, key: str) -> Call:
    """Return the call that writes an object."""
    return "s3", "put_object", {"Bucket": bucket, "Key": key, "Body": "{}"}


def put_record(stream: str) -> Call:
    """Return the call that writes a record."""
    return "kinesis", "put_record", {"StreamName": stream, "Data": "{}", "PartitionKey": "1"}


def other_queue(stack: Enforced) -> str:
    """Return the URL of the queue that is none of the stack's."""
    return str(stack.account.client("sqs").get_queue_url(QueueName=OTHER)["QueueUrl"])
