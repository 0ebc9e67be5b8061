"""A user's own batches on the stream: a part for training, and a part held out to evaluate recommendations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from local_stack.audit.rows import (
    Row,
    Skipped,
    StreamRecord,
    UndatedRow,
    Unreadable,
    from_record,
    item_categories,
    rows_from_bytes,
)

PUT_RECORDS = 500
PUT_BYTES = 4_000_000


@dataclass(frozen=True)
class UserRecord:
    """One record's bytes and entries; ``customer`` is empty unless all entries belong to one customer."""

    data: bytes
    rows: frozenset[Row]
    customer: str


@dataclass(frozen=True)
class UserAccount:
    """The content of a user's own records: interactions, skipped lines by reason, and unreadable documents."""

    records: int
    customers: int
    interactions: int
    skipped: dict[str, int]
    unreadable: int


@dataclass
class UserBatches:
    """Records in three parts: for training; one per customer that triggers a list; one per customer to evaluate it."""

    account: UserAccount
    training: list[UserRecord] = field(default_factory=list)
    prompting: list[UserRecord] = field(default_factory=list)
    judging: list[UserRecord] = field(default_factory=list)

    def histories(self) -> dict[str, list[str]]:
        """Return the item of each interaction that is not held out for evaluation, oldest first, by customer."""
        rows = {row for record in (*self.training, *self.prompting) for row in record.rows}
        histories: dict[str, list[str]] = {}
        for row in sorted(rows, key=lambda row: (row.sent_at, row.event_id, row.product_index)):
            histories.setdefault(row.user_id, []).append(row.item_id)
        return histories

    def categories(self) -> dict[str, str]:
        """Return the category of each item that has one in the records that are not held out for evaluation."""
        known: dict[str, str] = {}
        for record in (*self.training, *self.prompting):
            known |= item_categories(record.data)
        return known


def hold_back(records: Sequence[bytes], now_ms: int) -> UserBatches:
    """Hold out the newest two records of every customer who has at least three; the rest is for training."""
    read = [_own(data, now_ms) for data in records]
    by_customer: dict[str, list[UserRecord]] = {}
    for record in read:
        if record.customer:
            by_customer.setdefault(record.customer, []).append(record)
    events = UserBatches(_account(records, now_ms))
    held: set[int] = set()
    for own in by_customer.values():
        if len(own) >= 3:
            *_, prompting, judging = sorted(own, key=lambda record: max(row.sent_at for row in record.rows))
            events.prompting.append(prompting)
            events.judging.append(judging)
            held |= {id(prompting), id(judging)}
    events.training = [record for record in read if id(record) not in held]
    return events


def put(kinesis: Any, stream_name: str, records: Sequence[UserRecord]) -> int:
    """Put records on the stream, as many per call as allowed; return their number."""
    queue = iter(enumerate(records))
    while batch := list(islice(queue, PUT_RECORDS)):
        entries = [{"Data": record.data, "PartitionKey": record.customer or str(place)} for place, record in batch]
        for part in _within_bytes(entries):
            kinesis.put_records(StreamName=stream_name, Records=part)
    return len(records)


def _account(records: Sequence[bytes], now_ms: int) -> UserAccount:
    numbered = (StreamRecord("", str(number), now_ms, data) for number, data in enumerate(records))
    entries = {entry for record in numbered for entry in from_record(record)}
    rows = [entry for entry in entries if isinstance(entry, Row | UndatedRow)]
    return UserAccount(
        records=len(records),
        customers=len({row.user_id for row in rows}),
        interactions=len(rows),
        skipped=dict(Counter(entry.reason for entry in entries if isinstance(entry, Skipped))),
        unreadable=sum(isinstance(entry, Unreadable) for entry in entries),
    )


def _own(data: bytes, now_ms: int) -> UserRecord:
    rows = frozenset(rows_from_bytes(data, now_ms))
    customers = {row.user_id for row in rows}
    return UserRecord(data, rows, customers.pop() if len(customers) == 1 else "")


def _within_bytes(entries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    parts: list[list[dict[str, Any]]] = [[]]
    room = PUT_BYTES
    for entry in entries:
        if room < len(entry["Data"]) and parts[-1]:
            parts.append([])
            room = PUT_BYTES
        parts[-1].append(entry)
        room -= len(entry["Data"])
    return parts
