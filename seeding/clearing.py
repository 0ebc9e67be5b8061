"""Lists off profiles: the rounds of a seeding, with nothing to put in their place.

What is known after it is that no list is on the profile, so the next refresh writes one, whichever it is.
"""

from collections.abc import Iterable

from broker.recommendations import Recommendations

from seeding.lists import SeedList
from seeding.progress import Progress


def without_lists(mpids: Iterable[int], now: float) -> list[SeedList]:
    """Return an empty list for each user; ``now`` in epoch seconds: lists that are requested later stay."""
    return [SeedList(mpid, Recommendations((), None, now)) for mpid in dict.fromkeys(mpids)]


class OneRun:
    """The progress of a command that has none to go on from: a list that is gone can be taken off once more."""

    def read(self, deadline: float) -> Progress:
        """Return that nothing is done."""
        return Progress()

    def write(self, progress: Progress, deadline: float) -> None:
        """Keep nothing."""
