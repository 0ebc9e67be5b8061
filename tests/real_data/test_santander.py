"""A bank's real months: what prepare makes of them, and what it does to a recommender to be fed with either."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from click.testing import CliRunner

from cli.__main__ import main
from evaluation.data import list_files, splits_folder
from evaluation.data.log import read
from evaluation.feeds.compare import Feeds, compare
from evaluation.feeds.plot import draw
from evaluation.recommenders.entries import given
from evaluation.run import Asked, run
from evaluation.scoring.board import Board
from evaluation.scoring.metrics import PLACES, score
from evaluation.task import Pairs
from personalize_local.data.record_columns import RecordColumns
from tests.real_data.santander import FILE, Customers, acquired, from_april_to_may, wide

CUT = 1464393600  # 2016-05-28
MONTH = 30 * 86_400
Marks = npt.NDArray[np.bool_]
ANOTHERS_HISTORY = {"owned_items", "truth_owned", "wrong_histories", "not_personal", "too_good"}
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


@pytest.fixture(scope="module")
def customers(test_data: Path) -> Customers:
    return from_april_to_may(test_data / FILE)


def filtered(customers: Customers, theirs: Marks) -> npt.NDArray[np.int64]:
    """Return everybody's list without what is marked, -1 in its place at the end."""
    ranked = customers.popular_last()
    out = np.take_along_axis(theirs, ranked, axis=1)
    order = np.argsort(out, axis=1, kind="stable")
    return np.take_along_axis(np.where(out, -1, ranked), order, axis=1)


def of_one(customers: Customers, user: int) -> Marks:
    """Return what one customer had as if it were everybody's: the source's fault, whose index never moves on."""
    return np.tile(customers.had[user], (len(customers.ids), 1))


def as_the_source_scores(customers: Customers, theirs: Marks) -> tuple[int, float, float]:
    """Return users, P@1 and MRR where lists and truth are rid of what is marked."""
    scores = score(filtered(customers, theirs), Pairs(*np.nonzero(customers.has & ~theirs)), (1, 20))
    means = scores.means()
    return len(scores.users), means["precision@1"], means["mrr@20"]


def test_the_sources_fault_makes_a_list_that_learnt_nothing_as_good_as_its_published_model(
    customers: Customers,
) -> None:
    assert len(customers.ids) == 26_736
    rightly = as_the_source_scores(customers, customers.had)
    assert rightly == (2_095, pytest.approx(0.3995, abs=5e-5), pytest.approx(0.633, abs=5e-4))
    for user in range(7):
        _, first, reciprocal = as_the_source_scores(customers, of_one(customers, user))
        assert first > 0.991
        assert reciprocal > 0.994


@pytest.fixture(scope="module")
def parted(customers: Customers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return April's state to know and May's to foretell, as the command parts them."""
    folder = tmp_path_factory.mktemp("states")
    customers.log(customers.has, CUT - MONTH, CUT).write_csv(folder / "interactions.csv")
    arguments = ["evaluate", "split", str(folder / "interactions.csv"), "--out", str(folder / "split")]
    result = CliRunner().invoke(main, [*arguments, "--at", str(CUT), "--sample-users", "30000"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return folder / "split"


def alarms(customers: Customers, split: Path, folder: Path, **filters: Marks) -> dict[str, set[str]]:
    """Return what goes off on another's history: for the ``data``, and for lists filtered so, from a file each."""
    question, _ = splits_folder.read(split)
    codes = {item: code for code, item in enumerate(question.past.item_ids)}
    entries = []
    for name, theirs in filters.items():
        written = list_files.read(write(customers, theirs, folder / f"{name}.out"))
        entries.append(given(name, list_files.fit(written, question.past.user_ids, codes, PLACES)))
    found = run(question, Asked(kinds=(), tune=False), RecordColumns(), entries).alarms
    about = {name: [one.name for one in found if one.about.startswith(name)] for name in ("data", *filters)}
    return {name: ANOTHERS_HISTORY.intersection(names) for name, names in about.items()}


def write(customers: Customers, theirs: Marks, out: Path) -> Path:
    """Write everybody's list as a batch job does."""
    lists = filtered(customers, theirs).tolist()
    named = ([customers.products[item] for item in line if item >= 0] for line in lists)
    lines = (
        json.dumps({"input": {"userId": user}, "output": {"recommendedItems": items}})
        for user, items in zip(customers.ids, named, strict=True)
    )
    out.write_text("\n".join(lines) + "\n")
    return out


def test_lists_filtered_by_another_customers_products_set_off_the_alarm_and_those_filtered_rightly_none(
    customers: Customers, parted: Path, tmp_path: Path
) -> None:
    before = np.roll(customers.had, 1, axis=0)
    drifts = of_an_index_that_drifts(customers)
    filters = {"own": customers.had, "first": of_one(customers, 0), "before": before, "drifts": drifts}
    found = alarms(customers, parted, tmp_path, **filters)
    assert found["data"] == found["own"] == set()
    assert all("owned_items" in found[name] for name in ("first", "drifts"))
    assert {"owned_items", "not_personal"} <= found["before"]


def with_truth(customers: Customers, parted: Path, truth: Marks, folder: Path) -> Path:
    """Return the split again with another truth.csv."""
    folder.mkdir()
    for file in parted.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    rows = customers.log(truth, CUT - MONTH, CUT)
    rows.filter(pl.col("TIMESTAMP") == CUT).write_csv(folder / "truth.csv")
    return folder


def of_an_index_that_drifts(customers: Customers) -> Marks:
    """Return whose products are taken out where the index advances only for customers who are kept."""
    index, whose = 0, []
    for has in customers.has:
        whose.append(index)
        index += int((has & ~customers.had[index]).any())
    return customers.had[whose]


@pytest.mark.parametrize("whose", ["first", "before", "drifts"])
def test_a_truth_filtered_by_another_customers_products_sets_off_the_alarm(
    customers: Customers, parted: Path, tmp_path: Path, whose: str
) -> None:
    theirs = {
        "first": of_one(customers, 0),
        "before": np.roll(customers.had, 1, axis=0),
        "drifts": of_an_index_that_drifts(customers),
    }[whose]
    split = with_truth(customers, parted, customers.has & ~theirs, tmp_path / "split")
    assert alarms(customers, split, tmp_path, own=customers.had)["data"] == {"truth_owned"}


def test_a_truth_filtered_rightly_sets_off_none(customers: Customers, parted: Path, tmp_path: Path) -> None:
    split = with_truth(customers, parted, customers.has & ~customers.had, tmp_path / "split")
    assert alarms(customers, split, tmp_path, own=customers.had) == {"data": set(), "own": set()}


@pytest.mark.parametrize(("what", "by"), [("states", "one"), ("states", "chance"), ("changes", "one")])
def test_histories_joined_with_the_wrong_customers_set_off_the_alarm(
    customers: Customers, parted: Path, tmp_path: Path, what: str, by: str
) -> None:
    truth = customers.has if what == "states" else customers.has & ~customers.had
    split = with_truth(customers, parted, truth, tmp_path / "split")
    ids = np.array(customers.ids)
    others = np.roll(ids, 1) if by == "one" else np.random.default_rng(1).permutation(ids)
    wrong = dict(zip(customers.ids, others.tolist(), strict=True))
    train = pl.read_csv(split / "train.csv", infer_schema=False)
    train.with_columns(pl.col("USER_ID").replace_strict(wrong)).write_csv(split / "train.csv")
    found = alarms(customers, split, tmp_path, own=customers.had)["data"]
    assert "wrong_histories" in found
