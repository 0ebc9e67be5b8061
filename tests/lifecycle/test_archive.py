"""What is in an archive's objects whatever the records are like, and that erased users are in none of them."""

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.archive import Archive, Part, mpids, packed, parts
from tests.draws import draws

MPID = -7346244611012968789


class Bucket:
    """S3 with one bucket in memory, which lists two objects a page."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects
        self.written: list[str] = []

    def get_paginator(self, _: str) -> "Bucket":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Any:
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        for start in range(0, len(keys), 2):
            yield {"Contents": [{"Key": key, "Size": len(self.objects[key])} for key in keys[start : start + 2]]}

    def get_object(self, Bucket: str, Key: str) -> Any:
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body
        self.written.append(Key)

    def delete_object(self, Bucket: str, Key: str) -> None:
        del self.objects[Key]


def batch(mpid: object, **more: Any) -> bytes:
    return json.dumps({"mpid": mpid, "events": [], **more}).encode()


def key(hour: str, name: str = "a") -> str:
    return f"raw/{hour}/{name}.gz"


def archived(**objects: list[bytes]) -> tuple[Bucket, Archive]:
    bucket = Bucket(**{name: packed(iter(records)) for name, records in objects.items()})
    return bucket, Archive(bucket, "archive")


def texts(bucket: Bucket) -> bytes:
    return b"".join(gzip.decompress(body) for body in bucket.objects.values())


@settings(max_examples=draws(100, 20))
@given(st.lists(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner)), min_size=1))
def test_documents_come_back_in_order_with_line_feeds_between_them_or_without(documents: list[Any]) -> None:
    texts = [json.dumps([document]).encode() for document in documents]
    for body in (packed(iter(texts)), gzip.compress(b"".join(texts))):
        assert list(parts(body)) == [Part(text, json.loads(text)) for text in texts]


def test_what_is_no_json_is_a_part_by_itself_and_hides_nothing_else() -> None:
    records = [batch(1), b"not JSON", b'{"mpid": 2', b"\x1f\x8b\xff\n\xfe", batch(3, name="Köln"), b'{\n "mpid": 4\n}']
    found = list(parts(packed(iter(records))))
    assert b"\n".join(part.data for part in found) == b"\n".join(records)
    assert [part.document["mpid"] for part in found if part.document] == [1, 3, 4]


def test_an_object_that_is_no_gzip_is_one_part() -> None:
    assert list(parts(b"{}")) == [Part(b"{}")]
    cut_off = packed(iter([batch(1)]))[:-3]
    assert list(parts(cut_off)) == [Part(cut_off)]


def test_a_range_has_the_objects_that_may_hold_records_of_it() -> None:
    hours = ["2026/11/27/09", "2026/11/27/10", "2026/11/27/11", "2026/11/27/12", "2026/11/27/13"]
    bucket, archive = archived(**{key(hour): [batch(1)] for hour in hours})
    bucket.objects |= {"errors/2026/11/27/11/x.gz": b"", "raw/other": b"", "raw/2026/13/01/00/x.gz": b""}

    def chosen(since: datetime | None, until: datetime | None) -> list[int]:
        return [stored.hour.hour for stored in archive.objects(since, until)]

    assert chosen(None, None) == [9, 10, 11, 12, 13]
    # An object of the hour before may have records of the first minutes.
    assert chosen(datetime(2026, 11, 27, 11, 5, tzinfo=UTC), datetime(2026, 11, 27, 12, tzinfo=UTC)) == [10, 11]
    assert chosen(datetime(2026, 11, 27, 12, tzinfo=UTC), None) == [11, 12, 13]


def test_an_erased_user_is_in_no_object_and_all_others_are_as_they_were() -> None:
    bucket, archive = archived(
        **{
            key("2026/11/27/09"): [batch(1), batch(MPID), batch(str(MPID), x=2), batch(2)],
            key("2026/11/27/10"): [batch(3)],
            key("2026/11/27/11"): [batch(MPID)],
            key("2026/11/27/12"): [b"[" + batch(4) + b"," + batch(MPID) + b"]", b'{"mpid": 5, "friend": "x"}'],
        }
    )
    untouched = bucket.objects[key("2026/11/27/10")]
    done = archive.erase({MPID, 99})
    assert str(abs(MPID)).encode() not in texts(bucket)
    left = [document for body in bucket.objects.values() for document in (part.document for part in parts(body))]
    assert [one["mpid"] if isinstance(one, dict) else [each["mpid"] for each in one] for one in left] == [
        1,
        2,
        3,
        [4],
        5,
    ]
    assert bucket.objects[key("2026/11/27/10")] is untouched
    assert done.counts == {"objects": 4, "rewritten": 2, "deleted": 1, "records": 4, "unreadable": 0}


def test_what_cannot_be_read_may_be_of_anybody_and_is_deleted_too() -> None:
    bucket, archive = archived(**{key("2026/11/27/09"): [batch(1), f'{{"mpid": "{MPID}"'.encode(), batch(-7.346e18)]})
    bucket.objects[key("2026/11/27/10")] = b"no gzip"
    done = archive.erase({MPID})
    assert list(parts(bucket.objects[key("2026/11/27/09")])) == [Part(batch(1), json.loads(batch(1)))]
    assert key("2026/11/27/10") not in bucket.objects
    assert (done.records, done.unreadable, done.deleted) == (1, 2, 1)


def test_what_firehose_could_not_write_is_deleted() -> None:
    bucket, archive = archived(**{key("2026/11/27/09"): [batch(1)]})
    bucket.objects["errors/processing-failed/2026/11/27/09/x"] = b'{"rawData": "eyJt"}'
    assert archive.erase({MPID}).deleted == 1
    assert list(bucket.objects) == [key("2026/11/27/09")]


def test_a_batch_of_nobody_stays() -> None:
    bucket, archive = archived(**{key("2026/11/27/09"): [batch(None), b'{"events": []}', batch("0"), b"[]", b"7"]})
    before = dict(bucket.objects)
    assert archive.erase({MPID}).rewritten == 0
    assert bucket.objects == before


def test_the_same_again_changes_nothing_more() -> None:
    bucket, archive = archived(**{key("2026/11/27/09"): [batch(1), batch(MPID)]})
    archive.erase({MPID})
    bucket.written.clear()
    assert archive.erase({MPID}).records == 0
    assert bucket.written == []


@pytest.mark.parametrize(("users", "expected"), [(["-5", "c-7", "0012", "9" * 30], {-5, 12}), ([], set())])
def test_only_mparticles_ids_are_looked_for(users: list[str], expected: set[int]) -> None:
    assert mpids(users) == expected
