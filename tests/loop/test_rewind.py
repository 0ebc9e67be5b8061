"""`./broker rewind` end to end: what a wrong setting left out trains once, nobody is refreshed, nobody comes back."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local_stack.audit.services import deliveries
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.broker.lambda_events import batch, product_event
from tests.json_numbers import rounded
from tests.loop.clone import eventually
from tests.loop.stack_commands import Broker, commands

ERASED, STAYS, LATER = -7346244611012968789, 5, 6


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(LocalStackSettings(seed=7)) as running:
        yield running


@pytest.fixture(scope="module")
def broker(stack: Stack) -> Iterator[Broker]:
    """Return `./broker COMMAND …` with what ``serve`` would export."""
    with commands(stack, lambda _, numbers, begin: stack.read_again(numbers, begin)) as run:
        yield run


def put(stack: Stack, mpid: int, action: str, item: str) -> None:
    """Put a customer's event on the stream."""
    event = product_event(action, [item], time.time(), event_id=f"{mpid}-{item}", session_uuid=f"session-{mpid}")
    stack.client("kinesis").put_record(
        StreamName=stack.resources.stream_name,
        PartitionKey=str(mpid),
        Data=json.dumps(batch(event, mpid=mpid)).encode(),
    )
    stack.put_directly += 1


def accepted(stack: Stack) -> list[tuple[str, str, str]]:
    """Return who, what and how of all that Personalize has accepted, in order, repeats included."""
    events = deliveries(stack.personalize.url)
    return [(event["userId"], event["itemId"], event["eventType"]) for event in events]


def test_what_a_wrong_setting_left_out_trains_once_and_an_erased_customer_stays_away(
    stack: Stack, broker: Broker
) -> None:
    right = dict(stack.ingest.environment)
    began = time.time()
    stack.ingest.update_environment(right | {"EVENT_TYPES": "purchase"})
    for mpid in (ERASED, STAYS):
        put(stack, mpid, "view_detail", "seen")
        put(stack, mpid, "purchase", "bought")
    assert eventually(stack.stream_is_read)
    assert sorted(accepted(stack)) == sorted((str(mpid), "bought", "purchase") for mpid in (ERASED, STAYS))

    queues = {
        "REFRESH_QUEUE_URL": stack.resources.queue_url,
        "PURCHASE_QUEUE_URL": stack.resources.purchase_queue_url,
    }
    stack.ingest.update_environment(right | queues)
    assert broker("forget", ERASED, "--yes").exit_code == 0
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began - 1))
    planned = broker("rewind", "--since", since, "--dry-run", "--json")
    assert planned.exit_code == 0, planned.output
    assert len(accepted(stack)) == 2, "a dry run reads nothing again"
    done = broker("rewind", "--since", since, "--json")

    assert done.exit_code == 0, done.output
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert (outcome["done"], outcome["shards"]) == (True, json.loads(planned.stdout)["shards"])
    assert rounded([outcome, json.loads(planned.stdout)]) == []
    after = accepted(stack)[2:]
    assert sorted(after) == [(str(STAYS), "bought", "purchase"), (str(STAYS), "seen", "view_detail")]
    ids = [event["eventId"] for event in deliveries(stack.personalize.url) if event["itemId"] == "bought"]
    assert len(set(ids)) == 2, "the purchase that comes again has the id that it had"
    assert stack.messages_waiting() == 0
    assert str(ERASED) not in str(after)


def test_the_mapping_is_gone_afterwards_and_what_comes_later_is_read_by_ingest_alone(
    stack: Stack, broker: Broker
) -> None:
    assert broker("rewind", "--stop").stdout == "no rewind is under way\n"
    before = len(accepted(stack))
    put(stack, LATER, "view_detail", "later")
    assert eventually(stack.stream_is_read)
    assert accepted(stack)[before:] == [(str(LATER), "later", "view_detail")]


def test_all_that_the_stream_keeps_can_be_read(broker: Broker) -> None:
    kept = broker("rewind", "--since", "24h", "--dry-run")  # the local stream keeps a day
    assert (kept.exit_code, kept.stdout.startswith("would read again: what arrived from ")) == (0, True), kept.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give --since"),
        (["--since", "2h", "--stop"], "give --since"),
        (["--since", "9d"], "has forgotten what arrived before"),
        (["--since", "1m", "--until", "2m"], "before --until"),
        (["--since", "soon"], "is none of"),
    ],
)
def test_wrong_use_is_one_line_and_reads_nothing(stack: Stack, broker: Broker, arguments: list[str], said: str) -> None:
    before = len(accepted(stack))
    done = broker("rewind", *arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert len(accepted(stack)) == before
