"""What is trained on: what a solution selects, once each, in an order of its own, if it is enough."""

import random

import numpy as np
import pytest

from recommender_models.interactions import Interaction, combine
from recommender_models.selection import EventSelection
from recommender_models.splits import draw_test_users, last_basket, newest_tenth
from recommender_models.training_set import TrainingSet, select, shortage
from tests.recommender_models.rows import Row, columns, visits

EVERY = EventSelection({})
CONFIG = [
    {"eventType": "buy", "weight": 1.0, "eventValueThreshold": 9.99},
    {"eventType": "view", "weight": 0.25},
    {"eventType": "skip", "weight": 0.0},
]
SOLUTIONS = (
    {},
    {"eventType": "buy"},
    {"eventType": "buy", "solutionConfig": {"eventValueThreshold": "9.99"}},
    {"solutionConfig": {"eventsConfig": {"eventParametersList": CONFIG}}},
)
ROWS: list[Row] = [
    ("u", "a", "buy", 5, 9.99),
    ("u", "b", "buy", 5, 9.98),
    ("u", "c", "buy", 5, None),
    ("v", "a", "view", 5, None),
    ("v", "b", "skip", 5, 100.0),
    ("v", "c", None, 5, 100.0),
    ("v", "d", "other", 5, 100.0),
]


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_columns_are_weighed_as_interactions_are(solution: dict[str, object]) -> None:
    events = EventSelection.of(solution)
    interactions = [Interaction(user, item, kind or "", time, value) for user, item, kind, time, value in ROWS]
    one_by_one = {(interaction.user, interaction.item): weight for interaction, weight in events.weigh(interactions)}
    distinct, rows = select(columns(ROWS), events)
    names = [
        (distinct.user_ids[user], distinct.item_ids[item])
        for user, item in zip(distinct.users, distinct.items, strict=True)
    ]
    assert dict(zip(names, rows.weights.tolist(), strict=True)) == one_by_one
    assert len(one_by_one) == {0: 7, 1: 3, 2: 1, 3: 2}[SOLUTIONS.index(solution)]


def test_what_is_the_same_in_everything_counts_once_and_a_difference_in_anything_counts() -> None:
    row: Row = ("u", "a", "buy", 5, 1.0)
    different: list[Row] = [
        ("v", "a", "buy", 5, 1.0),
        ("u", "b", "buy", 5, 1.0),
        ("u", "a", "view", 5, 1.0),
        ("u", "a", None, 5, 1.0),
        ("u", "a", "buy", 6, 1.0),
        ("u", "a", "buy", 5, 2.0),
        ("u", "a", "buy", 5, None),
    ]
    imported, streamed = columns([row, *different, row]), columns([*different, row])
    distinct, rows = select(combine([imported, streamed]), EVERY)
    assert len(distinct) == len(rows) == 8


def test_order_and_codes_follow_from_the_content_and_unused_names_are_gone() -> None:
    rows: list[Row] = [
        (f"u{n % 7}", f"i{n % 11}\0" * (n % 2 + 1), ("a", None, "b")[n % 3], n % 5, None) for n in range(99)
    ]
    expected, as_given = select(columns(rows), EVERY)
    random.Random(2).shuffle(rows)
    shuffled = columns([*rows, ("gone", "gone too", "c", 1, None)]).take(np.arange(len(rows)))
    distinct, again = select(shuffled, EVERY)
    for name in ("user_ids", "item_ids", "event_types"):
        assert getattr(distinct, name) == getattr(expected, name) == sorted(getattr(distinct, name))
    for name in ("users", "items", "types", "times"):
        assert getattr(distinct, name).tolist() == getattr(expected, name).tolist()
    assert again.item_ids == as_given.item_ids


@pytest.mark.parametrize(
    ("users", "each", "lone", "reason"),
    [
        (33, 30, 9, "Training needs at least 1000 interactions; there are 999."),
        (24, 50, 5, "Training needs at least 25 users with 2 interactions or more; there are 24."),
        (25, 40, 2476, "Training needs at least 1% of users with 2 interactions or more; there are 25 of 2501."),
        (25, 40, 0, None),
        (25, 40, 2475, None),
    ],
)
def test_what_the_service_asks_for_at_least(users: int, each: int, lone: int, reason: str | None) -> None:
    several = [(f"u{user}", f"i{step}", step) for user in range(users) for step in range(each)]
    assert shortage(visits([*several, *((f"lone{user}", "i", 1) for user in range(lone))])) == reason


def by_user(counts: list[int]) -> TrainingSet:
    return visits((f"u{user}", f"i{time:02}", time) for user, count in enumerate(counts) for time in range(count))


def test_the_newest_tenth_of_each_user_is_held_back_and_one_event_of_those_with_few() -> None:
    rows = by_user([1, 2, 9, 10, 19, 20])
    held = newest_tenth(rows)
    assert [(f"u{user}", time) for user, time in zip(rows.users[held], rows.times[held], strict=True)] == [
        ("u1", 1), ("u2", 8), ("u3", 9), ("u4", 18), ("u5", 18), ("u5", 19),
    ]  # fmt: skip


def test_a_tenth_of_the_users_is_kept_for_the_test_drawn_by_the_seed() -> None:
    rows = by_user([1] * 57)
    assert draw_test_users(rows, 1).sum() == 5
    assert (draw_test_users(rows, 1) == draw_test_users(rows, 1)).all()
    assert (draw_test_users(rows, 1) != draw_test_users(rows, 2)).any()
    assert draw_test_users(by_user([3, 3]), 1).sum() == 1


def test_the_last_basket_is_all_of_the_newest_moment_of_who_has_an_older_one() -> None:
    rows = visits([("u", "a", 1), ("u", "b", 2), ("u", "c", 2), ("v", "a", 5), ("v", "b", 5)])
    assert [rows.item_ids[item] for item in rows.items[last_basket(rows)]] == ["b", "c"]
