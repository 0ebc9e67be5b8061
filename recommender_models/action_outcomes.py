"""What became of the actions that users were shown: taken or not, one outcome for each user and action.

Amazon Personalize Developer Guide, "Next-Best-Action recipe": an action is scored once it has 50 interactions of the
type Taken and 50 of the others, within six weeks of the newest one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recommender_models.interactions import Interaction
from recommender_models.settings import DAY

TAKEN, NOT_TAKEN, VIEWED = "taken", "not_taken", "viewed"
TYPES = (TAKEN, NOT_TAKEN, VIEWED)
FEWEST = 50  # interactions of either kind
SPAN = 42 * DAY


@dataclass(frozen=True, eq=False)
class Outcomes:
    """``n`` outcomes: user, action, and whether it was taken. ``scored``: the actions with enough of both kinds."""

    users: list[str]
    actions: list[str]
    taken: npt.NDArray[np.bool_]
    scored: frozenset[str]


def type_of(word: str) -> str | None:
    """Return which of the three types a word means: ``Not Taken``, ``NOT_TAKEN``; None for another word."""
    name = word.strip().casefold().replace(" ", "_")
    return name if name in TYPES else None


def outcomes(interactions: Iterable[Interaction], period: float) -> Outcomes:
    """Return the outcome of each user and action; ``item`` of an interaction is the action.

    Taken counts if it comes within ``period`` seconds after the first view, or without a view. Interactions of other
    types are passed over.
    """
    known = [(each, kind) for each in interactions if (kind := type_of(each.event_type))]
    newest = max((each.time for each, _ in known), default=0.0)
    recent = [(each, kind) for each, kind in known if each.time >= newest - SPAN]
    viewed: dict[tuple[str, str], float] = {}
    for each, kind in recent:
        if kind == VIEWED:
            pair = each.user, each.item
            viewed[pair] = min(viewed.get(pair, np.inf), each.time)
    taken: dict[tuple[str, str], bool] = {}
    for each, kind in recent:
        pair = each.user, each.item
        in_time = kind == TAKEN and each.time <= viewed.get(pair, np.inf) + period
        taken[pair] = taken.get(pair, False) or in_time
    pairs = sorted(taken)
    values = np.array([taken[pair] for pair in pairs], dtype=bool)
    return Outcomes([user for user, _ in pairs], [action for _, action in pairs], values, _scored(recent))


def _scored(recent: Iterable[tuple[Interaction, str]]) -> frozenset[str]:
    counts = Counter((each.item, kind == TAKEN) for each, kind in recent)
    actions = {action for action, _ in counts}
    return frozenset(each for each in actions if min(counts[each, True], counts[each, False]) >= FEWEST)
