"""The rows of any CSV as rows of a dataset, by a mapping of columns and constants."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from personalize_data import probe
from personalize_data.consent import refusal
from personalize_data.csv_reader import CsvReader
from personalize_data.import_summary import RowCounts
from personalize_data.quotas import MAX_ID_LENGTH
from personalize_data.schema import BadValue, Column, Schema, check
from personalize_data.times import Times

IDS = {"USER_ID": "no_user_id", "ITEM_ID": "no_item_id"}


class MappingError(Exception):
    """A mapping that does not fit file or schema; the message says what the file has instead."""


class NoId(Exception):
    """A row without a user or an item, or of the broker's probe, which the stream skips, too; says the reason code."""


@dataclass(frozen=True)
class Mapped:
    """The mapping: ``columns``: schema column → the file's; ``constants``: schema column → the text of every row."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """Return the file's column for a schema's: the same name by default."""
        return self.columns.get(name, name)


def check_names(mapped: Mapped, known: tuple[str, ...]) -> None:
    """Raise MappingError where the mapping names a column that the schema does not have."""
    unknown = [name for name in (*mapped.columns, *mapped.constants) if name not in known]
    if unknown:
        raise MappingError(f"the schema has no column {', '.join(unknown)}; it has {', '.join(known)}")


def origins(table: CsvReader, schema: Schema, mapped: Mapped) -> list[int | str]:
    """Return for each schema column the index of the file's column, or the text that is the same in every row.

    Raises MappingError for a column that the file does not have and that may not be empty.
    """
    column_origins: list[int | str] = []
    missing: dict[str, str] = {}
    for column in schema.columns:
        source = mapped.source(column.name)
        if column.name in mapped.constants:
            column_origins.append(mapped.constants[column.name])
        elif source in table.header:
            column_origins.append(table.header.index(source))
        elif column.nullable and column.name not in mapped.columns:
            column_origins.append("")
        else:
            missing[column.name] = source
    if missing:
        raise MappingError(_missing(table, missing))
    return column_origins


def _missing(table: CsvReader, missing: Mapping[str, str]) -> str:
    """Say what the file lacks, all at once. ``missing``: schema column → the file's."""
    names = ", ".join(missing)
    which, name = ("one is", names) if len(missing) == 1 else ("ones are", "NAME")
    return (
        f"{table.name} has no column {', '.join(missing.values())}; it has {', '.join(table.header)}. "
        f"Say which {which} {names} by --column {name}=…, or give all rows the same by --constant {name}=…"
    )


def consent_check(table: CsvReader, consent: str | None) -> Callable[[list[str]], str | None]:
    """Return a function from a row to the reason why it may not train. Raises MappingError where the column is missing.

    ``consent``: the column with the answers; without one every row may train.
    """
    if consent is None:
        return lambda fields: None
    if consent not in table.header:
        raise MappingError(f"--consent {consent}: {table.name} has no such column; it has {', '.join(table.header)}")
    index = table.header.index(consent)
    return lambda fields: refusal(fields[index])


def rows(
    table: CsvReader, schema: Schema, mapped: Mapped, times: Times, counts: RowCounts, consent: str | None = None
) -> Iterator[list[str]]:
    """Yield a row in the schema's order for each row that can be read; count the others. Raises MappingError.

    ``consent``: the column with the answers; rows without a yes in it are counted as skipped.
    """
    column_origins, refuses = origins(table, schema, mapped), consent_check(table, consent)
    constants = [_constant(column, origin) for column, origin in zip(schema.columns, column_origins, strict=True)]
    readers = [
        (place, origin, _reader(schema.columns[place], times))
        for place, origin in enumerate(column_origins)
        if isinstance(origin, int)
    ]
    keep, name = _keeper(schema, counts), str(table.name)
    for number, fields, broken in table.rows():
        if broken:
            counts.refuse(name, number, "broken_row")
            continue
        if not fields:
            continue
        reason = refuses(fields)
        if reason:
            counts.skipped[reason] += 1
            continue
        row = constants.copy()
        try:
            for place, origin, read in readers:
                row[place] = read(fields[origin].strip())
        except NoId as error:
            counts.skipped[str(error)] += 1
        except BadValue as error:
            counts.refuse(name, number, str(error))
        else:
            yield row
            keep(row)


def _constant(column: Column, origin: int | str) -> str:
    if isinstance(origin, int) or (origin == "" and column.nullable):
        return ""
    try:
        return check(column, origin)
    except BadValue:
        raise MappingError(f"--constant {column.name}={origin} does not fit its type, {column.kind}") from None


def _reader(column: Column, times: Times) -> Callable[[str], str]:
    if column.name == "TIMESTAMP":
        return lambda text: str(times.read(text))
    return partial(_id if column.name in IDS else check, column)


def _id(column: Column, text: str) -> str:
    if not text:
        raise NoId(IDS[column.name])
    if column.name == "USER_ID" and probe.is_probe(text):
        raise NoId(probe.REASON)
    if len(text) > MAX_ID_LENGTH:
        raise BadValue("id_too_long")
    if "\0" in text:  # it breaks the CSV that is imported
        raise BadValue("id_with_nul")
    return check(column, text)


def _keeper(schema: Schema, counts: RowCounts) -> Callable[[list[str]], None]:
    if schema.dataset != "interactions":
        return lambda row: counts.keep()
    user, time = schema.names.index("USER_ID"), schema.names.index("TIMESTAMP")
    return lambda row: counts.keep(row[user], int(row[time]))
