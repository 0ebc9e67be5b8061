"""How much lists explore new items, by what campaigns, recommenders and batch inference jobs say.

Amazon Personalize, API reference, CampaignConfig and RecommenderConfig: ``itemExplorationConfig`` is of some recipes.
"""

from collections.abc import Mapping
from typing import Any

from personalize_local.errors import InvalidInput
from recommender_models.content.exploration import DEFAULT, Exploration

EXPLORES = ("aws-user-personalization", "aws-ecomm-recommended-for-you", "aws-vod-top-picks")


def exploration_of(recipe: str, config: Mapping[str, Any]) -> Exploration:
    """Return how much lists of a recipe explore. ``config``: of a campaign or the like. Raises InvalidInput."""
    said = checked(config)
    return said if recipe in EXPLORES else DEFAULT


def checked(config: Mapping[str, Any]) -> Exploration:
    """Return what a configuration says, whatever the recipe. Raises InvalidInput."""
    try:
        return Exploration.of(config.get("itemExplorationConfig", {}))
    except ValueError as error:
        raise InvalidInput(f"itemExplorationConfig: {error}") from error
