"""What comes next: counted in one direction, learned where the settings give it weight, and gone with the order."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender_models.models import UserPersonalization, load
from recommender_models.models.item_knn import SHRINKAGE
from recommender_models.models.terms import terms
from recommender_models.models.transitions import STEP_DECAY, transitions
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()
SEQUENTIAL = Settings(sequence=1.0)


def rounds(users: int = 30, items: int = 6, steps: int = 10) -> TrainingSet:
    """Return users who go round the same circle of items, each from a place of their own."""
    places = itertools.product(range(users), range(steps))
    return visits((f"u{user}", f"i{(user + step) % items}", 100 * step) for user, step in places)


def test_what_follows_is_counted_in_one_direction_and_less_with_each_step() -> None:
    found = transitions(visits([("u", "a", 1), ("u", "b", 2), ("u", "c", 3), ("v", "c", 1), ("v", "a", 2)])).toarray()
    a, b, c = range(3)
    usual = np.sqrt([2, 1, 2])
    for first, then, weight in ((a, b, 1), (b, c, 1), (a, c, STEP_DECAY), (c, a, 1)):
        assert found[first, then] == pytest.approx(weight / (usual[first] * usual[then] + SHRINKAGE))
        found[first, then] = 0
    assert not found.any()


def test_only_the_lines_that_are_wanted_are_learned() -> None:
    rows = rounds()
    some = transitions(rows, np.arange(6) < 2).toarray()
    assert some[:2] == pytest.approx(transitions(rows).toarray()[:2])
    assert some[:2].any()
    assert not some[2:].any()


def test_with_a_weight_the_next_item_comes_first_and_without_one_it_does_not() -> None:
    rows = rounds()
    history = [(f"i{step}", 100.0 * step, 1.0) for step in range(4)]
    unowned = {f"i{number}" for number in range(4, 6)}
    orders = {}
    for settings in (SEQUENTIAL, Settings()):
        model = UserPersonalization.fit(rows, NOTHING, NOTHING, settings)
        orders[settings.sequence] = [item for item, _ in model.recommend(history, 6) if item in unowned]
        assert (model.transitions is not None) == bool(settings.sequence)
        backwards = [(item, -time, weight) for item, time, weight in history]
        changed = model.scores(history) != pytest.approx(model.scores(backwards))
        assert changed or not settings.sequence
    assert orders[1.0][0] == "i4"


def test_a_saved_model_knows_what_follows_and_its_terms_add_up(tmp_path: Path) -> None:
    model = UserPersonalization.fit(rounds(), NOTHING, NOTHING, SEQUENTIAL)
    model.save(tmp_path)
    loaded = load(tmp_path)
    assert isinstance(loaded, UserPersonalization)
    history = [(f"i{step}", 100.0 * step, 1.0) for step in range(3)]
    listed = model.recommend(history, 6)
    assert loaded.recommend(history, 6) == listed
    explained = terms(loaded, history, [item for item, _ in listed])
    assert explained["i3"].follows > 0
    for item, score in listed:
        each = explained[item]
        assert each.similar + each.again + each.popular + each.follows == pytest.approx(score, rel=1e-4)


def test_many_users_at_once_get_what_each_gets_alone() -> None:
    rows = rounds(users=5)
    model = UserPersonalization.fit(rows, NOTHING, NOTHING, SEQUENTIAL)
    (scores,) = model.blocks(rows, [None] * 5)
    for user in range(5):
        own = rows.users == user
        events = [(rows.item_ids[item], time, 1.0) for item, time in zip(rows.items[own], rows.times[own], strict=True)]
        assert model.scores(events) == pytest.approx(scores[user], rel=1e-4)


def test_without_the_weight_nothing_of_it_is_saved_or_counted() -> None:
    model = UserPersonalization.fit(rounds(), NOTHING, NOTHING, SEQUENTIAL)
    plain = UserPersonalization.fit(rounds(), NOTHING, NOTHING, Settings())
    off = model.with_settings(replace(SEQUENTIAL, sequence=0.0))
    history = [("i0", 1.0, 1.0), ("i1", 2.0, 1.0)]
    assert off.recommend(history, 6) == plain.recommend(history, 6)
