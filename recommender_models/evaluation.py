"""The offline metrics that GetSolutionMetrics shows, computed as the service says it computes them.

A tenth of the users, drawn by the seed, is left out of the training; the older nine tenths of the events of each go in,
the newest tenth is to be predicted (Developer Guide, "Evaluating a solution version with metrics"). NDCG is that of the
hits alone, as the service's published figures show it to be. Ours: users without anything to predict are left out of
the means; of more than 10,000 so many are asked; similar items are asked for by a user's newest item; a ranking recipe
is scored by its order of all items; coverage, "items that might be recommended", is counted over the lists of 5,000
users, or of all if there are fewer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recommender_models import metrics
from recommender_models.models import Model
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.splits import Mask, draw_test_users, newest_tenth
from recommender_models.training_set import Codes, TrainingSet

KS = (5, 10, 25)
PLACES = max(KS)
COVERAGE_USERS = 5000
MOST_USERS = 10_000

Metrics = dict[str, float]


def evaluate(
    recipe: type[Model], rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings, seed: int
) -> Metrics:
    """Train without the test users; return the eight metrics, to four digits, zeros where nothing can be predicted."""
    chosen = draw_test_users(rows, seed)
    train = rows.take(~chosen[rows.users]).for_own_items()
    test = rows.for_users(chosen if chosen.sum() <= MOST_USERS else _some(chosen, MOST_USERS, seed))
    held = newest_tenth(test)
    if not len(train) or not held.any():
        return personalize(np.zeros((1, PLACES), dtype=bool), 0.0)
    model = recipe.fit(train, users, items, settings)
    known = users.properties()
    lists = _lists(model, test.take(~held).for_items(train.item_ids), known)
    relevant_items = test.take(held).items_in(model.catalogue.code)
    # What the training did not know is relevant, and in no list.
    relevant_items = np.where(relevant_items < 0, len(model.catalogue), relevant_items)
    hits, relevant = metrics.hits(lists, test.users[held], relevant_items)
    others = train.for_users(_some(~chosen, COVERAGE_USERS - len(lists), seed))
    shown = np.concatenate([lists, _lists(model, others, known)]) if len(others) else lists
    catalogue = len(set(rows.item_ids) | set(items.ids))
    return personalize(hits[relevant > 0], metrics.coverage(shown, catalogue))


def personalize(hits: metrics.Hits, coverage: float) -> Metrics:
    """Return the means over users under the names of GetSolutionMetrics. ``hits``: 25 places a user."""
    values = {"mean_reciprocal_rank_at_25": metrics.reciprocal_rank(hits)}
    for k in KS:
        values[f"normalized_discounted_cumulative_gain_at_{k}"] = metrics.ndcg_hits_only(hits, k)
        values[f"precision_at_{k}"] = metrics.precision(hits, k)
    means = {name: round(float(value.mean()), 4) for name, value in values.items()}
    return {"coverage": round(coverage, 4), **means}


def _lists(model: Model, rows: TrainingSet, known: Mapping[str, Mapping[str, Any]]) -> Codes:
    properties: Sequence[Mapping[str, Any] | None] = [known.get(user) for user in rows.user_ids]
    return model.lists(rows, properties, PLACES)


def _some(chosen: Mask, most: int, seed: int) -> Mask:
    """Return marks of at most that many of the chosen users."""
    users = np.random.default_rng(seed).permutation(np.flatnonzero(chosen))[: max(0, most)]
    return np.asarray(np.isin(np.arange(len(chosen)), users))
