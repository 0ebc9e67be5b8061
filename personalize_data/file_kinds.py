"""What kind of file a file is, by its first bytes and never by its name, and which command reads it."""

import io
import json
import zipfile
from enum import Enum
from pathlib import Path

from personalize_data.files import opened

HEAD = 1 << 16  # bytes
EVALUATED = "./broker prepare makes a CSV of it that ./broker backfill and ./broker evaluate read"


class FileKind(Enum):
    """A kind of file: how a message names it, and what to do with it where it cannot be read."""

    TABLE = "a CSV", ""
    JSON_LINES = "JSON Lines", EVALUATED
    JSON_ARRAY = "a JSON array", EVALUATED
    JSON_DOCUMENT = "JSON", "write one object per line"
    PARQUET = "a Parquet file", EVALUATED
    EXCEL = "an Excel workbook", EVALUATED
    OLD_EXCEL = "an Excel workbook of the old kind (.xls)", "save it as .xlsx"
    OPEN_DOCUMENT = "an OpenDocument spreadsheet", "save it as .xlsx or as a CSV in UTF-8"
    UTF_16 = "text in UTF-16", "--encoding utf-16 reads it, or save it as a CSV in UTF-8"
    ZIP = "a ZIP archive", "unpack it first"
    BZIP2 = "packed by bzip2", "unpack it first, or pack it by gzip"
    XZ = "packed by xz", "unpack it first, or pack it by gzip"
    ZSTD = "packed by zstd", "unpack it first, or pack it by gzip"
    ORC = "an ORC file", "write it as Parquet or CSV"
    AVRO = "an Avro file", "write it as Parquet or CSV"
    MARKUP = "HTML or XML", "save the table in it as a CSV"
    EMPTY = "empty", ""

    @property
    def label(self) -> str:
        """Return how a message names it: "this is …"."""
        return self.value[0]

    @property
    def remedy(self) -> str:
        """Return what to do with it, where a command does not read it; empty for tables."""
        return self.value[1]


MAGIC = (
    (b"PAR1", FileKind.PARQUET),
    (b"\xd0\xcf\x11\xe0", FileKind.OLD_EXCEL),
    (b"BZh", FileKind.BZIP2),
    (b"\xfd7zXZ\x00", FileKind.XZ),
    (b"\x28\xb5\x2f\xfd", FileKind.ZSTD),
    (b"ORC", FileKind.ORC),
    (b"Obj\x01", FileKind.AVRO),
    (b"\xff\xfe", FileKind.UTF_16),
    (b"\xfe\xff", FileKind.UTF_16),
)


def kind(path: Path, name: Path | str = "") -> FileKind:
    """Return a file's kind; of a gzip file that of its content. Raises BadFile, which calls it ``name``."""
    with opened(path, name) as file:
        head = file.read(HEAD)
        if head.startswith(b"PK\x03\x04"):
            return _of_zip(head + file.read())
    for magic, of_magic in MAGIC:
        if head.startswith(magic):
            return of_magic
    return _of_text(head)


def _of_zip(data: bytes) -> FileKind:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return FileKind.ZIP
    if any(name.startswith("xl/") for name in names):
        return FileKind.EXCEL
    return FileKind.OPEN_DOCUMENT if "mimetype" in names and "content.xml" in names else FileKind.ZIP


def _of_text(head: bytes) -> FileKind:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        return FileKind.EMPTY
    if text.startswith(b"["):
        return FileKind.JSON_ARRAY
    if text.startswith(b"{"):
        return FileKind.JSON_LINES if _is_object(text.partition(b"\n")[0]) else FileKind.JSON_DOCUMENT
    return FileKind.MARKUP if text[:1] == b"<" and text[1:2] in b"!?hHtT" else FileKind.TABLE


def _is_object(line: bytes) -> bool:
    """Return whether a line is one JSON object; one that is longer than the head counts as one."""
    if len(line) >= HEAD - 8:
        return True
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
