"""Exports a dataset as CSV: its header has the schema's columns, and equal rows are one.

https://docs.aws.amazon.com/personalize/latest/dg/export-data.html. AWS may write several files, and does not say how
they are called.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personalize_local.control import avro
from personalize_local.jobs import s3
from recommender_models.context.values import values_from
from recommender_models.interactions import NO_TYPE, InteractionColumns
from recommender_models.record_columns import RecordColumns

KEYS = {"Users": "USER_ID", "Items": "ITEM_ID", "Actions": "ACTION_ID"}
Row = tuple[str, ...]


def run(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write ``NAME.csv`` below the output location; return how many rows it has.

    ``spec``: ``schema``, ``interactions`` (folders of columns) or ``records`` (a path), ``name``, ``output_location``,
    ``s3_endpoint``. Of interactions only user, item, type, time, value and context are known; other columns stay empty.
    Raises JobFailed.
    """
    names = [field.name for field in avro.fields(spec["schema"])]
    key = KEYS.get(avro.dataset_type(spec["schema"]))
    found = _records(spec["records"], names, key) if key else _interactions(spec["interactions"], names)
    rows = dict.fromkeys(found)
    store, path = s3.store_at(spec["s3_endpoint"]), folder / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    with path.open("rb") as content:
        store.put(_destination(spec), content)
    path.unlink()
    return {"rows": len(rows)}


def _destination(spec: Mapping[str, Any]) -> s3.S3Object:
    place = s3.parse(spec["output_location"])
    folder = place.key if not place.key or place.key.endswith("/") else f"{place.key}/"
    return s3.S3Object(place.bucket, f"{folder}{spec['name']}.csv")


def _interactions(folders: Sequence[str], names: Sequence[str]) -> Iterator[Row]:
    for folder in folders:
        own = InteractionColumns.load(Path(folder))
        contexts = [values_from(text) for text in own.contexts]
        coded = (getattr(own, column).tolist() for column in ("users", "items", "types", "times", "context"))
        for user, item, kind, time, context, value in zip(*coded, own.values, strict=True):
            cells = {
                "USER_ID": own.user_ids[user],
                "ITEM_ID": own.item_ids[item],
                "ACTION_ID": own.item_ids[item],
                "EVENT_TYPE": "" if kind == NO_TYPE else own.event_types[kind],
                "TIMESTAMP": str(time),
                "EVENT_VALUE": "" if math.isnan(value) else str(value),
                **contexts[context],
            }
            yield tuple(cells.get(name, "") for name in names)


def _records(path: str, names: Sequence[str], key: str) -> Iterator[Row]:
    records = RecordColumns.load(path)
    columns = {**records.columns, key: records.ids}
    nothing = [None] * len(records.ids)
    for row in zip(*(columns.get(name, nothing) for name in names), strict=True):
        yield tuple(_cell(value) for value in row)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
