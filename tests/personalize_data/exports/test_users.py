"""Users are counted exactly while they fit, and then from a sample that does not depend on how the parts were cut."""

import json
from collections import Counter

import pytest

from personalize_data.exports.users import UserCounts

PARTS = [{f"user-{number}": 1 + number % 3 for number in range(start, start + 700)} for start in range(0, 3_500, 500)]


def counted(kept: int) -> UserCounts:
    total = UserCounts(kept)
    for part in PARTS:
        of_part = UserCounts(kept)
        of_part.add_users(part)
        total.add(UserCounts.from_json(json.loads(json.dumps(of_part.as_json()))))
    return total


def test_users_who_fit_are_counted_exactly_each_once() -> None:
    rows = Counter[str]()
    for part in PARTS:
        rows.update(part)
    two = sum(number > 1 for number in rows.values())

    total = counted(10_000)

    assert (total.users, total.users_with_two, total.is_exact) == (len(rows), two, True)


@pytest.mark.parametrize("kept", [1_000, 400])  # more than a part has, and fewer
def test_more_users_than_fit_are_estimated_within_what_the_sample_can_tell(kept: int) -> None:
    exact, total = counted(10_000), counted(kept)

    assert not total.is_exact
    assert len(total.rows) <= kept
    assert total.users == pytest.approx(exact.users, rel=0.15)
    assert total.users_with_two == pytest.approx(exact.users_with_two, rel=0.15)


def test_a_part_of_which_a_smaller_sample_is_known_is_not_counted_for_more() -> None:
    few, many = UserCounts(10), UserCounts(10_000)
    few.add_users(PARTS[0])
    many.add_users(PARTS[0])
    many.add(few)

    assert many.users == few.users
