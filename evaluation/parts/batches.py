"""A CSV of interactions, some rows at a time: what ``data.log`` reads at once, by the same rules."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from evaluation.data import header, id_columns, left_out
from evaluation.data import log as logs
from evaluation.data.left_out import LeftOut
from evaluation.data.log import DAY, NEEDED, TIME, TYPE
from personalize_data import csv_reader
from personalize_data.errors import BadFile

ROWS = 500_000
LAST = "without last"


@dataclass
class FileCounts:
    """What was read of one file: its rows, those left out by reason (with the place of the first), and its times."""

    rows: int = 0
    left_out: dict[str, tuple[int, int]] = field(default_factory=dict)
    first: float = math.inf
    last: float = -math.inf
    too_short: bool = False

    def add(self, times: pl.Series, others: dict[str, tuple[int, int]]) -> None:
        """Count the interactions and the other rows of a batch."""
        if len(times):
            self.first = min(self.first, int(times.min()))  # type: ignore[arg-type]
            self.last = max(self.last, int(times.max()))  # type: ignore[arg-type]
        for reason, (rows, place) in others.items():
            before, first = self.left_out.get(reason, (0, place))
            self.left_out[reason] = before + rows, first

    def lines(self, path: Path) -> dict[str, LeftOut]:
        """Return what is left out, with the line of the first row of each reason."""
        return {reason: LeftOut(n, csv_reader.line_of(path, place)) for reason, (n, place) in self.left_out.items()}


def read(path: Path, now: float, counts: FileCounts) -> Iterator[pl.DataFrame]:
    """Yield the interactions: ids and types as categories of a batch of their own, times, and places in the file.

    ``now``: see ``log.read``. Fills ``counts``. Raises BadFile for the first line that can't be used.
    """
    names = header.names(path, NEEDED, "; ./broker prepare makes them of other tables")
    newest = now + DAY
    try:
        for frame in _scanned(path, names):
            yield _checked(path, frame, newest, counts)
    except (OSError, pl.exceptions.PolarsError):
        raise csv_reader.find(path, NEEDED, newest) from None
    csv_reader.check_quotes(path, counts.rows)
    if counts.too_short:
        csv_reader.check(path, len(names), NEEDED)
    if counts.last == -math.inf:
        raise BadFile(path, f"there are no interactions in it{logs.but(counts.lines(path))}")
    if not logs.usable(pl.Series([counts.first, counts.last], dtype=pl.Int64), newest):
        raise csv_reader.find(path, NEEDED, newest)


def _scanned(path: Path, names: list[str]) -> Iterator[pl.DataFrame]:
    texts = [*NEEDED[:2], *([TYPE] if TYPE in names else [])]
    time = pl.col(TIME).str.strip_chars().cast(pl.Int64, strict=False)
    last = pl.col(names[-1]).is_null().alias(LAST)
    marks = left_out.marks(names, amounts=True)
    read = pl.scan_csv(path, infer_schema=False).select(*texts, time, last, *marks)
    yield from read.collect_batches(chunk_size=ROWS, maintain_order=True, engine="streaming")


def _checked(path: Path, frame: pl.DataFrame, newest: float, counts: FileCounts) -> pl.DataFrame:
    texts = [name for name in (*NEEDED[:2], TYPE) if name in frame.columns]
    coded = frame.with_columns(pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in texts)
    coded = coded.with_row_index("place", counts.rows).with_columns(pl.col("place").cast(pl.Int64))
    counts.rows += len(frame)
    counts.too_short = counts.too_short or bool(frame[LAST].any())
    coded, others = left_out.parted(path, coded.drop(LAST), left_out.distinct(coded))
    if any(coded[name].null_count() for name in NEEDED):
        raise csv_reader.find(path, NEEDED, newest)
    for name, values in left_out.distinct(coded).items():
        if id_columns.any_wrong(name, values.cast(pl.String)):
            raise csv_reader.find(path, NEEDED, newest)
    counts.add(coded[TIME], dict(others))
    return coded


def coded(column: pl.Series) -> tuple[list[str], np.ndarray]:
    """Return the distinct texts of a column of categories, and each row's place among them, -1 without one."""
    values = column.drop_nulls().unique()
    physical = values.to_physical().to_numpy()
    code = np.full(int(physical.max(initial=0)) + 1, -1, dtype=np.int64)
    code[physical] = np.arange(len(values))
    codes = code[column.to_physical().fill_null(0).to_numpy()]
    return values.cast(pl.String).to_list(), np.where(column.is_null().to_numpy(), -1, codes)
