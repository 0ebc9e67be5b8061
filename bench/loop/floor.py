"""The fewest requests that records need, and the least time that these take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

STAGES = (  # of requests that can't start before those of the stage before, on so many connections at once
    ("PutEvents",),
    ("SendMessageBatch",),
    ("BatchGetItem",),
    ("TransactWriteItems",),
    ("GetRecommendations",),
    ("BulkUpload", "Upload"),
)
STATE = ("BatchGetItem", "TransactWriteItems")
FIRST_FUNCTION = ("PutEvents", "SendMessageBatch")


@dataclass(frozen=True)
class Need:
    """What an invocation's records hold: the number of interactions by user and session, and who bought something."""

    interactions: Mapping[tuple[str, str], int]
    buyers: frozenset[str] = frozenset()

    @property
    def users(self) -> int:
        """How many users act."""
        return len({user for user, _ in self.interactions})

    def floor(self, *, state: bool, purchase_queue: bool) -> dict[str, int]:
        """Return the fewest requests by operation: ten events, ten messages, a hundred profiles at once.

        With ``state``, a user's item is read, claimed and settled, a hundred at once. With ``purchase_queue``, the
        users who bought something are in a queue, and in invocations, of their own.
        """
        buyers = len(self.buyers) if purchase_queue else 0
        parts = buyers, self.users - buyers
        tens, hundreds = (sum(math.ceil(users / at_once) for users in parts) for at_once in (10, 100))
        requests = {
            "PutEvents": sum(math.ceil(number / 10) for number in self.interactions.values()),
            "SendMessageBatch": tens,
            "GetRecommendations": self.users,
            "BulkUpload": hundreds,
        }
        return requests | ({"BatchGetItem": hundreds, "TransactWriteItems": 2 * hundreds} if state else {})


def ideal(requests: Mapping[str, int], latency: float, connections: int) -> tuple[float, float]:
    """Return the least seconds of the first function and of the second: nothing but waiting, on so many connections."""
    first = second = 0.0
    for stage in STAGES:
        seconds = latency * math.ceil(sum(requests.get(name, 0) for name in stage) / connections)
        if stage[0] in FIRST_FUNCTION:
            first += seconds
        else:
            second += seconds
    return first, second
