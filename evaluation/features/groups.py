"""The groups of items that are foretold: a column of the items, or the items themselves; the rest are one group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation import choices
from personalize_local.learning.training_set import Codes

MOST = choices.GROUPS
OTHER = "other"


@dataclass(frozen=True, eq=False)
class Groups:
    """``of_items``: the group of each item, a place in ``names``."""

    of_items: Codes
    names: Sequence[str]


def groups(items: Codes, item_ids: Sequence[str], named: Mapping[str, str | None] | None, most: int = MOST) -> Groups:
    """Return the most frequent groups, and ``other`` for the rest if there is one.

    ``items``: the item of each interaction; ``named``: item id → its group, or None to take each item as its own.
    """
    if most < 1:
        raise ValueError(f"no groups at all: {most}")
    of_item = [named.get(item) or OTHER if named is not None else item for item in item_ids]
    names, codes = np.unique(np.array(of_item, dtype=object), return_inverse=True)
    counts = np.bincount(codes[items], minlength=len(names))
    order = [place for place in np.argsort(-counts, kind="stable").tolist() if counts[place]]
    kept = [str(names[place]) for place in order if str(names[place]) != OTHER or named is None][:most]
    place = {name: number for number, name in enumerate(kept)}
    of_items = np.array([place.get(str(names[code]), len(kept)) for code in codes.tolist()], dtype=np.int32)
    return Groups(of_items, [*kept, OTHER] if (of_items[items] == len(kept)).any() else kept)
