"""Two dataset groups side by side: the second one gets the past from the archive and the present from the stream."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.archive import Archive
from local_stack.audit.services import deliveries
from local_stack.aws.session import local_client
from local_stack.settings import LocalStackSettings
from local_stack.stack import ARCHIVE_BUCKET, NAMES, SECOND_NAMES, Stack
from tests.broker.lambda_events import batch, product_event
from tests.loop.clone import eventually
from tests.loop.stack_commands import Broker, commands

ERASED, EARLY, BOTH, LATE = -7346244611012968789, 5, 6, 7
FIRST, SECOND = NAMES.broker, SECOND_NAMES.broker


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack(LocalStackSettings(seed=7, shards=2, archive=True)) as running:
        yield running


@pytest.fixture
def broker(stack: Stack) -> Iterator[Broker]:
    """Return `./broker COMMAND …` with what ``serve --archive --second-tracker`` would export."""
    with commands(stack, lambda *_: pytest.fail("mapped")) as run:
        yield run


def put(stack: Stack, when: str, *mpids: int) -> None:
    """Put a view and a purchase of each customer on the stream; their items and ids say when."""
    for mpid in mpids:
        now = datetime.now(UTC).timestamp()
        events = [
            product_event(
                action, [f"{action}-{when}"], now, event_id=f"{mpid}-{action}-{when}", session_uuid=f"s{mpid}"
            )
            for action in ("view_detail", "purchase")
        ]
        data = json.dumps(batch(*events, mpid=mpid)).encode()
        stack.client("kinesis").put_record(StreamName=stack.resources.stream_name, PartitionKey=str(mpid), Data=data)
        stack.put_directly += 1


def archived(stack: Stack) -> int:
    opened = Archive(stack.client("s3"), ARCHIVE_BUCKET)
    return sum(part.document is not None for stored in opened.objects() for part in opened.parts(stored))


def event_ids(stack: Stack, tracking_id: str) -> Counter[str]:
    """Return how often a tracker accepted each event id, but for the broker's own probe."""
    events = [event for event in deliveries(stack.personalize.url) if event["trackingId"] == tracking_id]
    return Counter(event["eventId"] for event in events if event["userId"] != "broker-probe")


def users(stack: Stack, tracking_id: str) -> set[str]:
    events = deliveries(stack.personalize.url)
    return {event["userId"] for event in events if event["trackingId"] == tracking_id} - {"broker-probe"}


def exported(broker: Broker, name: str, path: Path) -> list[str]:
    """Return what a training of a dataset group would read: the rows of an export, sorted."""
    result = broker("export", "--mode", "all", "--out", path, name=name)
    assert result.exit_code == 0, result.output
    header, *rows = path.read_text().splitlines()
    assert header.startswith("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP")
    return sorted(rows)


def test_both_groups_have_each_interaction_once_and_the_second_nothing_of_an_erased_user(
    stack: Stack, broker: Broker, tmp_path: Path
) -> None:
    put(stack, "before", ERASED, EARLY, BOTH)
    assert eventually(stack.stream_is_read)
    assert eventually(lambda: archived(stack) == 3)
    assert broker("forget", ERASED, "--yes").exit_code == 0

    # What arrived until now, the stream has forgotten: only the archive has it.
    stack.write_second_tracker(begin=datetime.now(UTC).timestamp())
    assert stack.second_tracker
    first, second = stack.tracker.tracking_id, stack.second_tracker.tracking_id
    put(stack, "after", ERASED, BOTH, LATE)
    assert eventually(stack.stream_is_read)
    assert eventually(lambda: users(stack, second) == {str(BOTH), str(LATE)}), "by the stream alone"
    assert eventually(lambda: archived(stack) == 6)

    # A rewind never writes into another group than is meant.
    refused = broker("rewind", "--since", "1h", "--from", "archive")
    assert (refused.exit_code, "say --second" in refused.output) == (2, True)
    filled = broker("rewind", "--since", "1h", "--from", "archive", "--second", "--json")
    assert filled.exit_code == 0, filled.output
    assert json.loads(filled.stdout)["records"] == 6, "also what the stream brought: none is missing between the two"

    of_first, of_second = event_ids(stack, first), event_ids(stack, second)
    assert set(of_first.values()) == {1}, "the fill does not touch the group that serves"
    assert set(of_second.values()) == {1, 2}, "fill and stream overlap"
    assert {id for id in of_first if id not in of_second} == {
        event["eventId"] for event in deliveries(stack.personalize.url) if event["userId"] == str(ERASED)
    }
    assert set(of_second) < set(of_first)
    assert users(stack, second) == {str(EARLY), str(BOTH), str(LATE)}
    assert len(of_second) == 8, "two events of two customers before, and of two customers after"
    assert eventually(lambda: len(exported(broker, SECOND, tmp_path / "second.csv")) == 8), "each once"
    # The first ingest reads the list once a minute, so that it may have sent what came late of the erased user.
    of_others = [row for row in exported(broker, FIRST, tmp_path / "first.csv") if not row.startswith(f"{ERASED},")]
    assert of_others == exported(broker, SECOND, tmp_path / "second.csv")

    # Who is erased later is in both groups, and each has its own job.
    erased = json.loads(broker("forget", EARLY, "--yes", "--json").stdout)
    assert "second dataset group" in erased["next"][0]
    assert broker("forget", EARLY, "--yes", name=SECOND).exit_code == 0
    left = exported(broker, SECOND, tmp_path / "left.csv")
    assert {row.partition(",")[0] for row in left} == {str(BOTH), str(LATE)}


def test_a_second_tracker_that_refuses_holds_back_its_own_reader_alone(stack: Stack) -> None:
    stack.write_second_tracker()
    assert stack.second_tracker
    put(stack, "accepted", BOTH)
    assert eventually(lambda: users(stack, stack.second_tracker.tracking_id) == {str(BOTH)})
    model = local_client("personalize", stack.personalize.url)
    group = stack.second_tracker.dataset_group_arn
    (tracker,) = model.list_event_trackers(datasetGroupArn=group)["eventTrackers"]
    model.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])

    put(stack, "refused", EARLY, LATE)
    assert eventually(stack.stream_is_read), "the first ingest reads on"
    assert users(stack, stack.tracker.tracking_id) == {str(EARLY), str(BOTH), str(LATE)}
    assert eventually(lambda: sum(one.errors for one in stack.second_pollers.counts().values()))
    second = stack.second_pollers.counts().values()
    assert sum(one.records_done for one in second) == 1, "its records wait on the stream"
    assert sum(one.records_given_up for one in second) == 0
