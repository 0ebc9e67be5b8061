"""Looks at the services from outside, while somebody looks at the panel: what is new on each step of the way."""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError

from shop.panel.stream import StreamReader
from shop.panel.trail import Trail
from shop.places import Places

OFTEN, SELDOM = 0.8, 3.5  # seconds between two looks: at the steps, and at counters and buckets
PAGE = 1000
HOUR = 60  # minutes


@dataclass
class Counters:
    """What the services count. ``sums``: the functions' metrics in the last hour, or since they have started.

    ``stage``: of the deployment, as the setting calls it; empty where it is not known yet.
    """

    mparticle: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    interactions: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    since: int = 0
    until: int = 0
    stage: str = ""

    def by_reason(self, metric: str) -> dict[str, int]:
        """Return a metric's counts by reason, the largest first."""
        begin = f"{metric}."
        found = {name.removeprefix(begin): count for name, count in self.sums.items() if name.startswith(begin)}
        return dict(Counter(found).most_common())


class Watcher:
    """Follows what comes from now on. Thread-safe.

    ``clients``, and ``client`` after it, gives a boto3 client by the name of an AWS service.
    """

    def __init__(self, places: Places, clients: Callable[[str], Any]) -> None:
        self.trail = Trail()
        self.counters = Counters()
        self.silent: set[str] = set()
        self.client = clients
        self._places = places
        self._stream = StreamReader(clients("kinesis"), places.stream_name, time.time())
        self._lock = threading.Lock()
        self._http = requests.Session()
        self._http.trust_env = False
        self._looked = self._counted = 0.0
        self._after: dict[str, int] = {}
        self._quarantine_read: set[str] = set()

    def look(self) -> None:
        """Take what is new, unless that was done a moment ago. A service that does not answer is in ``silent``."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < OFTEN:
                return
            self._follow()
            if now - self._counted >= SELDOM:
                self._counted = now
                self._count()
            self._looked = time.monotonic()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Trail]:
        """Hold the trail still while it is read."""
        with self._lock:
            yield self.trail

    def _follow(self) -> None:
        with self._noting("the stream"):
            for record in self._stream.new():
                self.trail.read(record)
        with self._noting("Personalize"):
            if "events" not in self._after:
                accepted = self._get(self._places.personalize, "status")["accepted"]
                self._after["events"] = max(0, accepted - 10 * PAGE)
            for delivery in self._pages(self._places.personalize, "events"):
                self.trail.accept(delivery)
            for given in self._pages(self._places.personalize, "lists"):
                self.trail.give(given)
        with self._noting("mParticle"):
            for written in self._pages(self._places.mparticle, "writes"):
                self.trail.write(written)

    def _count(self) -> None:
        with self._noting("mParticle"):
            self.counters.mparticle = self._get(self._places.mparticle, "status")
        with self._noting("Personalize"):
            status = self._get(self._places.personalize, "status")
            self.counters.accepted = status["accepted"]
            self.counters.interactions = sum(group["interactions"] for group in status["datasetGroups"])
        with self._noting("the functions"):
            rates = self._get(self._places.functions, "rates", minutes=HOUR)
            for name in ("sums", "since", "until", "stage"):
                setattr(self.counters, name, rates[name])
        with self._noting("the queues"):
            urls = {"views": self._places.refresh_queue_url, "purchases": self._places.purchase_queue_url}
            self.counters.waiting = {name: self._messages(url) for name, url in urls.items()}
        with self._noting("the quarantine"):
            self._read_quarantine()

    def _read_quarantine(self) -> None:
        s3, bucket = self.client("s3"), self._places.quarantine_bucket
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="ingest/"):
            for entry in page.get("Contents", ()):
                if entry["Key"] not in self._quarantine_read:
                    self._quarantine_read.add(entry["Key"])
                    body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                    for row in map(json.loads, body.splitlines()):
                        self.trail.quarantine(row["index"], row["reason"])

    def _messages(self, url: str) -> int:
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(map(int, answer["Attributes"].values()))

    def _pages(self, url: str, name: str) -> Iterator[dict[str, Any]]:
        """Yield what is new under ``/_local/NAME``, page by page."""
        while True:
            page = self._get(url, name, after=self._after.get(name, 0), limit=PAGE)[name]
            for one in page:
                self._after[name] = one["number"]
                yield one
            if len(page) < PAGE:
                return

    def _get(self, url: str, name: str, **query: Any) -> Any:
        answer = self._http.get(f"{url}/_local/{name}", params=query, timeout=5)
        answer.raise_for_status()
        return answer.json()

    @contextlib.contextmanager
    def _noting(self, service: str) -> Iterator[None]:
        try:
            yield
            self.silent.discard(service)
        except (requests.RequestException, BotoCoreError, ClientError, KeyError):
            self.silent.add(service)
