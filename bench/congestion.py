"""Above PutEvents' quota: how much of what the service accepts is new, and how fast the checkpoints move.

python -m bench.congestion [--readers 16] [--seconds 25] [--limit 100]

The broker's own ``ingest`` in three processes per reader, of which any idle one takes the next batch; the service is a
token bucket. As Lambda does, a reader begins again at the lowest record that is reported.
"""

import argparse
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError
from broker.ingest import Ingest
from broker.interactions import Rules
from broker.personalize import EventTracker
from broker.quarantine import Quarantine
from broker.rate_limit import RateLimiter
from broker.telemetry import Counts

from bench.stragglers import CLOCK, Aws, record

THREADS, BATCH, LATENCY = 8, 100, 0.02
FAR_APART = 10_000_000  # customers of one reader
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents")


class Service:
    """PutEvents, ``limit`` calls per second."""

    def __init__(self, limit: float, until: float) -> None:
        self._until = until
        self._limit = self._tokens = limit
        self._filled = time.monotonic()
        self._lock = threading.Lock()
        self.accepted = self.refused = self.in_time = 0
        self.ids: set[str] = set()

    def put_events(self, **request: Any) -> Any:
        """Answer one call."""
        time.sleep(LATENCY)
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._limit, self._tokens + (now - self._filled) * self._limit)
            self._filled = now
            if self._tokens < 1:
                self.refused += 1
                raise THROTTLED
            self._tokens -= 1
            self.accepted += 1
            self.in_time += now < self._until
            self.ids.update(event["eventId"] for event in request["eventList"])
        return {}


def process(service: Service, quota: int, readers: int) -> Ingest:
    """Return one process of ``ingest``, with its share of the quota."""
    tracker = EventTracker(service, "tracker", CLOCK, RateLimiter(quota, readers, CLOCK))
    pool = ThreadPoolExecutor(THREADS)
    quarantine = Quarantine(Aws, "bucket", "ingest", CLOCK)
    return Ingest(tracker, quarantine, None, rules=Rules(), refresh_actions=frozenset(), pool=pool, clock=CLOCK)


def run(readers: int, seconds: float, limit: int) -> str:
    """Read for a time; return what came of it in one line. The setting says twice of what the service accepts."""
    stop, moved = time.monotonic() + seconds, [0] * readers
    service = Service(limit, stop)
    idle = [process(service, 2 * limit, readers) for _ in range(3 * readers)]
    lock = threading.Lock()

    def read(reader: int) -> None:
        while time.monotonic() < stop:
            with lock:
                ingest = idle.pop(random.randrange(len(idle)))  # noqa: S311 - any of them
            first = 1 + reader * FAR_APART + moved[reader]
            records = [record(number) for number in range(first, first + BATCH)]
            answer = ingest.run(records, time.time() + 50, Counts())
            failed = [int(item["itemIdentifier"]) for item in answer["batchItemFailures"]]
            moved[reader] += min(failed, default=first + BATCH) - first
            with lock:
                idle.append(ingest)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(readers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    refused = service.refused / (service.accepted + service.refused)
    return (
        f"{readers} readers, {limit}/s: accepted {service.in_time / seconds:.1f}/s, of it new "
        f"{len(service.ids) / service.accepted:.1%}, refused {refused:.1%} of all calls, "
        f"checkpoints moved {sum(moved) / wall:.1f} records/s (with the end, when readers stop)"
    )


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(prog="python -m bench.congestion", description=__doc__)
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=25)
    parser.add_argument("--limit", type=int, default=100)
    options = parser.parse_args()
    print(run(options.readers, options.seconds, options.limit))


if __name__ == "__main__":
    main()
