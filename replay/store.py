"""The two buckets of quarantined records, and the markers of redriven records.

An object stays unchanged until the bucket expires it: it may hold records that were not selected, and a redelivery may
write it again. A marker under ``replayed/`` and the object's own key lists the ids of redriven records, nothing else.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from replay.records import ON_FAILURE, QUARANTINE

FOLDERS = {QUARANTINE: ("ingest/", "refresh/"), ON_FAILURE: ("aws/lambda/",)}
MARKS = "replayed/"
READERS = 8


@dataclass(frozen=True)
class StoredObject:
    """An object of one of the buckets; ``size`` in bytes."""

    source: str
    key: str
    size: int
    written: datetime


class Store:
    """One bucket behind a boto3 S3 client; ``source`` is ``quarantine`` or ``on-failure``."""

    def __init__(self, s3: Any, bucket: str, source: str) -> None:
        self._s3 = s3
        self.bucket = bucket
        self.source = source

    def objects(self, key: str = "") -> list[StoredObject]:
        """Return the objects whose keys begin with ``key``, in order of their keys."""
        prefixes = [key] if key else FOLDERS[self.source]
        return [
            StoredObject(self.source, *fields)
            for prefix in prefixes
            for fields in self._list(prefix)
            if self._is_ours(fields[0])
        ]

    def _is_ours(self, key: str) -> bool:
        return key.startswith(FOLDERS[self.source])

    def _list(self, prefix: str) -> Iterator[tuple[str, int, datetime]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["Size"], entry["LastModified"]

    def read(self, key: str) -> bytes:
        """Return an object's content. Raises botocore's ClientError."""
        body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def marks(self) -> dict[str, set[str]]:
        """Return the redriven records: object key → ids of records."""
        marked = [key for key, _, _ in self._list(MARKS)]
        with ThreadPoolExecutor(READERS) as pool:
            return {
                key.removeprefix(MARKS): set(json.loads(content)["redriven"])
                for key, content in zip(marked, pool.map(self.read, marked), strict=True)
            }

    def marks_of(self, key: str) -> set[str]:
        """Return the ids of the redriven records of one object."""
        marked = MARKS + key
        is_marked = any(name == marked for name, _, _ in self._list(marked))
        return set(json.loads(self.read(marked))["redriven"]) if is_marked else set()

    def mark(self, key: str, ids: Iterable[str], at: datetime) -> None:
        """Store the ids of all records of an object that were redriven so far."""
        content = json.dumps({"redriven": sorted(ids), "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}).encode()
        self._s3.put_object(Bucket=self.bucket, Key=MARKS + key, Body=content, ContentType="application/json")
