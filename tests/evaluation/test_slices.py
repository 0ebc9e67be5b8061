"""Slices: by a column of the users each user in one of them, under a name that no other has; by an item's age."""

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evaluation.data import log as logs
from evaluation.recommenders.registry import BY_NAME
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, Task, task
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up

USERS = 60


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    log = logs.read(made_up.write(tmp_path_factory.mktemp("shop") / "i.csv", made_up.rows(USERS)))
    return task(log, split(log, HoldOut("last-basket")), None, 1)


def parts(question: Task, values: Sequence[Any]) -> Mapping[str, int]:
    """Return the users of each part; the values are those of u0, u1, …"""
    users = RecordColumns([f"u{user}" for user in range(USERS)], {"C": list(values)})
    settings = ComparisonSettings(tasks=[ALL_ITEMS], recommenders=[BY_NAME["popularity"]], slice_by="C", tune=False)
    slices = [part for part in compare(question, settings, users).slices[ALL_ITEMS] if part.by == "C"]
    assert len({part.part for part in slices}) == len(slices)
    return {part.part: part.users for part in slices}


def test_quarters_of_numbers_hold_everybody_once_and_their_names_do_not_overlap(question: Task) -> None:
    values = [float(7 * user) for user in range(USERS)]
    random.Random(1).shuffle(values)
    assert parts(question, values) == {"0 to 91": 14, "98 to 196": 15, "203 to 301": 15, "308 to 413": 16}


def test_who_has_no_number_is_in_a_slice_of_their_own_whichever_way_it_is_said(question: Task) -> None:
    values = [math.nan if user % 3 == 0 else None if user % 3 == 1 else float(user) for user in range(USERS)]
    users_by_part = parts(question, values)
    assert users_by_part["none"] == 40
    assert sum(users_by_part.values()) == USERS
    assert len(users_by_part) == 5
    assert parts(question, [math.nan, math.inf] * 20 + [1.0] * 20) == {"inf": 20, "1": 20, "none": 20}


def test_endless_numbers_and_many_alike_make_parts_too(question: Task) -> None:
    values = [0.0] * 40 + [-math.inf, *map(float, range(1, 18)), 2.5, math.inf]
    users_by_part = parts(question, values)
    assert sum(users_by_part.values()) == USERS
    assert not any("nan" in name for name in users_by_part)


def test_values_beyond_the_eight_commonest_are_the_others(question: Task) -> None:
    users_by_part = parts(question, [f"s{min(user % 12, 10)}" for user in range(USERS)])
    assert len(users_by_part) == 9
    assert (users_by_part["others"], sum(users_by_part.values())) == (15, USERS)


@pytest.mark.parametrize("how", [HoldOut("time", at=made_up.START + 100 * made_up.DAY), HoldOut("leave-one-out")])
def test_an_item_is_young_for_thirty_days_before_each_users_moment(how: HoldOut, tmp_path: Path) -> None:
    """The item i40 appears on day 40, and so on; the last of each user is of day 100, or, of one, of day 35."""
    days = [("u0", 0), ("u1", 40), ("u2", 69), ("u3", 70), ("u4", 71), ("u5", 99)]
    rows = [(user, f"i{day}", day, "") for user, day in days]
    rows += [(f"u{user}", f"i{item}", 100, "") for user, item in enumerate((40, 69, 70, 71, 99))]
    rows += [("u5", "never before", 100, ""), ("u6", "i0", 33, ""), ("u6", "i0", 35, "")]
    rows = [(user, item, made_up.START + day * made_up.DAY, kind) for user, item, day, kind in rows]
    log = logs.read(made_up.write(tmp_path / "i.csv", rows))
    settings = ComparisonSettings(tasks=[ALL_ITEMS], recommenders=[BY_NAME["popularity"]], tune=False)
    compared = compare(task(log, split(log, how), None, 1), settings, RecordColumns())
    ages = {part.part: part.users for part in compared.slices[ALL_ITEMS] if part.by == "item's age"}
    # Day 70 is thirty days before day 100; of u6, asked on day 35, i0 is of day 0.
    assert ages == {"under 30 days": 3, "30 days or more": 3 + (how.kind != "time")}


def test_where_the_interactions_do_not_reach_back_no_age_is_known(question: Task, tmp_path: Path) -> None:
    rows = [row for row in made_up.rows(USERS) if row[2] < made_up.START + 30 * made_up.DAY]
    log = logs.read(made_up.write(tmp_path / "i.csv", rows))
    settings = ComparisonSettings(tasks=[ALL_ITEMS], recommenders=[BY_NAME["popularity"]], tune=False)
    short = compare(task(log, split(log, HoldOut("last-basket")), None, 1), settings, RecordColumns())
    assert not [part for part in short.slices[ALL_ITEMS] if part.by == "item's age"]
    whole = compare(question, settings, RecordColumns())
    assert [part.part for part in whole.slices[ALL_ITEMS] if part.by == "item's age"]
