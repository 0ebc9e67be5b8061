"""Diagnostics of whose history it is: the truth beside each user's own past, and beside another's.

What a user takes is more often, or less often, what they had before than what somebody else had: people repeat, or a
bank sells nobody a second mortgage. Where the user's own past makes no difference, or where the truth keeps clear of
another user's, the histories are not theirs.
"""

from dataclasses import dataclass

import numpy as np

from evaluation.task import Pairs, is_in
from recommender_models.training_set import Codes

ENOUGH = 100  # pairs expected by chance: below, a share by chance is not told from another
ALIKE = 0.05
MET = 0.5  # of what chance would give: some of it is there
KEPT_CLEAR = 0.25
MOSTLY_KEPT = 0.5  # of what users had is in the truth: a feed of states
BY_OTHERS = 0.25  # of how unlike items are kept is left, where that others have them explains it
UNLIKE = 0.1  # how unlike, at the least, to be explained


@dataclass(frozen=True)
class Shared:
    """How many pairs of the truth are in the past of the user themselves, of the user before, after; and by chance."""

    own: int
    before: int
    after: int
    by_chance: float


def shared(truth: Pairs, owned: Pairs, users: int, items: int) -> Shared:
    """Count. ``users``: of the test; ``items``: more than any code."""
    own, before, after = (int(is_in(truth, _shifted(owned, by, users), items).sum()) for by in (0, 1, -1))
    likely = _counts(truth.items, items) @ _counts(owned.items, items) / max(1, users)
    return Shared(own, before, after, float(likely))


def wrong_histories(overlap: Shared) -> str | None:
    """Shifting the histories by a user changes nothing: they were joined with the wrong users."""
    low, high = sorted((overlap.before, overlap.after))
    if overlap.by_chance < ENOUGH or not low * (1 - ALIKE) <= overlap.own <= high * (1 + ALIKE):
        return None
    numbers = (
        f"{overlap.own:,} interactions to be predicted are in the user's own past, {high:,} in that of the user "
        "before or after"
    )
    return f"{numbers}: histories joined with the wrong users"


def truth_owned(overlap: Shared, truth: Pairs, owned: Pairs, items: int) -> str | None:
    """The truth keeps clear of another user's items and not of the user's own: filtered by another's history."""
    if overlap.by_chance < ENOUGH or overlap.own < MET * overlap.by_chance:
        return None
    least = min(overlap.before, overlap.after)
    if least < KEPT_CLEAR * overlap.by_chance:
        numbers = (
            f"{overlap.own:,} interactions to be predicted the user has already, and only {least:,} a neighbour has"
        )
        return f"{numbers} ({overlap.by_chance:,.0f} by chance): filtered by another user's history"
    predicted, had = _counts(truth.items, items), _counts(owned.items, items)
    retained = _counts(truth.items[is_in(truth, owned, items)], items)
    return _never_predicted(overlap.own, predicted, had) or _kept_as_others_lack(
        retained, had, int(owned.users.max()) + 1
    )


def _never_predicted(own: int, predicted: Codes, had: Codes) -> str | None:
    """Everybody's truth filtered by the same user: what they had is in nobody's, where all else is kept."""
    lost = int(had[predicted == 0].sum())
    retained = own / max(1, int(had.sum()) - lost)
    if retained < MOSTLY_KEPT or lost * retained < ENOUGH:
        return None
    few = int(((predicted == 0) & (had > 0)).sum())
    numbers = (
        f"users keep {retained:.0%} of what they had, but {few:,} items that {lost:,} of them had are in nobody's truth"
    )
    return f"{numbers}: filtered by another user's history"


def _kept_as_others_lack(retained: Codes, had: Codes, users: int) -> str | None:
    """Each filtered by somebody else: of what users had, just so much is left as others haven't got.

    It doesn't matter by whom: an index that advances for some users only drifts away from them. What people really give
    up has no reason to be the more, the more others have it, and all of it if everybody has.
    """
    share, lacked = retained / np.maximum(1, had), 1 - had / users
    unexplained = float(had @ (share - lacked) ** 2)
    unlike = float(had @ (share - retained.sum() / had.sum()) ** 2)
    if float(had @ (1 - lacked)) < ENOUGH or unlike < UNLIKE**2 * had.sum() or unexplained > BY_OTHERS * unlike:
        return None
    most = int(had.argmax())
    numbers = f"what {1 - lacked[most]:.0%} of users had is predicted {share[most]:.0%} of these"
    return f"{numbers}, and items that fewer had, more: filtered by another user's history"


def _shifted(owned: Pairs, by: int, users: int) -> Pairs:
    """Return the pairs of the user so many places before."""
    return Pairs((owned.users + by) % max(1, users), owned.items)


def _counts(codes: Codes, size: int) -> Codes:
    return np.bincount(codes, minlength=size)
