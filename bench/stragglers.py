"""What one call that hangs costs a batch of a thousand customers, in both functions, beside a good day.

python -m bench.stragglers

The broker's own steps, with services of a fixed latency in place of the network: 50 ms for Personalize, 200 ms for
mParticle. A call that hangs answers after its client's read timeout, or never again for that customer.
"""

import argparse
import base64
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import requests
from botocore.exceptions import ReadTimeoutError
from broker.clients import IMPATIENT_READ_TIMEOUT, READ_TIMEOUT
from broker.clock import Clock
from broker.ingest import Ingest
from broker.interactions import Rules
from broker.metric_names import Metric
from broker.mparticle import MParticle
from broker.personalize import Campaign, EventTracker
from broker.profile_refresher import ProfileRefresher
from broker.profile_state import ProfileStates
from broker.quarantine import Quarantine
from broker.refresh import Refresh
from broker.refresh_queue import RefreshQueue
from broker.telemetry import Counts
from broker.user_lists import UserLists

CUSTOMERS, THREADS = 1000, 16
PERSONALIZE, MPARTICLE = 0.05, 0.2  # seconds
CLOCK = Clock(time.time, time.sleep, random.random)
HUNG = "500"  # the customer in the middle


class Service:
    """A boto3 client of one operation; ``hangs(user)`` says whether this call gets no answer within ``timeout``."""

    def __init__(self, answer: Any, hangs: Callable[[str], bool], timeout: float) -> None:
        self._answer, self._hangs, self._timeout = answer, hangs, timeout

    def _call(self, **request: Any) -> Any:
        if self._hangs(request["userId"]):
            time.sleep(self._timeout)
            raise ReadTimeoutError(endpoint_url="")
        time.sleep(PERSONALIZE)
        return self._answer

    put_events = get_recommendations = _call


class Aws:
    """SQS, S3, Secrets Manager and an empty table in DynamoDB: everything is taken."""

    def send_message_batch(self, **request: Any) -> Any:
        return {"Successful": request["Entries"]}

    change_message_visibility_batch = send_message_batch

    def batch_get_item(self, **_: Any) -> Any:
        return {"Responses": {}, "UnprocessedKeys": {}}

    def transact_write_items(self, **_: Any) -> Any:
        return {}

    def get_secret_value(self, **_: Any) -> Any:
        return {"SecretString": '{"key": "key", "secret": "secret"}'}


class Session(requests.Session):
    """mParticle, which accepts everything."""

    def post(self, *_: Any, **__: Any) -> requests.Response:
        time.sleep(MPARTICLE)
        answer = requests.Response()
        answer.status_code = 202
        return answer


def hanging(times: float) -> Callable[[str], bool]:
    """Return whether a call hangs: those of one customer, so many times."""
    left = [times]

    def hangs(user: str) -> bool:
        if user == HUNG and left[0] > 0:
            left[0] -= 1
            return True
        return False

    return hangs


@contextmanager
def pools() -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
    """Yield the pools of both kinds of calls; stragglers are not waited for at the end."""
    first, second = ThreadPoolExecutor(THREADS), ThreadPoolExecutor(4)
    yield first, second
    first.shutdown(wait=False)
    second.shutdown(wait=False)


def record(number: int) -> dict[str, Any]:
    """Return a Kinesis record of one customer's view."""
    now_ms = int(time.time() * 1000)
    product = {"action": "view_detail", "products": [{"id": "A"}]}
    data = {"event_id": number, "timestamp_unixtime_ms": now_ms, "product_action": product}
    batch = {"mpid": number, "environment": "production", "events": [{"event_type": "commerce_event", "data": data}]}
    kinesis = {
        "sequenceNumber": str(number),
        "partitionKey": "k",
        "approximateArrivalTimestamp": now_ms / 1000,
        "data": base64.b64encode(json.dumps(batch).encode()).decode(),
    }
    return {"eventID": f"shardId-0:{number}", "kinesis": kinesis}


def message(number: int) -> dict[str, Any]:
    """Return a queue message of one customer."""
    now = time.time()
    body = {"mpid": number, "environment": "production", "recommendations": None, "sequence_number": "1"}
    return {
        "messageId": str(number),
        "receiptHandle": str(number),
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:refresh",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int((now - 6) * 1000))},
        "body": json.dumps(body | {"event_ms": int(now * 1000) - 7000}),
    }


def ingest(hung: float, customers: int = CUSTOMERS) -> tuple[float, int]:
    """Return the wall time of an invocation in seconds, and how many customers' events were accepted."""
    hangs = hanging(hung)
    with pools() as (pool, _):
        patient, impatient = (Service({}, hangs, timeout) for timeout in (READ_TIMEOUT, IMPATIENT_READ_TIMEOUT))
        tracker = EventTracker(patient, "tracker", CLOCK, impatient=impatient)
        quarantine = Quarantine(Aws, "bucket", "ingest", CLOCK)
        steps = Ingest(tracker, quarantine, None, rules=Rules(), refresh_actions=frozenset(), pool=pool, clock=CLOCK)
        return timed(
            lambda counts: steps.run(list(map(record, range(1, customers + 1))), time.time() + 50, counts),
            Metric.ACCEPTED,
        )


def refresh(hung: float, customers: int = CUSTOMERS) -> tuple[float, int]:
    """Return the wall time of an invocation in seconds, and how many profiles were updated."""
    hangs = hanging(hung)
    answer = {"itemList": [{"itemId": "A"}], "recommendationId": "r"}
    with pools() as (pool, upload_pool):
        patient, impatient = (Service(answer, hangs, timeout) for timeout in (READ_TIMEOUT, IMPATIENT_READ_TIMEOUT))
        campaign = Campaign(patient, "arn", None, 10, CLOCK, impatient=impatient)
        mparticle = MParticle(Session(), "https://mparticle", Aws, "arn", CLOCK)
        refresher = ProfileRefresher(
            UserLists(campaign, CLOCK),
            mparticle,
            with_event=True,
            pool=pool,
            upload_pool=upload_pool,
            clock=CLOCK,
            probe=None,
        )
        steps = Refresh(
            refresher,
            ProfileStates(Aws(), "table", pool, CLOCK),
            Quarantine(Aws, "bucket", "refresh", CLOCK),
            lambda _: RefreshQueue(Aws(), "queue", pool, CLOCK),
            environment="production",
            clock=CLOCK,
        )
        return timed(
            lambda counts: steps.run(list(map(message, range(1, customers + 1))), time.time() + 50, counts),
            Metric.PROFILES_UPDATED,
        )


def timed(run: Callable[[Counts], Any], metric: Metric) -> tuple[float, int]:
    """Run an invocation; return its seconds and one of its counts."""
    counts, began = Counts(), time.monotonic()
    run(counts)
    return time.monotonic() - began, counts.outcomes[metric]


def main() -> None:
    """Print a line for each function and fault."""
    argparse.ArgumentParser(prog="python -m bench.stragglers", description=__doc__).parse_args()
    for name, run in (("ingest", ingest), ("refresh", refresh)):
        good, _ = run(0)
        print(f"{name:8} all answer                {good:5.1f} s")
        for what, times in (("one call hangs", 1), ("one customer's calls hang", float("inf"))):
            seconds, done = run(times)
            print(f"{name:8} {what:25} {seconds:5.1f} s, {seconds / good:.2f} of it, {done} of {CUSTOMERS} done")


if __name__ == "__main__":
    main()
