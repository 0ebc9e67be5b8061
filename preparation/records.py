"""What is known of each user or item: the attributes of its newest row, each with the type that its values have."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from evaluation.failure import BadQuestion
from history.schema import NAMESPACE, Deriving, Schema, read_schema
from preparation.fill import Filling
from preparation.source import ROW, Source

MOSTLY = 0.9  # of a column's values are numbers: then one that is none is more likely a mistake than a word
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def named(source: Source, wanted: Sequence[str], dataset: str, most: int, option: str) -> dict[str, str]:
    """Return column → the dataset's name of it. ``wanted``: columns or ``*`` patterns (in capitals), or NAME=COLUMN.

    Raises BadQuestion for a name that Personalize refuses, and for more than ``most`` columns.
    """
    names: dict[str, str] = {}
    for text in wanted:
        name, equals, column = text.rpartition("=")
        for found in source.matching([column], option):
            names[found] = name if equals else names.get(found, found.upper())
    wrong = [column for column, name in names.items() if not _NAME.fullmatch(name)]
    if wrong:
        raise BadQuestion(f"{option} {wrong[0]} can't be a name in Personalize: give another, as NAME={wrong[0]}")
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    if twice:
        raise BadQuestion(f"{option}: two columns would be called {twice[0]}: give one another name, as NAME=COLUMN")
    if len(names) > most:
        raise BadQuestion(
            f"{option}: {len(names)} columns of {dataset} are over the budget of {most}: choose fewer "
            "(./broker features says which are worth it)"
        )
    return names


def read(source: Source, rows: pl.DataFrame, own_id: str, names: Mapping[str, str], filling: Filling) -> pl.DataFrame:
    """Return a row for each id in ``rows`` (ROW and ``own_id``), by id, with attributes as text under their names.

    Raises BadQuestion for a rule that does not fit.
    """
    wanted = source.rows.join(rows.lazy().select(ROW, own_id), on=ROW, how="inner").select(ROW, own_id, *names)
    table = source.collect(wanted).sort(own_id)
    for column in names:
        table = filling.apply(table, column, needed=False)
    return table.rename(dict(names))


def schema(
    source: Source, table: pl.DataFrame, own_id: str, names: Mapping[str, str], dataset: str, text: Collection[str]
) -> Schema:
    """Return the schema; ``text``: columns of the source that are words even where they look like numbers.

    Raises BadFile with the line of a word in a column of numbers.
    """
    fields: list[Mapping[str, Any]] = [{"name": own_id, "type": "string"}]
    for column, name in names.items():
        fields.append(_as_text(table[name]) if column in text else _field(table[name], dataset))
        if fields[-1].get("categorical") and column not in text:
            _no_stray_word(source, table, column, name)
    record = {"type": "record", "name": dataset.capitalize(), "namespace": NAMESPACE}
    return read_schema(json.dumps(record | {"fields": fields, "version": "1.0"}), dataset)


def _as_text(column: pl.Series) -> dict[str, Any]:
    kind = ["null", "string"] if column.null_count() else "string"
    return {"name": column.name, "type": kind, "categorical": True}


def _field(column: pl.Series, dataset: str) -> dict[str, Any]:
    deriving = Deriving(dataset, [column.name])
    for value in column.fill_null("").unique():
        deriving.see({column.name: value})
    field: dict[str, Any] = json.loads(deriving.schema().text)["fields"][1]
    return field


def _no_stray_word(source: Source, table: pl.DataFrame, column: str, name: str) -> None:
    known = table.filter(pl.col(name).is_not_null())
    number = known[name].cast(pl.Float64, strict=False).is_finite().fill_null(False)
    share = float(number.mean() or 0.0)  # type: ignore[arg-type]
    if MOSTLY <= share < 1:
        row, word = known.filter(~number).sort(ROW).select(ROW, name).row(0)
        raise source.bad(
            row,
            f"{column} is {word!r}, and a number in {share:.1%} of the rows: --empty {word!r} takes it for nothing "
            f"known, --text {column} takes the column for words",
        )
