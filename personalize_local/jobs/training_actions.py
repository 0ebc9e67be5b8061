"""Trains aws-next-best-action: interactions with items and with actions in, a model of propensities out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.control.action_period import days_of
from recommender_models.action_outcomes import outcomes
from recommender_models.interactions import InteractionColumns, combine
from recommender_models.models.next_best_action import NextBestAction, evaluate_actions
from recommender_models.settings import DAY
from recommender_models.training_set import TrainingSet

RECIPE = "aws-next-best-action"


def train(spec: Mapping[str, Any], rows: TrainingSet, folder: Path) -> dict[str, Any]:
    """Write ``model/`` into the folder; return the metric and the numbers of what was trained on.

    ``spec``: as of ``jobs.training``, and ``action_interactions`` (folders of columns; ``item`` is the action).
    """
    parts = [InteractionColumns.load(Path(path)) for path in spec["action_interactions"]]
    period = days_of(spec["solution"]) * DAY
    found = outcomes(combine(parts).rows() if parts else (), period)
    metrics = evaluate_actions(rows, found, spec["seed"])
    NextBestAction.fit(rows, found).save(folder / "model")
    counts = {"interactions": len(rows), "users": len(rows.user_ids), "items": len(rows.item_ids)}
    return {"metrics": metrics, **counts}
