"""How many interactions each user has, and how many users have two, kept up to date as interactions come."""

from collections.abc import Mapping

ENOUGH = 2  # interactions that make a user count in a training's minimum


class UserCounts:
    """``users``: users with an interaction. ``with_two``: those with two or more."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}
        self.with_two = 0

    @property
    def users(self) -> int:
        """The number of users."""
        return len(self._count)

    def add(self, user: str, number: int = 1) -> None:
        """Count interactions of a user."""
        had = self._count.get(user, 0)
        self._count[user] = had + number
        self.with_two += had < ENOUGH <= had + number

    def set(self, *parts: Mapping[str, int]) -> None:
        """Count again: the sum of several counts by user."""
        first, *others = parts or ({},)
        self._count = dict(first)
        self.with_two = sum(count >= ENOUGH for count in self._count.values())
        for part in others:
            for user, number in part.items():
                self.add(user, number)
