"""The stub's services: what the rivals rely on."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bench.loop.services.answers import NotSupported, Services, operation_of
from bench.loop.services.stub import HANGS, Behaviour, Stub

EVENT = json.dumps({"eventList": [{"eventId": "a"}, {"eventId": "b"}]}).encode()


def sent(services: Services, operation: str, request: Mapping[str, Any]) -> Any:
    return json.loads(services.answer(operation, json.dumps(request).encode()).body)


def claim(mpid: int, generation: int, read: int | None = None, token: str = "") -> dict[str, Any]:
    values = {":generation": {"N": str(generation)}} | ({} if read is None else {":read": {"N": str(read)}})
    update = {
        "TableName": "t",
        "Key": {"mpid": {"N": str(mpid)}},
        "UpdateExpression": "SET generation = :generation",
        "ConditionExpression": "attribute_not_exists(mpid)" if read is None else "generation = :read",
        "ExpressionAttributeValues": values,
    }
    return {"TransactItems": [{"Update": update}], "ClientRequestToken": token}


def items(services: Services, *mpids: int) -> Any:
    keys = [{"mpid": {"N": str(mpid)}} for mpid in mpids]
    return sent(services, "BatchGetItem", {"RequestItems": {"t": {"Keys": keys}}})["Responses"]["t"]


def test_an_item_is_claimed_once_and_then_only_in_the_state_that_was_read() -> None:
    services = Services()
    assert items(services, 1) == []
    assert sent(services, "TransactWriteItems", claim(1, 1)) == {}
    assert items(services, 1, 2) == [{"mpid": {"N": "1"}, "generation": {"N": "1"}}]
    for refused in (claim(1, 1), claim(1, 9, read=2), claim(2, 2, read=1)):
        assert sent(services, "TransactWriteItems", refused)["CancellationReasons"] == [
            {"Code": "ConditionalCheckFailed"}
        ]
    assert sent(services, "TransactWriteItems", claim(1, 2, read=1)) == {}
    assert items(services, 1)[0]["generation"] == {"N": "2"}


def test_a_transaction_with_one_refused_claim_changes_nothing() -> None:
    services = Services()
    sent(services, "TransactWriteItems", claim(1, 1))
    both = {"TransactItems": claim(1, 1)["TransactItems"] + claim(2, 1)["TransactItems"]}
    reasons = sent(services, "TransactWriteItems", both)["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ConditionalCheckFailed", "None"]
    assert items(services, 2) == []


def test_a_repeated_token_succeeds_without_an_effect() -> None:
    services = Services()
    assert sent(services, "TransactWriteItems", claim(1, 1, token="x")) == {}
    assert sent(services, "TransactWriteItems", claim(1, 1, token="x")) == {}


def test_a_put_replaces_the_item_if_its_condition_holds() -> None:
    services = Services()
    sent(services, "TransactWriteItems", claim(1, 1))
    item = {"mpid": {"N": "1"}, "generation": {"N": "1"}, "digest": {"S": "d"}}
    for claimed, digest in ((1, {"S": "d"}), (2, {"S": "late"})):
        put = {
            "TableName": "t",
            "Item": item | {"digest": digest},
            "ConditionExpression": "generation = :claimed",
            "ExpressionAttributeValues": {":claimed": {"N": str(claimed)}},
        }
        sent(services, "TransactWriteItems", {"TransactItems": [{"Put": put}]})
    assert items(services, 1) == [item]


@pytest.mark.parametrize("name", ["ConditionExpression", "UpdateExpression"])
def test_an_expression_that_the_stub_does_not_know_is_no_success(name: str) -> None:
    request = claim(1, 1)
    request["TransactItems"][0]["Update"][name] = "size(mpid) > :generation"
    with pytest.raises(NotSupported):
        sent(Services(), "TransactWriteItems", request)


def test_an_operation_that_the_stub_does_not_know_is_no_success() -> None:
    with pytest.raises(NotSupported):
        Services().answer("DeleteTable", b"{}")


def test_an_operation_is_known_by_its_path_or_its_target() -> None:
    assert operation_of("/v2/bulkevents", "") == "BulkUpload"
    assert operation_of("/", "DynamoDB_20120810.BatchGetItem") == "BatchGetItem"


def test_one_request_in_so_many_hangs() -> None:
    stub = Stub()
    stub.set(Behaviour(0.02, latency_of={"Upload": 2.0}, hangs=4))
    assert [stub.answer("PutEvents", EVENT)[0] for _ in range(8)] == [0.02, HANGS, 0.02, 0.02, 0.02, HANGS, 0.02, 0.02]
    assert stub.answer("Upload", b"{}")[0] == 2.0
    assert stub.counts()["parts"] == {"interactions": 16, "event_ids": 2, "profiles": 1}


def test_requests_above_a_limit_are_throttled_and_have_no_effect() -> None:
    stub = Stub()
    stub.set(Behaviour(limit_of={"PutEvents": 1.0}))
    answers = [stub.answer("PutEvents", EVENT)[1] for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 400, 400]
    assert answers[1].error == "ThrottlingException"
    assert stub.counts()["requests"] == {"PutEvents": 3}
    assert (stub.refused, stub.counts()["parts"]["event_ids"]) == (2, 2)


def test_items_are_kept_by_table() -> None:
    services = Services()
    item = {"mpid": {"N": "1"}, "shown": {"S": "[]"}}
    sent(services, "BatchWriteItem", {"RequestItems": {"other": [{"PutRequest": {"Item": item}}]}})
    assert items(services, 1) == []
    asked = {"RequestItems": {"other": {"Keys": [{"mpid": {"N": "1"}}]}}}
    assert sent(services, "BatchGetItem", asked)["Responses"] == {"other": [item]}
