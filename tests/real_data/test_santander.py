"""A bank's real months: what prepare makes of them, and what it does to a recommender to be fed with either."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from cli.__main__ import main
from evaluation.data.log import read
from evaluation.feeds.compare import Feeds, compare
from evaluation.feeds.plot import draw
from evaluation.scoring.board import Board
from tests.real_data.santander import FILE, acquired, wide

CUT = 1464393600  # 2016-05-28
COMPARED = ("popularity", "popularity-30d", "own-repeats", "co-visitation", "ease")


@pytest.fixture(scope="module")
def bank(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``states`` and ``changes``, as the command writes them."""
    folder = tmp_path_factory.mktemp("bank")
    wide(test_data / FILE).write_csv(folder / "wide.csv")
    for name, options in {"states": [], "changes": ["--changes", "--gaps", "break", "--holdings"]}.items():
        columns = ["--user", "customer", "--month", "month", "--product", "owns_*", *options]
        arguments = ["prepare", "ownership", str(folder / "wide.csv"), "--out", str(folder / name), *columns]
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
    return folder


def test_changes_are_every_acquisition_that_the_bank_knew_of_and_those_between_two_known_months(
    bank: Path, test_data: Path
) -> None:
    events = pl.read_csv(bank / "changes" / "interactions.csv", schema_overrides={"USER_ID": pl.String})
    ours = events.filter(pl.col("EVENT_TYPE") == "acquired").select(
        pl.from_epoch("TIMESTAMP").dt.date().dt.truncate("1mo").alias("month"),
        pl.col("USER_ID").alias("customer"),
        pl.col("ITEM_ID").str.strip_prefix("owns_").alias("acquired"),
    )
    theirs = acquired(test_data / FILE).select("month", "customer", "acquired").explode("acquired")
    keys = theirs.columns
    assert len(theirs) == 134_964
    assert theirs.join(ours, on=keys, how="anti").is_empty()
    # The file skips February; who is known in January and in March has it all the same.
    assert ours.join(theirs, on=keys, how="anti")["month"].unique().to_list() == [date(2016, 2, 1)]


@pytest.fixture(scope="module")
def feeds(bank: Path) -> Feeds:
    logs = (read(bank / name / "interactions.csv") for name in ("states", "changes"))
    return compare(*logs, CUT, compared=COMPARED)


def first_place(board: Board) -> Mapping[str, float]:
    return {row.entry.name: row.intervals["precision@1"].mean for row in board.rows}


def test_known_figures_of_the_bank_come_out_again(feeds: Feeds) -> None:
    assert len(feeds.as_given.users) == len(feeds.without_owned.users) == 27_875
    assert first_place(feeds.as_given)["popularity, fed states"] == pytest.approx(0.138, abs=0.002)
    removed = first_place(feeds.without_owned)
    assert removed["popularity-30d, fed changes"] == pytest.approx(0.534, abs=0.002)
    assert removed["naive Bayes, fed changes"] == pytest.approx(0.656, abs=0.002)


def test_what_is_learnt_from_changes_beats_all_that_is_learnt_from_states(feeds: Feeds) -> None:
    for board, apart in ((feeds.as_given, 0.05), (feeds.without_owned, 0.01)):
        found = first_place(board)
        best = max(value for name, value in found.items() if name.endswith("fed states"))
        assert found["naive Bayes, fed changes"] > best + apart


def test_counting_and_repeating_are_worse_off_with_states(feeds: Feeds) -> None:
    given = first_place(feeds.as_given)
    assert given["popularity-30d, fed changes"] > given["popularity-30d, fed states"] + 0.2
    assert given["own-repeats, fed states"] < 0.1


def test_one_plot_shows_both(feeds: Feeds) -> None:
    plot = draw(feeds, "svg").decode()
    assert all(name in plot for name in ("naive Bayes", "fed states", "fed changes", "27,875 customers"))
    assert plot == draw(feeds, "svg").decode()
