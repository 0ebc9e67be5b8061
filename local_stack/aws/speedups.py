"""Faster replacements for the calls of moto whose cost grows with the number of stored records or messages.

moto looks through every record of a shard for each PutRecord and GetRecords, and through every message of a queue, many
times, for each message that is sent or received: 100 messages a second at a thousand waiting. It copies a whole table
for each write of a transaction: 20 seconds for a hundred writes at three thousand items. For every request it lists the
methods of a class, and for every record it keeps two CloudWatch metrics. Each replacement here gives exactly moto's
answer, but for sequence numbers, which are as long as Kinesis's: what tells them from an mpid by their length then does
so here, too. They are applied in the server's own process only.
"""

import copy
import functools
import time
from collections.abc import Iterator
from typing import Any

import moto.core.responses as responses
import moto.sqs.models as sqs
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.kinesis.models import KinesisBackend, Record, Shard

# Numbers have up to 128 digits: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html
BEFORE_FIRST = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_000

_METHOD_NAMES = functools.cache(method_names_from_class)

_transact = DynamoDBBackend.transact_write_items


def speed_up() -> None:
    """Replace moto's slow paths; calling it twice changes nothing more."""
    Shard.get_max_sequence_number = _newest_sequence_number  # type: ignore[method-assign]
    Shard.put_record = _put_record  # type: ignore[method-assign]
    Shard.get_records = _records_after  # type: ignore[method-assign]
    sqs.SQSBackend.is_message_valid_based_on_retention_period = _is_retained  # type: ignore[method-assign]
    sqs.unix_time_millis = _now_in_ms  # type: ignore[assignment]
    responses.method_names_from_class = _METHOD_NAMES
    KinesisBackend._send_stream_metrics = _no_metrics  # type: ignore[method-assign]
    Table.__deepcopy__ = _table_itself  # type: ignore[attr-defined]
    DynamoDBBackend.transact_write_items = _transact_on_few_items  # type: ignore[method-assign]


def _newest_sequence_number(self: Shard) -> int:
    return next(reversed(self.records), 0)


def _put_record(self: Shard, partition_key: str, data: str, explicit_hash_key: str) -> str:
    number = next(reversed(self.records), BEFORE_FIRST) + 1
    self.records[number] = Record(partition_key, data, number, explicit_hash_key)
    return str(number)


def _records_after(self: Shard, last_sequence_id: str, limit: int | None) -> tuple[list[Record], int, int]:
    # A shard's numbers have no gaps, since moto never trims.
    after = max(int(last_sequence_id), BEFORE_FIRST)
    newest = self.get_max_sequence_number()
    until = newest if limit is None else min(newest, after + limit)
    records = [self.records[number] for number in range(after + 1, until + 1)]
    if not records:
        return [], after, 0
    behind = self.records[newest].created_at - records[-1].created_at
    return records, until, int(behind * 1000)


def _is_retained(self: Any, queue_name: str, message: Any) -> bool:
    queue = self.get_queue(queue_name)
    return bool(queue.message_retention_period + message.sent_timestamp / 1000 > time.time())


def _now_in_ms() -> float:
    return time.time() * 1000.0


def _no_metrics(self: KinesisBackend, stream_name: str, incoming_bytes: int, incoming_records: int) -> None:
    """Keep no CloudWatch metrics: nobody reads them, and they would be kept for good."""


def _table_itself(self: Table, memo: dict[int, Any]) -> Table:
    """moto copies whole tables only to bring them back after a cancelled transaction, which the one below does."""
    return self


def _transact_on_few_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    before = [(table, key, copy.deepcopy(table.items.get(key))) for table, key in _concerned(self, transact_items)]
    try:
        _transact(self, transact_items)
    except Exception:
        for table, key, item in before:
            table.items.pop(key, None)
            if item is not None:
                table.items[key] = item
        raise


def _concerned(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> Iterator[tuple[Table, DynamoType]]:
    """Yield where a transaction writes; moto refuses what is not well-formed before it writes."""
    for operation in (value for item in transact_items for value in item.values()):
        table = backend.tables.get(operation.get("TableName"))
        key = (operation.get("Item") or operation.get("Key") or {}).get(table.hash_key_attr) if table else None
        if table and key:
            yield table, DynamoType(key)
