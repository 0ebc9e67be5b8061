"""Real processes, killed with SIGKILL at drawn moments while their calls are in flight: nothing lost, none twice.

More histories: ``BROKER_TEST_KILLS=200 .venv/bin/python -m pytest tests/loop/test_killed.py``.
"""

import itertools
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from local_stack import loopback
from local_stack.audit.reconciliation import Audit
from local_stack.audit.rows import Row, UndatedRow, Unreadable
from local_stack.audit.services import deliveries, stream_records
from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Post
from local_stack.loop_result import audit_stack
from local_stack.settings import QUEUE, STREAM, LocalStackSettings
from local_stack.stack import Stack
from tests.draws import draws
from tests.loop.clone import eventually
from tests.loop.test_outage import lists, wrong
from tests.loop.trained import ITEMS, TRAINED_ON, trained_stack

HISTORIES = int(os.environ.get("BROKER_TEST_KILLS", draws(all_of_them=200, part=5)))
# A refresh that is killed comes back when its messages can be seen again: in seconds, not in minutes as deployed.
SETTINGS = LocalStackSettings(
    stream=replace(STREAM, maximum_batching_window=0),
    queue=replace(QUEUE, function_timeout=4, visibility_timeout=4),
    shard_poll=1.0,  # as Lambda polls: the test mostly waits
    queue_poll=1.0,
)
PER_HISTORY = 10  # customers
POISON = b"no JSON at all"
IN_FLIGHT = 1.0  # seconds that a call takes which its caller does not survive: far longer than noticing it takes
# The function that dies, and the service and operation of its call in flight. The histories take them in turn.
CALLS = (
    ("ingest", "personalize", "personalize.PutEvents"),
    ("refresh", "personalize", "personalize.GetRecommendations"),
    ("ingest", "aws", "sqs.SendMessageBatch"),
    ("refresh", "mparticle", "mparticle.BulkUploadEvents"),
    ("ingest", "aws", "s3.PutObject"),
)
# Of the same service, beside the kill.
TROUBLE: list[dict[str, Any]] = [
    {"fault": "throttling", "chance": 0.3, "times": 2},
    {"fault": "unavailable", "chance": 0.3, "times": 2},
    {"fault": "reset", "when": "after", "chance": 0.3, "times": 2},
    {"fault": "half-reply", "chance": 0.3, "times": 2},
]


@dataclass(frozen=True)
class History:
    """What one seed gives: visits, the call in flight, and how long after its beginning the function dies."""

    seed: int
    visits: list[tuple[int, list[str]]]
    function: str
    service: str
    operation: str
    moment: str
    dies_after: float
    trouble: dict[str, Any] | None
    again_after: float | None

    @property
    def faults(self) -> list[dict[str, Any]]:
        slow = {"fault": "latency", "operation": self.operation, "when": self.moment, "seconds": IN_FLIGHT}
        return [slow, *([{**self.trouble, "operation": self.operation}] if self.trouble else [])]


@dataclass
class Killing:
    """A running stack and what was killed in it."""

    stack: Stack
    killed: int = 0
    events: Iterator[int] = field(default_factory=lambda: itertools.count(1))


def draw(seed: int) -> History:
    drawn = random.Random(f"killed {seed}")
    customers = [-(10**17) - seed * PER_HISTORY - number for number in range(PER_HISTORY)]
    visits = [
        (drawn.choice(customers), [drawn.choice(ITEMS) for _ in range(drawn.choice([1, 1, 2, 4, 13]))])
        for _ in range(drawn.randrange(6, 30))
    ]
    function, service, operation = CALLS[seed % len(CALLS)]
    return History(
        seed=seed,
        visits=visits,
        function=function,
        service=service,
        operation=operation,
        moment=drawn.choice(["before", "after"]),
        dies_after=drawn.uniform(0.0, 1.2 * IN_FLIGHT),
        trouble=drawn.choice([None, *TROUBLE]),
        again_after=drawn.choice([None, None, None, drawn.uniform(0.0, 1.5)]),
    )


@pytest.fixture(scope="module")
def killing() -> Iterator[Killing]:
    with trained_stack(SETTINGS) as stack:
        yield Killing(stack)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_killed_function_loses_nothing_and_counts_nothing_twice_history(killing: Killing, seed: int) -> None:
    history = draw(seed)
    play(killing, history)
    assert eventually(killing.stack.stream_is_read), history
    found = audited(killing.stack)
    assert found.holds, (history, found.places["lost"], found.unexpected, found.duplicated)
    assert found.count("on_stream") == found.count("on_failure") == 0, history
    assert all(isinstance(entry, Unreadable) for entry in found.places["quarantined"]), history
    arrived = {entry for entry in found.places["in_personalize"] if isinstance(entry, Row | UndatedRow)}
    customers = {str(customer) for customer, _ in history.visits}
    of_history = [row for row in arrived if row.user_id in customers]
    assert len(of_history) == sum(len(items) for _, items in history.visits), history


def test_a_call_was_in_flight_at_most_kills(killing: Killing) -> None:
    stack = killing.stack
    pollers = [
        *stack.stream_pollers.counts().values(),
        *(counts for pollers in stack.queue_pollers for counts in pollers.counts()),
    ]
    ended = sum(counts.errors for counts in pollers)
    assert ended >= killing.killed / 2 > 0, "invocations that ended with their process"


def test_afterwards_every_profile_says_what_the_campaign_says(killing: Killing) -> None:
    stack = killing.stack
    assert eventually(stack.is_idle)
    for customer in sorted({customer for seed in range(HISTORIES) for customer, _ in draw(seed).visits}):
        look(killing, customer, [ITEMS[customer % len(ITEMS)]])
    assert eventually(stack.is_idle)
    found = lists(stack)
    assert len(found) >= HISTORIES
    assert wrong(found) == {}


def play(killing: Killing, history: History) -> None:
    """Play the visits, kill the function while the call is in flight, perhaps once more, and end the faults."""
    stack = killing.stack
    url = f"{getattr(stack, history.service).url}/_local/faults"
    loopback.post(url, json={"faults": history.faults}).raise_for_status()
    try:
        for customer, items in history.visits:
            look(killing, customer, items)
        stack.client("kinesis").put_record(
            StreamName=stack.resources.stream_name, Data=POISON, PartitionKey=str(history.seed)
        )
        stack.put_directly += 1
        assert eventually(lambda: loopback.get(url).json()["faults"][0]["struck"]), history
        for pause in (history.dies_after, history.again_after):
            if pause is not None:
                time.sleep(pause)  # the moment is what is drawn
                killing.killed += bool(stack.functions[history.function].pids)
                stack.functions[history.function].kill()
    finally:
        loopback.delete(url)


def look(killing: Killing, customer: int, items: list[str]) -> None:
    """Post one customer's view of some items."""
    number = next(killing.events)
    products = [{"id": item} for item in items]
    data = {
        "timestamp_unixtime_ms": int(time.time() * 1000),
        "product_action": {"action": "view_detail", "products": products},
    }
    batch = {
        "environment": "production",
        "source_request_id": f"killed-{number}",
        "mpid": customer,
        "events": [{"event_type": "commerce_event", "data": data}],
    }
    Client(killing.stack.mparticle.url).post(Post("web", batch, ()))


def audited(stack: Stack) -> Audit:
    """Hold everything that ever was on the stream against what the services have, but for what trained the model."""
    records = stream_records(stack.client("kinesis"), stack.resources.stream_name)
    accepted = [
        delivery for delivery in deliveries(stack.personalize.url) if not delivery["eventId"].startswith(TRAINED_ON)
    ]
    return audit_stack(stack, records, accepted)
