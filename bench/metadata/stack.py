"""Freshness of interactions with users and items beside them, and without, in turns on one local stack.

python -m bench.metadata.stack [--rate 20] [--seconds 30] [--turns 3] [--users 800] [--items 80]

Each event changes its user and its item's price. A turn is so many seconds with or without broker:user_columns and
broker:item_columns; ``ingest`` is started again for each. Printed: how long interactions take from their arrival to
Personalize, and how long after the last turn every record is the newest.
"""

import argparse
import csv
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from broker.metadata.columns import as_json
from broker.metric_names import Metric

from lifecycle import exports
from lifecycle.bucket import Bucket
from lifecycle.resources import Resources
from local_stack.aws.session import local_client
from local_stack.settings import LocalMetadata, LocalStackSettings
from local_stack.stack import NAMES, OF_METADATA, Stack
from personalize_data.schema import read_schema
from personalize_data.stream_columns import stream_columns

ROLE = "arn:aws:iam::123456789012:role/local"
NAMESPACE = "com.amazonaws.personalize.schema"
WARM_UP = 5  # seconds of a turn that are left out: a process starts in them


def schema(name: str, *fields: dict[str, Any]) -> str:
    """Return the schema of a dataset."""
    id_column = {"name": "USER_ID" if name == "Users" else "ITEM_ID", "type": "string"}
    record = {"type": "record", "name": name, "namespace": NAMESPACE, "version": "1.0", "fields": [id_column, *fields]}
    return read_schema(json.dumps(record), name.lower()).text


USERS = schema("Users", {"name": "POINTS", "type": ["null", "int"]})
ITEMS = schema(
    "Items", {"name": "NAME", "type": "string", "textual": True}, {"name": "PRICE", "type": ["null", "float"]}
)
METADATA = LocalMetadata(
    USERS,
    ITEMS,
    as_json(stream_columns({"POINTS": "points"}, USERS, "users")),
    as_json(stream_columns({"NAME": "name", "PRICE": "price"}, ITEMS, "items")),
    "merge",
)


class Lags:
    """The lags of interactions in the functions' log, since they were last asked for."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def feed(self, line: str) -> None:
        """Add a line of the log."""
        if '"_aws"' in line and Metric.ARRIVAL_TO_PERSONALIZE in line:
            found = json.loads(line).get(Metric.ARRIVAL_TO_PERSONALIZE, [])
            self._values += found if isinstance(found, list) else [found]

    def take(self) -> list[float]:
        """Return them, in milliseconds."""
        values, self._values = self._values, []
        return values


class Bench:
    """One stack, and what was sent to it."""

    def __init__(self, stack: Stack, lags: Lags, arguments: argparse.Namespace) -> None:
        self._stack, self._lags, self._arguments = stack, lags, arguments
        self._chance = random.Random(1)  # noqa: S311
        self._environment = dict(stack.ingest.environment)
        self._sent = 0
        self.newest: dict[str, dict[str, str]] = {"users": {}, "items": {}}

    def turn(self, *, with_metadata: bool) -> list[float]:
        """Send events for the seconds of a turn; return the lags after the warm-up."""
        own = {name: value for name, value in self._environment.items() if with_metadata or name not in OF_METADATA}
        self._stack.ingest.update_environment(own)
        began = time.monotonic()
        for place in range(self._arguments.rate * self._arguments.seconds):
            time.sleep(max(0.0, began + place / self._arguments.rate - time.monotonic()))
            if place == WARM_UP * self._arguments.rate:
                self._lags.take()
            self._send(keep=with_metadata)
        while not self._stack.stream_is_read():
            time.sleep(0.2)
        return self._lags.take()

    def _send(self, *, keep: bool) -> None:
        self._sent += 1
        user, item = self._chance.randrange(1, self._arguments.users), self._chance.randrange(self._arguments.items)
        now_ms = int(time.time() * 1000)
        product = {"id": str(item), "name": f"Item {item}", "price": float(self._sent)}
        data = {"timestamp_unixtime_ms": now_ms, "event_id": str(self._sent), "session_uuid": f"s{user}"}
        data |= {"product_action": {"action": "view_detail", "products": [product]}}
        batch = {"mpid": user, "environment": "production", "timestamp_unixtime_ms": now_ms}
        batch |= {"user_attributes": {"points": self._sent}}
        batch |= {"events": [{"event_type": "commerce_event", "data": data}]}
        stream = self._stack.resources.stream_name
        body = json.dumps(batch).encode()
        self._kinesis.put_record(StreamName=stream, Data=body, PartitionKey=str(user))
        self._stack.put_directly += 1
        if keep:
            self.newest["users"][str(user)] = {"POINTS": str(self._sent)}
            self.newest["items"][str(item)] = {"NAME": f"Item {item}", "PRICE": str(float(self._sent))}

    @property
    def _kinesis(self) -> Any:
        if not hasattr(self, "_client"):
            self._client = self._stack.client("kinesis")
        return self._client

    def settle(self) -> float:
        """Wait until nothing is left to be put; return the seconds."""
        began = time.monotonic()
        while self._stack.messages_waiting():
            time.sleep(0.2)
        return time.monotonic() - began

    def wrong(self) -> int:
        """Return how many records are not the newest in their dataset."""
        resources = Resources(local_client("personalize", self._stack.personalize.url))
        bucket = Bucket(self._stack.client("s3"), f"{NAMES.broker}-imports", ROLE)
        bucket.create_if_missing()
        return sum(self._wrong(resources, bucket, dataset) for dataset in self.newest)

    def _wrong(self, resources: Resources, bucket: Bucket, dataset: str) -> int:
        step = exports.ExportStep(f"{NAMES.broker}-{dataset}")
        export = exports.run(resources, bucket, step, self._stack.dataset_arns[dataset], "all")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "all.csv"
            exports.download(bucket, export, Path(folder), path)
            with path.open(newline="") as file:
                rows = {next(iter(row.values())): row for row in csv.DictReader(file)}
        newest = self.newest[dataset].items()
        return sum(any(rows.get(id, {}).get(name) != value for name, value in record.items()) for id, record in newest)


def median_and_p99(lags: list[float]) -> dict[str, float]:
    """Return both, in milliseconds, and of how many."""
    cuts = statistics.quantiles(lags, n=100)
    return {"p50": round(cuts[49]), "p99": round(cuts[98]), "interactions": len(lags)}


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rate", 20), ("seconds", 30), ("turns", 3), ("users", 800), ("items", 80)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments, lags = parser.parse_args(), Lags()
    with Stack(LocalStackSettings(metadata=METADATA), log=lags.feed) as stack:
        bench = Bench(stack, lags, arguments)
        without, beside = [], []
        for _ in range(arguments.turns):
            without.append(median_and_p99(bench.turn(with_metadata=False)))
            beside.append(median_and_p99(bench.turn(with_metadata=True)))
        seconds = bench.settle()
        metrics = stack.metrics
        names = Metric.METADATA_SENT, Metric.PUT_METADATA_CALLS, Metric.PUT_METADATA_THROTTLED, Metric.METADATA_FAILED
        report = {
            "without, ms": without,
            "with, ms": beside,
            "seconds after the last turn until nothing waits": round(seconds, 1),
            "records": {name: len(records) for name, records in bench.newest.items()},
            "not the newest then": bench.wrong(),
            **{name.value: metrics.sum(name) for name in names},
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
