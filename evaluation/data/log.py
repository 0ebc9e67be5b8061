"""Interactions as the evaluation sees them: read from a CSV as a stream, each once, by user and time.

The columns are those of an import into Amazon Personalize: USER_ID, ITEM_ID, TIMESTAMP (epoch seconds) and, if there
is one, EVENT_TYPE; others are passed over. Ten million rows take about two gigabytes on the way, and 0.3 kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from personalize_data import csv_reader, probe
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
    earlier one has the same user, item, type and second, as Amazon Personalize leaves them out. ``probes``: rows left
    out because they are the broker's own.
    """

    rows: TrainingSet
    row_numbers: npt.NDArray[np.int64]
    types: Codes
    event_types: Sequence[str]
    duplicates: int
    probes: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, mask: Mask) -> "Log":
        """Return the interactions of a mask."""
        return replace(self, rows=self.rows.take(mask), row_numbers=self.row_numbers[mask], types=self.types[mask])

    def is_type(self, event_type: str) -> Mask:
        """Return which interactions are of a type."""
        code = list(self.event_types).index(event_type) if event_type in self.event_types else -2
        return np.asarray(self.types == code)

    def check_type(self, event_type: str) -> None:
        """Raise InvalidRequest if no interaction is of a type."""
        if not self.is_type(event_type).any():
            known = f"there are: {', '.join(self.event_types)}"
            none = f"there is no column {TYPE}, or nothing in it"
            raise InvalidRequest(f"no interaction has the type {event_type} ({known if self.event_types else none})")


def read(path: Path, now: float = math.inf) -> Log:
    """Read a CSV, which may be a ``.gz``. Raises BadFile for the first line that can't be used.

    ``now``: epoch seconds; a time later than a day after it is refused, for ``./broker backfill`` imports none.
    """
    names = csv_reader.header(path)
    missing = [name for name in NEEDED if name not in names]
    if missing:
        known = f"there are: {', '.join(names)}; ./broker prepare makes them of other tables"
        raise BadFile(path, f"no column {' and no '.join(missing)} ({known})", 1)
    frame, probes = probe.without(_scanned(path, names, now + DAY))
    if frame.is_empty():
        raise BadFile(path, "there are no interactions in it")
    log = replace(_in_order(frame), probes=probes)
    if any(csv_reader.wrong("an id", text) for text in (*log.rows.user_ids, *log.rows.item_ids, *log.event_types)):
        raise csv_reader.find(path, NEEDED, now + DAY)
    return log


def _scanned(path: Path, names: Sequence[str], newest: float) -> pl.DataFrame:
    named = [*NEEDED[:2], *([TYPE] if TYPE in names else [])]
    # Categories of their own: the codes of another file must not be counted in.
    categories = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in named]
    blank = pl.all_horizontal(pl.all().is_null() | (pl.all() == "")).alias("blank")
    time = pl.col(TIME).str.strip_chars().cast(pl.Int64, strict=False)
    last = pl.col(names[-1]).is_null().alias("without last")
    try:
        read = pl.scan_csv(path, infer_schema=False).select(*categories, time, blank, last)
        frame = read.collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError):
        raise csv_reader.find(path, NEEDED, newest) from None
    short = bool(frame["without last"].any())
    frame = frame.with_row_index("place").filter(~pl.col("blank")).drop("blank", "without last")
    if any(frame[name].null_count() for name in NEEDED) or not _usable(frame[TIME], newest):
        raise csv_reader.find(path, NEEDED, newest)
    if short:
        csv_reader.check(path, len(names), NEEDED)
    return frame


def _usable(times: pl.Series, newest: float) -> bool:
    """Return whether all times are in one unit that can be used, and none is in the future."""
    if times.is_empty():
        return True
    least, most = int(times.min() or 0), int(times.max() or 0)  # type: ignore[arg-type]
    return (
        csv_reader.unit(least) == csv_reader.unit(most)
        and csv_reader.unit(most) in ("seconds", "small numbers")
        and most <= newest
    )


def _in_order(frame: pl.DataFrame) -> Log:
    user_ids, users = _coded(frame["USER_ID"])
    item_ids, items = _coded(frame["ITEM_ID"])
    types, event_types = np.full(len(frame), -1, dtype=np.int32), list[str]()
    if TYPE in frame.columns:
        event_types, types = _coded(frame[TYPE])
        if event_types[:1] == [""]:  # quoted, and as empty as the others
            event_types, types = event_types[1:], np.maximum(types - 1, -1)
    times = frame[TIME].to_numpy()
    row_numbers = frame["place"].to_numpy().astype(np.int64)
    keys = {"users": users, "times": times, "items": items, "types": types}
    # By polars: with ten million rows several times as fast as NumPy's lexsort.
    order = pl.DataFrame(keys).select(pl.arg_sort_by(*keys, maintain_order=True)).to_series().to_numpy()
    once = order[_changes(order, tuple(keys.values()))]
    weights = np.ones(len(once), dtype=np.float32)
    rows = TrainingSet(user_ids, item_ids, users[once], items[once], times[once], weights)
    return Log(rows, row_numbers[once], types[once], event_types, len(order) - len(once))


def _coded(column: pl.Series) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the distinct texts, sorted, and each row's place among them, -1 without one."""
    codes = column.to_physical().fill_null(0).to_numpy().astype(np.int64)
    distinct = column.drop_nulls().unique()
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
