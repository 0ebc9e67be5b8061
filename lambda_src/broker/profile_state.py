"""What is known of users' profiles, for all processes: who refreshes a user now, and which list was written last.

One process at a time refreshes a user: it claims them before it asks for their list, and settles afterwards. A claim
ends by itself, long after the invocation. An upload without an answer may still land, so its user stays claimed until
that is no longer possible. mParticle has no way to refuse an older list, hence this.

One DynamoDB item per user. Limits: BatchGetItem takes 100 keys, BatchWriteItem 25 items, TransactWriteItems 100 items
(DynamoDB API reference).
"""

import functools
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.retry import Retry

T = TypeVar("T")
RETRY = Retry(attempts=4, base=0.1, cap=1.0)
READ_AT_ONCE, CLAIM_AT_ONCE, WRITE_AT_ONCE = 100, 100, 25
CLAIM = 120.0  # seconds: twice what an invocation may take
KEPT = 8 * 86_400  # seconds after which DynamoDB may delete the item of a user who does nothing
CONTESTED = ("ConditionalCheckFailed", "TransactionConflict")


@dataclass(frozen=True)
class ProfileState:
    """One user's item; times are epoch seconds.

    ``generation``: how often the user was claimed. ``claimed_until``: nobody else may refresh the user before.
    ``asked_at``: when the newest list that is on the profile was requested. ``digest``: of that list, empty if it is
    not known. ``visit_refreshes`` and ``day_refreshes``: how many there were since the visit and the ``day`` (since
    1970) began.
    """

    generation: int = 0
    claimed_until: float = 0.0
    asked_at: float = 0.0
    digest: str = ""
    visit_refreshes: int = 0
    day: int = 0
    day_refreshes: int = 0


class ProfileStates:
    """The table; ``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._pool = pool
        self._clock = clock

    def read(self, mpids: Iterable[int], deadline: float) -> dict[int, ProfileState]:
        """Return each user's state, a new one where there is none. Raises Failure.

        It may be a moment old: a claim fails where it is.
        """
        keys = [_key(mpid) for mpid in mpids]
        states: dict[int, ProfileState] = {}
        for found in self._in_parts(keys, READ_AT_ONCE, functools.partial(self._get, deadline=deadline)):
            states |= found
        return {mpid: states.get(mpid, ProfileState()) for mpid in mpids}

    def claim(self, states: Mapping[int, ProfileState], deadline: float) -> dict[int, ProfileState]:
        """Claim users in the state that was read; return those of the claimed. The others are claimed by somebody else.

        Raises Failure.
        """
        until = self._clock.now() + CLAIM
        claimed = {
            mpid: replace(state, generation=state.generation + 1, claimed_until=until) for mpid, state in states.items()
        }
        wanted = [_claim(self._table, mpid, state, until) for mpid, state in claimed.items()]
        refused: set[int] = set()
        for mpids in self._in_parts(wanted, CLAIM_AT_ONCE, functools.partial(self._transact, deadline=deadline)):
            refused |= mpids
        return {mpid: state for mpid, state in claimed.items() if mpid not in refused}

    def settle(self, states: Mapping[int, ProfileState], deadline: float) -> None:
        """Write the states of users whom this process has claimed. Raises Failure."""
        items = [_put(mpid, state, self._clock.now()) for mpid, state in states.items()]
        for _ in self._in_parts(items, WRITE_AT_ONCE, functools.partial(self._write, deadline=deadline)):
            pass

    def _in_parts(self, things: Sequence[T], size: int, do: Callable[[Sequence[T]], Any]) -> list[Any]:
        parts = [things[start : start + size] for start in range(0, len(things), size)]
        return list(self._pool.map(do, parts))

    def _get(self, keys: Sequence[Any], deadline: float) -> dict[int, ProfileState]:
        found: dict[int, ProfileState] = {}
        left: Mapping[str, Any] = {self._table: {"Keys": list(keys)}}

        def get() -> None:
            nonlocal left
            answer = aws_call(self._client.batch_get_item, RequestItems=left)
            if "Responses" not in answer:  # of a reply that broke off, botocore makes one without anything in it
                raise Unavailable("BatchGetItem: half a reply")
            for item in answer["Responses"].get(self._table, []):
                found[int(item["mpid"]["N"])] = _state(item)
            left = answer.get("UnprocessedKeys", {})
            if left:
                raise Unavailable("BatchGetItem: not all keys were read", throttled=True)

        RETRY.call(get, self._clock, deadline)
        return found

    def _write(self, puts: Sequence[Any], deadline: float) -> None:
        left: Mapping[str, Any] = {self._table: list(puts)}

        def write() -> None:
            nonlocal left
            answer = aws_call(self._client.batch_write_item, RequestItems=left)
            if "UnprocessedItems" not in answer:
                raise Unavailable("BatchWriteItem: half a reply")
            left = answer["UnprocessedItems"]
            if left:
                raise Unavailable("BatchWriteItem: not all items were written", throttled=True)

        RETRY.call(write, self._clock, deadline)

    def _transact(self, claims: Sequence[Any], deadline: float) -> set[int]:
        """Make all claims that nobody contests; return the users of the others."""
        refused: set[int] = set()
        left = list(claims)
        while left:
            # The same token with every try: one that succeeded without an answer is then not refused by itself.
            request = {"TransactItems": left, "ClientRequestToken": uuid.uuid4().hex}
            call = functools.partial(aws_call, self._transact_once, **request)
            contested = RETRY.call(call, self._clock, deadline)
            if not contested:
                break
            refused |= {_mpid_of(left[index]) for index in contested}
            left = [claim for index, claim in enumerate(left) if index not in contested]
        return refused

    def _transact_once(self, **request: Any) -> set[int]:
        """Return the places of the claims that kept the others from being made; none where all were made."""
        try:
            self._client.transact_write_items(**request)
        except ClientError as error:
            reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            contested = {index for index, code in enumerate(reasons) if code in CONTESTED}
            if error.response["Error"]["Code"] != "TransactionCanceledException" or not contested:
                raise
            return contested
        return set()


def _key(mpid: int) -> dict[str, Any]:
    return {"mpid": {"N": str(mpid)}}


def _mpid_of(claim: Mapping[str, Any]) -> int:
    return int(claim["Update"]["Key"]["mpid"]["N"])


def _claim(table: str, mpid: int, state: ProfileState, until: float) -> dict[str, Any]:
    """Return the write that claims a user, unless somebody else did since the state was read."""
    is_first = state.generation == 1
    numbers = {":generation": state.generation, ":until": until, ":expires": int(until) + KEPT}
    numbers |= {} if is_first else {":read": state.generation - 1}
    values = {name: {"N": str(number)} for name, number in numbers.items()}
    return {
        "Update": {
            "TableName": table,
            "Key": _key(mpid),
            # From here on, a process that is killed may have written another list than the known one.
            "UpdateExpression": (
                "SET generation = :generation, claimed_until = :until, expires = :expires, digest = :unknown"
            ),
            "ConditionExpression": "attribute_not_exists(mpid)" if is_first else "generation = :read",
            "ExpressionAttributeValues": values | {":unknown": {"S": ""}},
        }
    }


def _put(mpid: int, state: ProfileState, now: float) -> dict[str, Any]:
    values = {name: {"S": value} if name == "digest" else {"N": str(value)} for name, value in asdict(state).items()}
    return {"PutRequest": {"Item": {**_key(mpid), **values, "expires": {"N": str(int(now) + KEPT)}}}}


def _state(item: Mapping[str, Any]) -> ProfileState:
    """Read an item. What a claim has not written yet has its default."""
    values: dict[str, Any] = {}
    for field in fields(ProfileState):
        if field.name in item:
            ((_, text),) = item[field.name].items()
            kind: Any = type(field.default)
            values[field.name] = kind(text)
    return ProfileState(**values)
