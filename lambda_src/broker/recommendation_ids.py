"""The recommendation id that an event or its product brings back: it names the list in which the item was shown.

It is among the custom attributes, as the shop's programs put it there. One that nobody brought back is never added: to
Personalize it would say that the user has seen the list.
"""

from typing import NamedTuple

from broker.reasons import Omission
from broker.values import ids

ATTRIBUTE = "product_recs_id"  # where the broker writes it on profiles
MAX_LENGTH = 40  # characters: Personalize API reference, Event.recommendationId


class RecommendationId(NamedTuple):
    """An id, if there is one; ``omissions`` where there is one that can't be sent."""

    text: str | None = None
    omissions: tuple[Omission, ...] = ()


NONE = RecommendationId()
UNREADABLE = RecommendationId(None, (Omission.UNREADABLE_RECOMMENDATION_ID,))


def from_attributes(attributes: object, name: str, otherwise: RecommendationId = NONE) -> RecommendationId:
    """Return the id among custom attributes, ``otherwise`` where they have none.

    One that can't be sent is none: ``otherwise`` would name another list.
    """
    if not attributes:  # as in most events
        return otherwise
    given = attributes.get(name) if isinstance(attributes, dict) else None
    if ids.stands_for_nothing(given):
        return otherwise
    text = (ids.from_json(given) or "").strip()
    is_readable = 0 < len(text) <= MAX_LENGTH and not ids.has_half_character(text)
    return RecommendationId(text) if is_readable else UNREADABLE
