"""A record of the size that the stream allows, through the local stack: read whole, and its event trains."""

import json
import time
from collections.abc import Iterator

import pytest

from blueprint import sizing
from local_stack import loopback
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.loop.clone import eventually
from tests.real_data import wire

KEY = "1"
LIMIT = sizing.MAX_RECORD_KIB * 1024 - len(KEY)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(LocalStackSettings(shards=1)) as running:
        yield running


def record(item: str, size: int) -> bytes:
    """Return a batch with a purchase of an item, as many bytes as asked for; the event is behind what fills it."""
    now = int(time.time() * 1000)
    event = wire.product_event(action="purchase", products=[{"id": item}], event_id=len(item), session="s", time_ms=now)
    batch = json.loads(wire.record(wire.batch(customer="c", mpid=1, events=[event], time_ms=now)))
    batch = {"user_attributes": {"biography": ""}} | {name: batch[name] for name in batch if name != "user_attributes"}
    batch["user_attributes"]["biography"] = "x" * (size - len(json.dumps(batch)))
    return json.dumps(batch).encode()


def test_the_event_of_a_record_of_four_mib_reaches_personalize(stack: Stack) -> None:
    data = record("LARGE", LIMIT)
    assert len(data) == LIMIT > 4_000_000
    stack.client("kinesis").put_record(StreamName=stack.resources.stream_name, Data=data, PartitionKey=KEY)
    stack.put_directly += 1

    assert eventually(stack.stream_is_read)
    accepted = loopback.get(f"{stack.personalize.url}/_local/events", params={"limit": 100}).json()["events"]
    assert [event["itemId"] for event in accepted] == ["LARGE"]
    for bucket in (stack.resources.quarantine_bucket, stack.resources.on_failure_bucket):
        assert stack.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0
