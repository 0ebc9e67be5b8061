"""User ids like 17850.0, as ``data.id_columns`` judges them, counted over parts."""

from collections.abc import Sequence

from evaluation.data.id_columns import Numbers, endings
from personalize_data.ids import fractions, whole_number


class UserIds:
    """How many ids there are, and how many are like 17850.0. ``in_two_ways``: a number that comes as 17850, too."""

    def __init__(self) -> None:
        self._ids = self._ending = 0
        self._first: str | None = None
        self._example: str | None = None
        self.in_two_ways: str | None = None

    def add(self, ids: Sequence[str]) -> None:
        """Count the ids of a part, sorted."""
        ending = endings(ids)
        self._ids += len(ids)
        self._ending += int(ending.sum())
        self._first = min(filter(None, (self._first, ids[0])))
        if ending.any():
            self._example = min(filter(None, (self._example, ids[int(ending.arg_true()[0])])))
            two_ways = Numbers("USER_ID", ids).in_two_ways
            self.in_two_ways = self.in_two_ways or two_ways

    @property
    def all_whole(self) -> bool:
        """Return whether all ids are like 17850.0, and thus stand for 17850."""
        return 0 < self._ending == self._ids

    @property
    def note(self) -> str:
        """Return what is said of it."""
        if not self._ending:
            return ""
        if self.all_whole:
            return fractions("USER_ID", bare(str(self._first)))
        return f"USER_ID ends in .0 in {self._ending:,} of {self._ids:,} ids, as {self._example!r}: left as it is"


def bare(text: str) -> str:
    """Return 17850 for 17850.0, and any other text as it is."""
    return whole_number(text) or text
