"""How likely a user is to take each action: a logistic regression for each, on what the user does with items.

    users by items, lines of length one → the K strongest directions (truncated SVD) → P(taken) for each action

An action without enough outcomes has the propensity 0, as in the service (see ``action_outcomes``). K and the ridge
were not searched for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from recommender_models.action_outcomes import Outcomes
from recommender_models.metrics import area_under_curve
from recommender_models.models import files
from recommender_models.models.item_knn import user_item_matrix
from recommender_models.models.lists import Catalogue
from recommender_models.training_set import Floats, TrainingSet

DIRECTIONS = 16
RIDGE = 1.0
STEPS = 25  # of Newton's method, which needs fewer
HELD_OUT = 10  # one user in so many is left out, for the metric


class NextBestAction:
    """Trained propensities."""

    kind = "next-best-action"

    def __init__(self, items: Catalogue, directions: Floats, actions: Sequence[str], weights: Floats) -> None:
        """``directions``: items by K. ``weights``: one line an action, the intercept and K weights."""
        self.catalogue = items
        self.directions = directions
        self.actions = actions
        self.weights = weights

    @classmethod
    def fit(cls, rows: TrainingSet, outcomes: Outcomes) -> "NextBestAction":
        """Train on interactions with items, at least one, and on the outcomes of actions."""
        matrix = _of_length_one(user_item_matrix(rows))
        directions = _directions(matrix)
        features = np.zeros((len(rows.user_ids) + 1, directions.shape[1]), dtype=np.float32)
        features[:-1] = matrix @ directions
        place = {user: number for number, user in enumerate(rows.user_ids)}
        users = np.array([place.get(user, len(place)) for user in outcomes.users], dtype=np.int64)
        actions = np.array(outcomes.actions)
        scored = sorted(outcomes.scored)
        weights = [_logistic(features[users[actions == each]], outcomes.taken[actions == each]) for each in scored]
        shape = len(scored), directions.shape[1] + 1
        return cls(Catalogue(rows.item_ids), directions, scored, np.array(weights, dtype=np.float32).reshape(shape))

    def propensities(self, items: Iterable[str]) -> dict[str, float]:
        """Return the probability of each scored action for a user with these items, 0 to 1."""
        codes = sorted({self.catalogue.code[item] for item in items if item in self.catalogue.code})
        features = self.directions[codes].sum(axis=0) / np.sqrt(max(len(codes), 1))
        chances = _sigmoid(self.weights[:, 0] + self.weights[:, 1:] @ features)
        return dict(zip(self.actions, chances.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        about = {"kind": self.kind, "item_ids": list(self.catalogue.ids), "actions": list(self.actions)}
        files.save(folder, about, {"directions": self.directions, "weights": self.weights})

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "NextBestAction":
        """Return what ``save`` has written."""
        return cls(Catalogue(about["item_ids"]), arrays["directions"], about["actions"], arrays["weights"])


def evaluate_actions(rows: TrainingSet, outcomes: Outcomes, seed: int) -> dict[str, float]:
    """Train without one user in ten; return the area under the curve of their outcomes, .5 where there are too few."""
    users = sorted(set(outcomes.users))
    drawn = set(np.random.default_rng(seed).permutation(users)[: len(users) // HELD_OUT].tolist())
    held = np.array([user in drawn for user in outcomes.users], dtype=bool)
    model = NextBestAction.fit(rows, _some(outcomes, ~held))
    test = _some(outcomes, held)
    known = rows.take(np.isin(rows.users, [code for code, user in enumerate(rows.user_ids) if user in drawn]))
    items: dict[str, list[str]] = {}
    for user, item in zip(known.users.tolist(), known.items.tolist(), strict=True):
        items.setdefault(rows.user_ids[user], []).append(rows.item_ids[item])
    pairs = zip(test.users, test.actions, strict=True)
    scores = [model.propensities(items.get(user, ())).get(action, 0.0) for user, action in pairs]
    return {"auc": round(area_under_curve(np.array(scores), test.taken), 4)}


def _some(outcomes: Outcomes, chosen: np.ndarray) -> Outcomes:
    places = np.flatnonzero(chosen).tolist()
    users, actions = ([values[place] for place in places] for values in (outcomes.users, outcomes.actions))
    return replace(outcomes, users=users, actions=actions, taken=outcomes.taken[chosen])


def _of_length_one(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return which items a user has, weights aside, as lines of length one."""
    held = matrix.copy()
    held.data = np.repeat(1 / np.sqrt(np.maximum(np.diff(held.indptr), 1)), np.diff(held.indptr)).astype(np.float32)
    return held


def _directions(matrix: sparse.csr_array) -> Floats:
    """Return items by at most K directions, scaled so that each says as much as the others of an average user."""
    count = min(DIRECTIONS, min(matrix.shape) - 1)
    if count < 1:
        return np.zeros((matrix.shape[1], 0), dtype=np.float32)
    start = np.ones(min(matrix.shape))
    _, strengths, lines = svds(matrix.astype(np.float64), k=count, v0=start)
    usable = strengths > 1e-6 * strengths.max()
    scale = np.sqrt(matrix.shape[0]) / strengths[usable]
    return np.ascontiguousarray((lines[usable] * scale[:, None]).T, dtype=np.float32)


def _logistic(features: Floats, taken: np.ndarray) -> np.ndarray:
    """Return the intercept and weights of a logistic regression with a ridge, by Newton's method."""
    columns = np.column_stack([np.ones(len(features)), features.astype(np.float64)])
    ridge = RIDGE * np.eye(columns.shape[1])
    ridge[0, 0] = 1e-6  # the intercept is free, but finite where all outcomes are the same
    weights = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        chances = _sigmoid(columns @ weights)
        slope = columns.T @ (chances - taken) + ridge @ weights
        curve = columns.T @ (columns * (chances * (1 - chances))[:, None]) + ridge
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))
