"""The recipes of Amazon Personalize by name, and their types.

Names: Developer Guide, "Choosing a recipe"; types: its table of recipe types.
"""

PREFIX = "arn:aws:personalize:::recipe/"
PERSONALIZATION, RELATED, RANKING = "USER_PERSONALIZATION", "RELATED_ITEMS", "PERSONALIZED_RANKING"
SEGMENTATION, ACTIONS = "USER_SEGMENTATION", "PERSONALIZED_ACTIONS"
TYPES = {
    "aws-user-personalization-v2": PERSONALIZATION,
    "aws-user-personalization": PERSONALIZATION,
    "aws-popularity-count": PERSONALIZATION,
    "aws-trending-now": PERSONALIZATION,
    "aws-personalized-ranking-v2": RANKING,
    "aws-personalized-ranking": RANKING,
    "aws-similar-items": RELATED,
    "aws-semantic-similarity": RELATED,
    "aws-sims": RELATED,
    "aws-next-best-action": ACTIONS,
    "aws-item-affinity": SEGMENTATION,
    "aws-item-attribute-affinity": SEGMENTATION,
    "aws-hrnn": PERSONALIZATION,
    "aws-hrnn-metadata": PERSONALIZATION,
    "aws-hrnn-coldstart": PERSONALIZATION,
}
"""Name -> recipeType."""
