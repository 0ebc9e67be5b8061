"""``kill -9`` at any moment, also while a snapshot is written: what was acknowledged is there, and once."""

import itertools
import multiprocessing
import random
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.draws import draws
from tests.personalize_local.test_journal import started
from tests.personalize_local.world import START, World

KILLS = draws(all_of_them=200, part=20)
SNAPSHOT_AFTER = 2500  # bytes of journal: a snapshot every few calls
MOST = 1_000_000  # deliveries: a fast machine puts more than a page in 200 rounds
pytestmark = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="a process forks")


def begin(folder: Path, round_: int) -> World:
    """Start the service for a round, an hour after the last one."""
    numbers = {"now": START + 3600 * round_, "ids_from": 1 + 1_000_000 * round_}
    return started(folder, **numbers, snapshot_after=SNAPSHOT_AFTER)


def serve(folder: Path, round_: int, tracking: str, acknowledged: Connection) -> None:
    """Put events until somebody ends this process; send the ids of those that were accepted."""
    world = begin(folder, round_)
    for number in itertools.count():
        ids = [f"{round_}-{number}-{place}" for place in range(1 + number % 3)]
        world.put(tracking, *({"itemId": event_id, "eventId": event_id} for event_id in ids), user=f"u{number % 7}")
        acknowledged.send(ids)
        world.wait(0.3)
        world.service.tick()


def killed(folder: Path, round_: int, tracking: str, after: int) -> list[str]:
    """Serve, and kill the service after a number of calls; return the acknowledged ids."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=serve, args=(folder, round_, tracking, theirs))
    process.start()
    theirs.close()
    acknowledged: list[str] = []
    for _ in range(after):
        acknowledged += ours.recv()
    process.kill()
    try:
        while True:
            acknowledged += ours.recv()
    except EOFError:
        process.join()
    return acknowledged


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    chance = random.Random(7)
    world = begin(tmp_path, 0)
    tracking = world.ready_to_collect()
    world.journal.close()
    acknowledged: list[str] = []
    snapshots = set()
    for round_ in range(1, KILLS + 1):
        acknowledged += killed(tmp_path, round_, tracking, after=chance.randrange(1, 25))
        world = begin(tmp_path, round_)
        there = [event["eventId"] for event in world.service.deliveries(limit=MOST)]
        assert len(there) == len(set(there))
        newest = [event_id for event_id in acknowledged if int(event_id.partition("-")[0]) > round_ - 20]
        assert set(newest) <= set(there)
        world.wait(3000)
        counts = world.counts()
        assert counts["interactions"] == counts["accepted"] >= len(acknowledged)
        assert counts["accepted"] - len(acknowledged) <= 3 * round_, "those of a call that was cut off, at most"
        snapshots.add(world.journal.snapshot)
        world.journal.close()
    assert len(snapshots) > KILLS / 2, "snapshots were taken all along"
