"""How to request recommendations, which items a profile gets, and whether its list has changed."""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from broker import item_columns

# A list on a profile: at most 1,000 entries of at most 512 characters (mParticle default service limits).
MAX_ENTRIES = 1000
MAX_ENTRY = 512
MAX_BYTES = 75_000  # of the list as JSON: beside it, 4,096 characters of the event may take 12 bytes each, of 128 KB


@dataclass(frozen=True)
class Recommendations:
    """A list as the campaign gave it; ``requested_at`` in epoch seconds.

    ``is_withheld``: the user is in an experiment's holdout, whose profiles have no list. ``columns``: the items' values
    of each column that was asked for, in the order of ``items``.
    """

    items: tuple[str, ...]
    recommendation_id: str | None
    requested_at: float
    is_withheld: bool = False
    columns: tuple[tuple[str, ...], ...] = ()

    @functools.cached_property
    def digest(self) -> str:
        """Return 16 bytes in hexadecimal that stand for the list."""
        return digest(self.items)


def get_recommendations_request(
    user: int | str, campaign_arn: str, filter_arn: str | None, num_results: int, columns: Sequence[str] = ()
) -> dict[str, Any]:
    """Return GetRecommendations' arguments for one user: an mpid, or the probe."""
    request = {"campaignArn": campaign_arn, "userId": str(user), "numResults": num_results}
    request |= item_columns.requested(columns)
    return request | {"filterArn": filter_arn} if filter_arn else request


def recommendations(response: Mapping[str, Any], asked_at: float, columns: Sequence[str] = ()) -> Recommendations:
    """Read GetRecommendations' answer: the item ids in rank order, each once, as many as a profile can hold.

    With ``columns`` of the Items dataset, a profile holds each item's values, too.
    """
    listed = response.get("itemList") or []
    items: dict[str, Mapping[str, Any]] = {}
    for entry in listed:
        if (item := entry.get("itemId")) and len(item) <= MAX_ENTRY:
            items.setdefault(item, entry)
    entries = list(items)[:MAX_ENTRIES]
    values = {item: item_columns.values_of(items[item], columns, MAX_ENTRY) for item in entries} if columns else {}
    if len(json.dumps([*entries, *values.values()])) > MAX_BYTES:
        entries = within(entries, MAX_BYTES, lambda item: len(json.dumps([item, *values.get(item, ())])) + 1)
    by_column = tuple(zip(*(values[item] for item in entries), strict=True)) if values else ()
    return Recommendations(tuple(entries), response.get("recommendationId"), asked_at, columns=by_column)


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
