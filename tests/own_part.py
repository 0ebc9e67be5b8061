"""Each worker of a whole run imports a part of the test modules of its own, before those of the other workers.

All workers import all of them, to collect their tests. In a fresh clone, where nothing is compiled yet, each would
compile them all at the same time, and all that they load. Now each finds what the others began with compiled.
"""

import contextlib
import importlib
from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def import_own_part(config: pytest.Config) -> None:
    """Import this worker's part; nothing where there are no workers, or only some of the tests are collected."""
    worker = getattr(config, "workerinput", None)
    if worker is None or [Path(argument).resolve() for argument in config.args] != [TESTS]:
        return
    number = int(worker["workerid"].removeprefix("gw"))
    for name in part(module_names(), number, worker["workercount"]):
        # What needs its conftest.py, or is wrong: the collection imports it once more.
        with contextlib.suppress(Exception, pytest.fail.Exception, pytest.skip.Exception):
            importlib.import_module(name)


def module_names() -> list[str]:
    """Return the names of all test modules, as pytest imports them."""
    paths = sorted(TESTS.rglob("test_*.py"))
    return [".".join(path.relative_to(TESTS.parent).with_suffix("").parts) for path in paths]


def part(names: Sequence[str], number: int, of: int) -> Sequence[str]:
    """Return one of so many parts: neighbours, since they load the same modules."""
    return names[len(names) * number // of : len(names) * (number + 1) // of]
