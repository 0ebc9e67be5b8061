"""The state of profiles, on a DynamoDB of moto: of several processes one claims a user, and what is settled is read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from broker.failures import Misconfigured, Unavailable
from broker.profile_state import CLAIM, KEPT, ProfileState, ProfileStates
from moto import mock_aws

from tests.broker.stubs import DENIED, FAR, NOW, THROTTLED, AwsClient, FakeTime, Inline, always, client_error, in_turn

MPIDS = (-5103277684950219001, 7, 2**63 - 1)
BUSY = client_error("TransactionInProgressException")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a DynamoDB client with the table ``states``."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="states",
            KeySchema=[{"AttributeName": "mpid", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "mpid", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def process(client: Any, time: FakeTime | None = None) -> ProfileStates:
    return ProfileStates(client, "states", Inline(), (time or FakeTime()).time())


def test_a_user_without_an_item_has_a_new_state(table: Any) -> None:
    assert process(table).read(MPIDS, FAR) == dict.fromkeys(MPIDS, ProfileState())


def test_what_is_settled_is_read_again_to_the_last_digit(table: Any) -> None:
    states = process(table)
    claimed = states.claim(states.read(MPIDS, FAR), FAR)
    settled = {
        mpid: ProfileState(state.generation, 0.0, NOW + 0.123456, "f" * 32, 3, 20_710, 41)
        for mpid, state in claimed.items()
    }
    states.settle(settled, FAR)
    assert process(table).read(MPIDS, FAR) == settled


def test_a_claim_counts_the_generation_and_only_its_process_still_knows_the_list(table: Any) -> None:
    states = process(table)
    known = ProfileState(1, 0.0, NOW, "digest", 2, 1, 5)
    states.claim({7: ProfileState()}, FAR)
    states.settle({7: known}, FAR)
    [claimed] = states.claim(states.read([7], FAR), FAR).values()
    assert claimed == ProfileState(2, NOW + CLAIM, NOW, "digest", 2, 1, 5)
    assert process(table).read([7], FAR) == {7: replace(claimed, digest="")}


def test_of_two_processes_that_read_the_same_one_claims(table: Any) -> None:
    for _ in range(2):  # a new user, and then a known one
        one, other = process(table), process(table)
        seen_by_one, seen_by_other = one.read(MPIDS, FAR), other.read(MPIDS, FAR)
        assert set(one.claim({7: seen_by_one[7]}, FAR)) == {7}
        assert set(other.claim(seen_by_other, FAR)) == set(MPIDS) - {7}


def test_four_processes_claim_each_of_many_users_once(table: Any) -> None:
    users = range(1, 251)
    processes = [process(table) for _ in range(4)]
    seen = [states.read(users, FAR) for states in processes]
    claims = [
        set(states.claim({mpid: read[mpid] for mpid in users if mpid % 4 >= number}, FAR))
        for number, (states, read) in enumerate(zip(processes, seen, strict=True))
    ]
    assert claims == [set(users), set(), set(), set()]
    assert {state.generation for state in process(table).read(users, FAR).values()} == {1}


def test_an_item_expires_after_days_without_a_refresh(table: Any) -> None:
    states = process(table)
    states.claim({7: ProfileState()}, FAR)
    states.settle({7: ProfileState(1)}, FAR)
    [item] = table.scan(TableName="states")["Items"]
    assert int(item["expires"]["N"]) == int(NOW) + KEPT


def test_calls_are_as_few_as_the_limits_allow() -> None:
    client = AwsClient(
        batch_get_item=always({"Responses": {}}),
        transact_write_items=always({}),
        batch_write_item=always({"UnprocessedItems": {}}),
    )
    states = process(client)
    claimed = states.claim(states.read(range(1, 251), FAR), FAR)
    states.settle(claimed, FAR)
    calls = {name: len(client.of(name)) for name in ("batch_get_item", "transact_write_items", "batch_write_item")}
    assert calls == {"batch_get_item": 3, "transact_write_items": 3, "batch_write_item": 10}


def test_what_is_not_processed_is_asked_for_again() -> None:
    keys = {"states": {"Keys": [{"mpid": {"N": "2"}}]}}
    item = {"mpid": {"N": "2"}, "generation": {"N": "4"}}
    client = AwsClient(
        batch_get_item=in_turn(
            {"Responses": {"states": []}, "UnprocessedKeys": keys}, {"Responses": {"states": [item]}}
        ),
        batch_write_item=in_turn({"UnprocessedItems": {"states": ["one"]}}, {"UnprocessedItems": {}}),
    )
    states = process(client)
    assert states.read([1, 2], FAR) == {1: ProfileState(), 2: ProfileState(4)}
    assert client.requests[1]["RequestItems"] == keys
    states.settle({1: ProfileState(1)}, FAR)
    assert client.requests[-1]["RequestItems"] == {"states": ["one"]}


def test_a_claim_without_an_answer_is_tried_with_the_same_token_so_that_it_does_not_contest_itself() -> None:
    client = AwsClient(transact_write_items=in_turn(BUSY, BUSY, {}))
    assert set(process(client).claim({1: ProfileState()}, FAR)) == {1}
    assert len(client.requests) == 3
    assert len({request["ClientRequestToken"] for request in client.requests}) == 1


def cancelled(*codes: str) -> Any:
    error = client_error("TransactionCanceledException")
    error.response["CancellationReasons"] = [{"Code": code} for code in codes]  # type: ignore[typeddict-unknown-key]
    return error


def test_contested_claims_do_not_keep_the_others_from_being_made() -> None:
    answers = in_turn(cancelled("None", "ConditionalCheckFailed", "TransactionConflict"), {})
    client = AwsClient(transact_write_items=answers)
    assert set(process(client).claim({n: ProfileState() for n in (1, 2, 3)}, FAR)) == {1}
    assert [len(request["TransactItems"]) for request in client.requests] == [3, 1]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (DENIED, Misconfigured),
        (client_error("ResourceNotFoundException"), Misconfigured),
        (THROTTLED, Unavailable),
        (cancelled("None", "ThrottlingError"), Unavailable),
        (client_error("InternalServerError", 500), Unavailable),
    ],
)
def test_a_table_that_cannot_be_used_is_said(error: Exception, failure: type[Exception]) -> None:
    client = AwsClient(batch_get_item=always(error), transact_write_items=always(error), batch_write_item=always(error))
    states = process(client)
    with pytest.raises(failure):
        states.read([1], FAR)
    with pytest.raises(failure):
        states.claim({1: ProfileState(), 2: ProfileState()}, FAR)
    with pytest.raises(failure):
        states.settle({1: ProfileState(1)}, FAR)


def test_half_a_reply_to_a_settlement_is_no_yes() -> None:
    """botocore makes an answer without anything in it of one that broke off: it may have named unprocessed items."""
    client = AwsClient(batch_write_item=in_turn({}, {"UnprocessedItems": {}}))
    process(client).settle({7: ProfileState(1)}, FAR)
    first, second = client.of("batch_write_item")
    assert first == second
