"""A warehouse's table, one row an event or a product line of one, as the events of an analysis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from experiments.events import ACTIVITY, IMPRESSION, LIST, PURCHASE, SCHEMA, Events, events
from personalize_data.errors import InvalidRequest
from personalize_data.prepare.columns import numbers, timestamps
from personalize_data.prepare.source import ROW, Source
from personalize_data.times import Times

REFUND = "refund"
NEEDED = ("user", "time", "event")
OPTIONAL = ("item", "value", "quantity", "list_id", "variant", "id", "session")
DEFAULT_WORDS = {IMPRESSION: "impression", PURCHASE: "purchase", REFUND: REFUND, LIST: "Recommendations Updated"}


@dataclass(frozen=True)
class TableForm:
    """``columns``: what is read → the table's column. ``words``: kind → the text of such an event in its column.

    Any other event is an activity of the customer. The items of a list are separated by commas.
    """

    columns: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=lambda: DEFAULT_WORDS)


def read(source: Source, form: TableForm, times: Times, left_out: Mapping[str, int]) -> Events:
    """Return the events of a table. Raises BadFile with the line of what can't be read, and InvalidRequest.

    ``left_out``: rows by reason that the source is already without.
    """
    for name in NEEDED:
        if name not in form.columns:
            raise InvalidRequest(f"--{name} COLUMN says where the {name} of a table stands")
    names = {
        name: source.matching((column,), f"--{name.replace('_', '-')}")[0] for name, column in form.columns.items()
    }
    frame = source.collect(source.rows.select(ROW, *{*names.values()}))
    source.check_quotes(len(frame))
    missing = frame.filter(pl.any_horizontal(pl.col(names[name]).is_null() for name in NEEDED))
    if len(missing):
        raise source.bad(int(missing[ROW][0]), f"it has no {' or no '.join(NEEDED)}")
    columns = [
        frame[names[name]].alias(name) if name in names else pl.lit(None, pl.String).alias(name)
        for name in (*NEEDED, *OPTIONAL)
    ]
    rows = frame.select(columns).with_columns(
        (timestamps.seconds(source, frame, names["time"], times, has_forms=False) * 1000).alias("time"),
        *(
            numbers.read(source, frame, names[name], has_options=False).alias(name)
            for name in ("value", "quantity")
            if name in names
        ),
    )
    notes = [f"{number:,} rows left out: {reason}" for reason, number in left_out.items()]
    again = 0 if "id" in names else len(rows) - rows.n_unique()
    if again:
        notes.append(f"{again:,} rows are the same as another one, and count: --id COLUMN says which came twice")
    return events(_typed(rows, form.words), notes=notes)


def _typed(rows: pl.DataFrame, words: Mapping[str, str]) -> pl.DataFrame:
    event, value, quantity = pl.col("event"), pl.col("value").cast(pl.Float64), pl.col("quantity").cast(pl.Float64)
    is_list = event == words[LIST]
    given_back = (event == words[REFUND]) | (value.fill_null(0) < 0) | (quantity.fill_null(1) < 0)
    sign = pl.when(given_back).then(-1.0).otherwise(1.0)
    kind = (
        pl.when(event == words[IMPRESSION])
        .then(pl.lit(IMPRESSION))
        .when(event.is_in([words[PURCHASE], words[REFUND]]))
        .then(pl.lit(PURCHASE))
        .when(is_list)
        .then(pl.lit(LIST))
        .otherwise(pl.lit(ACTIVITY))
    )
    named = rows.select(
        "user",
        "time",
        kind.alias("kind"),
        pl.when(~is_list).then("item").alias("item"),
        (sign * value.fill_null(0.0).abs()).alias("value"),
        (sign * quantity.fill_null(1.0).abs()).alias("quantity"),
        pl.col("list_id").is_not_null().alias("credited"),
        # An event's id is that of all of its lines.
        pl.concat_str("id", pl.col("item").fill_null(""), separator="|").alias("id"),
        "session",
        "variant",
        pl.when(is_list).then(pl.col("item").str.split(",")).alias("items"),
    )
    # Whoever buys has done something that could refresh a list, too.
    nothing = pl.lit(None, pl.Float64)
    active = named.filter(pl.col("kind") == PURCHASE).with_columns(
        pl.lit(ACTIVITY).alias("kind"), nothing.alias("value"), nothing.alias("quantity")
    )
    types: Any = dict(SCHEMA)
    return pl.concat([named, active]).cast(types)
