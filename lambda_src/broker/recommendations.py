"""How to request recommendations, which items a profile gets, and whether its list has changed."""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

# A list on a profile: at most 1,000 entries of at most 512 characters (mParticle default service limits).
MAX_ENTRIES = 1000
MAX_ENTRY = 512
MAX_BYTES = 75_000  # of the list as JSON: beside it, 4,096 characters of the event may take 12 bytes each, of 128 KB


@dataclass(frozen=True)
class Recommendations:
    """A list as the campaign gave it; ``requested_at`` in epoch seconds.

    ``is_withheld``: the user is in an experiment's holdout, whose profiles have no list.
    """

    items: tuple[str, ...]
    recommendation_id: str | None
    requested_at: float
    is_withheld: bool = False

    @functools.cached_property
    def digest(self) -> str:
        """Return 16 bytes in hexadecimal that stand for the list."""
        return digest(self.items)


def get_recommendations_request(
    user: int | str, campaign_arn: str, filter_arn: str | None, num_results: int
) -> dict[str, Any]:
    """Return GetRecommendations' arguments for one user: an mpid, or the probe."""
    request = {"campaignArn": campaign_arn, "userId": str(user), "numResults": num_results}
    return request | {"filterArn": filter_arn} if filter_arn else request


def recommendations(response: Mapping[str, Any], asked_at: float) -> Recommendations:
    """Read GetRecommendations' answer: the item ids in rank order, each once, as many as a profile can hold."""
    listed = (entry.get("itemId") for entry in response.get("itemList") or [])
    items = dict.fromkeys(item for item in listed if item and len(item) <= MAX_ENTRY)
    entries = list(items)[:MAX_ENTRIES]
    if len(json.dumps(entries)) > MAX_BYTES:
        entries = within(entries, MAX_BYTES, lambda item: len(json.dumps(item)) + 1)
    return Recommendations(tuple(entries), response.get("recommendationId"), asked_at)


def within(items: Sequence[str], budget: int, cost: Callable[[str], int]) -> list[str]:
    """Return the first items whose costs together keep within a budget."""
    total = accumulate(map(cost, items))
    return [item for item, spent in zip(items, total, strict=True) if spent <= budget]


def digest(items: Sequence[str]) -> str:
    """Return 16 bytes in hexadecimal that stand for a list of any length: equal lists have equal ones."""
    return hashlib.blake2b(json.dumps(list(items)).encode(), digest_size=16).hexdigest()


def is_changed(new: Recommendations, on_profile: str | None) -> bool:
    """Return whether the list should be written: it has not the digest of the one on the profile.

    An empty list is written only where the user is to have none.
    """
    return (bool(new.items) or new.is_withheld) and new.digest != on_profile
