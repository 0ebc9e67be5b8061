"""Python looks for garbage seldom, and no longer through what a process has loaded."""

import gc
from collections.abc import Iterator

import pytest
from broker.garbage import collect_rarely


@pytest.fixture
def restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("restored")
def test_ten_thousand_new_objects_are_no_reason_to_look_for_garbage() -> None:
    collect_rarely()
    assert gc.get_freeze_count() > 10_000, "what is loaded is left out"
    before = [generation["collections"] for generation in gc.get_stats()]
    kept = [[number] for number in range(10_000)]
    assert [generation["collections"] for generation in gc.get_stats()] == before
    assert len(kept) == 10_000


@pytest.mark.usefixtures("restored")
def test_garbage_is_still_found() -> None:
    collect_rarely()
    before = gc.get_stats()[0]["collections"]
    for _ in range(100_000):
        cycle: list[object] = []
        cycle.append(cycle)
    assert gc.get_stats()[0]["collections"] > before
