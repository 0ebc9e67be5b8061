"""What a CSV's own text says: its header, and where it is broken."""

import csv
from pathlib import Path
from typing import Any

from evaluation.failure import BadFile
from history import files
from history.table import MappingError, Table

HEAD = 1 << 16  # bytes in which there is a line end
QUOTE = (
    "a quote is not closed, or stands within a value: such a value is put in quotes, and those within it are doubled"
)
CUT = "the gzip file breaks off or is damaged about here: it can't be unpacked any further"


def header(path: Path) -> tuple[tuple[str, ...], str]:
    """Return the columns' names and the delimiter. Raises BadFile for a header that no table has."""
    with files.opened(path, str(path)) as file:
        head = file.peek(HEAD)[:HEAD]  # type: ignore[attr-defined]
        if b"\r" in head and b"\n" not in head:
            raise BadFile(path, "its lines end in carriage returns alone, as on old Macs: save it with other line ends")
        try:
            table = Table(str(path), files.text(file))
        except MappingError as error:
            raise BadFile(path, str(error).removeprefix(f"{path} ").removeprefix(f"{path}: "), 1) from None
    if table.header[0].lower().startswith("sep="):
        raise BadFile(path, "a spreadsheet's sep= stands before the header: take the line out, it is not needed", 1)
    if any("\n" in name or "\r" in name for name in table.header):
        raise BadFile(path, "a name in the header breaks over two lines: write it in one", 1)
    return tuple(table.header), table.delimiter


def broken_line(path: Path, delimiter: str, columns: int) -> tuple[int, str] | None:
    """Return the line where a CSV's first row begins that can't be read, and why; None where all rows look right."""
    found, reader = None, csv.reader(())
    try:
        with files.opened(path, str(path)) as file:
            reader = csv.reader(files.text(file), delimiter=delimiter, strict=True)
            next(reader)
            found = _first_broken(reader, columns)
            while file.read(HEAD):  # a damaged gzip file gives odd rows before it gives an error
                pass
    except files.BadFile:
        return (found[0] if found else reader.line_num + 1), CUT
    return found


def _first_broken(reader: Any, columns: int) -> tuple[int, str] | None:
    quote: int | None = None
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return (quote, QUOTE) if quote is not None else None
        except csv.Error:
            return line, QUOTE
        reason = _broken(fields, columns)
        if reason:
            return line, reason
        if quote is None and any(field.count('"') % 2 for field in fields):
            quote = line


def _broken(fields: list[str], columns: int) -> str | None:
    if fields and len(fields) != columns:
        return f"a broken row: it has {len(fields)} columns, the header has {columns}"
    if any("\ud800" <= letter <= "\udfff" for letter in "".join(fields)):
        return "not UTF-8: save it as a CSV in UTF-8"
    return None
