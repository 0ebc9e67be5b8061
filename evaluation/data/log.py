"""Interactions as the evaluation sees them: read from a CSV as a stream, each once, by user and time.

The columns are those of an import into Amazon Personalize: USER_ID, ITEM_ID, TIMESTAMP (epoch seconds) and, if there
is one, EVENT_TYPE; others are passed over. Ten million rows take about two gigabytes on the way, and 0.3 kept.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from evaluation.data import header, id_columns, left_out
from evaluation.data.left_out import LeftOut
from personalize_data import csv_reader
from personalize_data.errors import BadFile, InvalidRequest
from recommender_models.training_set import Codes, TrainingSet

TIME, TYPE = csv_reader.TIME, csv_reader.TYPE
NEEDED = ("USER_ID", "ITEM_ID", TIME)
DAY = 86_400
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Log:
    """``n`` interactions. ``rows``: by user, then time, each weighing one. ``row_numbers``: of each, in the file.

    ``types``: codes of ``event_types``, -1 where there is none. ``duplicates``: rows of the file left out because an
    earlier one has the same user, item, type and second, as Amazon Personalize leaves them out. ``left_out``: the
    others, by reason. ``id_notes``: on ids that are not taken as they stand.
    """

    rows: TrainingSet
    row_numbers: npt.NDArray[np.int64]
    types: Codes
    event_types: Sequence[str]
    duplicates: int
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)
    id_notes: Sequence[str] = ()

    @property
    def notes(self) -> list[str]:
        """Return a sentence for each reason for which rows are not among the interactions, and for changed ids."""
        return notes(self.duplicates, self.left_out, self.id_notes)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, mask: Mask) -> "Log":
        """Return the interactions of a mask."""
        return replace(self, rows=self.rows.take(mask), row_numbers=self.row_numbers[mask], types=self.types[mask])

    def is_type(self, event_type: str) -> Mask:
        """Return which interactions are of a type."""
        code = list(self.event_types).index(event_type) if event_type in self.event_types else -2
        return np.asarray(self.types == code)


def check_type(event_types: Sequence[str], event_type: str) -> None:
    """Raise InvalidRequest if a type is none of those that there are."""
    if event_type not in event_types:
        known = f"there are: {', '.join(event_types)}"
        none = f"there is no column {TYPE}, or nothing in it"
        raise InvalidRequest(f"no interaction has the type {event_type} ({known if event_types else none})")


def notes(duplicates: int, others: Mapping[str, LeftOut], id_notes: Sequence[str]) -> list[str]:
    """Return what is said of rows that are left out, and of ids. Arguments: see ``Log``."""
    same = "duplicate rows (same user, item, type and second)"
    return [
        *([f"{duplicates:,} {same} left out"] if duplicates else []),
        *(
            f"{counted.rows:,} {left_out.IN_WORDS[reason]} left out, the first in line {counted.line}"
            for reason, counted in others.items()
        ),
        *id_notes,
    ]


def read(path: Path, now: float = math.inf) -> Log:
    """Read a CSV, which may be a ``.gz``. Raises BadFile for the first line that can't be used.

    ``now``: epoch seconds; a time later than a day after it is refused, for ``./broker backfill`` imports none.
    """
    frame = _scanned(path, header.names(path, NEEDED, "; ./broker prepare makes them of other tables"), now + DAY)
    distinct = left_out.distinct(frame)
    frame, others = left_out.without(path, frame, distinct)
    if any(frame[name].null_count() for name in NEEDED) or not usable(frame[TIME], now + DAY):
        raise csv_reader.find(path, NEEDED, now + DAY)
    if frame.is_empty():
        raise BadFile(path, f"there are no interactions in it{but(others)}")
    log = replace(_in_order(frame, left_out.distinct(frame) if others else distinct), left_out=others)
    texts = {"USER_ID": log.rows.user_ids, "ITEM_ID": log.rows.item_ids, TYPE: log.event_types}
    if any(id_columns.any_wrong(name, pl.Series(values, dtype=pl.String)) for name, values in texts.items()):
        raise csv_reader.find(path, NEEDED, now + DAY)
    return _with_whole_ids(path, log)


def _scanned(path: Path, names: Sequence[str], newest: float) -> pl.DataFrame:
    """Return all rows: their place in the file, codes of ids and types, the time, and what may leave a row out."""
    named = [*NEEDED[:2], *([TYPE] if TYPE in names else [])]
    # Categories of their own: the codes of another file must not be counted in.
    categories = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in named]
    time = pl.col(TIME).str.strip_chars().cast(pl.Int64, strict=False)
    last = pl.col(names[-1]).is_null().alias("without last")
    try:
        read = pl.scan_csv(path, infer_schema=False).select(*categories, time, last, *left_out.marks(names))
        frame = read.collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError):
        raise csv_reader.find(path, NEEDED, newest) from None
    csv_reader.check_quotes(path, len(frame))
    if bool(frame["without last"].any()):
        csv_reader.check(path, len(names), NEEDED)
    return frame.with_row_index("place").drop("without last")


def but(others: Mapping[str, LeftOut]) -> str:
    counts = ", ".join(f"{counted.rows:,} {reason}" for reason, counted in others.items())
    return f" but what is left out: {counts}" if counts else ""


def _with_whole_ids(path: Path, log: Log) -> Log:
    users, items = id_columns.Numbers("USER_ID", log.rows.user_ids), id_columns.Numbers("ITEM_ID", log.rows.item_ids)
    for name, numbers in (("USER_ID", users), ("ITEM_ID", items)):
        if numbers.in_two_ways is not None:
            raise csv_reader.two_forms(path, name, numbers.in_two_ways)
    rows = replace(log.rows, user_ids=users.ids, item_ids=items.ids)
    return replace(log, rows=rows, id_notes=[numbers.note for numbers in (users, items) if numbers.note])


def usable(times: pl.Series, newest: float) -> bool:
    """Return whether all times are in one unit that can be used, and none is in the future."""
    if times.is_empty():
        return True
    least, most = int(times.min() or 0), int(times.max() or 0)  # type: ignore[arg-type]
    first_day, end = csv_reader.EXCEL_DAYS
    return (
        not first_day <= least <= most < end
        and csv_reader.unit(least) == csv_reader.unit(most)
        and csv_reader.unit(most) in ("seconds", "small numbers")
        and most <= newest
    )


def _in_order(frame: pl.DataFrame, distinct: left_out.Distinct) -> Log:
    user_ids, users = coded(frame["USER_ID"], distinct["USER_ID"])
    item_ids, items = coded(frame["ITEM_ID"], distinct["ITEM_ID"])
    types, event_types = np.full(len(frame), -1, dtype=np.int32), list[str]()
    if TYPE in frame.columns:
        event_types, types = coded(frame[TYPE], distinct[TYPE])
        if event_types[:1] == [""]:  # quoted, and as empty as the others
            event_types, types = event_types[1:], np.maximum(types - 1, -1)
    times, row_numbers = frame[TIME].to_numpy(), frame["place"].to_numpy().astype(np.int64)
    return in_order(user_ids, item_ids, event_types, users, items, types, times, row_numbers)


def in_order(
    user_ids: Sequence[str],
    item_ids: Sequence[str],
    event_types: Sequence[str],
    users: Codes,
    items: Codes,
    types: Codes,
    times: npt.NDArray[np.int64],
    row_numbers: npt.NDArray[np.int64],
) -> Log:
    """Return interactions by user and time, each once. Ids are sorted; codes are places among them."""
    order = _order(users, times, items, types)
    once = order[_changes(order, (users, times, items, types))]
    weights = np.ones(len(once), dtype=np.float32)
    rows = TrainingSet(user_ids, item_ids, users[once], items[once], times[once], weights)
    return Log(rows, row_numbers[once], types[once], event_types, len(order) - len(once))


def _order(users: Codes, times: npt.NDArray[np.int64], items: Codes, types: Codes) -> Codes:
    """Return the places of rows by user, time, item and type; equal ones in their own order."""
    if not len(times):
        return np.empty(0, dtype=np.int64)
    # One number for user and time, and then the few rows that have it in common: five times as fast as by four columns.
    span = int(times.max()) - int(times.min()) + 1
    if (int(users.max()) + 1) * span >= np.iinfo(np.int64).max:
        return np.lexsort((types, items, times, users))
    moments = users.astype(np.int64) * span + (times - times.min())
    order = pl.Series(moments).arg_sort().to_numpy().astype(np.int64)
    ordered = moments[order]
    same = ordered[1:] == ordered[:-1]
    shared = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    rows = order[shared]
    order[shared] = rows[np.lexsort((rows, types[rows], items[rows], ordered[shared]))]
    return order


def coded(column: pl.Series, distinct: pl.Series) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the distinct texts, sorted, and each row's place among them, -1 without one."""
    codes = column.to_physical().fill_null(0).to_numpy().astype(np.int64)
    names = pl.DataFrame({"code": distinct.to_physical(), "name": distinct.cast(pl.String)}).sort("name")
    rank = np.full(int(codes.max(initial=0)) + 1, -1, dtype=np.int32)
    rank[names["code"].to_numpy()] = np.arange(len(names))
    coded = rank[codes]
    coded[column.is_null().to_numpy()] = -1
    return names["name"].to_list(), coded


def _changes(order: Codes, keys: Sequence[npt.NDArray]) -> Mask:
    changed = np.zeros(len(order), dtype=bool)
    changed[:1] = True
    for key in keys:
        ordered = key[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    return changed
