"""The refresh queues: which users' profiles need a new list. One message per user; SQS takes ten per call.

A standard queue has no priorities. So the users who bought something have a queue of their own, which Lambda reads
beside the other one: however many views wait, they delay no purchase.
"""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from broker.clock import Clock
from broker.failures import Failure
from broker.queue_calls import MAX_DELAY, QueueCalls
from broker.users import UserToRefresh


class RefreshQueue:
    """One queue; ``client`` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str, pool: Executor, clock: Clock) -> None:
        self._calls = QueueCalls(client, url, pool, clock)

    def send(
        self, users: Sequence[UserToRefresh], deadline: float, delays: Mapping[int, float] | None = None
    ) -> dict[int, Failure | None]:
        """Send one message per user; return the mpids that the queue did not take, with the failure of a whole call.

        ``delays``: mpids → seconds after which the message can be received, in place of the queue's own delay.
        """
        entries: list[dict[str, Any]] = []
        for user in users:
            delay = (delays or {}).get(user.mpid)
            own = {} if delay is None else {"DelaySeconds": min(math.ceil(delay), MAX_DELAY)}
            entries.append({"MessageBody": user.as_body(), **own})
        return {users[place].mpid: failure for place, failure in self._calls.send(entries, deadline).items()}

    def hide(self, seconds: Mapping[str, int], deadline: float) -> None:
        """Hide messages for a number of seconds, by receipt handle."""
        self._calls.hide(seconds, deadline)


@dataclass(frozen=True)
class RefreshQueues:
    """The queue of users who bought something a moment ago, and the queue of all others."""

    purchases: RefreshQueue
    others: RefreshQueue


def queue_url(arn: str, endpoint: str) -> str:
    """Return the URL of a queue from its ARN and the SQS endpoint that the client uses."""
    account, name = arn.split(":")[4:6]
    return f"{endpoint.rstrip('/')}/{account}/{name}"
