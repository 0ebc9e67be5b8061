"""The models, one for each kind of recipe: ``RECIPES`` says which, ``load`` reads one that a training has saved."""

from pathlib import Path

from recommender_models.models import files
from recommender_models.models.bought_together import BoughtTogether
from recommender_models.models.most_users import MostUsers
from recommender_models.models.next_best_action import NextBestAction
from recommender_models.models.popularity_count import PopularityCount
from recommender_models.models.ranking import PersonalizedRanking
from recommender_models.models.semantic_similarity import SemanticSimilarity
from recommender_models.models.similar_items import SimilarItems, Sims
from recommender_models.models.trending_now import TrendingNow
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.models.user_segments import UserSegments

Model = UserPersonalization | SimilarItems | PopularityCount | PersonalizedRanking | UserSegments
"""What a recipe trains on interactions with items alone."""
Loaded = Model | NextBestAction | SemanticSimilarity

RECIPES: dict[str, type[Model]] = {
    "aws-user-personalization": UserPersonalization,
    "aws-user-personalization-v2": UserPersonalization,
    "aws-similar-items": SimilarItems,
    "aws-sims": Sims,
    "aws-popularity-count": PopularityCount,
    "aws-trending-now": TrendingNow,
    "aws-personalized-ranking": PersonalizedRanking,
    "aws-personalized-ranking-v2": PersonalizedRanking,
    "aws-item-affinity": UserSegments,
    "aws-item-attribute-affinity": UserSegments,
    "aws-ecomm-popular-items-by-views": PopularityCount,
    "aws-ecomm-popular-items-by-purchases": PopularityCount,
    "aws-ecomm-frequently-bought-together": BoughtTogether,
    "aws-ecomm-customers-who-viewed-x-also-viewed": Sims,
    "aws-ecomm-recommended-for-you": UserPersonalization,
    "aws-vod-most-popular": MostUsers,
    "aws-vod-because-you-watched-x": Sims,
    "aws-vod-more-like-x": SimilarItems,
    "aws-vod-trending-now": TrendingNow,
    "aws-vod-top-picks": UserPersonalization,
}
KINDS: dict[str, type[Loaded]] = {
    model.kind: model
    for model in (
        UserPersonalization,
        SimilarItems,
        PopularityCount,
        TrendingNow,
        PersonalizedRanking,
        UserSegments,
        NextBestAction,
        SemanticSimilarity,
    )
}


def load(folder: Path) -> Loaded:
    """Read a model that ``save`` has written; large arrays stay on disk until they are looked at.

    What it can do depends on its ``kind``: "user-personalization" and "popularity" have ``recommend``, "similar-items"
    and "semantic-similarity" have ``similar``, "personalized-ranking" has ``rank``, "user-segments" has
    ``affinities``, "next-best-action" has ``propensities``.
    """
    about, arrays = files.load(folder)
    return KINDS[about["kind"]].restore(about, arrays)
