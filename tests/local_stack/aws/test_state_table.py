"""The local table of profiles' states refuses and keeps what DynamoDB would, and stays fast with many users in it."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.state import EXPIRY, KEY
from local_stack.aws.resources import ResourceSettings, create_resources
from local_stack.aws.session import local_client
from local_stack.process import ServiceProcess, start_service
from tests.local_stack.aws.test_server import processor_seconds

FIRST, SECOND = "-7346244611012968789", "9223372036854775807"  # 64-bit ids, which a float would round
ONLY_NEWER = "attribute_not_exists(#asked) OR #asked < :asked"


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        yield service


@pytest.fixture(scope="module")
def name(aws: ServiceProcess) -> str:
    return create_resources(aws.url).state_table


@pytest.fixture
def table(aws: ServiceProcess, name: str) -> Iterator[Any]:
    """A client of the table, which the test finds empty."""
    dynamodb = local_client("dynamodb", aws.url, timeout=60)
    yield dynamodb
    write(dynamodb, name, [{"DeleteRequest": {"Key": {KEY: {"N": user}}}} for user in content(dynamodb, name)])


def write(dynamodb: Any, name: str, requests: list[dict[str, Any]]) -> None:
    for start in range(0, len(requests), 25):
        dynamodb.batch_write_item(RequestItems={name: requests[start : start + 25]})


def item(mpid: str, asked: int) -> dict[str, Any]:
    return {KEY: {"N": mpid}, "asked": {"N": str(asked)}}


def put(name: str, mpid: str, asked: int) -> dict[str, Any]:
    """Return a write that an older request for a list must not win."""
    return {
        "Put": {
            "TableName": name,
            "Item": item(mpid, asked),
            "ConditionExpression": ONLY_NEWER,
            "ExpressionAttributeNames": {"#asked": "asked"},
            "ExpressionAttributeValues": {":asked": {"N": str(asked)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def update(name: str, mpid: str, asked: int) -> dict[str, Any]:
    """Return the same as an update, which changes an item where it is."""
    found = put(name, mpid, asked)["Put"]
    del found["Item"]
    return {"Update": found | {"Key": {KEY: {"N": mpid}}, "UpdateExpression": "SET #asked = :asked"}}


def content(table: Any, name: str) -> dict[str, str]:
    return {item[KEY]["N"]: item["asked"]["N"] for item in table.scan(TableName=name)["Items"]}


def test_the_table_is_keyed_by_user_and_forgets(table: Any, name: str) -> None:
    described = table.describe_table(TableName=name)["Table"]
    expiry = table.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

    assert described["KeySchema"] == [{"AttributeName": "mpid", "KeyType": "HASH"}]
    assert described["AttributeDefinitions"] == [{"AttributeName": "mpid", "AttributeType": "N"}]
    assert (expiry["AttributeName"], expiry["TimeToLiveStatus"]) == (EXPIRY, "ENABLED")


@pytest.mark.parametrize("newer", [put, update])
def test_one_older_write_cancels_its_transaction_which_leaves_everything_as_it_was(
    table: Any, name: str, newer: Any
) -> None:
    table.transact_write_items(TransactItems=[newer(name, FIRST, 5)])
    with pytest.raises(ClientError) as refused:
        table.transact_write_items(TransactItems=[newer(name, SECOND, 5), newer(name, FIRST, 4)])

    assert refused.value.response["Error"]["Code"] == "TransactionCanceledException"
    none, failed = refused.value.response["CancellationReasons"]
    assert (none["Code"], failed["Code"], failed["Item"]) == ("None", "ConditionalCheckFailed", item(FIRST, 5))
    assert content(table, name) == {FIRST: "5"}


@pytest.mark.parametrize("newer", [put, update])
def test_a_cancelled_transaction_brings_back_what_its_other_writes_changed(table: Any, name: str, newer: Any) -> None:
    table.transact_write_items(TransactItems=[newer(name, FIRST, 5), newer(name, SECOND, 5)])
    with pytest.raises(ClientError):
        table.transact_write_items(TransactItems=[newer(name, FIRST, 6), newer(name, SECOND, 4)])

    assert content(table, name) == {FIRST: "5", SECOND: "5"}


def test_a_transaction_takes_one_write_a_user(table: Any, name: str) -> None:
    with pytest.raises(ClientError) as refused:
        table.transact_write_items(TransactItems=[put(name, FIRST, 5), put(name, FIRST, 6)])

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert content(table, name) == {}


def test_many_users_are_written_read_and_deleted_at_once(table: Any, name: str) -> None:
    users = [FIRST, *map(str, range(1, 25))]
    table.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item(user, 1)}} for user in users]})

    keys = [{KEY: {"N": user}} for user in [*users, SECOND]]
    answer = table.batch_get_item(RequestItems={name: {"Keys": keys, "ProjectionExpression": KEY}})
    assert {one[KEY]["N"] for one in answer["Responses"][name]} == set(users)
    assert answer["UnprocessedKeys"] == {}

    table.batch_write_item(RequestItems={name: [{"DeleteRequest": {"Key": key}} for key in keys[:-1]]})
    assert content(table, name) == {}


@pytest.mark.parametrize("wrong", [[FIRST, FIRST], [str(number) for number in range(101)]])
def test_a_read_takes_a_hundred_users_and_each_once(table: Any, name: str, wrong: list[str]) -> None:
    with pytest.raises(ClientError) as refused:
        table.batch_get_item(RequestItems={name: {"Keys": [{KEY: {"N": user}} for user in wrong]}})

    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_transaction_of_a_hundred_is_fast_with_thousands_of_users(aws: ServiceProcess) -> None:
    """moto alone takes 20 seconds of a processor for this: it copies the table for every one of the writes."""
    name = create_resources(aws.url, ResourceSettings(prefix="many")).state_table
    table = local_client("dynamodb", aws.url, timeout=60)
    write(table, name, [{"PutRequest": {"Item": item(str(user), 1)}} for user in range(3_000)])
    before = processor_seconds(aws.process.pid)
    table.transact_write_items(TransactItems=[put(name, str(user), 2) for user in range(100)])

    assert processor_seconds(aws.process.pid) - before < 5
