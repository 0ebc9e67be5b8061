"""A stream's processes, a table, a FIFO queue and the datasets behind it, in told time."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.metadata.collector import MetadataCollector
from broker.metadata.columns import ITEMS, USERS, Column
from broker.metadata.puts import MetadataPuts
from broker.metadata.queue import MetadataQueue
from broker.metadata.sender import MetadataSender
from broker.metadata.sightings import Mapped, Sighting
from broker.metadata.state import Policy
from broker.metadata.table import KEY, MetadataTable
from broker.queue_calls import QueueCalls
from broker.suppression_store import SuppressionStore
from broker.telemetry import Counts

from tests.broker.stubs import NOW, AwsClient, FakeTime, Inline, Table, client_error

DEDUPLICATED, VISIBILITY = 300, 360  # seconds
ARN = "arn:aws:sqs:us-east-1:123456789012:metadata.fifo"
ARNS = {name: f"arn:aws:personalize:us-east-1:123456789012:dataset/shop/{name.upper()}" for name in (USERS, ITEMS)}
NAME, PRICE = Column("NAME", "name", "string", is_required=True), Column("PRICE", "price", "float")
TIER = Column("TIER", "tier", "string")
MAPPED = Mapped(users=(TIER,), items=(NAME, PRICE))
REFUSED = client_error("InvalidInputException", 400, "properties: secret", "PutItems")


def saw(item: str = "mug", at: float = 0, **fields: Any) -> Sighting:
    """Return a sighting of an item; ``at``: seconds."""
    time_ms = int(1000 * (NOW + at))
    return Sighting(ITEMS, item, "7", {name: (time_ms, value) for name, value in fields.items()}, time_ms)


def saw_user(user: int = 7, at: float = 0, **fields: Any) -> Sighting:
    """Return a sighting of a user."""
    time_ms = int(1000 * (NOW + at))
    stamped = {name: (time_ms, value) for name, value in fields.items()}
    return Sighting(USERS, str(user), str(user), stamped, time_ms)


class Fifo(AwsClient):
    """A FIFO queue: a message once in five minutes, and of a group no second batch while one is out."""

    def __init__(self, time: FakeTime) -> None:
        self.messages: list[dict[str, Any]] = []
        self.error: Any = None
        self._time = time
        self._known: dict[str, float] = {}
        super().__init__(
            send_message_batch=lambda request: self.error or self._send(request),
            change_message_visibility_batch=lambda request: self._hide(request),
        )

    def _send(self, request: Mapping[str, Any]) -> Any:
        for entry in request["Entries"]:
            id = entry["MessageDeduplicationId"]
            if self._time.now - self._known.get(id, 0.0) >= DEDUPLICATED:
                self._known[id] = self._time.now
                own = {"handle": f"{id}@{self._time.now}", "sent": self._time.now, "visible": 0.0, "receives": 0}
                self.messages.append({**own, "group": entry["MessageGroupId"], "body": entry["MessageBody"]})
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def _hide(self, request: Mapping[str, Any]) -> Any:
        pauses = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in request["Entries"]}
        for message in self.messages:
            if message["handle"] in pauses:
                message["visible"] = self._time.now + pauses[message["handle"]]
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def receive(self) -> list[dict[str, Any]]:
        """Return up to ten messages of groups of which none is out."""
        out = {message["group"] for message in self.messages if message["visible"] > self._time.now}
        received = [message for message in self.messages if message["group"] not in out][:10]
        for message in received:
            message["visible"], message["receives"] = self._time.now + VISIBILITY, message["receives"] + 1
        return received

    def delete(self, message: Mapping[str, Any]) -> None:
        """Delete a message."""
        self.messages = [one for one in self.messages if one["handle"] != message["handle"]]

    def waiting(self) -> Counter[str]:
        """Return how many messages there are for each record."""
        return Counter(json.loads(message["body"])["key"] for message in self.messages)


class Datasets(AwsClient):
    """PutUsers and PutItems: the records by id, all that was put, and when. ``refuses``: ids that make a call fail."""

    def __init__(self, time: FakeTime) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[str, dict[str, Any]]] = []
        self.called: dict[str, list[float]] = {USERS: [], ITEMS: []}
        self.refuses: set[str] = set()
        self.error: Callable[[], Any] = lambda: None
        self._time = time
        super().__init__(
            put_users=lambda request: self._put(request, USERS, "userId"),
            put_items=lambda request: self._put(request, ITEMS, "itemId"),
        )

    def _put(self, request: Mapping[str, Any], dataset: str, id: str) -> Any:
        assert request["datasetArn"] == ARNS[dataset]
        self.called[dataset].append(self._time.now)
        if error := self.error():
            return error
        if self.refuses & {record[id] for record in request[dataset]}:
            return REFUSED
        for record in request[dataset]:
            self.records[record[id]] = json.loads(record["properties"])
            self.history.append((record[id], self.records[record[id]]))
        return {}


@dataclass
class World:
    """What all processes share; ``collector()`` starts one of ``ingest``."""

    merges_items: bool = True
    confirm_every: float = 900.0
    time: FakeTime = field(default_factory=FakeTime)
    suppressed: SuppressionStore | None = None

    def __post_init__(self) -> None:
        self.table_end = Table(key=KEY)
        self.fifo = Fifo(self.time)
        self.datasets = Datasets(self.time)
        self.counts = Counts()
        self.policies = {
            USERS: Policy(MAPPED.users, confirm_every=self.confirm_every),
            ITEMS: Policy(MAPPED.items, adds_only=not self.merges_items, confirm_every=self.confirm_every),
        }
        self.sender = self.make_sender()

    @property
    def table(self) -> MetadataTable:
        """Return the table, as a process opens it."""
        return MetadataTable(self.table_end, "metadata", Inline(), self.time.time())

    @property
    def queue(self) -> MetadataQueue:
        """Return the queue, as a process opens it."""
        return MetadataQueue(QueueCalls(self.fifo, "https://queue", Inline(), self.time.time()))

    def collector(self) -> MetadataCollector:
        """Return a process of ``ingest`` that knows nothing yet."""
        return MetadataCollector(MAPPED, self.table, self.queue, self.policies, self.time.time())

    def make_sender(self) -> MetadataSender:
        """Return a process of ``put_metadata``."""
        puts = MetadataPuts(self.datasets, ARNS, self.time.time())
        clock = self.time.time()
        return MetadataSender(puts, self.table, lambda arn: self.queue, self.policies, clock, self.suppressed)

    def collect(self, *sightings: Sighting, process: MetadataCollector | None = None) -> Counts:
        """Let a process see something; without one, a new one."""
        self.counts = Counts()
        (process or self.collector()).collect(sightings, self.time.now + 60, self.counts)
        return self.counts

    def invoke(self) -> list[str]:
        """Let one batch of messages be worked off; return the failed ones."""
        received = self.fifo.receive()
        if not received:
            return []
        self.counts = Counts()
        answer = self.sender.run([as_lambda_passes(one) for one in received], self.time.now + 50, self.counts)
        failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
        for message in received:
            if message["handle"] not in failed:
                self.fifo.delete(message)
        return failed

    def drain(self, invocations: int = 1_000) -> None:
        """Work off the queue."""
        for _ in range(invocations):
            if not self.fifo.messages:
                return
            self.invoke()
            self.time.now += 1
        raise AssertionError(f"{len(self.fifo.messages)} messages are left")


def as_lambda_passes(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as a record of Lambda's SQS event."""
    times = {"ApproximateReceiveCount": str(message["receives"]), "SentTimestamp": str(int(message["sent"] * 1000))}
    return {
        "messageId": message["handle"],
        "receiptHandle": message["handle"],
        "body": message["body"],
        "attributes": times,
        "eventSourceARN": ARN,
    }
