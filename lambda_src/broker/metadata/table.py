"""The table of users and items: one DynamoDB item for each, with what is known of them and what was sent.

Every write has a condition on the version: one that comes late changes nothing that another process wrote meanwhile.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from typing import Any

from broker.clock import Clock
from broker.failures import Unavailable
from broker.metadata.columns import USERS
from broker.metadata.state import State
from broker.retry import Retry
from broker.transactions import CHANGED, CONFLICT, Transactions
from broker.user_items import TableItems

RETRY = Retry(attempts=3, base=0.05, cap=0.5)
KEY, EXPIRY = "id", "expires"
KEPT = 90 * 86_400  # seconds after which DynamoDB may delete the item of a user of whom nothing is heard


def key_of(dataset: str, id: str) -> str:
    """Return the key of a user or an item."""
    return f"{dataset}:{id}"


def parts_of(key: str) -> tuple[str, str]:
    """Return the dataset and the id of a key."""
    dataset, _, id = key.partition(":")
    return dataset, id


class MetadataTable:
    """The table; ``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._items = TableItems(client, table, pool, clock, RETRY, consistent=True)
        self._transactions = Transactions(client, pool, clock, RETRY)

    def read(self, keys: Iterable[str], deadline: float) -> dict[str, State]:
        """Return the state of those keys that have one. Raises Failure."""
        items = self._items.read([{KEY: {"S": key}} for key in keys], deadline)
        return {item[KEY]["S"]: state_from(item) for item in items}

    def write(self, states: Mapping[str, State], deadline: float) -> tuple[set[str], dict[str, Unavailable]]:
        """Write states whose version is one above that which was read.

        Return the keys that another process wrote meanwhile, and those about which the table gave no answer. Raises
        Rejected and Misconfigured.
        """
        keys, now = list(states), self._clock.now()
        writes = [put(self._table, key, state, now) for key, state in states.items()]
        refused, unavailable = self._transactions.write(writes, {CHANGED, CONFLICT}, deadline)
        return {keys[place] for place in refused}, {keys[place]: failure for place, failure in unavailable.items()}


def put(table: str, key: str, state: State, now: float) -> dict[str, Any]:
    """Return the write of a state, unless the item has another version than the one before it."""
    is_first = state.version == 1
    values = {} if is_first else {"ExpressionAttributeValues": {":read": {"N": str(state.version - 1)}}}
    return {
        "Put": {
            "TableName": table,
            "Item": item_of(key, state, now),
            "ConditionExpression": f"attribute_not_exists({KEY})" if is_first else "version = :read",
            **values,
        }
    }


def item_of(key: str, state: State, now: float) -> dict[str, Any]:
    """Return the item of a state. A user's expires, since it is personal data."""
    item: dict[str, Any] = {
        KEY: {"S": key},
        "fields": {"S": json.dumps(state.fields, separators=(",", ":"))},
        "version": {"N": str(state.version)},
        "sent": {"S": state.sent},
        "settled": {"N": str(state.settled)},
        "pending_since": {"N": str(state.pending_since)},
        "refused_at": {"N": str(state.refused_at)},
        "is_imported": {"BOOL": state.is_imported},
    }
    return item | ({EXPIRY: {"N": str(int(now) + KEPT)}} if parts_of(key)[0] == USERS else {})


def state_from(item: Mapping[str, Any]) -> State:
    """Read an item."""
    fields = {name: (time_ms, value) for name, (time_ms, value) in json.loads(item["fields"]["S"]).items()}
    return State(
        fields=fields,
        version=int(item["version"]["N"]),
        sent=item["sent"]["S"],
        settled=int(item["settled"]["N"]),
        pending_since=float(item["pending_since"]["N"]),
        refused_at=float(item["refused_at"]["N"]),
        is_imported=item["is_imported"]["BOOL"],
    )
