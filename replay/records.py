"""Readers of quarantined records: the quarantine's rows and Lambda's on-failure documents, with their reasons.

On-failure documents: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.kinesis_record import LARGEST_KEY

QUARANTINE, ON_FAILURE = "quarantine", "on-failure"
RECORD, USER = "record", "user"
REFRESH = "refresh/"


class UnrecognisedObject(ValueError):
    """An object that is neither a quarantine file nor an on-failure document."""


@dataclass(frozen=True)
class Record:
    """One record of the stream, or one user of the refresh queue (``kind``), as it was when it was quarantined.

    ``id`` identifies it, ``reasons`` are the reasons of its failure; ``arrived_ms`` is in epoch milliseconds.
    """

    id: str
    kind: str
    reasons: tuple[str, ...]
    arrived_ms: int
    partition_key: str = field(repr=False)
    data: bytes = field(repr=False)


def read(source: str, key: str, body: bytes) -> list[Record]:
    """Return the records of one object, each once. Raises UnrecognisedObject."""
    try:
        return list(_quarantined(key, body) if source == QUARANTINE else _given_up(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnrecognisedObject(key) from None


def _quarantined(key: str, body: bytes) -> Iterator[Record]:
    """Yield one record for all its rows: a row exists per reason and line, and only the first has the raw record."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for line in body.splitlines():
        row = json.loads(line)
        rows.setdefault(f"{row['source']}:{row['sequence_number']}", []).append(row)
    for id, of_record in rows.items():
        raw = next((row["record"] for row in of_record if row["record"]), "")  # a record may be empty
        user = key.startswith(REFRESH)
        yield Record(
            id=id,
            kind=USER if user else RECORD,
            reasons=tuple(dict.fromkeys(row["reason"] for row in of_record)),
            arrived_ms=int(of_record[0]["arrived_ms"]),
            partition_key=_key(of_record[0].get("partition_key"), id),
            data=raw.encode() if user else base64.b64decode(raw, validate=True),
        )


def _given_up(body: bytes) -> Iterator[Record]:
    document = json.loads(body)
    event = document["payload"]
    for record in (json.loads(event) if isinstance(event, str) else event)["Records"]:
        kinesis = record["kinesis"]
        id = f"{record['eventID'].partition(':')[0]}:{kinesis['sequenceNumber']}"
        yield Record(
            id=id,
            kind=RECORD,
            reasons=(document["requestContext"]["condition"],),
            arrived_ms=int(kinesis["approximateArrivalTimestamp"] * 1000),
            partition_key=_key(kinesis.get("partitionKey"), id),
            data=base64.b64decode(kinesis["data"], validate=True),
        )


def _key(value: object, id: str) -> str:
    """Return a partition key that PutRecords takes: the record's own, or one that spreads the records over the shards.

    A stream that distributes records by itself has none.
    """
    if not isinstance(value, str) or not 0 < len(value) <= LARGEST_KEY:
        return id
    return value.encode("utf-8", "replace").decode()
