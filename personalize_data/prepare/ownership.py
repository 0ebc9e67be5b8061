"""A wide table of what each user owns, month by month, as states or as changes.

A recommender that is trained on states learns to repeat them; a bank wants to know what comes next. A change needs two
neighbouring months of a user: a product of the first month is a holding, not an acquisition.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from personalize_data import probe
from personalize_data.errors import InvalidRequest
from personalize_data.prepare import BREAK, REFUSE
from personalize_data.prepare import rows as read_rows
from personalize_data.prepare.columns import ids, timestamps
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.source import ROW, Source
from personalize_data.times import Times

OWNED, ACQUIRED = "owned", "acquired"
USER, TIME, MONTH = "\0user", "\0time", "\0month"
FIRST = "\0first"
_LIST = re.compile(r"[|;,/ ]")
YES, NO = ("1", "1.0", "true", "True"), ("0", "0.0", "false", "False")


def products(columns: Sequence[str], dropped: Sequence[str]) -> list[str]:
    """Return the columns of products but those dropped, by name or ``*``. Raises InvalidRequest if none is left."""
    left_out = ids.matching(columns, dropped, "--product chooses none of that name")
    chosen = [name for name in columns if name not in left_out]
    if not chosen:
        raise InvalidRequest(f"--drop-item drops all {len(columns)} products")
    return chosen


@dataclass(frozen=True)
class OwnershipTableSpec:
    """Columns and options. ``gaps``: what a missing month means for changes; ``initial_holdings``: the first state,
    too.
    """

    user: str
    month: str
    products: Sequence[str]
    changes: bool = False
    gaps: str = REFUSE
    initial_holdings: bool = False
    time_format: str | None = None


@dataclass(frozen=True)
class OwnershipTable:
    """``interactions``: USER_ID, ITEM_ID, EVENT_TYPE, TIMESTAMP. ``newest``: the row of each user's newest month.

    ``counts``: for the summary; ``left_out``: rows that were not used, by reason.
    """

    interactions: pl.DataFrame
    newest: pl.DataFrame
    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    notes: Sequence[str]


def read(source: Source, spec: OwnershipTableSpec, filling: Filling, times: Times) -> OwnershipTable:
    """Read the table. Raises BadFile with the line: no user, no month, neither 0 nor 1, a month twice or missing."""
    for name in spec.products:
        ids.check_item(name, "--product: the name of a column, which is the product's id,")
    table, rows, left_out, notes = _typed(source, spec, filling, times)
    table = table.sort(USER, MONTH)
    _once_a_month(source, table)
    gap = _same_user() & (pl.col(MONTH) - pl.col(MONTH).shift(1) > 1)
    gaps = int(table.select(gap.sum()).item() or 0)
    if spec.changes and spec.gaps == REFUSE and gaps:
        raise _gap(source, table, gap, gaps)
    breaks = gap if spec.gaps == BREAK else pl.lit(False)
    table = table.with_columns((~_same_user() | breaks).fill_null(True).alias(FIRST))
    owned = table.select(pl.col(name) & pl.col(FIRST) for name in spec.products)
    lost = table.select(_before(name) & ~pl.col(name) for name in spec.products)
    newest = table.group_by(USER).agg(pl.col(ROW).last())
    interactions = _interactions(table, spec)
    without = len(newest) - interactions["USER_ID"].n_unique()
    counts = {
        "rows_read": rows,
        "months": table[MONTH].n_unique(),
        "gaps": gaps,
        "products_lost": _total(lost),
        "owned_in_first_month": _total(owned),
        "users_without_interactions": without,
    }
    return OwnershipTable(interactions, newest, counts, left_out, [*notes, *_about_users(without, len(newest), spec)])


def _about_users(without: int, users: int, spec: OwnershipTableSpec) -> list[str]:
    if not without:
        return []
    what = "acquired no product" if spec.changes and not spec.initial_holdings else "have no product in any month"
    return [f"{without:,} of {users:,} customers {what}: they are not in interactions.csv"]


def _interactions(table: pl.DataFrame, spec: OwnershipTableSpec) -> pl.DataFrame:
    if not spec.changes:
        selections = [(pl.col(name), name, OWNED) for name in spec.products]
    else:
        selections = [(pl.col(name) & ~_before(name) & ~pl.col(FIRST), name, ACQUIRED) for name in spec.products]
        if spec.initial_holdings:
            selections += [(pl.col(name) & pl.col(FIRST), name, OWNED) for name in spec.products]
    return pl.concat([_those(table, *selection) for selection in selections])


def _those(table: pl.DataFrame, condition: pl.Expr, item: str, event_type: str) -> pl.DataFrame:
    return table.filter(condition.fill_null(False)).select(
        pl.col(USER).alias("USER_ID"),
        pl.lit(item).alias("ITEM_ID"),
        pl.lit(event_type).alias("EVENT_TYPE"),
        pl.col(TIME).alias("TIMESTAMP"),
    )


def _before(product: str) -> pl.Expr:
    """Return whether the user had it in the previous month of the table; False in the first."""
    return pl.col(product).shift(1).fill_null(False) & ~pl.col(FIRST)


def _same_user() -> pl.Expr:
    return (pl.col(USER) == pl.col(USER).shift(1)).fill_null(False)


def _total(frame: pl.DataFrame) -> int:
    return int(frame.select(pl.sum_horizontal(pl.all().sum())).item() or 0)


def _typed(
    source: Source, spec: OwnershipTableSpec, filling: Filling, times: Times
) -> tuple[pl.DataFrame, int, dict[str, int], list[str]]:
    """Return the table, how many rows the file has, how many were left out, and notes."""
    products = [_owned(name, filling.rules.get(name)) for name in spec.products]
    rows = read_rows.collected(source, [spec.user, spec.month, *products])
    table, words = ids.known(source, rows.table, spec.user)
    table, fractions = ids.whole(source, table, spec.user)
    table, probes = probe.without(table, spec.user)
    table = filling.apply(table, spec.user, needed=True)
    ids.check(source, table, spec.user)
    table = filling.apply(table, spec.month, needed=True)
    for name in spec.products:
        table = _product(source, table, name, filling, alone=len(spec.products) == 1)
    rows.check(table)
    seconds = timestamps.seconds(source, table, spec.month, times, spec.time_format)
    date = pl.from_epoch(TIME, "s").dt
    number = date.year().cast(pl.Int32) * 12 + date.month()
    table = table.with_columns(seconds.alias(TIME)).drop(spec.month).rename({spec.user: USER})
    left_out = {"blank_rows": rows.blank, probe.REASON: probes}
    return table.with_columns(number.alias(MONTH)), rows.total, left_out, [*words, *fractions]


def _owned(name: str, rule: str | None) -> pl.Expr:
    text = pl.col(name)
    return (
        pl.when(text.is_in(YES)).then(pl.lit(1, pl.Int8)).when(text.is_in(NO)).then(pl.lit(0, pl.Int8))
        .when(text.is_not_null()).then(pl.lit(2, pl.Int8)).alias(name)
    )  # fmt: skip


def _product(source: Source, table: pl.DataFrame, name: str, filling: Filling, *, alone: bool) -> pl.DataFrame:
    """Convert 0 and 1 to booleans; 2 stands for a value that was neither. ``alone``: there is no other product."""
    if (table[name] == 2).any():
        row, text = source.first_bad(~pl.col(name).is_in([*YES, *NO]), name) or (0, "")
        by_name = alone or _LIST.search(text or "")
        several = "; ./broker prepare events --split '|' reads cells with the products' names" if by_name else ""
        reason = "neither 0 nor 1: an ownership table has one such column a product"
        raise source.bad(row, f"{name} is {text!r}, {reason}{several}")
    table = filling.apply(table, name, needed=True)
    if (table[name] > 1).any():
        raise InvalidRequest(f"--impute {name}={filling.rules[name]}: a product is filled with 0 or 1")
    return table.with_columns(pl.col(name) == 1)


def _once_a_month(source: Source, table: pl.DataFrame) -> None:
    twice = table.filter(_same_user() & (pl.col(MONTH) == pl.col(MONTH).shift(1)))
    if len(twice):
        row, user, month = twice.sort(ROW).select(ROW, USER, MONTH).row(0)
        raise source.bad(row, f"customer {user} has {_name(month)} a second time")


def _gap(source: Source, table: pl.DataFrame, gap: pl.Expr, gaps: int) -> Exception:
    beside = table.with_columns(gap.alias("gap"), pl.col(MONTH).shift(1).alias("before")).filter(pl.col("gap"))
    row, user, month, before = beside.sort(ROW).select(ROW, USER, MONTH, "before").row(0)
    more = f" ({gaps:,} gaps in all)" if gaps > 1 else ""
    return source.bad(
        row,
        f"customer {user} has {_name(month)} after {_name(before)} and nothing between{more}: --gaps bridge takes what "
        "was before for the month before, --gaps break starts over after it",
    )


def _name(month: int) -> str:
    return f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02}"
