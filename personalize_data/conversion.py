"""Files of history, converted to one CSV that Personalize imports.

https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html: UTF-8, a header with the schema's names.
"""

from typing import TextIO

from personalize_data import file_kinds, files, json_table, mparticle, table_conversion
from personalize_data.consent import Consent
from personalize_data.errors import BadFile
from personalize_data.file_kinds import JSON, FileKind
from personalize_data.files import Moved
from personalize_data.import_summary import ImportSummary, RowCounts
from personalize_data.plan import Plan, Source, TableFormat
from personalize_data.schema import REQUIRED, Schema, SchemaError, check_reserved
from personalize_data.table import Mapped, MappingError

Converted = tuple[Schema, RowCounts, list[str]]
SHOWN = 20  # names of columns in a note


def convert(plan: Plan, out: TextIO, now: float, moved: Moved = lambda _: None) -> ImportSummary:
    """Write the CSV; return its summary. ``moved`` gets how many bytes of all sources are read.

    Raises MappingError and SchemaError before the first row, and BadFile for a file of which no row can be used.
    """
    kinds = {_is_table(plan, source) for source in plan.sources}
    if len(kinds) > 1:
        raise MappingError("some files are tables and some are JSON: convert them one kind at a time")
    schema, counts, notes = (table_conversion.convert if kinds == {True} else _batches)(plan, out, now, moved)
    return counts.summary(
        plan.dataset,
        files=[source.name for source in plan.sources],
        notes=notes,
        consent=plan.consent.as_json(plan.rules.consent_purpose),
        schema=schema.text,
    )


def _is_table(plan: Plan, source: Source) -> bool:
    """Return whether a file is a table: a CSV, or objects that are rows. Raises BadFile for what is not read here."""
    kind = file_kinds.kind(source.path, source.name)
    if kind in JSON:
        return _is_json_table(plan, source)
    if kind in (FileKind.TABLE, FileKind.EMPTY) or (kind is FileKind.UTF_16 and plan.format.encoding):
        return True
    raise BadFile(source.name, kind.refusal)


def _is_json_table(plan: Plan, source: Source) -> bool:
    """Return whether JSON is rows of a table: it is mapped, or has the columns' own names. A batch has events."""
    names = json_table.first_names(source.path, source.name)
    return "events" not in names and (bool(plan.mapped.columns) or REQUIRED[plan.dataset].keys() <= set(names))


def _batches(plan: Plan, out: TextIO, now: float, moved: Moved) -> Converted:
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
    counts = RowCounts()
    with_rows = table_conversion.writer(plan.schema, out)
    for source, source_moved in table_conversion.with_progress(plan.sources, moved):
        with files.opened(source.path, source.name, source_moved) as file:
            lines = files.json_lines(file, source.name)
            with_rows(mparticle.rows(source.name, lines, plan, now, counts))
    return plan.schema, counts, _not_batches(plan, counts)


def _not_batches(plan: Plan, counts: RowCounts) -> list[str]:
    """Return a note on JSON that is no batch: how rows of a table are read."""
    note = _as_rows(plan) if counts.bad["not_a_batch"] else ""
    return [f"not_a_batch: {note}"] if note else []


def _as_rows(plan: Plan) -> str:
    """Say how the first file that does not begin with a batch is read as rows; empty where all begin with one."""
    for source in plan.sources:
        names = json_table.first_names(source.path, source.name)
        if names and "events" not in names:
            return (
                "JSON is read as mParticle's batches, or, with a mapping, as rows of a table, one object per row: "
                f"--column USER_ID=… --column ITEM_ID=… --column TIMESTAMP=…; {source.name} has "
                f"{', '.join(names[:SHOWN])}"
            )
    return ""


__all__ = ["MappingError", "Plan", "SchemaError", "Source", "TableFormat", "convert"]
