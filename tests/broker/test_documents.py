"""The bytes of a record become documents: packed, aggregated, joined or broken, and in bounds."""

import gzip
import hashlib
import json
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from broker import kpl
from broker.documents import MAX_DEPTH, MAX_PARTS, MAX_UNPACKED, BadBatch, documents, one_document_each, unpack

from tests.broker.packing import MAGIC, aggregated, base64_twice, joined, packed

ONE, TWO = {"mpid": 1, "events": []}, {"mpid": 2, "events": []}
# Written by another program: aws_kinesis_agg 1.2.3 with protobuf 7.36, of the records ONE and TWO under two keys.
BY_ANOTHER = bytes.fromhex(
    "f3899ac20a0270310a0270321a1d08001a197b226d706964223a20312c20226576656e7473223a205b5d7d"
    "1a1d08011a197b226d706964223a20322c20226576656e7473223a205b5d7d0fb5bca174dd737787422163cde77ece"
)


def read(data: bytes) -> list[Any]:
    texts = unpack(data)
    return [texts] if isinstance(texts, BadBatch) else documents(texts)


def verdicts(data: bytes) -> list[Any]:
    return [str(one.reason) if isinstance(one, BadBatch) else one for one in read(data)]


LAYOUTS = {
    "joined": joined(ONE, TWO),
    "lines, some of them blank": b"\r\n" + joined(ONE) + b" \r\n\r\n" + joined(TWO) + b"\n",
    "joined and pretty-printed": json.dumps(ONE, indent=1).encode() + json.dumps(TWO, indent=1).encode(),
    "joined arrays": joined([ONE], [TWO]),
    "a byte order mark each": b"\xef\xbb\xbf" + joined(ONE) + b"\n\xef\xbb\xbf" + joined(TWO),
    "gzip": gzip.compress(joined(ONE, TWO)),
    "gzip of two members": packed(ONE) + packed(TWO),
    "gzip with padding": packed(ONE) + b"\0" * 9 + packed(TWO) + b"\0\0",
    "an aggregate": aggregated(joined(ONE), joined(TWO)),
    "an aggregate of gzip": aggregated(packed(ONE), packed(TWO)),
    "an aggregate of joined ones": aggregated(joined(ONE, TWO)),
    "an aggregate by another program": BY_ANOTHER,
}


@pytest.mark.parametrize("data", LAYOUTS.values(), ids=LAYOUTS)
def test_documents_are_read_however_they_are_joined_or_packed(data: bytes) -> None:
    assert read(data) == [ONE, TWO]


def test_what_is_before_and_after_a_broken_document_on_its_own_line_is_read() -> None:
    line = joined(ONE, TWO)
    assert verdicts(b'%s\n{"mpid": 3,\n%s' % (line, line)) == [ONE, TWO, "not_json", ONE, TWO]


def test_of_joined_documents_those_before_a_broken_one_are_read() -> None:
    first, second, bad = read(joined(ONE, TWO) + b'{"mpid": }' + joined(ONE))
    assert (first, second, bad.reason, bad.detail) == (ONE, TWO, "not_json", "line 1 column 60")


@pytest.mark.parametrize("data", [b"1 2", b'"a""b"', b'{"a": 1} 7', b"12\n13", b"[1,]", b"", b"\n", b"{} {} x"])
def test_what_only_looks_joined_is_not_json(data: bytes) -> None:
    assert verdicts(data) == ["not_json"]


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (packed(ONE)[:-9], "gzip"),
        (packed(ONE)[:-5] + b"x" + packed(ONE)[-4:], "gzip"),
        (packed(ONE) + b"more", "gzip"),
        (b"\x1f\x8b", "gzip"),
        (BY_ANOTHER[:-1] + b"\0", "MD5"),
        (BY_ANOTHER[:-20], "MD5"),
        (MAGIC, "MD5"),
        (aggregated(packed(ONE)[:-9]), "gzip"),
    ],
)
def test_what_is_cut_off_or_changed_cannot_be_unpacked(data: bytes, detail: str) -> None:
    [bad] = read(data)
    assert bad.reason == "cannot_unpack"
    assert detail in bad.detail


@pytest.mark.parametrize("message", [b"\x1a\xff", b"\x1a\x05ab", b"\x1b", b"\x80" * 11, b"\x1a\x02\x1a\x09"])
def test_an_aggregate_that_is_no_protobuf_is_bad_though_its_md5_is_right(message: bytes) -> None:
    data = MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()
    assert verdicts(data) == ["cannot_unpack"]


def test_fields_that_an_aggregate_may_get_are_passed_over() -> None:
    record = b"\x09" + b"8" * 8 + b"\x08\x96\x01" + b"\x15" + b"4" * 4 + b"\x1a\x02{}"
    message = b"\x1a" + bytes([len(record)]) + record
    assert list(kpl.user_records(MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest())) == [b"{}"]


def test_an_aggregate_of_nothing_is_not_json() -> None:
    assert verdicts(aggregated()) == ["not_json"]
    assert verdicts(aggregated(b"", json.dumps(ONE).encode())) == ["not_json", ONE]


@pytest.mark.parametrize("data", [base64_twice(ONE), base64_twice([ONE]) + b"\n"])
def test_base64_of_a_batch_has_a_reason_of_its_own(data: bytes) -> None:
    assert verdicts(data) == ["base64_twice"]


@pytest.mark.parametrize("data", [b"x" * 64, b"AAAAAAAAAAAAAAAAAAAAAAAAA", b"e30="])
def test_other_words_are_not_base64_of_a_batch(data: bytes) -> None:
    assert verdicts(data) == ["not_json"]


def test_utf_16_is_named() -> None:
    [bad] = read(json.dumps(ONE).encode("utf-16"))
    assert (bad.reason, bad.detail) == ("not_utf8", "byte 0: it begins as UTF-16")


def bomb(size: int) -> bytes:
    return gzip.compress(b" " * size)


def test_gzip_is_unpacked_up_to_10_mib_and_no_further() -> None:
    assert verdicts(bomb(MAX_UNPACKED)) == ["not_json"]
    assert verdicts(bomb(MAX_UNPACKED + 1)) == ["too_large"]
    assert verdicts(bomb(MAX_UNPACKED // 2) + bomb(MAX_UNPACKED // 2 + 1)) == ["too_large"]


def test_the_records_of_an_aggregate_share_the_10_mib() -> None:
    assert verdicts(aggregated(*[bomb(MAX_UNPACKED // 4)] * 4)) == ["not_json"] * 4
    assert verdicts(aggregated(*[bomb(MAX_UNPACKED // 4)] * 5)) == ["too_large"]
    assert verdicts(aggregated(b" " * MAX_UNPACKED, bomb(1))) == ["too_large"]


def test_a_small_record_that_unpacks_without_end_costs_little() -> None:
    layers = zlib.compressobj(9, wbits=31)
    data = b"".join(layers.compress(b"\0" * 2**20) for _ in range(400)) + layers.flush()
    began = time.process_time()
    tracemalloc.start()
    assert verdicts(data) == ["too_large"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_UNPACKED
    assert verdicts(gzip.compress(b"") * 200_000) == ["too_large"]
    assert verdicts(aggregated(*[b"{}"] * (MAX_PARTS + 1))) == ["too_large"]
    assert time.process_time() - began < 3.0


def test_joined_documents_of_a_file_come_one_by_one_as_they_are_written() -> None:
    many = [b'{"mpid": %d,  "x": 1.50}' % number for number in range(MAX_PARTS + 2)]
    assert list(one_document_each(b"\xef\xbb\xbf" + b"".join(many) + b"\n")) == many
    assert list(one_document_each(b" {}{} {oops}{}")) == [b"{}", b"{}", b"{oops}{}"]
    assert list(one_document_each(b"{}\xff")) == [b"{}\xff"]
    assert list(one_document_each(b" ")) == []


def test_joined_documents_have_the_same_bound_as_lines() -> None:
    assert verdicts(b"{}" * (MAX_PARTS + 1)) == ["too_large"]
    assert len(read(b"{}" * MAX_PARTS)) == MAX_PARTS


NESTED = {"arrays": b"[%s]", "objects": b'{"a":%s}', "both": b'[1,{"x":2,"a":%s}]', "answers": b'{"opt_out":%s}'}


@pytest.mark.parametrize("kind", NESTED)
def test_what_is_nested_deeper_than_the_bound_is_not_json_on_any_python(kind: str) -> None:
    begin, end = NESTED[kind].split(b"%s")
    levels = MAX_DEPTH // (begin.count(b"[") + begin.count(b"{"))
    assert verdicts(begin * levels + b"1" + end * levels) != ["not_json"]
    assert verdicts(begin * (levels + 1) + b"1" + end * (levels + 1)) == ["not_json"]


def test_the_bound_is_of_what_is_within_each_other_and_not_beside() -> None:
    assert verdicts(b"[[%s]]" % b",".join([b"[{}]"] * MAX_DEPTH)) == [[[{}]] * MAX_DEPTH]
