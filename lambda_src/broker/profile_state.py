"""What is known of users' profiles, for all processes: who refreshes a user now, and which list was written last.

One process at a time refreshes a user: it claims them before it asks for their list, and settles afterwards. A claim
ends by itself, when its invocation is over and nothing that it sent can land any more. An upload without an answer may
still land, so its user stays claimed until that is no longer possible. mParticle has no way to refuse an older list,
hence this.

One DynamoDB item per user. Every write has a condition on the generation: one that arrives late changes nothing that
another process wrote meanwhile. Limits: TransactWriteItems takes 100 items (DynamoDB API reference).
"""

import functools
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from typing import Any

from botocore.exceptions import ClientError

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.retry import Retry
from broker.user_items import UserItems, key_of, parts

RETRY = Retry(attempts=4, base=0.1, cap=1.0)
AT_ONCE = 100
KEPT = 8 * 86_400  # seconds after which DynamoDB may delete the item of a user who does nothing
CHANGED, CONFLICT = "ConditionalCheckFailed", "TransactionConflict"  # why a transaction is cancelled


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
        self._client = client
        self._table = table
        self._pool = pool
        self._clock = clock
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
        """Make all writes but those that are refused for a ``final`` reason.

        Return the users of the refused ones, and those about whom the table gave no answer.
        """
        refused: set[int] = set()
        unavailable: dict[int, Unavailable] = {}
        make = functools.partial(self._transact_part, final=final, deadline=deadline)
        for part, outcome in zip(groups := parts(writes, AT_ONCE), self._pool.map(make, groups), strict=True):
            if isinstance(outcome, Unavailable):
                unavailable |= dict.fromkeys(map(_mpid_of, part), outcome)
            else:
                refused |= outcome
        return refused, unavailable

    def _transact_part(self, writes: Sequence[Any], final: Collection[str], deadline: float) -> set[int] | Unavailable:
        """Make the writes of one transaction; return the users of the refused ones."""
        refused: set[int] = set()
        left = list(writes)
        while left:
            # The same token with every try: one that succeeded without an answer is then not refused by itself.
            request = {"TransactItems": left, "ClientRequestToken": uuid.uuid4().hex}
            call = functools.partial(aws_call, self._transact_once, final=final, request=request)
            try:
                places = RETRY.call(call, self._clock, deadline)
            except Unavailable as failure:
                return failure
            if not places:
                break
            refused |= {_mpid_of(left[place]) for place in places}
            left = [write for place, write in enumerate(left) if place not in places]
        return refused

    def _transact_once(self, request: Mapping[str, Any], final: Collection[str]) -> set[int]:
        """Return the places of the writes that kept the others from being made; none where all were made."""
        try:
            self._client.transact_write_items(**request)
        except ClientError as error:
            reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            refused = {place for place, code in enumerate(reasons) if code in final}
            if error.response["Error"]["Code"] != "TransactionCanceledException" or not refused:
                raise
            return refused
        return set()


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
