"""How many users there are, and how many have two rows or more, added up over parts in bounded memory.

Users are known by a hash of 64 bits. Of more than can be kept, those with the smallest hashes are: a sample of users,
all of whose rows count. The numbers are exact up to there, and beyond within about one part in the square root of what
is kept (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

ALL = 2**64
KEPT = 1_000_000  # users on one machine, some 100 bytes each
KEPT_OF_PART = 16_384  # where reports of parts are stored: a third of a megabyte each at most


@dataclass
class UserCounts:
    """``kept``: of how many users at most; ``below``: hashes that are counted; ``rows``: 1, or 2 for more, by hash."""

    kept: int = KEPT
    below: int = ALL
    rows: dict[int, int] = field(default_factory=dict)

    def add_users(self, users: Mapping[str, int]) -> None:
        """Count rows by user."""
        for user, number in users.items():
            self._add(_hash(user), number)

    def add(self, other: Self) -> None:
        """Count the users of another part."""
        self.below = min(self.below, other.below)
        for user, number in other.rows.items():
            self._add(user, number)

    @property
    def is_exact(self) -> bool:
        """Return whether no user was left out."""
        return self.below == ALL

    @property
    def users(self) -> int:
        """Return the number of users, an estimate where it is not exact."""
        return self._all(len(self._sample()))

    @property
    def users_with_two(self) -> int:
        """Return the number of users with two rows or more, an estimate where it is not exact."""
        return self._all(sum(number > 1 for number in self._sample()))

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object: hashes of users with one row, and of those with more."""
        one = [user for user, number in self.rows.items() if number == 1]
        more = [user for user, number in self.rows.items() if number > 1]
        return {"kept": self.kept, "below": self.below, "one": one, "more": more}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what ``as_json`` has written."""
        rows = dict.fromkeys(document["one"], 1) | dict.fromkeys(document["more"], 2)
        return cls(document["kept"], document["below"], rows)

    def _add(self, user: int, number: int) -> None:
        if user >= self.below:
            return
        self.rows[user] = min(2, self.rows.get(user, 0) + number)
        while len(self.rows) > self.kept:
            self.below //= 2
            self.rows = {user: number for user, number in self.rows.items() if user < self.below}

    def _sample(self) -> list[int]:
        return [number for user, number in self.rows.items() if user < self.below]

    def _all(self, number: int) -> int:
        return number * ALL // self.below


def _hash(user: str) -> int:
    return int.from_bytes(hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=8).digest())
