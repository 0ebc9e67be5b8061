"""How far a seeding came: what is stored, and of two commands only one may store."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from broker.failures import Misconfigured

from seeding.attempts import Attempt
from seeding.progress import Progress, ProgressStore, Taken
from tests.broker.stubs import FAR, FakeTime
from tests.seeding.world import BUCKET, PROGRESS, World

SOME = Progress(7, {-9107871506589424318: Attempt(3, 2)}, Counter(written=6))


def store(world: World, put: Any = None) -> ProgressStore:
    s3 = SimpleNamespace(get_object=world._get, put_object=put or world._put)
    return ProgressStore(s3, BUCKET, PROGRESS, world.clock())


def test_what_was_stored_is_read_again() -> None:
    world = World(1)
    first = store(world)
    assert first.read(FAR) == Progress()
    first.write(SOME, FAR)
    first.write(SOME, FAR)
    assert store(world).read(FAR) == SOME


def test_of_two_commands_the_one_that_does_not_know_the_newest_is_refused() -> None:
    world = World(1)
    one, other = store(world), store(world)
    assert one.read(FAR) == other.read(FAR) == Progress()
    one.write(SOME, FAR)
    with pytest.raises(Taken):
        other.write(Progress(), FAR)
    assert store(world).read(FAR) == SOME


def test_a_write_that_was_done_without_an_answer_is_no_other_command() -> None:
    world = World(1)

    def lost(**request: Any) -> Any:
        world._put(**request)
        return world._put(**request)  # as boto3 sends it again

    done = store(world, lost)
    done.read(FAR)
    done.write(SOME, FAR)
    done.write(Progress(8), FAR)
    assert store(world).read(FAR) == Progress(8)


@pytest.mark.parametrize(
    "stored", [b"", b"{", b"[]", b'{"done": 1}', b'{"done": 1, "open": {"x": [1, 2]}, "counts": {}}']
)
def test_what_is_no_progress_is_not_taken_for_a_beginning(stored: bytes) -> None:
    world = World(1)
    world.objects[PROGRESS] = stored
    with pytest.raises(Misconfigured, match=r"s3://bucket/progress\.json"):
        store(world).read(FakeTime().now + 60)
