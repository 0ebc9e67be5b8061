"""Whatever a table holds: each of its rows is in what comes out, or counted with a reason, or the file is refused."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evaluation.data import log
from personalize_data.conversion import Plan
from personalize_data.errors import BadFile
from tests.personalize_data.conversions import INTERACTIONS, NOW, converted, sources

HEADER = ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP", "EVENT_VALUE", "NOTE"]
IDS = st.sampled_from(
    ["u1", "17850", "17850.0", "9.0", "", " ", "null", "NaN", "[object Object]", "x" * 257, "ü", " a"]
)
TIMES = st.sampled_from(["1700000000", "1700000001", "1700000000000", "2023-11-14", "", "soon", "40513.35", "-5"])
TYPES, VALUES = st.sampled_from(["view", "purchase", "Purchase", ""]), st.sampled_from(["", "2.5", "-2.5", "2,5", "-0"])
NOTES = st.sampled_from(["", 'a "7" inch', "two\nlines", "a,b,c,d,e\nf,g,h,i,j", "ü"]) | st.text(max_size=5)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def likely(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return values | ANY


ROWS = st.lists(st.tuples(*map(likely, (IDS, IDS, TYPES, TIMES, VALUES)), NOTES), min_size=1, max_size=8)
USUAL = st.lists(st.tuples(IDS, IDS, TYPES, st.just("1700000000"), VALUES, NOTES), min_size=1, max_size=8)


def written(rows: list[tuple[str, ...]]) -> str:
    return "".join(_line(row) for row in [HEADER, *rows])


def _line(row: Sequence[str]) -> str:
    out = io.StringIO()
    # csv quotes the characters of its own line end alone, and a carriage return without quotes breaks a row in two.
    csv.writer(out, lineterminator="\r\n").writerow(row)
    return out.getvalue().removesuffix("\r\n") + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@settings(deadline=None)
@given(rows=ROWS | USUAL)
@example(rows=[("u1", "\r", "view", "1700000000", "", "two\nlines")])
def test_backfill_takes_or_counts_each_row(rows: list[tuple[str, ...]], folder: Path) -> None:
    try:
        lines, _, summary = converted(Plan("interactions", sources(folder, written(rows)), INTERACTIONS))
    except BadFile as refused:
        assert refused.line  # noqa: PT017 - most tables are not refused
        return
    taken = list(csv.reader(lines))[1:]
    assert len(taken) == summary.rows
    assert summary.rows + sum(summary.skipped.values()) + sum(summary.bad.values()) == len(rows)


@settings(deadline=None)
@given(rows=ROWS | USUAL)
@example(rows=[("u1", "\r", "view", "1700000000", "", "two\nlines")])
def test_evaluate_takes_or_counts_each_row(rows: list[tuple[str, ...]], folder: Path) -> None:
    path = folder / "interactions.csv"
    path.write_text(written(rows), newline="")
    try:
        interactions = log.read(path, NOW)
    except BadFile as refused:
        assert refused.line or "there are no interactions in it" in refused.reason  # noqa: PT017 - most are not
        return
    counted = sum(left_out.rows for left_out in interactions.left_out.values())
    assert len(interactions) + interactions.duplicates + counted == len(rows)
