"""The order of a preparation: a table, its interactions, the attributes of their users and items, the schemas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from personalize_data.consent import Consent
from personalize_data.errors import InvalidRequest
from personalize_data.files import whole_folder
from personalize_data.prepare import attributes as records
from personalize_data.prepare import dataset as interactions
from personalize_data.prepare import lines, ownership, warnings
from personalize_data.prepare.columns import types
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.source import ROW, Source
from personalize_data.schema import Schema
from personalize_data.times import Times

Step = Callable[[str], Any]


@dataclass(frozen=True)
class Attributes:
    """Columns that become the Users and the Items dataset: column → name. ``text``: columns of words, metadata, too."""

    users: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    text: Sequence[str] = ()


@dataclass(frozen=True)
class Prepared:
    """``tables``: by dataset, with its schema. ``summary``: what is in them, what was left out and filled, as JSON."""

    tables: Mapping[str, tuple[pl.DataFrame, Schema]]
    summary: Mapping[str, Any]


@dataclass(frozen=True)
class _Table:
    """A table that is read. ``newest``: by dataset, the row with each id's attributes; ``left_out``: rows by reason.

    ``metadata``: fields of the schema for the last columns of ``interactions``; ``counts``: what else the summary says;
    ``may_lack_time``: the times may be dates alone, though an event has a time of day.
    """

    interactions: pl.DataFrame
    newest: Mapping[str, pl.DataFrame]
    notes: Sequence[str]
    counts: Mapping[str, Any]
    metadata: Sequence[types.Field] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    may_lack_time: bool = False


def prepare_ownership(
    source: Source,
    spec: ownership.OwnershipTableSpec,
    attributes: Attributes,
    filling: Filling,
    times: Times,
    step: Step,
) -> Prepared:
    """Prepare a table of users and months. Raises BadFile and InvalidRequest."""
    step(f"reading {source.path.name}")
    ownership_table = ownership.read(source, spec, filling, times)
    newest = {"users": ownership_table.newest.rename({ownership.USER: "USER_ID"})}
    table = _Table(
        ownership_table.interactions,
        newest,
        ownership_table.notes,
        ownership_table.counts,
        left_out=ownership_table.left_out,
    )
    return _prepared(source, table, attributes, filling, step)


def prepare_lines(
    source: Source, spec: lines.LineTableSpec, attributes: Attributes, filling: Filling, times: Times, step: Step
) -> Prepared:
    """Prepare lines of invoices or events. Raises BadFile and InvalidRequest."""
    step(f"reading {source.path.name}")
    line_table = lines.read(source, spec, filling, times)
    rows, counts = line_table.interactions, line_table.counts
    metadata = {column: name for name, column in spec.metadata.items()}
    named = {"users": attributes.users, "items": attributes.items}
    table = _Table(
        rows.drop(ROW),
        {name: _newest(rows, own_id) for name, own_id in (("users", "USER_ID"), ("items", "ITEM_ID")) if named[name]},
        line_table.notes,
        {"rows_read": counts.rows, "rows_split": counts.split, "items_dropped": counts.items},
        types.fields(source, rows, metadata, attributes.text),
        counts.left_out,
        may_lack_time=spec.time_of_day is None,
    )
    return _prepared(source, table, attributes, filling, step)


def with_consent(prepared: Prepared, consent: Consent, purpose: str | None, left_out: Mapping[str, int]) -> Prepared:
    """Return it with a summary of whose rows were taken. ``left_out``: rows without consent, by reason."""
    summary = dict(prepared.summary) | {"consent": consent.as_json(purpose)}
    reasons = (*left_out, *summary["left_out"])
    summary["left_out"] = {reason: left_out.get(reason, 0) + summary["left_out"].get(reason, 0) for reason in reasons}
    summary["rows_read"] += sum(left_out.values())
    summary["notes"] = [*summary["notes"], *consent.notes(purpose)]
    return Prepared(prepared.tables, summary)


def write(out: Path, prepared: Prepared) -> None:
    """Write each table as CSV and its schema beside it into a new or empty folder, as a whole or not at all."""
    with whole_folder(out) as folder:
        for dataset, (table, schema) in prepared.tables.items():
            table.write_csv(folder / f"{dataset}.csv")
            (folder / f"{dataset}.avsc").write_text(schema.text + "\n", encoding="utf-8")


def _newest(table: pl.DataFrame, own_id: str) -> pl.DataFrame:
    """Return the row of each id's newest interaction, the last in the file of those."""
    number = int(table[ROW].max()) + 1  # type: ignore[arg-type]
    # Until 2038 this is below 2**63, for as many rows as a table can have.
    newest = (pl.col("TIMESTAMP") * number + pl.col(ROW).cast(pl.Int64)).max()
    return table.lazy().group_by(own_id).agg((newest % number).cast(table[ROW].dtype).alias(ROW)).collect()


def _prepared(source: Source, table: _Table, attributes: Attributes, filling: Filling, step: Step) -> Prepared:
    if table.interactions.is_empty():
        raise InvalidRequest(f"{source.path}: no interactions found")
    step("interactions, each once")
    rows, duplicates = interactions.once(table.interactions)
    tables = {"interactions": (rows, interactions.schema(rows, table.metadata))}
    for dataset, own_id, names in (("users", "USER_ID", attributes.users), ("items", "ITEM_ID", attributes.items)):
        if names:
            step(dataset)
            records_ = records.read(source, table.newest[dataset], own_id, names, filling, attributes.text)
            schema = records.schema(source, records_, own_id, names, dataset, attributes.text)
            tables[dataset] = records_.drop(ROW), schema
    midnight = warnings.about_midnight(rows, duplicates) if table.may_lack_time else []
    rows_of_users = rows["USER_ID"].value_counts(name="count")["count"]
    summary = {
        **_counts(source, tables, len(rows_of_users)),
        **table.counts,
        "left_out": {**table.left_out, "duplicates": duplicates},
        "fill": filling.as_json(),
        "notes": [*source.table.notes, *table.notes, *midnight, *warnings.about_interactions(rows, rows_of_users)],
    }
    return Prepared(tables, summary)


def _counts(source: Source, tables: Mapping[str, tuple[pl.DataFrame, Schema]], users: int) -> dict[str, Any]:
    table, _ = tables["interactions"]
    event_types = table["EVENT_TYPE"].value_counts(name="count").sort("EVENT_TYPE")
    return {
        "file": source.path.name,
        "interactions": len(table),
        "users": users,
        "items": table["ITEM_ID"].n_unique(),
        "event_types": dict(event_types.iter_rows()),
        "first": table["TIMESTAMP"].min(),
        "last": table["TIMESTAMP"].max(),
        "columns": {
            name: {column.name: _type(column) for column in schema.columns} for name, (_, schema) in tables.items()
        },
        "rows": {name: len(rows) for name, (rows, _) in tables.items()},
    }


def _type(column: Any) -> str:
    return f"{column.kind} or nothing" if column.nullable else str(column.kind)
