"""The order of a preparation: a table, its interactions, the attributes of their users and items, the schemas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from personalize_data import probe
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
    """``tables``: by dataset, with its schema. ``account``: what was found, left out and filled, as JSON."""

    tables: Mapping[str, tuple[pl.DataFrame, Schema]]
    account: Mapping[str, Any]


def prepare_ownership(
    source: Source,
    spec: ownership.OwnershipTableSpec,
    attributes: Attributes,
    filling: Filling,
    times: Times,
    step: Step,
) -> Prepared:
    """Prepare a table of customers and months. Raises BadFile and BadQuestion."""
    step(f"reading {source.path.name}")
    ownership_table = ownership.read(source, spec, filling, times)
    account = {
        "months": ownership_table.months,
        "gaps": ownership_table.gaps,
        "products_lost": ownership_table.lost,
        "owned_in_first_month": ownership_table.held_at_first,
        "notes": ownership_table.notes,
    }
    newest = ownership_table.newest.rename({ownership.USER: "USER_ID"})
    return _prepared(
        source, ownership_table.interactions, [], {"users": newest}, attributes, filling, account, {}, step
    )


def prepare_lines(
    source: Source, spec: lines.LineTableSpec, attributes: Attributes, filling: Filling, times: Times, step: Step
) -> Prepared:
    """Prepare lines of invoices or events. Raises BadFile and BadQuestion."""
    step(f"reading {source.path.name}")
    line_table = lines.read(source, spec, filling, times)
    table = line_table.interactions
    newest = {"users": _newest(table, "USER_ID"), "items": _newest(table, "ITEM_ID")}
    left_out = {
        "dropped_items": line_table.dropped.rows,
        "returns": line_table.returns,
        "other_types": line_table.other_types,
        probe.REASON: line_table.probes,
    }
    account = {"items_dropped": line_table.dropped.items, "notes": line_table.notes}
    metadata = types.fields(source, table, {column: name for name, column in spec.metadata.items()}, attributes.text)
    return _prepared(source, table.drop(ROW), metadata, newest, attributes, filling, account, left_out, step)


def with_consent(prepared: Prepared, consent: Consent, purpose: str | None, left_out: Mapping[str, int]) -> Prepared:
    """Return it with an account of whose rows were taken. ``left_out``: rows without consent, by reason."""
    account = dict(prepared.account) | {"consent": consent.as_json(purpose)}
    account["left_out"] = {**left_out, **account["left_out"]}
    account["notes"] = [*account["notes"], *consent.notes(purpose)]
    return Prepared(prepared.tables, account)


def write(out: Path, prepared: Prepared) -> None:
    """Write each table as CSV and its schema beside it into a new or empty folder, as a whole or not at all."""
    with whole_folder(out) as folder:
        for dataset, (table, schema) in prepared.tables.items():
            table.write_csv(folder / f"{dataset}.csv")
            (folder / f"{dataset}.avsc").write_text(schema.text + "\n", encoding="utf-8")


def _newest(table: pl.DataFrame, own_id: str) -> pl.DataFrame:
    """Return the row of each id's newest interaction, the last in the file of those."""
    return table.sort("TIMESTAMP", ROW).group_by(own_id).agg(pl.col(ROW).last())


def _prepared(
    source: Source,
    interactions_: pl.DataFrame,
    metadata: Sequence[types.Field],
    newest: Mapping[str, pl.DataFrame],
    attributes: Attributes,
    filling: Filling,
    account: dict[str, Any],
    left_out: Mapping[str, int],
    step: Step,
) -> Prepared:
    if interactions_.is_empty():
        raise InvalidRequest(f"{source.path}: no interactions found")
    step("interactions, each once")
    table, duplicates = interactions.once(interactions_)
    tables = {"interactions": (table, interactions.schema(table, metadata))}
    for dataset, own_id, names in (("users", "USER_ID", attributes.users), ("items", "ITEM_ID", attributes.items)):
        if names:
            step(dataset)
            rows = records.read(source, newest[dataset], own_id, names, filling)
            schema = records.schema(source, rows, own_id, names, dataset, attributes.text)
            tables[dataset] = rows.drop(ROW), schema
    report = _account(source, tables) | account
    report |= {"left_out": {**left_out, "duplicates": duplicates}, "fill": filling.as_json()}
    report["notes"] = [*account["notes"], *warnings.about_interactions(table)]
    return Prepared(tables, report)


def _account(source: Source, tables: Mapping[str, tuple[pl.DataFrame, Schema]]) -> dict[str, Any]:
    table, _ = tables["interactions"]
    types = table["EVENT_TYPE"].value_counts(name="count").sort("EVENT_TYPE")
    return {
        "file": source.path.name,
        "interactions": len(table),
        "users": table["USER_ID"].n_unique(),
        "items": table["ITEM_ID"].n_unique(),
        "event_types": dict(types.iter_rows()),
        "first": table["TIMESTAMP"].min(),
        "last": table["TIMESTAMP"].max(),
        "columns": {
            name: {column.name: _type(column) for column in schema.columns} for name, (_, schema) in tables.items()
        },
        "rows": {name: len(rows) for name, (rows, _) in tables.items()},
    }


def _type(column: Any) -> str:
    return f"{column.kind} or nothing" if column.nullable else str(column.kind)
