"""Alarms on lists: faults in what a recommender hands over, or in how it was joined with the users."""

import numpy as np

from evaluation.scoring.metrics import score
from evaluation.task import Pairs, among
from personalize_local.learning.training_set import Codes

ALMOST = 0.95
AVOIDED = 1.1
MOST_OWNED = 0.01
MOST_FIRST = 0.5


def owned_items_recommended(lists: Codes, owned: Pairs, items: int) -> str | None:
    """Items the user has, in lists that should hold only new ones: an ownership list, or one filtered wrongly."""
    lines, places = np.nonzero(lists >= 0)
    shown = Pairs(lines, lists[lines, places])
    share = float(among(shown, owned, max(items, int(lists.max(initial=0)) + 1)).mean()) if len(shown) else 0.0
    if share <= MOST_OWNED:
        return None
    return f"{share:.0%} of the places hold items that the user has already: filtered by another user's, or not at all"


def not_personal(lists: Codes, truth: Pairs, k: int) -> str | None:
    """Another user's list scores as well: lists joined with the wrong users, or not personal at all.

    Silent where the lists of both neighbours are better, and equally so: then a user's list avoids what he has, which
    is personal, and only scored by a truth that holds it.
    """
    if len(lists) < 2:
        return None
    own = _recall(lists, truth, k)
    low, high = sorted(_recall(np.roll(lists, shift, axis=0), truth, k) for shift in (-1, 1))
    avoided = low > AVOIDED * own and low > ALMOST * high
    if avoided or high < ALMOST * own:
        return None
    return f"the list of the user before or after scores as well (recall@{k} {high:.4f} against {own:.4f})"


def unknown_items(places: int, of: int) -> str | None:
    """Ids that neither training nor catalogue nor truth know: another catalogue, or another spelling of ids."""
    return f"{places:,} of {of:,} places hold items that the data don't know" if places else None


def unknown_users(users: int) -> str | None:
    """Lists for users who are not in this test: made for another split or sample."""
    return f"{users:,} users with a list are not in this test: the lists may be for another split" if users else None


def users_without_list(users: int, of: int, refused: int = 0, missing: int = 0) -> str | None:
    """Test users without a list: they count as misses. ``refused``: with an error; ``missing``: without a line."""
    if not users:
        return None
    parts = {"no line in the file, which may be cut off": missing, "an error": refused}
    parts["an empty list"] = users - missing - refused
    why = ", ".join(f"{count:,} {'have' if count > 1 else 'has'} {what}" for what, count in parts.items() if count)
    return f"{users:,} of {of:,} test users have no list, and count as misses: {why}"


def repeats(users: int) -> str | None:
    """An item twice in a list would count twice."""
    return f"{users:,} users have an item twice in their list; the later ones count as misses" if users else None


def one_item_first(lists: Codes) -> str | None:
    """One item at the head of most lists: popularity in disguise."""
    first = lists[:, 0][lists[:, 0] >= 0]
    share = float(np.bincount(first).max()) / len(lists) if len(first) else 0.0
    return f"{share:.0%} of the lists begin with the same item: hardly personal" if share > MOST_FIRST else None


def _recall(lists: Codes, truth: Pairs, k: int) -> float:
    return float(score(lists, truth, (k,)).values[f"recall@{k}"].mean())
