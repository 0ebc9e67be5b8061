"""Interactions, each once: the first in the file of those that are the same."""

import random

import polars as pl
import pytest

from personalize_data.prepare import dataset

KEY = ["TIMESTAMP", "USER_ID", "ITEM_ID", "EVENT_TYPE"]


def table(rows: int, values: int, *, with_value: bool) -> pl.DataFrame:
    """Return made-up interactions in no order, with the place of each in ``N``."""
    draw = random.Random(rows + values)
    columns = {name: [draw.choice("abc") for _ in range(rows)] for name in KEY[1:]}
    amounts = {"EVENT_VALUE": [draw.choice([None, *map(float, range(values))]) for _ in range(rows)]}
    times = [draw.randrange(values) for _ in range(rows)]
    return pl.DataFrame({**columns, "TIMESTAMP": times, **(amounts if with_value else {}), "N": list(range(rows))})


@pytest.mark.parametrize("with_value", [True, False])
@pytest.mark.parametrize(("rows", "values"), [(1, 1), (2, 1), (300, 2), (300, 4), (300, 40)])
def test_the_first_of_the_same_stays_by_time_and_then_in_the_order_of_the_file(
    rows: int, values: int, with_value: bool
) -> None:
    frame = table(rows, values, with_value=with_value)
    first: dict[tuple[object, ...], dict[str, object]] = {}
    for row in frame.iter_rows(named=True):
        first.setdefault(tuple(row[name] for name in (*KEY, "EVENT_VALUE") if name in row), row)
    expected = sorted(first.values(), key=lambda row: tuple(str(row[name]).rjust(3) for name in KEY))
    distinct, duplicates = dataset.once(frame)
    assert distinct.to_dicts() == expected
    assert duplicates == rows - len(expected)


def test_interactions_that_differ_in_their_value_alone_are_counted() -> None:
    ordered, _ = dataset.once(table(300, 2, with_value=True))
    same = ordered.select(pl.struct(KEY).n_unique()).item()
    assert dataset.same_but_for_the_value(ordered).sum() == len(ordered) - same > 0
