"""Diagnostics of lists: faults in what a recommender hands over, or in how it was joined with the users."""

import numpy as np

from evaluation.diagnostics.data import ENOUGH_USERS
from evaluation.task import Pairs, is_in
from personalize_data.quotas import MAX_FILTER_INTERACTIONS
from recommender_models.training_set import Codes, TrainingSet

MOST_OWNED = 0.01
NOT_FILTERED = 0.5
MOSTLY_OLD = 0.9
HOW_TO_FILTER = (
    "./broker filter NAME 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"purchase\")' with your own types, then "
    "--filter NAME for ./broker batch, or here for --campaign"
)
MOST_FIRST = 0.5
MOST_SHORT = 0.05


def owned_items_recommended(lists: Codes, owned: Pairs, items: int, newest: Pairs) -> str | None:
    """Items the user has, in lists that should hold only new ones: an all-items list, or one filtered wrongly.

    ``newest``: what users had in their newest 100 interactions. A right filter on all types leaves none of that.
    """
    lines, places = np.nonzero(lists >= 0)
    shown, size = Pairs(lines, lists[lines, places]), max(items, int(lists.max(initial=0)) + 1)
    left = shown.take(is_in(shown, owned, size))
    share = len(left) / max(1, len(shown))
    if share <= MOST_OWNED:
        return None
    old = 1 - float(is_in(left, newest, size).mean())
    most = max(share, len(left) / max(1, len(owned)))
    return f"{share:.0%} of the places hold items that the user has already: {_why_owned(most, old)}"


def newest_interactions(past: TrainingSet, most: int = MAX_FILTER_INTERACTIONS) -> Pairs:
    """Return the users and items of each user's newest interactions; ``past`` is by user, then time.

    Of one second (a basket) that only in part belongs to them, nobody knows which: all of it is left out.
    """
    first, end = (np.searchsorted(past.users, past.users, side=side) for side in ("left", "right"))
    before = end - most - 1  # the newest that is not seen
    newest = past.take((before < first) | (past.times > past.times[np.maximum(before, 0)]))
    return Pairs(newest.users, newest.items)


def _why_owned(share: float, old: float) -> str:
    """``share``: of places that are owned, or of what is owned that is shown; ``old``: of these, from long before."""
    if old >= MOSTLY_OLD:
        newest = f"newest {MAX_FILTER_INTERACTIONS} interactions"
        filter_reach = f"a filter sees the {newest} of a user and event type, as in Personalize"
        return f"{old:.0%} of these from before the user's {newest}; {filter_reach}"
    if share > NOT_FILTERED:
        return f"not filtered, or by another user's. {HOW_TO_FILTER}"
    return f"filtered by another user's, of some event types only, or not at all. {HOW_TO_FILTER}"


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
    why = ", ".join(f"{count:,} {'have' if count > 1 else 'has'} {cause}" for cause, count in parts.items() if count)
    return f"{users:,} of {of:,} test users have no list, and count as misses: {why}"


def short_lists(lists: Codes, owned: Pairs, catalogue: int, k: int) -> str | None:
    """Lists that end before the largest k: what could follow counts as misses.

    Users without any list are not counted, and nobody is asked for more than there is beside what they have, which a
    filter leaves out. A batch job or a campaign gives as many as it is asked for with ``numResults``: 25 if it isn't.
    """
    places = (np.arange(1, lists.shape[1] + 1) * (lists >= 0)).max(axis=1)
    left = np.maximum(1, catalogue - np.bincount(owned.users, minlength=len(lists)))
    short = (places > 0) & (places < np.minimum(k, left))
    share = float(short.sum()) / max(1, int((places > 0).sum()))
    if share <= MOST_SHORT:
        return None
    numbers = f"{share:.0%} of the lists hold fewer than {k} items, {np.median(places[short]):.0f} in the middle"
    return f"{numbers}: what is missing counts as misses; ask for {k} (numResults)"


def repeats(users: int) -> str | None:
    """An item twice in a list would count twice."""
    return f"{users:,} users have an item twice in their list; the later ones count as misses" if users else None


def one_item_first(lists: Codes) -> str | None:
    """One item at the head of most lists: popularity in disguise. ``lists``: of users who have a past."""
    if len(lists) < ENOUGH_USERS:
        return None
    first = lists[:, 0][lists[:, 0] >= 0]
    share = float(np.bincount(first).max()) / len(lists) if len(first) else 0.0
    if share <= MOST_FIRST:
        return None
    return f"{share:.0%} of the lists begin with the same item: that place is hardly personal"
