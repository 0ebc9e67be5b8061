"""DynamoDB, SQS FIFO, PutUsers and PutItems in told time, with a latency each, as far as the functions use them."""

import json
from collections import Counter, deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from broker.clock import Clock
from broker.metadata.table import KEY

TABLE_S, QUEUE_S, PUT_S = 0.01, 0.01, 0.05  # seconds
QUOTA = 10  # calls a second, of each dataset
DEDUPLICATED, VISIBILITY, DELAY = 300, 360, 10  # seconds


@dataclass
class Time:
    """The time of whoever acts now."""

    now: float = 1_789_380_000.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @property
    def clock(self) -> Clock:
        """Return it as functions are given it."""
        return Clock(lambda: self.now, self.sleep, lambda: 1.0)


class Table:
    """A table whose key is a text. ``units``: what reads and writes are charged with."""

    def __init__(self, time: Time, seconds: float = TABLE_S) -> None:
        self._seconds = seconds
        self.items: dict[str, dict[str, Any]] = {}
        self.units, self.calls = Counter[str](), Counter[str]()
        self._time = time

    def batch_get_item(self, **request: Any) -> Any:
        """Return the items under keys."""
        self._time.sleep(self._seconds)
        [(name, wanted)] = request["RequestItems"].items()
        keys = [key[KEY]["S"] for key in wanted["Keys"]]
        self.calls["read"] += 1
        self.units["read"] += len(keys)
        return {"Responses": {name: [self.items[key] for key in keys if key in self.items]}}

    def transact_write_items(self, **request: Any) -> Any:
        """Put all items, or none where one has another version."""
        self._time.sleep(self._seconds)
        puts = [write["Put"] for write in request["TransactItems"]]
        holds = [self._holds(put) for put in puts]
        self.calls["write"] += 1
        self.units["write"] += 2 * len(puts)
        if not all(holds):
            reasons = [{"Code": "None" if held else "ConditionalCheckFailed"} for held in holds]
            response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(response, "TransactWriteItems")
        self.items |= {put["Item"][KEY]["S"]: put["Item"] for put in puts}
        return {}

    def _holds(self, put: Any) -> bool:
        item, values = self.items.get(put["Item"][KEY]["S"]), put.get("ExpressionAttributeValues")
        return item is None if values is None else item is not None and item["version"] == values[":read"]


@dataclass
class Message:
    """A message; times in epoch seconds."""

    handle: str
    body: str
    sent: float
    receives: int = 0


@dataclass
class Group:
    """The messages of a group, and until when a batch of it is out."""

    waiting: deque[Message] = field(default_factory=deque)
    out: list[Message] = field(default_factory=list)
    out_until: float = 0.0


class Fifo:
    """A queue with groups: of each, one batch is out at a time. ``most``: the most messages that there were at once."""

    def __init__(self, time: Time, seconds: float = QUEUE_S) -> None:
        self._seconds = seconds
        self.groups: dict[str, Group] = {}
        self.most = self.sent = 0
        self.per_record = Counter[str]()
        self.most_per_record = 0
        self._time = time
        self._known: dict[str, float] = {}

    def send_message_batch(self, **request: Any) -> Any:
        """Take messages, each once in five minutes."""
        self._time.sleep(self._seconds)
        for entry in request["Entries"]:
            id = entry["MessageDeduplicationId"]
            if self._time.now - self._known.get(id, 0.0) < DEDUPLICATED:
                continue
            self._known[id] = self._time.now
            group = self.groups.setdefault(entry["MessageGroupId"], Group())
            group.waiting.append(Message(f"{id}@{self._time.now}", entry["MessageBody"], self._time.now))
            self.sent += 1
            self.per_record[entry["MessageBody"]] += 1
            self.most_per_record = max(self.most_per_record, self.per_record[entry["MessageBody"]])
        self.most = max(self.most, len(self))
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def change_message_visibility_batch(self, **request: Any) -> Any:
        """Let messages come back sooner."""
        for group in self.groups.values():
            for entry in request["Entries"]:
                if any(message.handle == entry["ReceiptHandle"] for message in group.out):
                    group.out_until = self._time.now + entry["VisibilityTimeout"]
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def receive(self, name: str) -> list[Message]:
        """Return up to ten messages of a group."""
        group = self.groups.get(name)
        if group is None or self._time.now < group.out_until:
            return []
        group.waiting.extendleft(reversed(group.out))
        group.out = []
        while group.waiting and len(group.out) < 10 and group.waiting[0].sent + DELAY <= self._time.now:
            message = group.waiting.popleft()
            message.receives += 1
            group.out.append(message)
        group.out_until = self._time.now + VISIBILITY if group.out else 0.0
        return group.out

    def finish(self, name: str, failed: set[str]) -> None:
        """Delete what was received and did not fail."""
        group = self.groups[name]
        self.per_record -= Counter(message.body for message in group.out if message.handle not in failed)
        group.out = [message for message in group.out if message.handle in failed]
        group.out_until = group.out_until if group.out else 0.0

    def __len__(self) -> int:
        return sum(len(group.waiting) + len(group.out) for group in self.groups.values())


class Datasets:
    """Both datasets: their records, and when they were called."""

    def __init__(self, time: Time) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.called: dict[str, list[float]] = {"users": [], "items": []}
        self.throttled = self.put = 0
        self._time = time

    def put_users(self, **request: Any) -> Any:
        """Put users."""
        return self._put("users", {user["userId"]: user["properties"] for user in request["users"]})

    def put_items(self, **request: Any) -> Any:
        """Put items."""
        return self._put("items", {item["itemId"]: item["properties"] for item in request["items"]})

    def _put(self, dataset: str, records: dict[str, str]) -> Any:
        called = self.called[dataset]
        called.append(self._time.now)
        if len([at for at in called[-QUOTA - 1 :] if at > self._time.now - 1]) > QUOTA:
            self.throttled += 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "PutUsers")
        self._time.sleep(PUT_S)
        self.put += len(records)
        self.records |= {f"{dataset}:{id}": json.loads(properties) for id, properties in records.items()}
        return {}


def client_of(*ends: Any) -> Any:
    """Return what has the methods of several ends."""
    methods = {name: getattr(end, name) for end in ends for name in dir(end) if not name.startswith("_")}
    return SimpleNamespace(**methods)
