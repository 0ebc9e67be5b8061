"""Contexts: what they say of items is found where it is planted, and believed nowhere else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender_models.context import lifts
from recommender_models.context.values import text_from, values_from
from recommender_models.interactions import InteractionColumns, combine
from recommender_models.selection import EventSelection
from recommender_models.training_set import select

USERS, EACH, ITEMS = 60, 20, 20
DEVICES = ("phone", "tv")


def shop(kind: str, seed: int = 3) -> InteractionColumns:
    """Return interactions on two devices.

    ``planted``: on the television users take even items, four times in five. ``none``: the device says nothing.
    ``by user``: each user has one device and likes half of the items, those with televisions the even ones.
    """
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(USERS), EACH)
    on_tv = random.random(len(users)) < 0.4
    if kind == "by user":
        on_tv = users % 2 == 0
    even = random.random(len(users)) < (0.5 if kind == "none" else np.where(on_tv, 0.8, 0.2))
    items = 2 * random.integers(0, ITEMS // 2, len(users)) + ~even
    return InteractionColumns(
        [f"u{user}" for user in range(USERS)],
        [f"i{item:02}" for item in range(ITEMS)],
        ["view"],
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        types=np.zeros(len(users), np.int16),
        times=np.arange(len(users)),
        values=np.full(len(users), np.nan, np.float32),
        contexts=[text_from({"DEVICE": device}) for device in DEVICES],
        context=on_tv.astype(np.int32),
    )


def test_what_is_taken_in_a_context_is_found() -> None:
    found = lifts.fit(shop("planted"), ["DEVICE"])
    on_tv, on_phone = (found.of({"DEVICE": device}) for device in ("tv", "phone"))
    assert on_tv is not None
    assert on_phone is not None
    assert on_tv[::2].min() > 1.3 > 0.8 > on_tv[1::2].max()
    assert on_phone[1::2].min() > 1.1 > 0.8 > on_phone[::2].max()


@pytest.mark.parametrize("seed", range(5))
def test_a_context_that_says_nothing_is_not_believed(seed: int) -> None:
    assert len(lifts.fit(shop("none", seed), ["DEVICE"])) == 0


def test_a_context_that_only_says_who_the_user_is_is_hardly_believed() -> None:
    """A user's own items say it already, but for a few first ones: what is left is little."""
    by_user, planted = (lifts.observed_in(shop(kind), "DEVICE") for kind in ("by user", "planted"))
    gain, planted_gain = (float(lifts._gains(each, each.users < 12).mean()) for each in (by_user, planted))
    assert gain < planted_gain / 4


def test_of_what_is_not_known_nothing_is_said() -> None:
    found = lifts.fit(shop("planted"), ["DEVICE", "PLACE"])
    for context in ({}, {"DEVICE": "watch"}, {"PLACE": "home"}):
        assert found.of(context) is None
    both = found.of({"DEVICE": "tv", "PLACE": "home"})
    assert both is not None
    np.testing.assert_array_equal(both, found.of({"DEVICE": "tv"}))


def test_what_several_columns_say_is_multiplied() -> None:
    factors = {"DEVICE": {"tv": [2.0, 1.0, 0.5]}, "PLACE": {"home": [3.0, 0.5, 0.5]}}
    known = lifts.Lifts(
        {column: {value: np.array(own, np.float32) for value, own in of.items()} for column, of in factors.items()}
    )
    both = known.of({"DEVICE": "tv", "PLACE": "home"})
    np.testing.assert_array_equal(both, [6, 0.5, 0.25])


def test_of_an_item_that_was_taken_once_next_to_nothing_is_known() -> None:
    rows = shop("planted")
    seldom = rows.take(np.flatnonzero(rows.context == 1)[:1])
    found = lifts.fit(combine([rows, replace(seldom, item_ids=["new"], items=np.zeros(1, np.int32))]), ["DEVICE"])
    on_tv = found.of({"DEVICE": "tv"})
    assert on_tv is not None
    assert 1 < on_tv[-1] < 1.2 < on_tv[:-1].max()


def test_a_rare_value_is_not_looked_at() -> None:
    rows = shop("planted")
    usual = rows.take(rows.context == 0)
    for number, values in ((lifts.FEWEST - 1, ["phone"]), (lifts.FEWEST, ["phone", "tv"])):
        rare = rows.take(np.flatnonzero(rows.context == 1)[:number])
        assert lifts.observed_in(combine([usual, rare]), "DEVICE").values == values


def test_of_very_many_values_the_most_frequent_are_looked_at() -> None:
    values = lifts.MOST_VALUES + 2
    context = np.concatenate([np.full(lifts.FEWEST + number, number, np.int32) for number in range(values)])
    rows = shop("none").take(np.zeros(len(context), np.intp))
    texts = [text_from({"VERSION": f"{number:02}"}) for number in range(values)]
    observed = lifts.observed_in(replace(rows, contexts=texts, context=context), "VERSION")
    assert observed.values == [f"{number:02}" for number in range(2, values)]
    assert np.bincount(observed.value).tolist() == [lifts.FEWEST + number for number in range(2, values)]


def test_a_value_that_one_user_alone_has_says_nothing_without_them() -> None:
    rows = shop("planted")
    context = np.where(rows.users == 0, 2, rows.context).astype(np.int32)
    rows = replace(rows, contexts=[*rows.contexts, text_from({"DEVICE": "watch"})], context=context)
    observed = lifts.observed_in(combine([rows] * 3), "DEVICE")
    assert observed.values == ["phone", "tv", "watch"]
    np.testing.assert_array_equal(lifts._gains(observed, observed.users == 0), [0])
    assert np.isfinite(lifts._gains(observed, observed.users < 12)).all()


def test_it_is_the_same_after_it_was_saved() -> None:
    found = lifts.fit(shop("planted"), ["DEVICE"])
    again = lifts.Lifts.restore(found.about(), found.arrays())
    for device in DEVICES:
        np.testing.assert_array_equal(again.of({"DEVICE": device}), found.of({"DEVICE": device}))


def test_interactions_that_differ_in_their_context_alone_are_two() -> None:
    one = shop("planted").take(np.array([0, 0, 1]))
    other = replace(one, context=np.array([0, 1, 0], np.int32))
    same = replace(one, context=np.array([0, 0, 0], np.int32))
    assert [len(select(each, EventSelection({}))[0]) for each in (other, same)] == [3, 2]


def test_folders_of_earlier_versions_have_no_contexts(tmp_path: Path) -> None:
    rows = shop("planted")
    rows.save(tmp_path / "columns")
    for name in ("contexts.json", "context.npy"):
        (tmp_path / "columns" / name).unlink()
    again = InteractionColumns.load(tmp_path / "columns")
    assert list(again.rows()) == [each._replace(context="") for each in rows.rows()]
    assert len(lifts.fit(again, ["DEVICE"])) == 0


def test_the_text_of_a_context_is_the_same_in_whatever_order_its_values_come() -> None:
    one, other = {"A": "1", "B": "ü"}, {"B": "ü", "A": "1"}
    assert text_from(one) == text_from(other)
    assert values_from(text_from(one)) == one
    assert values_from(text_from({})) == {}
