"""The parts of the test modules that workers begin with: each module is in one, as pytest loads it."""

import sys

from tests.own_part import module_names, part


def test_each_module_is_in_the_part_of_one_worker() -> None:
    names = module_names()
    for workers in (1, 2, 4, 7):
        parts = [part(names, number, workers) for number in range(workers)]
        assert [name for one in parts for name in one] == names
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_worker_that_came_instead_of_another_begins_with_none() -> None:
    assert part(module_names(), 4, 4) == []


def test_modules_have_the_names_that_pytest_gives_them() -> None:
    assert __name__ in module_names()
    assert __name__ in sys.modules
