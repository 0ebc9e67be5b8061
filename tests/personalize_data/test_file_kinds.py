"""Files are known by their first bytes, whatever they are called, and each kind has an answer in one line."""

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from personalize_data import file_kinds
from personalize_data.conversion import Plan
from personalize_data.errors import BadFile
from personalize_data.file_kinds import FileKind
from tests.personalize_data.conversions import INTERACTIONS, converted, sources

TABLE = pl.DataFrame({"USER_ID": ["u"], "ITEM_ID": ["i"], "TIMESTAMP": [1_700_000_000], "EVENT_TYPE": ["view"]})


def written(write: str) -> bytes:
    out = io.BytesIO()
    getattr(TABLE, write)(out)
    return out.getvalue()


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("table.csv"), io.BytesIO())
    return out.getvalue()


def database(folder: Path) -> bytes:
    connection = sqlite3.connect(folder / "database")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    return (folder / "database").read_bytes()


KINDS = {
    FileKind.TABLE: [b"USER_ID,ITEM_ID\nu,i\n", b"ORCHESTRA,PAR1,x\n", b"PAR1\n", b"BZh,x\n", b"<id>,x\n"],
    FileKind.JSON_LINES: [b'{"a": 1}\n{"a": 2}\n', b'\xef\xbb\xbf{"a": 1}', b'{"a": "' + b"x" * 70_000 + b'"}\n'],
    FileKind.JSON_ARRAY: [b'[{"a": 1}]', b"\n [\n"],
    FileKind.JSON_DOCUMENT: [b'{"a": 1}{"a": 2}', b'{\n "a": 1\n}\n', b"{broken"],
    FileKind.PARQUET: [written("write_parquet")],
    FileKind.AVRO: [written("write_avro")],
    FileKind.ARROW: [written("write_ipc")],
    FileKind.EXCEL: [zipped("[Content_Types].xml", "xl/workbook.xml")],
    FileKind.OPEN_DOCUMENT: [zipped("mimetype", "content.xml")],
    FileKind.ZIP: [zipped("table.csv"), zipped("table.csv")[:20]],
    FileKind.OLD_EXCEL: [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
    FileKind.UTF_16: ["USER_ID,ITEM_ID\n".encode("utf-16")],
    FileKind.BZIP2: [bz2.compress(b"USER_ID\n")],
    FileKind.GZIP_TWICE: [gzip.compress(gzip.compress(b"USER_ID\n"))],
    FileKind.XZ: [lzma.compress(b"USER_ID\n")],
    FileKind.ZSTD: [b"\x28\xb5\x2f\xfd\x04"],
    FileKind.ARCHIVE: [tar(), b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"],
    FileKind.PDF: [b"%PDF-1.7\n"],
    FileKind.ORC: [b"ORC\x0a\x03\x00"],
    FileKind.MARKUP: [b"<html>", b"<!DOCTYPE html>", b'<?xml version="1.0"?>', b"\n<table>"],
    FileKind.EMPTY: [b"", b" \n"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_known_by_its_first_bytes_packed_or_not(kind: FileKind, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for content in KINDS[kind]:
        for packed in (content, gzip.compress(content)):
            path.write_bytes(packed)
            assert file_kinds.kind(path) is kind


def test_a_database_is_known(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(database(tmp_path))
    assert file_kinds.kind(tmp_path / "table.csv") is FileKind.SQLITE


def test_every_kind_is_tested_and_says_what_to_do_with_it() -> None:
    assert set(FileKind) == {*KINDS, FileKind.SQLITE}
    assert all(kind.remedy for kind in FileKind if kind not in (FileKind.TABLE, FileKind.EMPTY))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (FileKind.TABLE, FileKind.EMPTY)])
def test_backfill_names_a_kind_that_it_does_not_read(kind: FileKind, tmp_path: Path) -> None:
    plan = Plan("interactions", sources(tmp_path, KINDS[kind][0]), INTERACTIONS)
    if kind in file_kinds.JSON:
        assert converted(plan)[2].rows == 0
        return
    with pytest.raises(BadFile) as error:
        converted(plan)
    assert str(error.value) == f"file-1: this is {kind.label}: {kind.remedy}"
