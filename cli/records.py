"""Files of mParticle batches as stream records: JSON, an array, one batch a line, gzip, or a Kinesis event envelope."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from broker.documents import one_document_each

from personalize_data.errors import BadFile
from personalize_data.files import opened


@dataclass(frozen=True)
class StreamRecord:
    """A record's bytes and its arrival, in epoch milliseconds; ``number`` counts those of an envelope from 1."""

    data: bytes
    arrived_ms: int
    file: str = ""
    number: int | None = None


def whole_files(paths: tuple[Path, ...]) -> Iterator[StreamRecord]:
    """Yield each file as one record, and each record of an envelope as one."""
    for path in paths:
        data = read(path)
        records = envelope(data, str(path))
        yield from records or [StreamRecord(data, int(time.time() * 1000), str(path))]


def one_batch_each(paths: tuple[Path, ...]) -> Iterator[StreamRecord]:
    """Yield one record a batch, as mParticle puts them; what is not JSON at all is one record, for quarantine."""
    for record in whole_files(paths):
        for data in _split(record.data):
            yield StreamRecord(data, record.arrived_ms)


def read(path: Path) -> bytes:
    """Return a file's bytes, unpacked where they are gzip. Raises click.UsageError."""
    try:
        with opened(path) as file:
            return file.read()
    except BadFile as error:
        raise click.UsageError(str(error)) from None


def envelope(data: bytes, file: str = "") -> list[StreamRecord]:
    """Return the records of a Kinesis event as Lambda passes it; an empty list for anything else."""
    try:
        records = json.loads(data)["Records"]
        return [
            StreamRecord(
                base64.b64decode(record["kinesis"]["data"], validate=True),
                int(record["kinesis"]["approximateArrivalTimestamp"] * 1000),
                file,
                number,
            )
            for number, record in enumerate(records, 1)
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def kinesis_event(records: list[StreamRecord]) -> dict[str, object]:
    """Return records as the event that Lambda passes a function on a stream."""
    return {
        "Records": [
            {
                "eventID": f"shardId-000000000000:{place}",
                "eventSource": "aws:kinesis",
                "eventName": "aws:kinesis:record",
                "eventVersion": "1.0",
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "sample",
                    "sequenceNumber": str(place),
                    "approximateArrivalTimestamp": record.arrived_ms / 1000,
                    "data": base64.b64encode(record.data).decode(),
                },
            }
            for place, record in enumerate(records, start=1)
        ]
    }


def _split(data: bytes) -> list[bytes]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        lines = [line for line in data.split(b"\n") if line.strip()]
        return lines if sum(line.lstrip()[:1] == b"{" for line in lines[:2]) == 2 else list(one_document_each(data))
    if isinstance(document, list):
        return [json.dumps(batch).encode() for batch in document]
    return [data]
