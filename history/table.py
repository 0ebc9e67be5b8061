"""Any CSV as rows of a dataset: which of its columns, or which constant, becomes which column of the schema."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from history.report import Report
from history.schema import Schema, fits
from history.times import BadTime, Times

DELIMITERS = ",;\t|"
MAX_ID = 256
IDS = {"USER_ID": "no_user_id", "ITEM_ID": "no_item_id"}
Line = tuple[int, list[str] | None]


class MappingError(Exception):
    """A mapping that does not fit file or schema; the message says what the file has instead."""


@dataclass(frozen=True)
class Mapped:
    """The user's words: schema column → the file's column, and schema column → the same text in every row."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """Return the file's column for a schema's: the same name where nothing else is said."""
        return self.columns.get(name, name)


class Table:
    """A CSV file that is open: its ``header``, and its lines once."""

    def __init__(self, name: str, text: TextIO) -> None:
        """Raises MappingError for a file without a header."""
        self.name = name
        first = text.readline()
        delimiter = max(DELIMITERS, key=first.count)
        self.header = next(csv.reader([first.lstrip("\ufeff")], delimiter=delimiter), [])
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)
        if not any(self.header):
            raise MappingError(f"{name} is empty: a CSV begins with a header")
        twice = sorted({column for column in self.header if self.header.count(column) > 1})
        if twice:
            raise MappingError(f"{name}: the header names {', '.join(twice)} twice")

    def lines(self) -> Iterator[Line]:
        """Yield each line's number and fields; None for one that is no CSV, or has another number of fields."""
        while True:
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                yield self._reader.line_num + 1, None
                continue
            if fields:
                yield self._reader.line_num + 1, fields if len(fields) == len(self.header) else None


def check_names(mapped: Mapped, known: tuple[str, ...]) -> None:
    """Raise MappingError where the mapping names a column that the schema does not have."""
    unknown = [name for name in (*mapped.columns, *mapped.constants) if name not in known]
    if unknown:
        raise MappingError(f"the schema has no column {', '.join(unknown)}; it has {', '.join(known)}")


def places(table: Table, schema: Schema, mapped: Mapped) -> list[int | str]:
    """Return for each schema column the place of the file's column, or the text that stands in every row.

    Raises MappingError for a column that the file does not have and that may not be empty.
    """
    found: list[int | str] = []
    for column in schema.columns:
        source = mapped.source(column.name)
        if column.name in mapped.constants:
            found.append(mapped.constants[column.name])
        elif source in table.header:
            found.append(table.header.index(source))
        elif column.nullable and column.name not in mapped.columns:
            found.append("")
        else:
            raise MappingError(_missing(table, column.name, source))
    return found


def _missing(table: Table, name: str, source: str) -> str:
    return (
        f"{table.name} has no column {source}; it has {', '.join(table.header)}. Say which one is {name} by "
        f"--column {name}=…, or give all rows the same by --constant {name}=…"
    )


def rows(table: Table, schema: Schema, mapped: Mapped, times: Times, report: Report) -> Iterator[list[str]]:
    """Yield a row in the schema's order for each line; count and place what is none. Raises MappingError."""
    taken = places(table, schema, mapped)
    for number, fields in table.lines():
        if fields is None:
            report.refuse(table.name, number, "broken_row")
            continue
        row = [fields[place].strip() if isinstance(place, int) else place for place in taken]
        reason = _problem(row, schema, times)
        if reason and reason in IDS.values():
            report.skipped[reason] += 1
        elif reason:
            report.refuse(table.name, number, reason)
        else:
            yield row
            _keep(row, schema, report)


def _problem(row: list[str], schema: Schema, times: Times) -> str | None:
    """Return why a row can't be imported; writes its time in seconds into it."""
    for place, column in enumerate(schema.columns):
        value = row[place]
        if column.name in IDS and not value:
            return IDS[column.name]
        if column.name == "TIMESTAMP":
            try:
                row[place] = str(times.read(value))
            except BadTime as error:
                return str(error)
        elif not fits(column, value):
            return f"bad_value_in_{column.name}"
        elif column.name in IDS and len(value) > MAX_ID:
            return "id_too_long"
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            return "not_utf8"
    return None


def _keep(row: list[str], schema: Schema, report: Report) -> None:
    if schema.dataset != "interactions":
        report.keep()
        return
    report.keep(row[schema.names.index("USER_ID")], int(row[schema.names.index("TIMESTAMP")]))
