"""Which job forgets whom, and what is in its list."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.forgetting import DeletionStep, bad_users, decide, users_csv
from lifecycle.names import Names

NAMES = Names("shop")
ONE = decide([], NAMES, ["1", "-2"]).job


def job(name: str, status: str) -> dict[str, str]:
    return {"jobName": name, "status": status, "dataDeletionJobArn": f"arn:{name}"}


def test_the_same_users_in_any_order_have_the_same_job_and_others_another() -> None:
    assert decide([], NAMES, ["-2", "1"]).job == ONE
    assert decide([], NAMES, ["-2", "1", "3"]).job != ONE
    assert decide([], NAMES, ["-21"]).job != ONE


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "CREATE PENDING", "CREATE IN_PROGRESS"])
def test_a_job_under_way_is_taken_up(status: str) -> None:
    assert decide([job(ONE, status)], NAMES, ["1", "-2"]) == DeletionStep(ONE, f"arn:{ONE}")


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "ACTIVE", "CREATE FAILED"])
def test_after_a_job_that_ended_each_run_is_a_further_one(status: str) -> None:
    second = decide([job(ONE, status)], NAMES, ["1", "-2"])
    assert second == DeletionStep(f"{ONE}-2")
    there = [job(ONE, status), job(second.job, "IN_PROGRESS")]
    assert decide(there, NAMES, ["1", "-2"]) == DeletionStep(second.job, f"arn:{second.job}")


def test_a_name_holds_no_id_and_is_short_enough() -> None:
    name = decide([], Names("a" * 80), ["7346244611012968789"]).job
    assert "7346244611012968789" not in name
    assert len(name) <= 63


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_the_list_has_one_column_and_every_user_as_it_is(users: list[str]) -> None:
    users = [user for user in users if "\0" not in user and "\r" not in user]
    assert list(csv.reader(io.StringIO(users_csv(users), newline=""))) == [["USER_ID"], *([user] for user in users)]


def test_what_cannot_be_an_id_is_named_by_its_place() -> None:
    assert bad_users(["1", "", "a b", "x" * 256, "x" * 257, "a\tb"]) == [2, 5, 6]
