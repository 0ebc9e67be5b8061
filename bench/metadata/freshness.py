"""Freshness of interactions with users and items beside them, and without, in told time.

python -m bench.metadata.freshness [--rate 62] [--seconds 120]

One reader of a shard, as Lambda runs it: a batch is what arrives within a second, which begins when the batch before is
done. Calls take 50 ms to Personalize, and 10 ms to table and queue, each 16 at once. Printed: how long interactions
take from their arrival to Personalize, and how long an invocation takes. Processor time is not in it.
"""

import argparse
import base64
import json
import random
import statistics
from typing import Any

from broker.ingest import Ingest
from broker.interactions import Rules
from broker.metadata.collector import MetadataCollector
from broker.metadata.queue import MetadataQueue
from broker.metadata.table import MetadataTable
from broker.metric_names import Metric
from broker.personalize import EventTracker
from broker.quarantine import Quarantine
from broker.queue_calls import QueueCalls
from broker.telemetry import Counts

from bench.metadata.ends import PUT_S, QUEUE_S, TABLE_S, Fifo, Table, Time
from bench.metadata.virtual import MAPPED, POLICIES, Inline

THREADS, WINDOW_S = 16, 1.0
PARTS = 2  # of some 120 users and items, read and written 100 at a time
USERS, ITEMS = 20_000, 2_000


class Tracker:
    """PutEvents."""

    def __init__(self, time: Time) -> None:
        self._time = time

    def put_events(self, **_: Any) -> Any:
        """Take a call, beside others."""
        self._time.sleep(PUT_S / THREADS)
        return {}


def lags(rate: int, seconds: int, *, with_metadata: bool) -> dict[str, float]:
    """Return the freshness of a reader's interactions, in ms."""
    time, chance = Time(), random.Random(1)  # noqa: S311
    clock = time.clock
    queue = MetadataQueue(QueueCalls(Fifo(time, QUEUE_S / THREADS), "https://queue", Inline(), clock))
    table = MetadataTable(Table(time, TABLE_S / PARTS), "metadata", Inline(), clock)
    ingest = Ingest(
        EventTracker(Tracker(time), "tracker", clock),
        Quarantine(lambda: None, "bucket", "ingest", clock),
        None,
        rules=Rules(),
        refresh_actions=frozenset(),
        pool=Inline(),
        clock=clock,
        metadata=MetadataCollector(MAPPED, table, queue, POLICIES, clock) if with_metadata else None,
    )
    began, counts, invocations = time.now, Counts(), []
    waiting = [_record(began + number / rate, number, chance) for number in range(rate * seconds)]
    while waiting:
        time.now = max(time.now, waiting[0]["kinesis"]["approximateArrivalTimestamp"]) + WINDOW_S
        ready = [one for one in waiting if one["kinesis"]["approximateArrivalTimestamp"] <= time.now]
        waiting, started = waiting[len(ready) :], time.now
        ingest.run(ready, time.now + 50, counts)
        invocations.append(time.now - started)
    values = counts.lags[Metric.ARRIVAL_TO_PERSONALIZE]
    cuts = statistics.quantiles(values, n=100)
    return {
        "p50": round(cuts[49]),
        "p99": round(cuts[98]),
        "invocation": round(1000 * statistics.mean(invocations)),
        "interactions": len(values),
    }


def _record(at: float, number: int, chance: random.Random) -> dict[str, Any]:
    product = {"id": str(chance.randrange(ITEMS)), "name": "Item", "price": float(number)}
    data = {"timestamp_unixtime_ms": int(at * 1000), "event_id": str(number), "session_uuid": str(number)}
    data |= {"product_action": {"action": "view_detail", "products": [product]}}
    batch = {"mpid": chance.randrange(1, USERS), "timestamp_unixtime_ms": int(at * 1000)}
    batch |= {"user_attributes": {"points": number}, "events": [{"event_type": "commerce_event", "data": data}]}
    return {
        "eventID": f"shardId-000000000000:{number}",
        "kinesis": {
            "sequenceNumber": str(number),
            "partitionKey": "key",
            "approximateArrivalTimestamp": at,
            "data": base64.b64encode(json.dumps(batch).encode()).decode(),
        },
    }


def main() -> None:
    """Print both as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=62)
    parser.add_argument("--seconds", type=int, default=120)
    given = vars(parser.parse_args())
    print(json.dumps({name: lags(**given, with_metadata=name == "with") for name in ("without", "with")}, indent=2))


if __name__ == "__main__":
    main()
