"""500 events a second over 20,000 users and 2,000 items whose fields change, in told time.

python -m bench.metadata.virtual [--seconds 180] [--rate 500] [--users 20000] [--items 2000]

The broker's own collector and sender, with ends of a fixed latency in place of the network. Each event changes its
user, and its item's price. Printed: calls a second, the queue, and how long after the load every record is the newest.
"""

import argparse
import heapq
import json
import random
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from broker.metadata.collector import MetadataCollector
from broker.metadata.columns import ITEMS, USERS, Column
from broker.metadata.puts import MetadataPuts
from broker.metadata.queue import MetadataQueue
from broker.metadata.sender import MetadataSender
from broker.metadata.sightings import Mapped, Sighting
from broker.metadata.state import Policy
from broker.metadata.table import MetadataTable
from broker.queue_calls import QueueCalls
from broker.telemetry import Counts

from bench.metadata.ends import Datasets, Fifo, Message, Table, Time

PROCESSES = 8  # of ingest: two readers of each of four shards
INVOKED_S, POLLED_S = 0.02, 0.25  # what Lambda takes from one batch to the next, and waits where there is none
MAPPED = Mapped(
    (Column("POINTS", "points", "int"),), (Column("NAME", "name", "string"), Column("PRICE", "price", "float"))
)
POLICIES = {USERS: Policy(MAPPED.users), ITEMS: Policy(MAPPED.items)}


class Inline(Executor):
    """Runs what is submitted at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass
class Load:
    """What is sent: the rate in events a second, for how many seconds, over how many users and items."""

    rate: int
    seconds: int
    users: int
    items: int


@dataclass
class World:
    """The ends, the processes, and the newest of each record that was sent."""

    load: Load
    time: Time = field(default_factory=Time)
    newest: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table, self.fifo, self.datasets = Table(self.time), Fifo(self.time), Datasets(self.time)
        self.began = self.time.now
        self._chance = random.Random(1)  # noqa: S311
        self._sent = 0
        clock = self.time.clock
        table = MetadataTable(self.table, "metadata", Inline(), clock)
        queue = MetadataQueue(QueueCalls(self.fifo, "https://queue", Inline(), clock))
        self.ingest = [MetadataCollector(MAPPED, table, queue, POLICIES, clock) for _ in range(PROCESSES)]
        self.senders = {
            dataset: MetadataSender(
                MetadataPuts(self.datasets, {dataset: dataset}, clock), table, lambda arn: queue, POLICIES, clock
            )
            for dataset in POLICIES
        }
        self.failed = 0

    def see(self, process: int) -> float | None:
        """Let a process of ingest see its share of a second; return when it is due again."""
        began = self.time.now
        seen = [one for _ in range(self.load.rate // PROCESSES) for one in self._event()]
        counts = Counts()
        self.ingest[process].collect(seen, began + 50, counts)
        self.failed += counts.outcomes["MetadataFailed"]  # type: ignore[index]
        return began + 1 if began + 1 < self.began + self.load.seconds else None

    def send(self, dataset: str) -> float:
        """Let a batch of a dataset's messages be worked off; return when the next one is due."""
        received = self.fifo.receive(dataset)
        if not received:
            return self.time.now + POLLED_S
        records = [_as_lambda_passes(message) for message in received]
        answer = self.senders[dataset].run(records, self.time.now + 50, Counts())
        self.fifo.finish(dataset, {one["itemIdentifier"] for one in answer["batchItemFailures"]})
        return self.time.now + INVOKED_S

    def run(self) -> float:
        """Play the load to its end; return the seconds after it until every record is the newest."""
        due: list[tuple[float, int, str]] = [(self.began + n / PROCESSES, n, "") for n in range(PROCESSES)]
        due += [(self.began, PROCESSES + n, dataset) for n, dataset in enumerate(POLICIES)]
        heapq.heapify(due)
        ended = self.began + self.load.seconds
        while True:
            self.time.now, actor, dataset = heapq.heappop(due)
            at = self.send(dataset) if dataset else self.see(actor)
            if at is not None:
                heapq.heappush(due, (at, actor, dataset))
            if self.time.now > ended and not len(self.fifo):
                return self.time.now - ended

    def _event(self) -> list[Sighting]:
        self._sent += 1
        user, item = str(self._chance.randrange(self.load.users)), str(self._chance.randrange(self.load.items))
        self.newest[f"users:{user}"] = {"points": self._sent}
        self.newest[f"items:{item}"] = {"name": f"Item {item}", "price": float(self._sent)}
        time_ms = int(self.time.now * 1000)
        fields = {"NAME": (time_ms, f"Item {item}"), "PRICE": (time_ms, float(self._sent))}
        return [
            Sighting(USERS, user, user, {"POINTS": (time_ms, self._sent)}, time_ms),
            Sighting(ITEMS, item, user, fields, time_ms),
        ]


def _as_lambda_passes(message: Message) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(message.receives), "SentTimestamp": str(int(message.sent * 1000))}
    ids = dict.fromkeys(("messageId", "receiptHandle"), message.handle)
    return {**ids, "body": message.body, "attributes": attributes, "eventSourceARN": "arn:aws:sqs:r:1:q"}


def most_in_a_second(times: list[float]) -> int:
    """Return the most calls that started within a second."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def report(load: Load) -> dict[str, Any]:
    """Play a load; return what is printed."""
    world = World(load)
    after = world.run()
    events = load.rate // PROCESSES * PROCESSES * load.seconds
    calls = world.datasets.called
    return {
        "events": events,
        "records": len(world.newest),
        "seconds after the load until all are the newest": round(after, 1),
        "not the newest then": sum(world.datasets.records.get(key) != value for key, value in world.newest.items()),
        "most calls within a second": {name: most_in_a_second(times) for name, times in calls.items()},
        "calls per second on average": {
            name: round(len(times) / (times[-1] - times[0]), 2) for name, times in calls.items()
        },
        "throttled": world.datasets.throttled,
        "records put": world.datasets.put,
        "most messages at once": world.fifo.most,
        "most messages of one record": world.fifo.most_per_record,
        "messages sent": world.fifo.sent,
        "table units per event": {name: round(number / events, 2) for name, number in world.table.units.items()},
        "table calls per event": {name: round(number / events, 3) for name, number in world.table.calls.items()},
        "failed": world.failed,
    }


def main() -> None:
    """Print the report of a load as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=2_000)
    print(json.dumps(report(Load(**vars(parser.parse_args()))), indent=2))


if __name__ == "__main__":
    main()
