"""Files of history, converted to one CSV that Personalize imports.

https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html: UTF-8, a header with the schema's names.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from personalize_data import csv_lines, file_kinds, json_table, table_conversion
from personalize_data.consent import Consent
from personalize_data.errors import BadFile
from personalize_data.exports import mparticle, one_process
from personalize_data.exports.part import SIZE, Part, parts_of_file
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.file_kinds import JSON, FileKind
from personalize_data.files import Moved
from personalize_data.import_summary import ImportSummary
from personalize_data.plan import Plan, Source, TableFormat
from personalize_data.schema import REQUIRED, Schema, SchemaError, check_reserved
from personalize_data.table import Mapped, MappingError

Converted = tuple[Schema, Report, list[str]]
InParts = Callable[[Sequence[Part], Conversion, TextIO, Moved], Iterator[tuple[Part, Report]]]
SHOWN = 20  # names of columns in a note


def convert(
    plan: Plan,
    out: TextIO,
    now: float,
    moved: Moved = lambda _: None,
    in_parts: InParts = one_process.converted,
    part_bytes: int = SIZE,
) -> ImportSummary:
    """Write the CSV; return its summary. ``moved`` gets how many bytes of all sources are read.

    ``in_parts``: what converts the parts of exports; ``part_bytes``: of a part at most. Raises MappingError and
    SchemaError before the first row, and BadFile for a table of which no row can be used. Of exports, one that can't be
    read is counted, and stops nothing.
    """
    converted = (
        table_conversion.convert(plan, out, now, moved)
        if _are_tables(plan)
        else _batches(plan, out, now, moved, in_parts, part_bytes)
    )
    schema, counts, notes = converted
    return counts.summary(
        plan.dataset,
        files=[source.name for source in plan.sources],
        notes=notes,
        consent=plan.consent.as_json(plan.rules.consent_purpose),
        schema=schema.text,
    )


def _are_tables(plan: Plan) -> bool:
    """Return whether the files are tables. Raises MappingError where some are; BadFile where no file can be read."""
    kinds, errors = set[bool](), list[BadFile]()
    for source in plan.sources:
        try:
            kinds |= {False} if source.parts else _is_table(plan, source)
        except BadFile as error:
            errors.append(error)
    if len(kinds) > 1:
        raise MappingError("some files are tables and some are JSON: convert them one kind at a time")
    if errors and kinds != {False}:
        raise errors[0]
    return kinds != {False}


def _is_table(plan: Plan, source: Source) -> set[bool]:
    """Return whether a file is a table: a CSV, or objects that are rows; nothing of an empty file.

    Raises BadFile for what is not read here.
    """
    kind = file_kinds.kind(source.path, source.name)
    if kind is FileKind.EMPTY:
        return set()
    if kind in JSON:
        return {_is_json_table(plan, source)}
    if kind is FileKind.TABLE or (kind is FileKind.UTF_16 and plan.format.encoding):
        return {True}
    raise BadFile(source.name, kind.refusal)


def _is_json_table(plan: Plan, source: Source) -> bool:
    """Return whether JSON is rows of a table: it is mapped, or has the columns' own names. A batch has events."""
    names = json_table.first_names(source.path, source.name)
    return "events" not in names and (bool(plan.mapped.columns) or REQUIRED[plan.dataset].keys() <= set(names))


def _batches(plan: Plan, out: TextIO, now: float, moved: Moved, in_parts: InParts, part_bytes: int) -> Converted:
    if plan.dataset != "interactions" or plan.schema is None:
        raise MappingError(
            f"JSON is read as mParticle's batches, which hold interactions, not {plan.dataset}, or as rows of a table "
            f"where --column names the columns, as in --column {next(iter(REQUIRED[plan.dataset]))}=id"
        )
    if plan.mapped != Mapped() or plan.time_unit or plan.format != TableFormat():
        raise MappingError(
            _as_rows(plan)
            or "mParticle's batches need no --column, --constant or --time-unit, nor --encoding, --decimal, "
            "--columns or --split: those are for tables"
        )
    if plan.consent != Consent():
        raise MappingError(
            "mParticle's batches hold each customer's consent themselves: --consent and --consent-given are for tables"
        )
    mparticle.check_schema(plan.schema)
    check_reserved(plan.schema)
    conversion = Conversion(plan.schema, plan.rules, now, suppressed=plan.suppressed)
    csv_lines.writer(plan.schema, out)
    report = Report()
    for part, of_part in in_parts(_parts(plan, report, part_bytes), conversion, out, moved):
        report.add(part, of_part)
    return plan.schema, report, [*report.all_notes(), *_not_batches(plan, report)]


def _parts(plan: Plan, report: Report, part_bytes: int) -> list[Part]:
    """Return the parts of all files. What can't be opened is counted in ``report``."""
    parts: list[Part] = []
    for source in plan.sources:
        try:
            parts += source.parts or parts_of_file(source.name, source.path, part_bytes)
        except BadFile as error:
            report.refuse(error)
    return parts


def _not_batches(plan: Plan, counts: Report) -> list[str]:
    """Return a note on JSON that is no batch: how rows of a table are read."""
    note = _as_rows(plan) if counts.bad["not_a_batch"] else ""
    return [f"not_a_batch: {note}"] if note else []


def _as_rows(plan: Plan) -> str:
    """Say how the first file that does not begin with a batch is read as rows; empty where all begin with one."""
    for source in plan.sources:
        names = _first_names(source)
        if names and "events" not in names:
            return (
                "JSON is read as mParticle's batches, or, with a mapping, as rows of a table, one object per row: "
                f"--column USER_ID=… --column ITEM_ID=… --column TIMESTAMP=…; {source.name} has "
                f"{', '.join(names[:SHOWN])}"
            )
    return ""


def _first_names(source: Source) -> list[str]:
    try:
        return json_table.first_names(source.path, source.name)
    except BadFile:  # counted already
        return []


__all__ = ["MappingError", "Plan", "SchemaError", "Source", "TableFormat", "convert"]
