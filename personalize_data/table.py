"""The rows of any table as rows of a dataset, by a mapping of columns and constants."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from broker.reasons import SkipReason
from broker.suppression import SuppressionList
from broker.values import amounts

from personalize_data import times as table_times
from personalize_data.consent import refusal
from personalize_data.csv_reader import Row, first_line_note
from personalize_data.errors import BadFile
from personalize_data.ids import DamagedId, IdColumn, NoId
from personalize_data.import_summary import RowCounts
from personalize_data.schema import BadValue, Column, Schema, check
from personalize_data.times import OtherUnit, Times

PURCHASE = amounts.PURCHASE  # of which event type an amount below zero is a return

RETURNS = "returns"
AMOUNTS = ("QUANTITY", "EVENT_VALUE")
Read = Callable[[str], str]


class MappingError(Exception):
    """A mapping that does not fit file or schema; the message says what the file has instead."""


class Table(Protocol):
    """An open table: its name in messages, its columns, and its rows, once (see ``CsvReader``)."""

    @property
    def name(self) -> object: ...
    @property
    def header(self) -> list[str]: ...
    def rows(self) -> Iterator[Row]: ...


@dataclass(frozen=True)
class Mapped:
    """The mapping: ``columns``: schema column → the file's; ``constants``: schema column → the text of every row."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """Return the file's column for a schema's: the same name by default."""
        return self.columns.get(name, name)


@dataclass(frozen=True)
class Reading:
    """How values are read. ``times`` and ``ids``: by schema column; ``split``: what separates items in one cell.

    ``purchases``: event types, in lower case, whose rows are returns where an amount is below zero.
    """

    times: Mapping[str, Times]
    ids: Mapping[str, IdColumn]
    decimal: str = amounts.POINT
    split: str | None = None
    purchases: Collection[str] = ()

    def reader(self, column: Column) -> Read:
        """Return the function from a cell's text, stripped, to the text of the CSV. It raises NoId and BadValue."""
        if column.name in self.ids:
            return self.ids[column.name].reader()
        if column.name in self.times:
            return partial(_time, self.times[column.name], column)
        if self.decimal != amounts.POINT and column.kind in ("float", "double"):
            return partial(_with_point, column, self.decimal)
        return partial(check, column)


def _time(times: Times, column: Column, text: str) -> str:
    return str(times.read(text)) if text or not column.nullable else ""


def _with_point(column: Column, decimal: str, text: str) -> str:
    number = amounts.with_point(text, decimal)
    return check(column, "no number" if number is None else number)


def check_names(mapped: Mapped, known: tuple[str, ...]) -> None:
    """Raise MappingError where the mapping names a column that the schema does not have."""
    unknown = [name for name in (*mapped.columns, *mapped.constants) if name not in known]
    if unknown:
        raise MappingError(f"the schema has no column {', '.join(unknown)}; it has {', '.join(known)}")


def origins(table: Table, schema: Schema, mapped: Mapped) -> list[int | str]:
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


def _missing(table: Table, missing: Mapping[str, str]) -> str:
    """Say what the file lacks, all at once. ``missing``: schema column → the file's."""
    names = ", ".join(missing)
    which, name = ("one is", names) if len(missing) == 1 else ("ones are", "NAME")
    return (
        f"{table.name} has no column {', '.join(missing.values())}; it has {', '.join(table.header)}. "
        f"Say which {which} {names} by --column {name}=…, or give all rows the same by --constant {name}=…"
        f"{first_line_note(table.header)}"
    )


def consent_check(table: Table, consent: str | None) -> Callable[[Sequence[str]], str | None] | None:
    """Return a function from a row to the reason why it may not train. Raises MappingError where the column is missing.

    ``consent``: the column with the answers; without one there is nothing to check.
    """
    if consent is None:
        return None
    if consent not in table.header:
        raise MappingError(f"--consent {consent}: {table.name} has no such column; it has {', '.join(table.header)}")
    index = table.header.index(consent)
    return lambda fields: refusal(fields[index])


def rows(
    table: Table,
    schema: Schema,
    mapped: Mapped,
    reading: Reading,
    counts: RowCounts,
    consent: str | None = None,
    suppressed: SuppressionList | None = None,
) -> Iterator[list[str]]:
    """Yield a row in the schema's order for each row that can be read; count the others.

    ``consent``: the column with the answers; rows without a yes in it are counted as skipped, as those of
    ``suppressed`` users are. Raises MappingError;
    BadFile for what makes all rows of a file unusable; OtherForm (see IdColumn).
    """
    column_origins, refuses = origins(table, schema, mapped), consent_check(table, consent)
    read, keep = _row_reader(table, schema, column_origins, reading, counts), _keeper(schema, counts, reading)
    user = schema.names.index("USER_ID") if "USER_ID" in schema.names else None
    for number, fields, broken in _parts(table, column_origins, schema, reading.split):
        if broken:
            counts.refuse(str(table.name), number, broken if broken.startswith("nested_value") else "broken_row")
        elif refuses and fields and (reason := refuses(fields)):
            counts.skipped[reason] += 1
        elif fields and (row := read(number, fields)):
            if user is not None and suppressed and suppressed.covers(row[user]):
                counts.skipped[SkipReason.SUPPRESSED] += 1
                continue
            yield row
            keep(row)


def _row_reader(
    table: Table, schema: Schema, column_origins: Sequence[int | str], reading: Reading, counts: RowCounts
) -> Callable[[int, Sequence[str]], list[str] | None]:
    """Return a function from a row's line and fields to the row of the CSV, or None where it is counted as left out."""
    constants = [
        _constant(column, origin, reading) for column, origin in zip(schema.columns, column_origins, strict=True)
    ]
    readers = [
        (place, origin, reading.reader(schema.columns[place]))
        for place, origin in enumerate(column_origins)
        if isinstance(origin, int)
    ]
    amounts_at, name = _amounts(schema, reading.purchases), str(table.name)
    is_return = partial(_is_return, schema.names.index("EVENT_TYPE"), reading.purchases) if amounts_at else None

    def read_row(number: int, fields: Sequence[str]) -> list[str] | None:
        row = constants.copy()
        try:
            for place, origin, read in readers:
                row[place] = read(fields[origin].strip())
        except NoId as error:
            counts.skipped[str(error)] += 1
        except OtherUnit as error:
            reason = table_times.unread(schema.names[place], fields[origin].strip(), error.unit)
            raise BadFile(name, reason, number) from None
        except BadValue as error:
            counts.refuse(name, number, str(error))
        except DamagedId as error:
            raise BadFile(name, str(error), number) from None
        else:
            for place in amounts_at:
                if row[place][:1] == "-" and is_return and is_return(row, place):
                    counts.skipped[RETURNS] += 1
                    return None
            return row
        return None

    return read_row


def _parts(table: Table, column_origins: Sequence[int | str], schema: Schema, split: str | None) -> Iterable[Row]:
    """Return the rows; with ``split``, one for each item in the cell of ITEM_ID."""
    if split is None:
        return table.rows()
    origin = column_origins[schema.names.index("ITEM_ID")]
    if not isinstance(origin, int):
        raise MappingError("--split goes with a column of items, not with --constant ITEM_ID=…")
    return _split(table.rows(), origin, split)


def _split(table_rows: Iterable[Row], origin: int, split: str) -> Iterator[Row]:
    for number, fields, broken in table_rows:
        if broken or not fields:
            yield number, fields, broken
            continue
        for item in fields[origin].split(split):
            yield number, [*fields[:origin], item, *fields[origin + 1 :]], None


def _amounts(schema: Schema, purchases: Collection[str]) -> list[int]:
    """Return the places of the amounts that are below zero in returns."""
    if not purchases or "EVENT_TYPE" not in schema.names:
        return []
    return [schema.names.index(name) for name in AMOUNTS if name in schema.names]


def _is_return(of_type: int, purchases: Collection[str], row: Sequence[str], place: int) -> bool:
    return row[of_type].lower() in purchases and amounts.is_return(None, amounts.from_json(row[place]))


def _constant(column: Column, origin: int | str, reading: Reading) -> str:
    if isinstance(origin, int) or (origin == "" and column.nullable):
        return ""
    try:
        return reading.reader(column)(origin.strip())
    except (BadValue, NoId, DamagedId):
        raise MappingError(f"--constant {column.name}={origin} does not fit its type, {column.kind}") from None


def _keeper(schema: Schema, counts: RowCounts, reading: Reading) -> Callable[[list[str]], None]:
    if schema.dataset != "interactions":
        return _record_keeper(schema, counts, reading)
    user, time = schema.names.index("USER_ID"), schema.names.index("TIMESTAMP")
    return lambda row: counts.keep(row[user], int(row[time]))


def _record_keeper(schema: Schema, counts: RowCounts, reading: Reading) -> Callable[[list[str]], None]:
    ((name, ids),) = reading.ids.items()
    place, keep_id = schema.names.index(name), ids.keep

    def keep(row: list[str]) -> None:
        counts.rows += 1
        keep_id(row[place])

    return keep
