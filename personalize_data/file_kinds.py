"""What kind of file a file is, by its first bytes and never by its name, and which command reads it."""

import json
import re
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from personalize_data.files import UNREADABLE, opened

HEAD = 1 << 16  # bytes
MADE = "./broker prepare makes a CSV of it that ./broker backfill and ./broker evaluate read"


class FileKind(Enum):
    """A kind of file: how a message names it, and what to do with it where it cannot be read."""

    TABLE = "a CSV", ""
    JSON_LINES = "JSON Lines", MADE
    JSON_ARRAY = "a JSON array", MADE
    JSON_DOCUMENT = "JSON", "write one object per line, and give it to ./broker prepare"
    PARQUET = "a Parquet file", MADE
    EXCEL = "an Excel workbook", MADE
    OLD_EXCEL = "an Excel workbook of the old kind (.xls)", "save it as .xlsx"
    OPEN_DOCUMENT = "an OpenDocument spreadsheet", "save it as .xlsx or as a CSV in UTF-8"
    UTF_16 = "text in UTF-16", "save it as a CSV in UTF-8, or give --encoding utf-16 to ./broker prepare or backfill"
    ZIP = "a ZIP archive", "unpack it first"
    BZIP2 = "packed by bzip2", "unpack it first, or pack it by gzip"
    XZ = "packed by xz", "unpack it first, or pack it by gzip"
    GZIP_TWICE = "packed by gzip twice", "unpack it once"
    ZSTD = "packed by zstd", "unpack it first, or pack it by gzip"
    ORC = "an ORC file", "write it as Parquet or CSV"
    AVRO = "an Avro file", "write it as Parquet or CSV"
    ARROW = "an Arrow or Feather file", "write it as Parquet or CSV"
    SQLITE = "an SQLite database", "export the table in it as a CSV"
    PDF = "a PDF file", "export the table in it as a CSV"
    ARCHIVE = "an archive of files (7z, RAR or tar)", "unpack it first"
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

    @property
    def refusal(self) -> str:
        """Return why a command does not read it, in one line."""
        return f"this is {self.label}: {self.remedy}" if self.remedy else f"this is {self.label}"


JSON = (FileKind.JSON_LINES, FileKind.JSON_ARRAY, FileKind.JSON_DOCUMENT)
# The first bytes. Where these could be text, a byte that no text has must follow: a column may be called ORCHESTRA.
MAGIC = (
    (rb"\xd0\xcf\x11\xe0", FileKind.OLD_EXCEL),
    (rb"BZh[1-9]1AY&SY", FileKind.BZIP2),
    (rb"\x1f\x8b", FileKind.GZIP_TWICE),
    (rb"\xfd7zXZ\x00", FileKind.XZ),
    (rb"\x28\xb5\x2f\xfd", FileKind.ZSTD),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a|.{257}ustar", FileKind.ARCHIVE),
    (rb"Obj\x01", FileKind.AVRO),
    (rb"SQLite format 3\x00", FileKind.SQLITE),
    (rb"%PDF-", FileKind.PDF),
    (rb"\xff\xfe|\xfe\xff", FileKind.UTF_16),
    (rb"PAR1.*?[\x00-\x08]", FileKind.PARQUET),
    (rb"ORC.*?[\x00-\x08]", FileKind.ORC),
    (rb"ARROW1.*?[\x00-\x08]", FileKind.ARROW),
)


def kind(path: Path, name: Path | str = "") -> FileKind:
    """Return a file's kind; of a gzip file that of its content. Raises BadFile, which calls it ``name``."""
    with opened(path, name) as file:
        head = _head(file)
        if head.startswith(b"PK\x03\x04"):
            return _of_zip(file)
    return of_head(head)


def of_head(head: bytes) -> FileKind:
    """Return the kind of a file that is not packed, by its first bytes: HEAD of them, if it has as many."""
    for magic, of_magic in MAGIC:
        if re.match(magic, head, re.DOTALL):
            return of_magic
    return _of_text(head)


def _head(file: BinaryIO) -> bytes:
    """Return the first bytes, up to where a packed file is broken: the reader of the rest names the line."""
    head = b""
    try:
        while len(head) < HEAD and (more := file.read1(HEAD - len(head))):  # type: ignore[attr-defined]
            head += more
    except UNREADABLE:
        if not head:
            raise
    return head


def _of_zip(file: BinaryIO) -> FileKind:
    import zipfile  # a megabyte of memory, which few files need

    try:
        names = zipfile.ZipFile(file).namelist()
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
