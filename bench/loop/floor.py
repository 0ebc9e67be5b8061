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
    ("BatchWriteItem",),
)
STATE = ("BatchGetItem", "TransactWriteItems", "BatchWriteItem")
FIRST_FUNCTION = ("PutEvents", "SendMessageBatch")


@dataclass(frozen=True)
class Need:
    """What an invocation's records hold: the number of interactions by user and session."""

    interactions: Mapping[tuple[str, str], int]

    @property
    def users(self) -> int:
        """How many users act."""
        return len({user for user, _ in self.interactions})

    def floor(self, *, state: bool) -> dict[str, int]:
        """Return the fewest requests by operation: ten events, ten messages, a hundred profiles at once.

        With ``state``, a user's item is read and claimed, a hundred at once, and written, twenty-five at once.
        """
        users = self.users
        requests = {
            "PutEvents": sum(math.ceil(number / 10) for number in self.interactions.values()),
            "SendMessageBatch": math.ceil(users / 10),
            "GetRecommendations": users,
            "BulkUpload": math.ceil(users / 100),
        }
        kept = {
            "BatchGetItem": math.ceil(users / 100),
            "TransactWriteItems": math.ceil(users / 100),
            "BatchWriteItem": math.ceil(users / 25),
        }
        return requests | (kept if state else {})


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
