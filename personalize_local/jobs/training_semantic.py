"""Trains aws-semantic-similarity: the Items dataset in, and interactions for popularity, a model of words out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from personalize_local.errors import JobFailed
from recommender_models.interactions import InteractionColumns
from recommender_models.models.semantic_similarity import SemanticSimilarity
from recommender_models.record_columns import RecordColumns

RECIPE = "aws-semantic-similarity"


def train(items: RecordColumns, interactions: InteractionColumns, folder: Path) -> dict[str, Any]:
    """Write ``model/`` and ``interactions/`` into the folder; return the numbers of what was trained on.

    There are no metrics: nothing is predicted. Raises JobFailed without items.
    """
    if not items.ids:
        raise JobFailed("There are no items to train on.")
    counts = np.bincount(interactions.items, minlength=len(interactions.item_ids)).tolist()
    popular: Mapping[str, float] = dict(zip(interactions.item_ids, counts, strict=True))
    SemanticSimilarity.fit(items, popular).save(folder / "model")
    interactions.save(folder / "interactions")
    return {"metrics": {}, "interactions": len(interactions), "items": len(items.ids)}
