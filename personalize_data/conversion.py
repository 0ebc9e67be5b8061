"""Files of history, converted to one CSV that Personalize imports.

https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html: UTF-8, a header with the schema's names.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TextIO

from broker.interactions import Rules

from personalize_data import csv_reader, files, mparticle, table
from personalize_data.consent import Consent
from personalize_data.csv_reader import CsvReader
from personalize_data.files import Moved
from personalize_data.import_summary import ImportSummary, RowCounts
from personalize_data.schema import REQUIRED, Schema, SchemaError, SchemaInference
from personalize_data.table import Mapped, MappingError
from personalize_data.times import Times

Converted = tuple[Schema, RowCounts, list[str]]
# Part of a conversion's identity: raise it whenever the same input would give another CSV.
VERSION = 3


@dataclass(frozen=True)
class Source:
    """One file: its name in messages, its path, and what identifies its content."""

    name: str
    path: Path
    identity: str


@dataclass(frozen=True)
class Plan:
    """Which files to convert, and how. Without a ``schema`` (users, items) it is derived from the values."""

    dataset: str
    sources: Sequence[Source]
    schema: Schema | None
    mapped: Mapped = field(default_factory=Mapped)
    time_unit: str | None = None
    rules: Rules = field(default_factory=Rules)
    consent: Consent = field(default_factory=Consent)

    def identity(self) -> str:
        """Return ten characters that change with content, mapping, schema and rules, and with nothing else."""
        known = {
            "version": VERSION,
            "dataset": self.dataset,
            "sources": sorted(source.identity for source in self.sources),
            "schema": self.schema and self.schema.text,
            "mapped": {"columns": dict(self.mapped.columns), "constants": dict(self.mapped.constants)},
            "time_unit": self.time_unit,
            "rules": asdict(self.rules),
            "consent": asdict(self.consent),
        }
        return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:10]


def convert(plan: Plan, out: TextIO, now: float, moved: Moved = lambda _: None) -> ImportSummary:
    """Write the CSV; return its summary. ``moved`` gets how many bytes of all sources are read.

    Raises BadFile, MappingError and SchemaError before the first row of the file they are about.
    """
    kinds = {files.is_table(source.path, source.name) for source in plan.sources}
    if len(kinds) > 1:
        raise MappingError("some files are tables and some are JSON: convert them one kind at a time")
    schema, counts, notes = (_tables if kinds == {True} else _batches)(plan, out, now, moved)
    return counts.summary(
        plan.dataset,
        files=[source.name for source in plan.sources],
        notes=notes,
        consent=plan.consent.as_json(plan.rules.consent_purpose),
        schema=schema.text,
    )


def _batches(plan: Plan, out: TextIO, now: float, moved: Moved) -> Converted:
    if plan.dataset != "interactions" or plan.schema is None:
        raise MappingError(
            f"JSON is read as mParticle's batches, which hold interactions, not {plan.dataset}: give a CSV"
        )
    if plan.mapped != Mapped() or plan.time_unit:
        raise MappingError("mParticle's batches need no --column, --constant or --time-unit: those are for a CSV")
    if plan.consent != Consent():
        raise MappingError(
            "mParticle's batches hold each customer's consent themselves: --consent and --consent-given are for a CSV"
        )
    mparticle.check_schema(plan.schema)
    counts = RowCounts()
    with_rows = _writer(plan.schema, out)
    for source, before in _sizes(plan.sources):
        with files.opened(source.path, source.name, partial(_moved, moved, before)) as file:
            lines = files.json_lines(file, source.name)
            with_rows(mparticle.rows(source.name, lines, plan.schema, plan.rules, now, counts))
    return plan.schema, counts, []


def _tables(plan: Plan, out: TextIO, now: float, moved: Moved) -> Converted:
    _check_consent(plan)
    schema, mapped = (plan.schema, plan.mapped) if plan.schema else _derive(plan)
    table.check_names(mapped, schema.names)
    times, counts = Times(plan.time_unit, now), RowCounts()
    with_rows = _writer(schema, out)
    for source, before in _sizes(plan.sources):
        with csv_reader.opened(source.path, source.name, partial(_moved, moved, before)) as reader:
            with_rows(table.rows(reader, schema, mapped, times, counts, plan.consent.column))
    return schema, counts, [*_notes(times, counts), *plan.consent.notes(plan.rules.consent_purpose)]


def _check_consent(plan: Plan) -> None:
    """Raise MappingError where a table of users has no consent, or one of items has it."""
    about_customers = plan.dataset != "items"
    problem = plan.consent.problem(plan.rules.consent_purpose if about_customers else None)
    if not about_customers and plan.consent != Consent():
        problem = "items need no consent: --consent and --consent-given are for interactions and users"
    if problem:
        raise MappingError(problem)


def _notes(times: Times, counts: RowCounts) -> list[str]:
    units = {"s": "seconds since 1970", "ms": "milliseconds since 1970", "iso": "ISO 8601"}
    notes = [f"times were read as {units[times.unit]}"] if times.unit else []
    if times.without_zone and times.unit == "iso":
        notes.append(f"{times.without_zone:,} times without a zone were read as UTC")
    if counts.bad["no_usable_time"]:
        notes.append(
            "no_usable_time: not seconds or milliseconds since 1970 (from 2000 until tomorrow), nor ISO 8601, such as "
            "2010-12-01 08:26; 12/1/2010 is ambiguous, the month may be either number"
        )
    if counts.users and all(user.endswith(".0") for user in counts.users):
        notes.append("all user ids end in .0: a program has read them as fractions, so they match no other ids")
    return notes


def _derive(plan: Plan) -> tuple[Schema, Mapped]:
    """Read all values once for a schema of every column, or of those that --column names and the id."""
    (own_id,) = REQUIRED[plan.dataset]
    first = plan.sources[0]
    with csv_reader.opened(first.path, first.name) as reader:
        header = reader.header
    columns = {own_id: plan.mapped.source(own_id)} | dict(plan.mapped.columns)
    if set(columns) == {own_id}:
        columns |= {name.upper(): name for name in header if name not in (columns[own_id], plan.consent.column)}
    mapped = Mapped(columns, plan.mapped.constants)
    inference = SchemaInference(plan.dataset, [*columns, *plan.mapped.constants])
    for source in plan.sources:
        with csv_reader.opened(source.path, source.name) as reader:
            for values in _values(reader, mapped, plan.consent.column):
                inference.see(values)
    return inference.schema(), mapped


def _values(read: CsvReader, mapped: Mapped, consent: str | None) -> Iterator[dict[str, str]]:
    missing = [source for source in mapped.columns.values() if source not in read.header]
    if missing:
        raise MappingError(f"{read.name} has no column {', '.join(missing)}; it has {', '.join(read.header)}")
    indices = {name: read.header.index(source) for name, source in mapped.columns.items()}
    refuses = table.consent_check(read, consent)
    for _, fields, broken in read.rows():
        if fields and not broken and not refuses(fields):
            yield {name: fields[index].strip() for name, index in indices.items()} | dict(mapped.constants)


def _writer(schema: Schema, out: TextIO) -> Callable[[Iterator[list[str]]], None]:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(schema.names)
    return writer.writerows


def _moved(moved: Moved, before: int, read: int) -> None:
    moved(before + read)


def _sizes(sources: Sequence[Source]) -> Iterator[tuple[Source, int]]:
    before = 0
    for source in sources:
        yield source, before
        before += source.path.stat().st_size


__all__ = ["MappingError", "Plan", "SchemaError", "Source", "convert"]
