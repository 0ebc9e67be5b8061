"""Promotions: a share of a list that follows a filter of its own.

https://docs.aws.amazon.com/personalize/latest/dg/promoting-items.html: the promotion's filter counts for the promoted
items, the request's filter for the others; promoted items stand at random places, in their order; if there are too few,
as many as there are. That page does not say how a share is rounded: here up.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personalize_local.errors import InvalidInput

Scored = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Promotion:
    """One promotion; ``filtered``: what a request has of a filter, ``filterArn`` and perhaps ``filterValues``."""

    name: str | None
    percent: int
    filtered: Mapping[str, Any]

    def places(self, limit: int) -> int:
        """Return how many of ``limit`` items are promoted at most."""
        return -(-limit * self.percent // 100)


def requested(request: Mapping[str, Any]) -> Promotion | None:
    """Return the promotion of a request. Raises InvalidInput where it has no share or no filter."""
    for promotion in request.get("promotions", ()):
        for key in ("percentPromotedItems", "filterArn"):
            if key not in promotion:
                raise InvalidInput(f"promotions.1.member.{key} is required")
        filtered = {key: promotion[key] for key in ("filterArn", "filterValues") if key in promotion}
        return Promotion(promotion.get("name"), promotion["percentPromotedItems"], filtered)
    return None


def mixed(promoted: Scored, others: Scored, limit: int, seed: str) -> list[tuple[str, float]]:
    """Return ``limit`` items: the promoted ones at places that ``seed`` draws, and others, each in their order."""
    names = {item for item, _ in promoted}
    rest = [scored for scored in others if scored[0] not in names][: limit - len(promoted)]
    total = len(promoted) + len(rest)
    drawn = sorted(range(total), key=lambda place: hashlib.sha256(f"{seed} {place}".encode()).digest())
    places = set(drawn[: len(promoted)])
    own, other = iter(promoted), iter(rest)
    return [next(own) if place in places else next(other) for place in range(total)]
