"""What the stub's services answer: Amazon Personalize, mParticle, SQS, DynamoDB, Kinesis and Secrets Manager.

Only what the rivals' calls need, and nothing is checked that a real service would refuse: a PutEvents of more than ten
events is taken, too. DynamoDB keeps its items, and refuses a transaction whose conditions do not hold.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Item = dict[str, dict[str, str]]
RECOMMENDATIONS = 10
SECRET = {"SecretString": json.dumps({"key": "key", "secret": "secret"})}
ASSIGNMENT = re.compile(r"(\w+) = (:\w+)")
NO_ITEM, SAME_VALUE = re.compile(r"attribute_not_exists\((\w+)\)"), ASSIGNMENT


@dataclass(frozen=True)
class Answer:
    """A reply; ``error`` is its AWS error code, if it is one."""

    status: int
    body: bytes
    error: str = ""


class NotSupported(ValueError):
    """A request that the stub knows no answer to."""


@dataclass
class Services:
    """All services, and what they were sent: requests by operation, and their parts (events, users, profiles)."""

    requests: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    event_ids: set[str] = field(default_factory=set)
    messages: dict[str, list[str]] = field(default_factory=dict)
    tables: defaultdict[str, dict[str, Item]] = field(default_factory=lambda: defaultdict(dict))
    tokens: set[str] = field(default_factory=set)

    def answer(self, operation: str, body: bytes) -> Answer:
        """Answer a request. Raises NotSupported."""
        self.requests[operation] += 1
        if operation not in OPERATIONS:
            raise NotSupported(operation)
        return OPERATIONS[operation](self, json.loads(body))

    def put_events(self, request: Mapping[str, Any]) -> Answer:
        self.parts["interactions"] += len(request["eventList"])
        self.event_ids.update(event["eventId"] for event in request["eventList"])
        return _ok({})

    def get_recommendations(self, request: Mapping[str, Any]) -> Answer:
        first = int(request["userId"]) % 7919
        items = [{"itemId": f"SKU-{(first + 97 * place) % 10_000:05}"} for place in range(RECOMMENDATIONS)]
        return _ok({"itemList": items, "recommendationId": f"RID-{first}"})

    def upload(self, request: Mapping[str, Any]) -> Answer:
        self.parts["profiles"] += 1
        return Answer(202, b"")

    def bulk_upload(self, request: Sequence[Any]) -> Answer:
        self.parts["profiles"] += len(request)
        return Answer(202, b"")

    def send_message_batch(self, request: Mapping[str, Any]) -> Answer:
        entries = request["Entries"]
        queue = self.messages.setdefault(request["QueueUrl"].rpartition("/")[2], [])
        queue += [entry["MessageBody"] for entry in entries]
        self.parts["messages"] += len(entries)
        taken = [{"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""} for entry in entries]
        return _ok({"Successful": taken, "Failed": []})

    def change_message_visibility_batch(self, request: Mapping[str, Any]) -> Answer:
        return _ok({"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []})

    def batch_get_item(self, request: Mapping[str, Any]) -> Answer:
        ((table, keys),) = request["RequestItems"].items()
        items, wanted = self.tables[table], (_key(key) for key in keys["Keys"])
        return _ok({"Responses": {table: [items[key] for key in wanted if key in items]}, "UnprocessedKeys": {}})

    def batch_write_item(self, request: Mapping[str, Any]) -> Answer:
        for table, puts in request["RequestItems"].items():
            self.tables[table] |= {_key(put["PutRequest"]["Item"]): put["PutRequest"]["Item"] for put in puts}
        return _ok({"UnprocessedItems": {}})

    def transact_write_items(self, request: Mapping[str, Any]) -> Answer:
        """Make all writes or none; a token that succeeded once succeeds again without an effect."""
        token = request.get("ClientRequestToken", "")
        if token and token in self.tokens:
            return _ok({})
        writes = [write for each in request["TransactItems"] for write in each.values()]
        holds = [_holds(write, self.tables[write["TableName"]].get(_key_of(write))) for write in writes]
        if not all(holds):
            reasons = [{"Code": "None" if kept else "ConditionalCheckFailed"} for kept in holds]
            return _error("TransactionCanceledException", CancellationReasons=reasons)
        for write in writes:
            items = self.tables[write["TableName"]]
            before = items.get(_key_of(write), write.get("Key", {}))
            items[_key_of(write)] = write["Item"] if "Item" in write else {**before, **_assigned(write)}
        self.tokens |= {token} - {""}
        return _ok({})


def _ok(body: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode())


def _error(code: str, **more: Any) -> Answer:
    return Answer(400, json.dumps({"__type": code, "message": code, **more}).encode(), code)


def throttled() -> Answer:
    """Return what AWS answers above a quota."""
    return _error("ThrottlingException")


def _key(item: Mapping[str, Mapping[str, str]]) -> str:
    return item["mpid"]["N"]


def _key_of(write: Mapping[str, Any]) -> str:
    """Return the key of an update, or of a put."""
    return _key(write["Key"] if "Key" in write else write["Item"])


def _holds(update: Mapping[str, Any], item: Item | None) -> bool:
    condition = update["ConditionExpression"]
    if NO_ITEM.fullmatch(condition):
        return item is None
    same = SAME_VALUE.fullmatch(condition)
    if not same:
        raise NotSupported(condition)
    name, value = same.groups()
    return item is not None and item.get(name) == update["ExpressionAttributeValues"][value]


def _assigned(update: Mapping[str, Any]) -> Item:
    expression = update["UpdateExpression"]
    if not expression.startswith("SET "):
        raise NotSupported(expression)
    return {
        name: update["ExpressionAttributeValues"][value]
        for name, value in ASSIGNMENT.findall(expression.removeprefix("SET "))
    }


OPERATIONS: dict[str, Callable[[Services, Any], Answer]] = {
    "PutEvents": Services.put_events,
    "GetRecommendations": Services.get_recommendations,
    "Upload": Services.upload,
    "BulkUpload": Services.bulk_upload,
    "SendMessageBatch": Services.send_message_batch,
    "ChangeMessageVisibilityBatch": Services.change_message_visibility_batch,
    "BatchGetItem": Services.batch_get_item,
    "BatchWriteItem": Services.batch_write_item,
    "TransactWriteItems": Services.transact_write_items,
    "DescribeStreamSummary": lambda services, request: _ok({"StreamDescriptionSummary": {"OpenShardCount": 1}}),
    "GetSecretValue": lambda services, request: _ok(SECRET),
}
PATHS = {
    "/events": "PutEvents",
    "/recommendations": "GetRecommendations",
    "/v2/events": "Upload",
    "/v2/bulkevents": "BulkUpload",
}


def operation_of(path: str, target: str) -> str:
    """Return the operation of a request: by its path, else by its ``X-Amz-Target``."""
    return PATHS.get(path) or target.rpartition(".")[2] or path
