"""What is known of users' profiles, for all processes: who refreshes a user now, and which list was written last.

One process at a time refreshes a user: it claims them before it asks for their list, and settles afterwards. A claim
ends by itself, when its invocation is over and nothing that it sent can land any more. An upload without an answer may
still land, so its user stays claimed until that is no longer possible. mParticle has no way to refuse an older list,
hence this.

One DynamoDB item per user. Every write has a condition on the generation: one that arrives late changes nothing that
another process wrote meanwhile.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from typing import Any

from broker.clock import Clock
from broker.failures import Unavailable
from broker.retry import Retry
from broker.transactions import CHANGED, CONFLICT, Transactions
from broker.user_items import UserItems, key_of

RETRY = Retry(attempts=4, base=0.1, cap=1.0)
KEPT = 8 * 86_400  # seconds after which DynamoDB may delete the item of a user who does nothing


@dataclass(frozen=True)
class ProfileState:
    """One user's item; times are epoch seconds.

    ``generation``: how often the user was claimed. ``claimed_until``: nobody else may refresh the user before.
    ``asked_at``: when the newest list that is on the profile was requested. ``digest``: of that list, empty if it is
    not known. ``visit_refreshes`` and ``day_refreshes``: how many there were since the visit and the ``day`` (since
    1970) began. ``variant``: of an experiment, as the profile says it, empty if it is not known.
    """

    generation: int = 0
    claimed_until: float = 0.0
    asked_at: float = 0.0
    digest: str = ""
    visit_refreshes: int = 0
    day: int = 0
    day_refreshes: int = 0
    variant: str = ""


class ProfileStates:
    """The table; ``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._transactions = Transactions(client, pool, clock, RETRY)
        self._items = UserItems(client, table, pool, clock, RETRY)

    def read(self, mpids: Iterable[int], deadline: float) -> dict[int, ProfileState]:
        """Return each user's state, a new one where there is none. Raises Failure.

        It may be a moment old: a claim fails where it is.
        """
        wanted = list(mpids)
        found = self._items.read(wanted, deadline)
        return {mpid: _state(found[mpid]) if mpid in found else ProfileState() for mpid in wanted}

    def claim(
        self, states: Mapping[int, ProfileState], until: float, deadline: float
    ) -> tuple[dict[int, ProfileState], dict[int, Unavailable]]:
        """Claim users in the state that was read, until an epoch second at most.

        Return the states of the claimed, and the users about whom the table gave no answer, with the failure. The
        others are claimed by somebody else. Raises Rejected and Misconfigured.
        """
        claimed = {
            mpid: replace(state, generation=state.generation + 1, claimed_until=until) for mpid, state in states.items()
        }
        writes = [_claim(self._table, mpid, state) for mpid, state in claimed.items()]
        refused, unavailable = self._transact(writes, {CHANGED, CONFLICT}, deadline)
        left = {mpid: state for mpid, state in claimed.items() if mpid not in refused and mpid not in unavailable}
        return left, unavailable

    def settle(self, states: Mapping[int, ProfileState], deadline: float) -> dict[int, Unavailable]:
        """Write the states of users whom this process has claimed, unless somebody else claims them by now.

        Return the users about whom the table gave no answer, with the failure. Raises Rejected and Misconfigured.
        """
        writes = [_put(self._table, mpid, state, self._clock.now()) for mpid, state in states.items()]
        _, unavailable = self._transact(writes, {CHANGED}, deadline)
        return unavailable

    def _transact(
        self, writes: Sequence[Any], final: Collection[str], deadline: float
    ) -> tuple[set[int], dict[int, Unavailable]]:
        """Return the users of the refused writes, and those about whom the table gave no answer."""
        refused, unavailable = self._transactions.write(writes, final, deadline)
        unanswered = {_mpid_of(writes[place]): failure for place, failure in unavailable.items()}
        return {_mpid_of(writes[place]) for place in refused}, unanswered


def _mpid_of(write: Mapping[str, Any]) -> int:
    key = write["Update"]["Key"] if "Update" in write else write["Put"]["Item"]
    return int(key["mpid"]["N"])


def _claim(table: str, mpid: int, state: ProfileState) -> dict[str, Any]:
    """Return the write that claims a user, unless somebody else did since the state was read."""
    is_first = state.generation == 1
    until = state.claimed_until
    numbers = {":generation": state.generation, ":until": until, ":expires": int(until) + KEPT}
    numbers |= {} if is_first else {":read": state.generation - 1}
    values = {name: {"N": str(number)} for name, number in numbers.items()}
    return {
        "Update": {
            "TableName": table,
            "Key": key_of(mpid),
            # From here on, a process that is killed may have written another list than the known one.
            "UpdateExpression": (
                "SET generation = :generation, claimed_until = :until, expires = :expires, digest = :unknown"
            ),
            "ConditionExpression": "attribute_not_exists(mpid)" if is_first else "generation = :read",
            "ExpressionAttributeValues": values | {":unknown": {"S": ""}},
        }
    }


def _put(table: str, mpid: int, state: ProfileState, now: float) -> dict[str, Any]:
    """Return the write of a state, unless somebody else claimed the user since."""
    values = {
        name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in vars(state).items()
    }
    return {
        "Put": {
            "TableName": table,
            "Item": {**key_of(mpid), **values, "expires": {"N": str(int(now) + KEPT)}},
            "ConditionExpression": "generation = :claimed",
            "ExpressionAttributeValues": {":claimed": {"N": str(state.generation)}},
        }
    }


def _state(item: Mapping[str, Any]) -> ProfileState:
    """Read an item. What a claim has not written yet has its default."""
    values: dict[str, Any] = {}
    for field in fields(ProfileState):
        if field.name in item:
            ((_, text),) = item[field.name].items()
            kind: Any = type(field.default)
            values[field.name] = kind(text)
    return ProfileState(**values)
