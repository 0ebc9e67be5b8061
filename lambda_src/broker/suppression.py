"""The suppression list: of whom nothing may be sent any more, since they were erased or have opted out.

It holds keyed hashes (HMAC), so that it names nobody without the key. Whoever has both can look up a user: it is
personal data.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from broker.keyed_hash import keyed_hash

_KEY_CHECK = "suppression list"  # no id of a user: none has a space


class UnusableList(ValueError):
    """What is stored is no suppression list, or was made with another key."""


@dataclass(frozen=True)
class SuppressionList:
    """Users' digests under ``key``, which is not part of what is stored."""

    key: bytes
    digests: frozenset[bytes] = frozenset()

    def covers(self, user: int | str) -> bool:
        """Return whether nothing may be sent of a user: an mpid, or the id under which Personalize knows them."""
        return keyed_hash(self.key, user) in self.digests

    def with_users(self, users: Iterable[int | str]) -> "SuppressionList":
        """Return a list that covers these users, too."""
        return replace(self, digests=self.digests | {keyed_hash(self.key, user) for user in users})

    def without_users(self, users: Iterable[int | str]) -> "SuppressionList":
        """Return a list that does not cover these users."""
        return replace(self, digests=self.digests - {keyed_hash(self.key, user) for user in users})

    def as_json(self) -> bytes:
        """Return what is stored."""
        digests = sorted(digest.hex() for digest in self.digests)
        return json.dumps({"key_check": keyed_hash(self.key, _KEY_CHECK).hex(), "users": digests}).encode()


def list_from_json(stored: bytes, key: bytes) -> SuppressionList:
    """Read what is stored. Raises UnusableList: with another key it would cover nobody."""
    try:
        document = json.loads(stored)
        found = SuppressionList(key, frozenset(bytes.fromhex(digest) for digest in document["users"]))
        key_check = bytes.fromhex(document["key_check"])
    except (ValueError, TypeError, KeyError):
        raise UnusableList("the suppression list can't be read") from None
    if not hmac.compare_digest(key_check, keyed_hash(key, _KEY_CHECK)):
        raise UnusableList("the suppression list was made with another key than the one in the secret")
    return found
