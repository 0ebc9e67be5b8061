"""The state of profiles, on a DynamoDB of moto: of several processes one claims a user, and what is settled is read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
from broker.failures import Misconfigured, Unavailable
from broker.profile_state import KEPT, ProfileState, ProfileStates
from moto import mock_aws

from tests.broker.stubs import DENIED, FAR, NOW, THROTTLED, AwsClient, FakeTime, Inline, always, client_error, in_turn

MPIDS = (-5103277684950219001, 7, 2**63 - 1)
BUSY = client_error("TransactionInProgressException")
UNTIL = NOW + 100


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


def claimed_of(states: ProfileStates, read: Mapping[int, ProfileState]) -> dict[int, ProfileState]:
    claimed, unavailable = states.claim(read, UNTIL, FAR)
    assert unavailable == {}
    return claimed


def test_a_user_without_an_item_has_a_new_state(table: Any) -> None:
    assert process(table).read(MPIDS, FAR) == dict.fromkeys(MPIDS, ProfileState())


def test_what_is_settled_is_read_again_to_the_last_digit(table: Any) -> None:
    states = process(table)
    claimed = claimed_of(states, states.read(MPIDS, FAR))
    settled = {
        mpid: ProfileState(state.generation, 0.0, NOW + 0.123456, "f" * 32, 3, 20_710, 41)
        for mpid, state in claimed.items()
    }
    states.settle(settled, FAR)
    assert process(table).read(MPIDS, FAR) == settled


def test_a_claim_counts_the_generation_and_only_its_process_still_knows_the_list(table: Any) -> None:
    states = process(table)
    known = ProfileState(1, 0.0, NOW, "digest", 2, 1, 5)
    claimed_of(states, {7: ProfileState()})
    states.settle({7: known}, FAR)
    [claimed] = claimed_of(states, states.read([7], FAR)).values()
    assert claimed == ProfileState(2, UNTIL, NOW, "digest", 2, 1, 5)
    assert process(table).read([7], FAR) == {7: replace(claimed, digest="")}


def test_of_two_processes_that_read_the_same_one_claims(table: Any) -> None:
    for _ in range(2):  # a new user, and then a known one
        one, other = process(table), process(table)
        seen_by_one, seen_by_other = one.read(MPIDS, FAR), other.read(MPIDS, FAR)
        assert set(claimed_of(one, {7: seen_by_one[7]})) == {7}
        assert set(claimed_of(other, seen_by_other)) == set(MPIDS) - {7}


def test_four_processes_claim_each_of_many_users_once(table: Any) -> None:
    users = range(1, 121)  # more than one transaction takes
    processes = [process(table) for _ in range(4)]
    seen = [states.read(users, FAR) for states in processes]
    claims = [
        set(claimed_of(states, {mpid: read[mpid] for mpid in users if mpid % 4 >= number}))
        for number, (states, read) in enumerate(zip(processes, seen, strict=True))
    ]
    assert claims == [set(users), set(), set(), set()]
    assert {state.generation for state in process(table).read(users, FAR).values()} == {1}


def test_an_item_expires_after_days_without_a_refresh(table: Any) -> None:
    states = process(table)
    claimed_of(states, {7: ProfileState()})
    states.settle({7: ProfileState(1)}, FAR)
    [item] = table.scan(TableName="states")["Items"]
    assert int(item["expires"]["N"]) == int(NOW) + KEPT


def test_a_settlement_that_arrives_after_another_claim_changes_nothing(table: Any) -> None:
    """One that timed out at the client may be done later, when its claim has ended."""
    states = process(table)
    late = {7: replace(claimed_of(states, {7: ProfileState()})[7], claimed_until=0.0, digest="older")}
    other = process(table)
    [claim] = claimed_of(other, other.read([7], FAR)).values()
    states.settle(late, FAR)
    assert other.read([7], FAR) == {7: claim}
    other.settle({7: replace(claim, claimed_until=0.0, digest="newer")}, FAR)
    states.settle(late, FAR)
    assert other.read([7], FAR)[7].digest == "newer"


def test_a_settlement_of_a_user_who_was_erased_meanwhile_brings_nothing_back(table: Any) -> None:
    states = process(table)
    claimed = claimed_of(states, dict.fromkeys(MPIDS, ProfileState()))
    table.delete_item(TableName="states", Key={"mpid": {"N": "7"}})
    states.settle(claimed, FAR)
    assert {int(item["mpid"]["N"]) for item in table.scan(TableName="states")["Items"]} == set(MPIDS) - {7}


def test_calls_are_as_few_as_the_limits_allow() -> None:
    client = AwsClient(batch_get_item=always({"Responses": {}}), transact_write_items=always({}))
    states = process(client)
    states.settle(claimed_of(states, states.read(range(1, 251), FAR)), FAR)
    assert (len(client.of("batch_get_item")), len(client.of("transact_write_items"))) == (3, 6)


def test_what_is_not_read_is_asked_for_again() -> None:
    keys = {"states": {"Keys": [{"mpid": {"N": "2"}}]}}
    item = {"mpid": {"N": "2"}, "generation": {"N": "4"}}
    client = AwsClient(
        batch_get_item=in_turn(
            {"Responses": {"states": []}, "UnprocessedKeys": keys}, {"Responses": {"states": [item]}}
        ),
    )
    assert process(client).read([1, 2], FAR) == {1: ProfileState(), 2: ProfileState(4)}
    assert client.requests[1]["RequestItems"] == keys


def test_a_claim_without_an_answer_is_tried_with_the_same_token_so_that_it_does_not_contest_itself() -> None:
    client = AwsClient(transact_write_items=in_turn(BUSY, BUSY, {}))
    assert set(claimed_of(process(client), {1: ProfileState()})) == {1}
    assert len(client.requests) == 3
    assert len({request["ClientRequestToken"] for request in client.requests}) == 1


def cancelled(*codes: str) -> Any:
    error = client_error("TransactionCanceledException")
    error.response["CancellationReasons"] = [{"Code": code} for code in codes]  # type: ignore[typeddict-unknown-key]
    return error


def test_contested_claims_do_not_keep_the_others_from_being_made() -> None:
    answers = in_turn(cancelled("None", "ConditionalCheckFailed", "TransactionConflict"), {})
    client = AwsClient(transact_write_items=answers)
    assert set(claimed_of(process(client), {n: ProfileState() for n in (1, 2, 3)})) == {1}
    assert [len(request["TransactItems"]) for request in client.requests] == [3, 1]


def test_a_settlement_that_conflicts_with_another_call_is_tried_again_and_one_that_is_refused_is_not() -> None:
    answers = in_turn(cancelled("TransactionConflict", "ConditionalCheckFailed"), cancelled("TransactionConflict"), {})
    client = AwsClient(transact_write_items=answers)
    assert process(client).settle({1: ProfileState(1), 2: ProfileState(1)}, FAR) == {}
    items = [[item["Put"]["Item"]["mpid"]["N"] for item in request["TransactItems"]] for request in client.requests]
    assert items == [["1", "2"], ["1"], ["1"]]


@pytest.mark.parametrize("error", [DENIED, client_error("ResourceNotFoundException")])
def test_a_table_that_cannot_be_used_is_said(error: Exception) -> None:
    states = process(AwsClient(batch_get_item=always(error), transact_write_items=always(error)))
    with pytest.raises(Misconfigured):
        states.read([1], FAR)
    with pytest.raises(Misconfigured):
        states.claim({1: ProfileState(), 2: ProfileState()}, UNTIL, FAR)
    with pytest.raises(Misconfigured):
        states.settle({1: ProfileState(1)}, FAR)


@pytest.mark.parametrize(
    "error", [THROTTLED, cancelled("None", "ThrottlingError"), client_error("InternalServerError", 500)]
)
def test_the_users_about_whom_the_table_gives_no_answer_are_said_and_the_others_are_claimed(error: Exception) -> None:
    client = AwsClient(
        batch_get_item=always(error),
        transact_write_items=lambda request: error if len(request["TransactItems"]) == 100 else {},
    )
    states = process(client)
    with pytest.raises(Unavailable):
        states.read([1], FAR)
    claimed, unavailable = states.claim({number: ProfileState() for number in range(150)}, UNTIL, FAR)
    assert (set(claimed), set(unavailable)) == (set(range(100, 150)), set(range(100)))
    assert set(states.settle({number: ProfileState(1) for number in range(150)}, FAR)) == set(range(100))
