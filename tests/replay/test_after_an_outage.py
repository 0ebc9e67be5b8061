"""The whole flow on the local stack: refused, quarantined, repaired, redriven by the command, and counted once each."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from broker.probe import PROBE
from click.testing import CliRunner

from cli.replay import command
from local_stack import loopback
from local_stack.audit.services import deliveries
from local_stack.settings import LocalStackSettings
from local_stack.stack import NAME, Stack
from tests.json_numbers import rounded
from tests.loop.clone import eventually
from tests.real_data import wire
from tests.replay.world import client

CUSTOMERS = range(40)
BAD = [f"BAD-{number}" for number in range(8)]


@dataclass(frozen=True)
class Outcome:
    """What was held and accepted before and after; ``interactions``: as many as a training would count."""

    expected: int
    quarantined: Mapping[str, Any]
    accepted_before: set[str]
    dry_run: Mapping[str, Any]
    redriven: Mapping[str, Any]
    again: Mapping[str, Any]
    ids: list[str]
    interactions: int
    wrong_tracker: Mapping[str, Any]


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    with Stack(LocalStackSettings(shards=1)) as stack:
        yield repaired(stack)


def repaired(stack: Stack) -> Outcome:
    """Refuse everything for a while, then some items; repair it, and redriven quarantined records."""
    fault(stack, fault="invalid", operation="personalize.PutEvents")
    for customer in CUSTOMERS:
        put(stack, customer, [f"FINE-{customer}", f"ALSO-{customer}"])
    assert eventually(lambda: struck(stack) > 1)
    clear(stack)
    assert eventually(stack.is_idle)
    wrong_tracker = replay(stack)
    fault(stack, fault="invalid", operation="personalize.PutEvents", match={"item": "BAD-*"})
    for customer, item in enumerate(BAD):
        put(stack, customer, [f"GOOD-{customer}-{number}" for number in range(9)] + [item])
    assert eventually(stack.is_idle)
    quarantined, accepted = replay(stack), ids(stack)
    clear(stack)
    dry_run = replay(stack, "--reason", "refused")
    redriven = replay(stack, "--reason", "refused", "--redrive")
    again = replay(stack, "--redrive")
    stack.put_directly += redriven["redriven"]["records"]
    assert eventually(stack.is_idle)
    assert eventually(lambda: counted(stack) > len(set(ids(stack))))  # the probe counts, too
    expected = 2 * len(CUSTOMERS) + 10 * len(BAD)
    return Outcome(
        expected, quarantined, set(accepted), dry_run, redriven, again, ids(stack), counted(stack), wrong_tracker
    )


def fault(stack: Stack, **given: Any) -> None:
    answer = loopback.post(f"{stack.personalize.url}/_local/faults", json={"faults": [given]})
    answer.raise_for_status()


def clear(stack: Stack) -> None:
    requests.delete(f"{stack.personalize.url}/_local/faults", timeout=60).raise_for_status()


def struck(stack: Stack) -> int:
    return sum(one["struck"] for one in loopback.get(f"{stack.personalize.url}/_local/faults").json()["faults"])


def put(stack: Stack, customer: int, items: list[str]) -> None:
    event = wire.product_event(
        action="view_detail",
        products=[{"id": item} for item in items],
        event_id=customer + 1,
        session=f"{customer}-{items[0]}",
        time_ms=int(time.time() * 1000),
    )
    record = wire.record(wire.batch(customer=str(customer), mpid=customer + 1, events=[event], time_ms=0))
    client("kinesis", stack.aws.url).put_record(
        StreamName=stack.resources.stream_name, Data=record, PartitionKey=str(customer)
    )
    stack.put_directly += 1


def replay(stack: Stack, *arguments: str) -> Mapping[str, Any]:
    """Run the command against the stack; return what it prints."""
    environment = {
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_ENDPOINT_URL_PERSONALIZE": stack.personalize.url,
        "BROKER_NAME": NAME,
        "STREAM_NAME": stack.resources.stream_name,
        "QUARANTINE_BUCKET": stack.resources.quarantine_bucket,
        "ON_FAILURE_BUCKET": stack.resources.on_failure_bucket,
        "REFRESH_QUEUE_URL": stack.resources.queue_url,
    }
    done = CliRunner().invoke(command, ["--json", *arguments], env=environment)
    assert done.exit_code == 0, done.output
    said: Mapping[str, Any] = json.loads(done.stdout)
    assert rounded(said) == []
    return said


def ids(stack: Stack) -> list[str]:
    """Return the ids of customers' events, as often as they were accepted."""
    return [event["eventId"] for event in deliveries(stack.personalize.url) if event["eventId"] != PROBE]


def counted(stack: Stack) -> int:
    status = loopback.get(f"{stack.personalize.url}/_local/status").json()
    return int(status["datasetGroups"][0]["interactions"])


def test_a_wrong_tracker_for_a_while_sets_nothing_aside_and_loses_nothing(outcome: Outcome) -> None:
    assert outcome.wrong_tracker["quarantined"] == []
    assert len(outcome.accepted_before) >= 2 * len(CUSTOMERS)


def test_what_personalize_refused_is_set_aside_and_the_rest_of_its_records_delivered(outcome: Outcome) -> None:
    [line] = outcome.quarantined["quarantined"]
    assert (line["reason"], line["waiting"], line["redriven"]) == ("refused", len(BAD), 0)
    assert len(outcome.accepted_before) == outcome.expected - len(BAD)


def test_a_dry_run_puts_nothing_back(outcome: Outcome) -> None:
    assert outcome.dry_run["redriven"] is None
    assert outcome.dry_run["chosen"]["records"] == len(BAD)
    assert outcome.redriven["chosen"] == outcome.dry_run["chosen"] == outcome.redriven["redriven"]


def test_every_quarantined_event_arrives(outcome: Outcome) -> None:
    assert len(set(outcome.ids)) == outcome.expected
    assert len(set(outcome.ids) - outcome.accepted_before) == len(BAD)


def test_none_counts_twice_in_training_and_the_probe_counts_once(outcome: Outcome) -> None:
    assert outcome.interactions == outcome.expected + 1


def test_a_repeat_finds_nothing_to_do(outcome: Outcome) -> None:
    assert outcome.again["chosen"]["records"] == 0
    assert [line["redriven"] for line in outcome.again["quarantined"]] == [len(BAD)]
