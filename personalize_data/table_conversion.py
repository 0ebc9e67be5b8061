"""Tables of history, converted to one CSV: the schema, the rows, and what can be known only after all rows."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TextIO

from broker.values import amounts

from personalize_data import csv_lines, csv_reader, file_kinds, id_places, json_table, table
from personalize_data import times as table_times
from personalize_data.consent import Consent
from personalize_data.files import Moved
from personalize_data.id_places import IdPlaces
from personalize_data.ids import IdColumn, OtherForm, fractions
from personalize_data.import_summary import RowCounts
from personalize_data.plan import Plan, Source
from personalize_data.schema import REQUIRED, Schema, SchemaError, SchemaInference, check_reserved
from personalize_data.table import PURCHASE, Mapped, MappingError, Reading, Table
from personalize_data.times import Times

TIMES = {"interactions": "TIMESTAMP", "items": "CREATION_TIMESTAMP"}
SHOWN = 20  # names in a note


def convert(plan: Plan, out: TextIO, now: float, moved: Moved) -> tuple[Schema, RowCounts, list[str]]:
    """Write the CSV; return its schema, what was counted, and notes. Raises BadFile, MappingError and SchemaError."""
    _check(plan)
    schema, mapped = (plan.schema, plan.mapped) if plan.schema else _derive(plan)
    table.check_names(mapped, schema.names)
    check_reserved(schema)
    as_they_are: set[str] = set()  # columns of ids in which not all are like 17850.0
    while True:
        try:
            counts, reading = _write(plan, schema, mapped, as_they_are, out, now, moved)
        except OtherForm as error:
            as_they_are.add(str(error))
            continue
        notes = [
            *_id_notes(plan, schema, mapped, reading),
            *_time_notes(reading, counts),
            *_format_notes(plan, schema, counts),
            *_unused(plan, mapped, schema),
        ]
        return schema, counts, [*notes, *plan.consent.notes(plan.rules.consent_purpose)]


def with_progress(sources: Sequence[Source], moved: Moved) -> Iterator[tuple[Source, Moved]]:
    """Yield each source, with what is to be told how many of its bytes are read."""
    before = 0
    for source in sources:
        yield source, partial(_moved, moved, before)
        before += source.path.stat().st_size


def _moved(moved: Moved, before: int, read: int) -> None:
    moved(before + read)


def _write(
    plan: Plan, schema: Schema, mapped: Mapped, as_they_are: set[str], out: TextIO, now: float, moved: Moved
) -> tuple[RowCounts, Reading]:
    counts = RowCounts()
    reading = _reading(plan, schema, as_they_are, counts, now)
    with_rows = csv_lines.writer(schema, out)
    used = [mapped.source(name) for name in schema.names if name not in mapped.constants]
    for source, source_moved in with_progress(plan.sources, moved):
        with _opened(plan, source, source_moved, used) as read:
            with_rows(table.rows(read, schema, mapped, reading, counts, plan.consent.column, plan.suppressed))
    return counts, reading


def _reading(plan: Plan, schema: Schema, as_they_are: set[str], counts: RowCounts, now: float) -> Reading:
    unique = plan.dataset != "interactions"
    known = {"USER_ID": () if unique else counts.users, "ITEM_ID": () if unique else None}
    ids = {
        name: IdColumn(name, known[name], as_whole=name not in as_they_are, unique=unique)
        for name in REQUIRED[plan.dataset]
        if name in known
    }
    time = TIMES.get(plan.dataset)
    times = {time: Times(plan.time_unit, now)} if time in schema.names else {}
    purchases = {PURCHASE, plan.rules.event_types.get(PURCHASE, PURCHASE).lower()}
    return Reading(times, ids, plan.format.decimal, plan.format.split, purchases)


def _opened(
    plan: Plan, source: Source, moved: Moved | None = None, used: Sequence[str] | None = None
) -> AbstractContextManager[Table]:
    if file_kinds.kind(source.path, source.name) in file_kinds.JSON:
        consent = [plan.consent.column] if plan.consent.column and used is not None else []
        return json_table.opened(source.path, source.name, moved, None if used is None else [*used, *consent])
    form = plan.format
    return csv_reader.opened(source.path, source.name, moved, encoding=form.encoding, columns=form.columns)


def _check(plan: Plan) -> None:
    """Raise MappingError where a table of users has no consent or one of items has it, and for idle options."""
    about_customers = plan.dataset != "items"
    problem = plan.consent.problem(plan.rules.consent_purpose if about_customers else None)
    if not about_customers and plan.consent != Consent():
        problem = "items need no consent: --consent and --consent-given are for interactions and users"
    if plan.format.split is not None and plan.dataset != "interactions":
        problem = "--split goes with interactions: users and items have one row each"
    if problem:
        raise MappingError(problem)


def _id_notes(plan: Plan, schema: Schema, mapped: Mapped, reading: Reading) -> list[str]:
    """Return the notes on ids. Raises BadFile where one comes in two ways, or twice in a table of users or items."""
    places = IdPlaces(plan.sources, partial(_opened, plan), plan.consent.column)
    notes = []
    for name, column in reading.ids.items():
        if name in mapped.constants:
            continue
        if column.whole and column.first is not None:
            notes.append(fractions(name, str(id_places.as_whole(column.first))))
        elif column.fractions:
            notes.append(places.left_as_they_are(name, mapped.source(name)))
        if column.unique:
            places.check_unique(name, mapped.source(name), column)
    items = reading.ids.get("ITEM_ID")
    joined = [] if items is None or reading.split else sorted(item for item in items.own if "|" in item)
    if joined:
        notes.append(f"{len(joined):,} item ids hold a |, such as {joined[0]!r}: --split '|' makes a row of each item")
    return notes


def _time_notes(reading: Reading, counts: RowCounts) -> list[str]:
    notes = []
    for name, times in reading.times.items():
        if times.unit:
            kind = table_times.label(times.unit)
            ours = "times were read as" if name == "TIMESTAMP" else f"{name}, in seconds since 1970, was read as"
            notes.append(f"{ours} {kind}")
        if times.without_zone and times.unit == table_times.ISO:
            notes.append(f"{times.without_zone:,} times without a zone were read as UTC")
        if counts.bad["no_usable_time"] and times.unusable is not None:
            notes.append(
                "no_usable_time: not seconds or milliseconds since 1970 (from 2000 until tomorrow), nor ISO 8601, such "
                "as 2010-12-01 08:26; 12/1/2010 is ambiguous, the month may be either number: ./broker prepare "
                "--time-format reads other formats. The first is "
                f"{csv_reader.shown(times.unusable)}{table_times.hint(times.unusable)}"
            )
    return notes


def _format_notes(plan: Plan, schema: Schema, counts: RowCounts) -> list[str]:
    """Return the options that may read the values that could not be read."""
    notes = []
    if counts.bad["not_utf8"] and plan.format.encoding is None:
        notes.append("not_utf8: --encoding NAME reads a CSV in another encoding, such as cp1252 or latin-1")
    if plan.format.decimal == amounts.POINT:
        notes += [
            f"bad_value_in_{column.name}: numbers need a decimal point. --decimal , reads 2,50 and 1.234,50"
            for column in schema.columns
            if column.kind in ("float", "double") and counts.bad[f"bad_value_in_{column.name}"]
        ]
    return notes


def _unused(plan: Plan, mapped: Mapped, schema: Schema) -> list[str]:
    """Return a note on columns of the files that no column of the dataset is made of."""
    used = {mapped.source(name) for name in schema.names if name not in mapped.constants} | {plan.consent.column}
    others: dict[str, None] = {}
    for source in plan.sources:
        with _opened(plan, source) as read:
            others |= dict.fromkeys(name for name in read.header if name not in used)
    shown = ", ".join([*others][:SHOWN]) + (", …" if len(others) > SHOWN else "")
    return [f"columns that were not imported: {shown}"] if others else []


def _derive(plan: Plan) -> tuple[Schema, Mapped]:
    """Read all values once for a schema of every column, or of those that --column names and the id."""
    (own_id,) = REQUIRED[plan.dataset]
    with _opened(plan, plan.sources[0]) as read:
        header = read.header
    columns = {own_id: plan.mapped.source(own_id)} | dict(plan.mapped.columns)
    if set(columns) == {own_id}:
        columns |= _all_columns([name for name in header if name not in (columns[own_id], plan.consent.column)])
    mapped = Mapped(columns, plan.mapped.constants)
    inference = SchemaInference(plan.dataset, [*columns, *plan.mapped.constants], plan.format.decimal)
    for source in plan.sources:
        with _opened(plan, source) as read:
            for values in _values(read, mapped, plan.consent.column):
                inference.see(values)
    return inference.schema(), mapped


def _all_columns(names: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name in names:
        other = columns.setdefault(name.upper(), name)
        if other != name:
            raise SchemaError(f"the columns {other} and {name} would both be {name.upper()}: choose by --column")
    return columns


def _values(read: Table, mapped: Mapped, consent: str | None) -> Iterator[dict[str, str]]:
    missing = [source for source in mapped.columns.values() if source not in read.header]
    if missing:
        raise MappingError(
            f"{read.name} has no column {', '.join(missing)}; it has {', '.join(read.header)}"
            f"{csv_reader.first_line_note(read.header)}"
        )
    indices = {name: read.header.index(source) for name, source in mapped.columns.items()}
    refuses = table.consent_check(read, consent)
    for _, fields, broken in read.rows():
        if fields and not broken and not (refuses and refuses(fields)):
            yield {name: fields[index].strip() for name, index in indices.items()} | dict(mapped.constants)
