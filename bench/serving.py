"""Speed of the local Personalize with 10,000 items, 100,000 users and a million interactions.

    python -m bench.serving [--scale 0.1] [--seconds 5] [--data]

The history is imported from a CSV file in S3. A training follows, then recommendations during another training, then
events, one per request. Everything listens on loopback and ends with the program.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.open_loop import Measured, drive, post
from bench.training import shop
from local_stack.aws.session import local_client
from local_stack.process import ServiceProcess, start_service
from recommender_models.interactions import InteractionColumns

SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}
ROLE = "arn:aws:iam::123456789012:role/any"
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
SETTLED = ("ACTIVE", "CREATE FAILED")


@dataclass
class Figures:
    """The measurements: name, value, the limit (None: no limit), unit."""

    rows: list[tuple[str, float, float | None, str]] = field(default_factory=list)

    def add(self, name: str, value: float, most: float | None, unit: str) -> None:
        """Add a figure and print it at once."""
        self.rows.append((name, value, most, unit))
        sys.stderr.write(f"{name}: {value:.4g} {unit}\n")

    def missed(self) -> list[str]:
        """Return the names of the figures above their limits."""
        return [name for name, value, most, _ in self.rows if most is not None and value > most]

    def table(self) -> Table:
        """Return all figures as a table."""
        table = Table("what", "measured", "at most", "")
        for name, value, most, unit in self.rows:
            shown = "" if most is None else f"{most:g} {unit}"
            table.add_row(
                name, f"{value:.4g} {unit}", shown, "" if most is None else "ok" if value <= most else "MISSED"
            )
        return table


class Bench:
    """A service with a shop in it."""

    def __init__(self, service: ServiceProcess, figures: Figures) -> None:
        self.url, self._service, self._figures = service.url, service, figures
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
        self._control = boto3.client("personalize", endpoint_url=self.url, **keys)
        self._group = self._active("dataset_group", self._control.create_dataset_group(name="shop"))
        shaped = self._control.create_schema(name="shop", schema=json.dumps(SCHEMA))["schemaArn"]
        request = {"name": "shop", "datasetGroupArn": self._group}
        dataset = self._control.create_dataset(**request, schemaArn=shaped, datasetType="Interactions")
        self._dataset = self._active("dataset", dataset)
        tracker = self._control.create_event_tracker(**request)
        self.tracking_id = tracker["trackingId"]
        del tracker["trackingId"]
        self._active("event_tracker", tracker)

    def _active(self, kind: str, created: dict[str, Any]) -> str:
        arn = next(value for key, value in created.items() if key.endswith("Arn"))
        key = next(key for key in created if key.endswith("Arn"))
        while True:
            answer = getattr(self._control, f"describe_{kind}")(**{key: arn})
            (description,) = (value for name, value in answer.items() if name != "ResponseMetadata")
            if description["status"] in SETTLED:
                if description["status"] != "ACTIVE":
                    raise SystemExit(f"{arn}: {description.get('failureReason')}")
                return str(arn)
            time.sleep(0.1)

    def fill(self, location: str) -> None:
        """Import the history."""
        began = time.perf_counter()
        job = {"jobName": "all", "datasetArn": self._dataset, "roleArn": ROLE, "dataSource": {"dataLocation": location}}
        self._active("dataset_import_job", self._control.create_dataset_import_job(**job))
        self._figures.add("import", time.perf_counter() - began, None, "s")

    def train(self) -> str:
        """Measure one training without other load; deploy the version; return the campaign's ARN."""
        request = {"name": "shop", "datasetGroupArn": self._group, "recipeArn": RECIPE, "performAutoTraining": False}
        self._solution = self._active("solution", self._control.create_solution(**request))
        began = time.perf_counter()
        with peak_memory(self._service.process.pid) as peak:
            version = self.another_version()
        self._figures.add("training", time.perf_counter() - began, 60, "s")
        self._figures.add("training, memory at its peak", max(peak, default=0) / 1024, 2048, "MiB")
        return self._active("campaign", self._control.create_campaign(name="shop", solutionVersionArn=version))

    def another_version(self) -> str:
        """Train, wait, return the version's ARN."""
        version = self._control.create_solution_version(solutionArn=self._solution)
        return self._active("solution_version", version)

    @contextmanager
    def training_all_along(self) -> Iterator[list[str]]:
        """Train one version after the other in the background; yield the list of finished versions."""
        versions: list[str] = []
        stopped = threading.Event()

        def keep_training() -> None:
            while not stopped.is_set():
                versions.append(self.another_version())

        thread = threading.Thread(target=keep_training, daemon=True)
        thread.start()
        yield versions
        stopped.set()
        thread.join()

    def add(self, name: str, measured: Measured, seconds: int, median: float | None, most: float | None) -> None:
        """Add the figures of a load, including refusals and the delay at its end."""
        self._figures.add(f"{name}, p50", measured.percentile(0.5), median, "ms")
        self._figures.add(f"{name}, p99", measured.percentile(0.99), most, "ms")
        self._figures.add(f"{name}, worst", measured.percentile(1), None, "ms")
        self._figures.add(f"{name}, refused", len(measured.refused), 0, "")
        self._figures.add(f"{name}, behind at the end", max(0.0, measured.lasted - seconds), 1, "s")
        if measured.refused:
            sys.stderr.write(f"{measured.refused[0]!r}\n")


@contextmanager
def peak_memory(service: int) -> Iterator[list[int]]:
    """Watch the training processes of a service; yields their memory in KiB as it is seen (Linux: VmHWM)."""
    seen: list[int] = []
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.05):
            children = Path(f"/proc/{service}/task/{service}/../")
            for status in children.glob("*/children"):
                seen.extend(_peaks(status))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield seen
    stopped.set()
    thread.join()


def _peaks(children: Path) -> Iterator[int]:
    try:
        for child in children.read_text().split():
            if b"training" in Path(f"/proc/{child}/cmdline").read_bytes():
                lines = Path(f"/proc/{child}/status").read_text().splitlines()
                yield from (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:  # it has just ended
        return


def csv_bytes(columns: InteractionColumns) -> bytes:
    """Return a history as the CSV file that the service imports."""
    users, items = np.array(columns.user_ids)[columns.users], np.array(columns.item_ids)[columns.items]
    types = np.array(columns.event_types)[columns.types]
    lines = zip(users.tolist(), items.tolist(), types.tolist(), map(str, columns.times.tolist()), strict=True)
    return ("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n" + "\n".join(map(",".join, lines)) + "\n").encode()


def recommendations(url: str, campaign: str, users: list[str]) -> Callable[[int], bytes]:
    """Return a function that makes requests for recommendations, each for a random user."""
    chance = random.Random(1)  # noqa: S311
    return lambda _: post(
        url,
        "/recommendations",
        json.dumps({"campaignArn": campaign, "userId": chance.choice(users), "numResults": 25}).encode(),
    )


def events(url: str, tracking_id: str, users: list[str], items: list[str]) -> Callable[[int], bytes]:
    """Return a function that makes requests with one event each."""
    chance = random.Random(2)  # noqa: S311

    def make(number: int) -> bytes:
        event = {
            "eventId": f"e{number}",
            "eventType": "view",
            "itemId": chance.choice(items),
            "sentAt": int(time.time()),
        }
        user = chance.choice(users)
        body = {"trackingId": tracking_id, "userId": user, "sessionId": user, "eventList": [event]}
        return post(url, "/events", json.dumps(body).encode())

    return make


def run(options: argparse.Namespace, running: ExitStack) -> Figures:
    """Start the services and run all measurements."""
    figures, columns = Figures(), shop(options.scale)
    aws = running.enter_context(start_service("local_stack.aws"))
    s3 = local_client("s3", aws.url, timeout=60.0)
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="all.csv", Body=csv_bytes(columns))
    arguments = ["--s3-endpoint", aws.url, "--disable", "throttling"]
    if options.data:
        arguments += ["--data", running.enter_context(tempfile.TemporaryDirectory())]
    service = running.enter_context(start_service("personalize_local", arguments))
    bench = Bench(service, figures)
    bench.fill("s3://shop/all.csv")
    campaign = bench.train()

    ask = recommendations(bench.url, campaign, columns.user_ids)
    drive(bench.url, ask, rate=20, seconds=1)  # the campaign's model is read at the first request
    with bench.training_all_along() as versions:
        measured = drive(bench.url, ask, rate=100, seconds=options.seconds)
    bench.add("GetRecommendations at 100/s, in training", measured, options.seconds, 5, 25)
    figures.add("trainings meanwhile", len(versions), None, "")

    put = events(bench.url, bench.tracking_id, columns.user_ids, columns.item_ids)
    measured = drive(bench.url, put, rate=1000, seconds=2 * options.seconds)
    bench.add("PutEvents at 1000/s", measured, 2 * options.seconds, None, None)
    return figures


def main() -> int:
    """Measure and print; return 1 if a figure is above its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of items, shoppers and interactions (1)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of recommendations; of events twice as many (30)")
    parser.add_argument("--data", action="store_true", help="with a data folder, where every event is committed")
    with ExitStack() as running:
        figures = run(parser.parse_args(), running)
    Console(width=120).print(figures.table())
    return 1 if figures.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
