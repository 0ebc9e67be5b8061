"""A shop in a service: its history imported, a model trained and deployed, an event tracker."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import numpy as np

from bench.serving.figures import Figures
from bench.serving.services import Service
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


class ServedShop:
    """A shop; ``tracking_id`` and ``campaign`` are what requests name."""

    def __init__(self, service: Service, figures: Figures, location: str) -> None:
        """Create everything, and measure it. ``location``: the S3 address of the history."""
        self.service, self._figures = service, figures
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
        self._control = boto3.client("personalize", endpoint_url=service.url, **keys)
        self._group = self._active("dataset_group", self._control.create_dataset_group(name="shop"))
        schema = self._control.create_schema(name="shop", schema=json.dumps(SCHEMA))["schemaArn"]
        request = {"name": "shop", "datasetGroupArn": self._group}
        created = self._control.create_dataset(**request, schemaArn=schema, datasetType="Interactions")
        self._dataset = self._active("dataset", created)
        tracker = self._control.create_event_tracker(**request)
        self.tracking_id = tracker.pop("trackingId")
        self._active("event_tracker", tracker)
        self._fill(location)
        self.campaign = self._train()

    def _active(self, kind: str, created: dict[str, Any]) -> str:
        key, arn = next((key, value) for key, value in created.items() if key.endswith("Arn"))
        while True:
            answer = getattr(self._control, f"describe_{kind}")(**{key: arn})
            (description,) = (value for name, value in answer.items() if name != "ResponseMetadata")
            if description["status"] in SETTLED:
                if description["status"] != "ACTIVE":
                    raise SystemExit(f"{arn}: {description.get('failureReason')}")
                return str(arn)
            time.sleep(0.1)

    def _fill(self, location: str) -> None:
        began = time.perf_counter()
        job = {"jobName": "all", "datasetArn": self._dataset, "roleArn": ROLE, "dataSource": {"dataLocation": location}}
        self._active("dataset_import_job", self._control.create_dataset_import_job(**job))
        self._figures.add("import", self.service.name, time.perf_counter() - began, "s")

    def _train(self) -> str:
        """Measure one training without other load; deploy the version; return the campaign's ARN."""
        request = {"name": "shop", "datasetGroupArn": self._group, "recipeArn": RECIPE, "performAutoTraining": False}
        self._solution = self._active("solution", self._control.create_solution(**request))
        began = time.perf_counter()
        with peak_memory(self.service.pid) as peak:
            version = self._another_version()
        self._figures.add("training", self.service.name, time.perf_counter() - began, "s")
        self._figures.add("training, memory at its peak", self.service.name, max(peak, default=0) / 1024, "MiB")
        return self._active("campaign", self._control.create_campaign(name="shop", solutionVersionArn=version))

    def _another_version(self) -> str:
        version = self._control.create_solution_version(solutionArn=self._solution)
        return self._active("solution_version", version)

    @contextmanager
    def training_all_along(self) -> Iterator[None]:
        """Train one version after the other in the background."""
        stopped = threading.Event()

        def keep_training() -> None:
            while not stopped.is_set():
                self._another_version()

        thread = threading.Thread(target=keep_training, daemon=True)
        thread.start()
        yield
        stopped.set()
        thread.join()


@contextmanager
def peak_memory(service: int) -> Iterator[list[int]]:
    """Watch the training processes of a service; yields their memory in KiB as it is seen (Linux: VmHWM)."""
    seen: list[int] = []
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.05):
            seen.extend(_peaks(service))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield seen
    stopped.set()
    thread.join()


def _peaks(process: int) -> Iterator[int]:
    """Yield the peaks of the descendants that train: a job may be a child of the service's child."""
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            for child in map(int, children.read_text().split()):
                if b"training" in Path(f"/proc/{child}/cmdline").read_bytes():
                    lines = Path(f"/proc/{child}/status").read_text().splitlines()
                    yield from (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
                yield from _peaks(child)
        except OSError:  # it has just ended
            return


def csv_bytes(columns: InteractionColumns) -> bytes:
    """Return a history as the CSV file that the service imports."""
    users, items = np.array(columns.user_ids)[columns.users], np.array(columns.item_ids)[columns.items]
    types = np.array(columns.event_types)[columns.types]
    lines = zip(users.tolist(), items.tolist(), types.tolist(), map(str, columns.times.tolist()), strict=True)
    return ("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n" + "\n".join(map(",".join, lines)) + "\n").encode()
