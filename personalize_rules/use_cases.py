"""The use cases of domain dataset groups: what each is trained on, what it asks for, and what it leaves out.

Amazon Personalize Developer Guide, "ECOMMERCE use cases" and "VIDEO_ON_DEMAND use cases".
"""

from dataclasses import dataclass

from personalize_rules.recipes import PERSONALIZATION, RELATED

ECOMMERCE, VIDEO_ON_DEMAND = "ECOMMERCE", "VIDEO_ON_DEMAND"
VIEW, PURCHASE, WATCH = "View", "Purchase", "Watch"
USER, ITEM = "userId", "itemId"


@dataclass(frozen=True)
class UseCase:
    """One use case, whose recipe has its name."""

    domain: str
    recipe_type: str
    needs: tuple[str, ...]
    """The members of GetRecommendations that it requires."""
    trains_on: str | None = None
    """The one event type that it is trained on; None: all."""
    leaves_out: str | None = None
    """Items with which the user has such an event are not recommended."""
    needs_items: bool = False
    """Whether it requires an Items dataset."""


USE_CASES = {
    "aws-ecomm-popular-items-by-views": UseCase(ECOMMERCE, PERSONALIZATION, (USER,), VIEW),
    "aws-ecomm-popular-items-by-purchases": UseCase(ECOMMERCE, PERSONALIZATION, (USER,), PURCHASE),
    "aws-ecomm-frequently-bought-together": UseCase(ECOMMERCE, RELATED, (ITEM,), PURCHASE),
    "aws-ecomm-customers-who-viewed-x-also-viewed": UseCase(ECOMMERCE, RELATED, (USER, ITEM), VIEW, PURCHASE),
    "aws-ecomm-recommended-for-you": UseCase(ECOMMERCE, PERSONALIZATION, (USER,), leaves_out=PURCHASE),
    "aws-vod-most-popular": UseCase(VIDEO_ON_DEMAND, PERSONALIZATION, (USER,), WATCH),
    "aws-vod-because-you-watched-x": UseCase(VIDEO_ON_DEMAND, RELATED, (USER, ITEM), WATCH, WATCH),
    "aws-vod-more-like-x": UseCase(VIDEO_ON_DEMAND, RELATED, (USER, ITEM), leaves_out=WATCH, needs_items=True),
    "aws-vod-trending-now": UseCase(VIDEO_ON_DEMAND, PERSONALIZATION, ()),
    "aws-vod-top-picks": UseCase(VIDEO_ON_DEMAND, PERSONALIZATION, (USER,), leaves_out=WATCH),
}
"""Recipe name -> use case."""
