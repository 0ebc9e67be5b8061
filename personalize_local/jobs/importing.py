"""Imports the CSV files of one location into a dataset. A row that does not fit the schema fails the job."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.control import avro
from personalize_local.data.tables import InteractionTable, RecordTable, Table
from personalize_local.errors import JobFailed
from personalize_local.jobs import s3

KEYS = {"USERS": "USER_ID", "ITEMS": "ITEM_ID", "ACTIONS": "ACTION_ID"}


def run(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write ``interactions/`` or ``records.json`` into the folder; return how many rows the files have.

    ``spec``: ``dataset_type``, ``schema``, ``data_location``, ``s3_endpoint``, and perhaps ``minimum_rows`` (default 1;
    the service wants 1,000 interactions per job). Raises JobFailed: the first problem with its file and line.
    """
    fields = avro.fields(spec["schema"])
    table = _table(spec)
    store = s3.store_at(spec["s3_endpoint"])
    names = [field.name for field in fields]
    rows = sum(s3.read(store, stored, names, table.add) for stored in store.objects(spec["data_location"]))
    least = spec.get("minimum_rows", 1)
    if rows < least:
        raise JobFailed(f"The import needs at least {least} rows; there are {rows} in {spec['data_location']}")
    table.save(folder)
    return {"rows": rows}


def _table(spec: Mapping[str, Any]) -> Table:
    schema, key = spec["schema"], KEYS.get(spec["dataset_type"])
    fields = avro.fields(schema)
    return RecordTable(fields, key) if key else InteractionTable(fields, avro.context_columns(schema).values())
