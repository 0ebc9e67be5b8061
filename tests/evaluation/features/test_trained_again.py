"""An interval of held-out users that holds for another training: as wide as models differ, and as chance is shared."""

import math

import numpy as np
import pytest

from evaluation.features.trained_again import interval
from evaluation.scoring.uncertainty import Z, mean

FOLDS, TRAININGS, USERS, DATA_SETS = 3, 3, 60, 400


def folds_of(random: np.random.Generator) -> np.ndarray:
    return np.array([random.permutation(USERS) % FOLDS for _ in range(TRAININGS)])


def by_chance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return what pure noise is worth, and folds: a model is the mean of whom it trained on, users agree or not."""
    users, folds = random.standard_normal((USERS, 8)), folds_of(random)
    worth = np.zeros((TRAININGS, USERS))
    for line, fold in zip(worth, folds, strict=True):
        for one in range(FOLDS):
            line[fold == one] = users[fold == one] @ users[fold != one].mean(axis=0)
    return worth, folds


def test_what_is_worth_nothing_is_seldom_told_from_nothing_though_users_alone_would_tell_it_often() -> None:
    random = np.random.default_rng(1)
    ours = over_users = 0
    for _ in range(DATA_SETS):
        worth, folds = by_chance(random)
        one, naive = interval(worth, folds), mean(worth.mean(axis=0))
        ours += not one.low <= 0 <= one.high
        over_users += not naive.low <= 0 <= naive.high
    assert over_users > 0.12 * DATA_SETS
    assert ours < 0.05 * DATA_SETS


def test_models_that_differ_make_it_wide_though_all_their_users_agree() -> None:
    folds = folds_of(np.random.default_rng(1))
    models = np.arange(9.0).reshape(3, 3)
    values = np.take_along_axis(models - models.mean(axis=1, keepdims=True), folds, axis=1)
    users_agree = interval(values, folds)
    users = values.mean(axis=0).var(ddof=1) / USERS
    assert users_agree.mean == pytest.approx(0)
    assert users_agree.high == pytest.approx(Z * math.sqrt(users * 2.5 + 0.75 * (1 / 9 + 1 / 2)))


def test_where_models_agree_it_is_that_of_the_users_with_the_correction() -> None:
    random = np.random.default_rng(1)
    folds = folds_of(random)
    worth = np.tile(np.repeat([1.0, 3.0], USERS // 2), (TRAININGS, 1))
    one = interval(worth, folds)
    naive = Z * math.sqrt(worth[0].var(ddof=1) / USERS)
    assert (one.mean, one.n) == (2, USERS)
    assert one.high - 2 == pytest.approx(naive * math.sqrt(2.5))
