"""A table of results as somebody published it: one line a recommender, with means and no values of single users.

NAME, perhaps TASK and USERS, and metrics by our names (``precision@10``) or by those that tables print (``P@10``).
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation import constants
from evaluation.scoring.metric import Metric
from evaluation.scoring.uncertainty import Z
from evaluation.task import TASKS
from personalize_data import csv_reader
from personalize_data.errors import BadFile
from personalize_data.files import opened

TASK, USERS = "task", "users"
METRICS = (*constants.METRICS, "ndcg_personalize")
PRINTED = {"p": "precision", "prec": "precision", "r": "recall", "hr": "hit_rate", "hit": "hit_rate"}
NONE = ("", "-")


@dataclass(frozen=True)
class PublishedResult:
    """What is printed of one recommender. ``task``, ``users``: None where the table doesn't say."""

    name: str
    task: str | None
    users: int | None
    metrics: Mapping[Metric, float]

    def intervals(self) -> dict[Metric, tuple[float, float]]:
        """Return 95 % intervals at their widest: a mean of values from 0 to 1 has at most the deviation √(m(1-m))."""
        if self.users is None:
            return {}
        half = {metric: Z * math.sqrt(mean * (1 - mean) / self.users) for metric, mean in self.metrics.items()}
        return {
            metric: (max(0.0, mean - half[metric]), min(1.0, mean + half[metric]))
            for metric, mean in self.metrics.items()
        }


def read(path: Path) -> list[PublishedResult]:
    """Read a CSV, which may be a ``.gz``. Raises BadFile for the first line that can't be used."""
    rows = _rows(path)
    _, header = next(rows, (1, []))
    columns = _columns(path, header)
    lines: dict[tuple[str, str | None], PublishedResult] = {}
    for number, cells in rows:
        if len(cells) != len(header):
            raise BadFile(path, f"{len(cells)} columns, where the header has {len(header)}", number)
        line = _line(path, number, cells, columns)
        if (line.name, line.task) in lines:
            raise BadFile(path, f"{line.name} comes a second time{f' for {line.task}' if line.task else ''}", number)
        lines[line.name, line.task] = line
    if not lines:
        raise BadFile(path, "there are no results in it")
    return list(lines.values())


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the line on which it begins."""
    try:
        with opened(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise csv_reader.find(path, ()) from None
    except (OSError, EOFError) as error:
        raise BadFile(path, getattr(error, "strerror", None) or "it can't be read, or is cut off") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(path, f"a broken row ({error})", line) from None


def _columns(path: Path, header: Sequence[str]) -> list[str | Metric]:
    """Return what each column after the first holds: ``task``, ``users``, or a metric by our name."""
    if not header:
        raise BadFile(path, "it is empty")
    if _metric(header[0].lower()):
        raise BadFile(path, f"the first column is {header[0]}; it should hold the recommenders' names", 1)
    columns = [_column(path, name) for name in header[1:]]
    twice = [name for index, name in enumerate(columns) if name in columns[:index]]
    if twice:
        raise BadFile(path, f"two columns are {twice[0]}", 1)
    if not set(columns) - {TASK, USERS}:
        raise BadFile(path, "no metrics: after the names should come columns like precision@10 or P@10", 1)
    return columns


def _column(path: Path, name: str) -> str | Metric:
    plain = name.lower()
    if plain in (TASK, USERS):
        return plain
    metric = _metric(plain)
    if metric is None or metric.name not in METRICS:
        raise BadFile(path, f"column {name!r} is neither TASK nor USERS nor a metric ({', '.join(METRICS)} @k)", 1)
    return metric


def _metric(text: str) -> Metric | None:
    """Return a metric under our name, which may be one that does not exist."""
    try:
        name, k = Metric.parse(text)
    except ValueError:
        return None
    return Metric(PRINTED.get(name, name), k)


def _line(path: Path, number: int, cells: Sequence[str], columns: Sequence[str | Metric]) -> PublishedResult:
    name, values = cells[0], dict(zip(columns, cells[1:], strict=True))
    task, users = values.pop(TASK, None), values.pop(USERS, None)
    if not name:
        raise BadFile(path, "no name in the first column", number)
    if task is not None and task.lower() not in TASKS:
        raise BadFile(path, f"TASK {task!r} is neither {' nor '.join(TASKS)}", number)
    if users and not (users.isdecimal() and int(users) > 0):
        raise BadFile(path, f"USERS {users!r} is not a whole number above zero", number)
    metrics = {
        metric: _share(path, number, metric, value)
        for metric, value in values.items()
        if isinstance(metric, Metric) and value not in NONE
    }
    return PublishedResult(name, task.lower() if task else None, int(users) if users else None, metrics)


def _share(path: Path, number: int, metric: Metric, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise BadFile(path, f"{metric} is {text!r}, not a number from 0 to 1", number)
    return value
