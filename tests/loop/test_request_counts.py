"""A thousand records in one invocation: no system gets one request more than arithmetic asks for."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from local_stack import loopback
from local_stack.aws.json_client import JsonClient
from local_stack.lambda_emulator.polling.events import Record, kinesis_event, sqs_event
from local_stack.lambda_emulator.polling.sources import SqsQueue
from local_stack.process import ServiceProcess
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.loop.trained import ITEMS, trained_stack
from tests.real_data import wire

CUSTOMERS, RECORDS = 100, 1000
Session = tuple[int, str]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A trained stack whose functions nobody but these tests invokes."""
    with trained_stack(LocalStackSettings(queue_delay=0)) as stack:
        assert stack.stream_pollers.stop()
        assert all(pollers.stop() for pollers in stack.queue_pollers)
        stack.ingest.invoke({"Records": []})  # a process reads the suppression list's key at its first invocation
        yield stack


class Requests:
    """What a service was asked for since it was last looked at.

    mParticle forwards to the stream in its own time, and the suppression list is read once a minute.
    """

    def __init__(self, service: ServiceProcess) -> None:
        self._url = f"{service.url}/_local/requests"
        self._before: Counter[str] = Counter()
        self.new()

    def new(self) -> dict[str, int]:
        counts = loopback.get(self._url).json().items()
        now = Counter({name: n for name, n in counts if "kinesis" not in name and name != "s3.GetObject"})
        new, self._before = now - self._before, now
        return dict(new)


def test_a_thousand_records_of_a_hundred_customers_cost_the_arithmetic_floor_of_requests(stack: Stack) -> None:
    aws, personalize, mparticle = (Requests(each) for each in (stack.aws, stack.personalize, stack.mparticle))
    records, interactions = a_thousand_records()

    answer = stack.ingest.invoke(kinesis_event(records, "shardId-000000000000", stack.resources.stream_arn))
    assert answer.payload == {"batchItemFailures": []}
    assert personalize.new() == {"PutEvents": sum(-(-number // 10) for number in interactions.values())}
    assert aws.new() == {"sqs.SendMessageBatch": CUSTOMERS / 10}
    assert mparticle.new() == {}

    messages = on_queue(stack, stack.resources.queue_url, stack.resources.queue_arn)
    assert len(messages["Records"]) == CUSTOMERS
    aws.new()
    answer = stack.functions["refresh"].invoke(messages)
    assert answer.payload == {"batchItemFailures": []}
    assert personalize.new() == {"GetRecommendations": CUSTOMERS}
    assert mparticle.new() == {"BulkUploadEvents": 1}
    assert aws.new() == {
        "secretsmanager.GetSecretValue": 2,  # mParticle's key, and the suppression list's
        # What keeps an older list from replacing a newer one: a call to read, one to claim, and one to settle.
        "dynamodb.BatchGetItem": CUSTOMERS / 100,
        "dynamodb.TransactWriteItems": 2 * CUSTOMERS / 100,
    }
    assert written(stack) == {customer for customer, _ in interactions}


@pytest.mark.parametrize("buyers", [0, 1, 15, CUSTOMERS])
def test_purchases_add_at_most_one_request_to_the_queues(stack: Stack, buyers: int) -> None:
    aws = Requests(stack.aws)
    records, _ = a_thousand_records(buyers)

    answer = stack.ingest.invoke(kinesis_event(records, "shardId-000000000000", stack.resources.stream_arn))
    assert answer.payload == {"batchItemFailures": []}
    floor = -(-buyers // 10) + -(-(CUSTOMERS - buyers) // 10)
    assert aws.new() == {"sqs.SendMessageBatch": floor}
    assert CUSTOMERS / 10 <= floor <= CUSTOMERS / 10 + 1
    resources = stack.resources
    found = [
        len(on_queue(stack, url, arn)["Records"])
        for url, arn in (
            (resources.purchase_queue_url, resources.purchase_queue_arn),
            (resources.queue_url, resources.queue_arn),
        )
    ]
    assert found == [buyers, CUSTOMERS - buyers], "one message per customer, and the purchase decides on the queue"


def a_thousand_records(buyers: int = 0) -> tuple[list[Record], Counter[Session]]:
    """Return ten records of each customer, in two sessions, and how many interactions each session holds.

    The fifth record of each of the ``buyers`` is a purchase.
    """
    rng = random.Random(1)
    interactions: Counter[Session] = Counter()
    records = []
    now_ms = int(time.time() * 1000) - RECORDS
    for number in range(RECORDS):
        customer = wire.int64("customer", number % CUSTOMERS)
        session = wire.session_uuid(customer, rng.randrange(2))
        products = [{"id": item, "quantity": 1} for item in rng.sample(ITEMS, rng.choice((1, 1, 2, 4)))]
        event = wire.product_event(
            action="purchase" if number // CUSTOMERS == 4 and number % CUSTOMERS < buyers else "add_to_cart",
            products=products,
            event_id=number + 1,
            session=session,
            time_ms=now_ms + number,
        )
        batch = wire.batch(customer=f"c-{customer}", mpid=customer, events=[event], time_ms=now_ms + number)
        interactions[customer, session] += len(products)
        records.append(Record(str(number + 1), str(customer), wire.record(batch), now_ms / 1000))
    assert max(interactions.values()) > 10
    return records, interactions


def on_queue(stack: Stack, url: str, arn: str) -> dict[str, Any]:
    """Return all that waits in a queue as the one event that Lambda would make of it."""
    queue = SqsQueue(JsonClient("sqs", stack.aws.url), url)
    messages = [message for _ in range(CUSTOMERS // 10 + 5) for message in queue.receive(10)]
    return sqs_event(messages, arn)


def written(stack: Stack) -> set[int]:
    """Return the customers whose profile has a list."""
    profiles = loopback.get(f"{stack.mparticle.url}/_local/profiles").json()["profiles"]
    return {int(profile["mpid"]) for profile in profiles if profile["product_recs"]}
