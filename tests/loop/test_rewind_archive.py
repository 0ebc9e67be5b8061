"""`./broker rewind --from archive`: what the archive has trains once, and whoever was forgotten stays away."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.archive import Archive, packed
from local_stack.audit.services import deliveries
from local_stack.settings import LocalStackSettings
from local_stack.stack import ARCHIVE_BUCKET, Stack
from tests.broker.lambda_events import batch, product_event
from tests.loop.clone import eventually
from tests.loop.stack_commands import Broker, commands

ERASED, STAYS, LEFT_OUT = -7346244611012968789, 5, 6
LONG_AGO = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=20)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(LocalStackSettings(seed=7, shards=2, archive=True)) as running:
        yield running


@pytest.fixture(scope="module")
def broker(stack: Stack) -> Iterator[Broker]:
    """Return `./broker COMMAND …` with what ``serve --archive`` would export."""
    with commands(stack, lambda *_: pytest.fail("mapped")) as run:
        yield run


def view(mpid: int, item: str, at: datetime, **data: Any) -> bytes:
    event = product_event(
        "view_detail", [item], at.timestamp(), event_id=f"{mpid}-{item}", session_uuid=f"s{mpid}", **data
    )
    return json.dumps(batch(event, mpid=mpid)).encode()


def accepted(stack: Stack) -> list[tuple[str, str]]:
    """Return who and what of all that Personalize has accepted, in order, repeats included."""
    return [(event["userId"], event["itemId"]) for event in deliveries(stack.personalize.url)]


def archived(stack: Stack) -> Counter[int]:
    opened = Archive(stack.client("s3"), ARCHIVE_BUCKET)
    parts = [part for stored in opened.objects() for part in opened.parts(stored)]
    return Counter(int(part.document["mpid"]) for part in parts if part.document)


def trained(stack: Stack, broker: Broker, path: Any) -> list[tuple[str, str]]:
    """Return who and what a training would read: what an export has."""
    assert broker("export", "--out", path).exit_code == 0
    return sorted((line.split(",")[0], line.split(",")[1]) for line in path.read_text().splitlines()[1:])


def test_what_the_archive_has_trains_once_and_nothing_of_a_forgotten_customer(
    stack: Stack, broker: Broker, tmp_path: Any
) -> None:
    now, kinesis = datetime.now(UTC), stack.client("kinesis")
    for mpid in (ERASED, STAYS):
        data = view(mpid, "new", now)
        kinesis.put_record(StreamName=stack.resources.stream_name, PartitionKey=str(mpid), Data=data)
        stack.put_directly += 1
    assert eventually(stack.stream_is_read)
    assert eventually(lambda: archived(stack) == Counter([ERASED, STAYS]))
    # Weeks ago, a wrong setting left out what the stream has forgotten since.
    old = [view(mpid, "old", LONG_AGO + timedelta(minutes=5)) for mpid in (ERASED, STAYS, LEFT_OUT)]
    far_off = view(STAYS, "of the future", LONG_AGO + timedelta(days=3))
    key = f"raw/{LONG_AGO:%Y/%m/%d/%H}/x.gz"
    body = packed(iter([*old, b"no JSON", far_off]))
    stack.client("s3").put_object(Bucket=ARCHIVE_BUCKET, Key=key, Body=body)

    assert broker("forget", ERASED, "--yes").exit_code == 0
    before = accepted(stack)
    planned = json.loads(broker("rewind", "--since", "21d", "--from", "archive", "--dry-run", "--json").stdout)
    assert (planned["dry_run"], planned["records"], accepted(stack)) == (True, None, before)
    done = broker("rewind", "--since", "21d", "--from", "archive", "--json")

    assert done.exit_code == 0, done.output
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert (outcome["objects"], outcome["left_out"]) == (planned["objects"], {"unreadable": 1, "not_repeatable": 1})
    assert outcome["records"] == 5, "those of the erased customer are handed over, and left out by the function"
    assert sorted(accepted(stack)[len(before) :]) == [("5", "new"), ("5", "old"), ("6", "old")]
    assert eventually(lambda: trained(stack, broker, tmp_path / "e.csv") == [("5", "new"), ("5", "old"), ("6", "old")])
    assert stack.messages_waiting() == 0

    assert broker("forget", ERASED, "--yes", "--archive").exit_code == 0
    assert set(archived(stack)) == {STAYS, LEFT_OUT}
    assert broker("rewind", "--since", "21d", "--from", "archive").exit_code == 0
    assert ERASED not in {int(user) for user, _ in accepted(stack)[len(before) :]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "1m", "--until", "2m", "--from", "archive"], "before --until"),
        (["--since", "1m", "--from", "tape"], "tape"),
    ],
)
def test_wrong_use_is_one_line(broker: Broker, arguments: list[str], said: str) -> None:
    done = broker("rewind", *arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_a_time_of_which_the_archive_has_nothing_is_no_failure(broker: Broker) -> None:
    done = broker("rewind", "--since", "90d", "--until", "80d", "--from", "archive")
    assert (done.exit_code, "the archive has nothing" in done.stdout) == (0, True)
