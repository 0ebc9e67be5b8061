"""The raw archive of the stream in S3, in Firehose's form: which objects there are, what is in them, and erasure.

Firehose takes the KPL's aggregates apart, ends each record with a line feed, and writes gzip under the hour in which
the oldest record of an object arrived. https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html,
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html. Nothing else is known of when a record arrived.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.json_values import int64, mapping
from broker.values.ids import int64_from_json, stands_for_nothing

RECORDS, ERRORS = "raw/", "errors/"
HOUR = timedelta(hours=1)
_KEY = re.compile(re.escape(RECORDS) + r"([0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2})/")
_BETWEEN = re.compile(r"[ \t\r\n\ufeff]*")
_DECODER = json.JSONDecoder(parse_constant=float)
Moved = Callable[[int], None]


@dataclass(frozen=True)
class ArchiveObject:
    """One object; its oldest record arrived within the hour that begins at ``hour``."""

    key: str
    size: int
    hour: datetime


@dataclass(frozen=True)
class Part:
    """A piece of an object as it is written: a JSON document, None if it is none."""

    data: bytes
    document: Any = None


@dataclass
class Erasure:
    """How many objects were looked at, rewritten and deleted, and how many records and unreadable parts taken out."""

    objects: int = 0
    rewritten: int = 0
    deleted: int = 0
    records: int = 0
    unreadable: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Return it as JSON."""
        return dict(vars(self))


class Archive:
    """An archive's bucket behind a boto3 client."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def objects(self, since: datetime | None = None, until: datetime | None = None) -> list[ArchiveObject]:
        """Return the objects that may have records of a time, in order of their hours.

        An object has records of after its hour, too: as many as Firehose gathers, which takes minutes where it is not
        behind.
        """
        found = [_object(entry) for entry in self._entries(RECORDS)]
        return [
            stored
            for stored in found
            if stored is not None
            and (since is None or stored.hour + 2 * HOUR > since)
            and (until is None or stored.hour < until)
        ]

    def parts(self, stored: ArchiveObject) -> Iterator[Part]:
        """Yield what is in an object. Raises botocore's ClientError."""
        body: bytes = self._s3.get_object(Bucket=self.bucket, Key=stored.key)["Body"].read()
        yield from parts(body)

    def erase(self, users: Collection[int], moved: Moved = lambda _: None) -> Erasure:
        """Take users' records out of all objects. What can't be read may be of any of them, and is deleted, too.

        So is all that Firehose put aside, since it could not write it. Raises botocore's ClientError; the same again
        is then needed.
        """
        done = Erasure()
        for stored in self.objects():
            self._erase(stored, users, done)
            moved(stored.size)
        for entry in self._entries(ERRORS):
            self._s3.delete_object(Bucket=self.bucket, Key=entry["Key"])
            done.objects, done.deleted, done.unreadable = done.objects + 1, done.deleted + 1, done.unreadable + 1
        return done

    def _erase(self, stored: ArchiveObject, users: Collection[int], done: Erasure) -> None:
        kept: list[bytes] = []
        is_changed = False
        for part in self.parts(stored):
            left = _without(part, users)
            if left is not part:
                is_changed = True
                done.unreadable += part.document is None
                done.records += part.document is not None
            if left is not None:
                kept.append(left.data)
        done.objects += 1
        if not is_changed:
            return
        if kept:
            self._s3.put_object(Bucket=self.bucket, Key=stored.key, Body=packed(iter(kept)))
            done.rewritten += 1
        else:
            self._s3.delete_object(Bucket=self.bucket, Key=stored.key)
            done.deleted += 1

    def _entries(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            yield from page.get("Contents", ())


def packed(records: Iterator[bytes]) -> bytes:
    """Return an object of these records."""
    return gzip.compress(b"".join(record + b"\n" for record in records), mtime=0)


def parts(body: bytes) -> Iterator[Part]:
    """Yield the JSON documents of an object, in order, and what stands between them, line by line."""
    try:
        data = gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        yield Part(body)
        return
    text = data.decode("utf-8", "surrogateescape")
    place = _after(text, 0)
    while place < len(text):
        begin = place
        try:
            document, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            line_end = text.find("\n", begin)
            document, place = None, len(text) if line_end < 0 else line_end
        yield Part(text[begin:place].encode("utf-8", "surrogateescape"), document)
        place = _after(text, place)


def mpids(users: Collection[str]) -> set[int]:
    """Return the mParticle ids among users' ids: the archive has no others."""
    return {mpid for mpid in map(int64, users) if mpid is not None}


def _object(entry: dict[str, Any]) -> ArchiveObject | None:
    key = _KEY.match(entry["Key"])
    try:
        hour = datetime.strptime(key[1], "%Y/%m/%d/%H").replace(tzinfo=UTC) if key else None
    except ValueError:
        return None
    return ArchiveObject(entry["Key"], entry["Size"], hour) if hour else None


def _without(part: Part, users: Collection[int]) -> Part | None:
    """Return a part without users' batches: itself if there are none, None if nothing is left."""
    if part.document is None:
        return None
    if not _mentions(part.document, users):
        return part
    if not isinstance(part.document, list):
        return None
    left = [member for member in part.document if not _is_of(member, users)]
    return Part(json.dumps(left, ensure_ascii=False).encode("utf-8", "surrogateescape"), left) if left else None


def _mentions(document: Any, users: Collection[int]) -> bool:
    members = document if isinstance(document, list) else [document]
    return any(_is_of(member, users) for member in members)


def _is_of(document: Any, users: Collection[int]) -> bool:
    mpid = mapping(document).get("mpid")
    number = int64_from_json(mpid)
    # An mpid that is there and can't be read may be anybody's.
    return number in users if number is not None else not stands_for_nothing(mpid)


def _after(text: str, place: int) -> int:
    match = _BETWEEN.match(text, place)
    return match.end() if match else place
