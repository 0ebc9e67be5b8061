"""A bank's real months: what prepare makes of them, and what it does to a recommender to be fed with either."""

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from click.testing import CliRunner

from bench import feeds as command
from cli.__main__ import main
from evaluation.data import list_files, splits_folder
from evaluation.feeds.compare import Feeds, best_of_each
from evaluation.recommenders.candidates import external
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.scoring import uncertainty
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import PLACES, score
from evaluation.task import Pairs
from recommender_models.record_columns import RecordColumns
from tests.draws import draws
from tests.real_data.santander import FILE, Customers, acquired, from_april_to_may, wide

CUT = 1464393600  # 2016-05-28
MONTH = 30 * 86_400
ONE_IN = draws(all_of_them=1, part=5)  # customers whose lists and histories are exchanged
Marks = npt.NDArray[np.bool_]
ANOTHERS_HISTORY = {"owned_items", "truth_owned", "wrong_histories", "not_personal", "too_good"}
NAIVE_BAYES = "naive Bayes by holdings, fed changes"
GUIDE = (Path(__file__).parents[2] / "docs" / "prepare.md").read_text()
# As the guide has them: as given, fed states and changes; without what is owned, fed states and changes.
FIGURES = {
    "popularity": ".138 | .365 | .438 | .443",
    "popularity-30d": ".138 | .365 | .438 | .534",
    "history": ".067 | .096 | | ",
    "co-visitation": ".537 | .402 | .619 | .524",
    "item-knn": ".073 | .103 | .663 | .495",
    "ease": ".527 | .418 | .573 | .529",
    "ease-history": ".363 | .404 | .537 | .578",
    "naive Bayes by holdings": " | .657 | | .657",
}


@pytest.fixture(scope="module")
def bank(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``states`` and ``changes``, as the command writes them."""
    folder = tmp_path_factory.mktemp("bank")
    wide(test_data / FILE).write_csv(folder / "wide.csv")
    for name, options in {"states": [], "changes": ["--changes", "--gaps", "break", "--initial-holdings"]}.items():
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


@dataclass(frozen=True, eq=False)
class FeedComparison:
    """What the command ``printed``, ``plotted`` and compared."""

    feeds: Feeds
    printed: str
    plotted: bytes


@pytest.fixture(scope="module")
def comparison(bank: Path) -> FeedComparison:
    """Run the command's own entry, once: it compares all that it compares by default."""
    tables = [str(bank / name / "interactions.csv") for name in ("states", "changes")]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        feeds = command.main([*tables, "--at", "2016-05-28", "--plot", str(bank / "feeds.svg")])
    return FeedComparison(feeds, printed.getvalue(), (bank / "feeds.svg").read_bytes())


def first_place(leaderboard: Leaderboard) -> Mapping[str, float]:
    return {row.candidate.name: row.intervals[Metric("precision", 1)].mean for row in leaderboard.rows}


def test_the_command_prints_both_tables_each_with_metrics_that_tell_its_lists_apart(comparison: FeedComparison) -> None:
    customers, as_given, without = comparison.printed.split("\n\n")
    assert customers == "27,875 customers"
    assert "mrr@20" in as_given
    assert "mrr@20" not in without
    assert "mrr@10" in without
    assert all(name in as_given for name in first_place(comparison.feeds.as_given))
    assert all(name in without for name in first_place(comparison.feeds.without_owned))


def test_known_figures_of_the_bank_come_out_again(comparison: FeedComparison) -> None:
    leaderboards = comparison.feeds.as_given, comparison.feeds.without_owned
    assert [len(leaderboard.users) for leaderboard in leaderboards] == [27_875, 27_875]
    known: list[dict[str, float]] = [{}, {}]
    for kind, figures in FIGURES.items():
        cells = [cell.strip() for cell in figures.split("|")]
        for place, cell in enumerate(cells):
            if cell:
                known[place // 2][f"{kind}, fed {('states', 'changes')[place % 2]}"] = float(cell)
    assert [first_place(leaderboard) for leaderboard in leaderboards] == [
        pytest.approx(value, abs=0.002) for value in known
    ]


def test_the_guide_has_these_figures() -> None:
    table = GUIDE.partition("## States or changes")[2].replace("*", "").replace(" ", "")
    assert all(f"|{figures.replace(' ', '')}|" in table for figures in FIGURES.values())


def test_as_given_what_learns_changes_by_holdings_beats_all_that_is_fed_states(comparison: FeedComparison) -> None:
    ours, theirs, apart = best_of_each(comparison.feeds.as_given)
    assert (ours, theirs) == (NAIVE_BAYES, "co-visitation, fed states")
    assert apart.difference.low > 0.1
    assert "better" in comparison.printed.split("\n\n")[1]


def test_without_what_is_owned_the_best_fed_states_is_level_with_the_best_fed_changes(
    comparison: FeedComparison,
) -> None:
    ours, theirs, apart = best_of_each(comparison.feeds.without_owned)
    assert (ours, theirs) == (NAIVE_BAYES, "item-knn, fed states")
    assert abs(apart.difference.mean) < 0.01
    values = [comparison.feeds.without_owned.row(name).scores.values[Metric("ndcg", 10)] for name in (ours, theirs)]
    assert uncertainty.compare(values[0], values[1], seed=1).verdict == "inconclusive"


def test_counting_and_repeating_are_worse_off_with_states_as_given(comparison: FeedComparison) -> None:
    as_given = first_place(comparison.feeds.as_given)
    assert as_given["popularity-30d, fed changes"] > as_given["popularity-30d, fed states"] + 0.2
    for kind in ("popularity", "history", "item-knn", "ease-history"):
        assert as_given[f"{kind}, fed changes"] > as_given[f"{kind}, fed states"] + 0.02


def test_which_item_goes_with_which_is_learned_better_from_states(comparison: FeedComparison) -> None:
    as_given, without = first_place(comparison.feeds.as_given), first_place(comparison.feeds.without_owned)
    for scores, kinds in ((as_given, ("co-visitation", "ease")), (without, ("co-visitation", "item-knn", "ease"))):
        assert all(scores[f"{kind}, fed states"] > scores[f"{kind}, fed changes"] + 0.03 for kind in kinds)


def test_one_plot_shows_both(comparison: FeedComparison) -> None:
    from evaluation.feeds.plot import draw  # matplotlib takes a second to load

    plot = comparison.plotted.decode()
    assert all(f">{name}<" in plot for name in (*FIGURES, "fed states", "fed changes"))
    assert "27,875 customers" in plot
    assert comparison.plotted == draw(comparison.feeds, "svg")


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
    return len(scores.users), means[Metric("precision", 1)], means[Metric("mrr", 20)]


def test_the_sources_fault_makes_a_list_that_learned_nothing_as_good_as_its_published_model(
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
def drawn(customers: Customers) -> Customers:
    """Return the customers who are played faults: all of them in ``make proofs``."""
    return customers.every(ONE_IN)


@pytest.fixture(scope="module")
def parted(drawn: Customers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return April's state to know and May's to predict, as the command parts them."""
    folder = tmp_path_factory.mktemp("states")
    drawn.log(drawn.has, CUT - MONTH, CUT).write_csv(folder / "interactions.csv")
    arguments = ["evaluate", "split", str(folder / "interactions.csv"), "--out", str(folder / "split")]
    result = CliRunner().invoke(main, [*arguments, "--at", str(CUT), "--sample-users", "30000"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return folder / "split"


def alarms(customers: Customers, split: Path, folder: Path, **filters: Marks) -> dict[str, set[str]]:
    """Return what goes off on another's history: for the ``data``, and for lists filtered so, from a file each."""
    question, _, _ = splits_folder.read(split)
    codes = {item: code for code, item in enumerate(question.past.item_ids)}
    entries = []
    for name, theirs in filters.items():
        written = list_files.read(write(customers, theirs, folder / f"{name}.out"))
        entries.append(external(name, list_files.fit(written, question.past.user_ids, codes, PLACES)))
    diagnostics = compare(
        question, ComparisonSettings(recommenders=(), tune=False), RecordColumns(), entries
    ).diagnostics
    about = {
        name: [diagnostic.name for diagnostic in diagnostics if diagnostic.about.startswith(name)]
        for name in ("data", *filters)
    }
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
    drawn: Customers, parted: Path, tmp_path: Path
) -> None:
    before = np.roll(drawn.had, 1, axis=0)
    drifts = of_an_index_that_drifts(drawn)
    filters = {"own": drawn.had, "first": of_one(drawn, 0), "before": before, "drifts": drifts}
    diagnostics = alarms(drawn, parted, tmp_path, **filters)
    assert diagnostics["data"] == diagnostics["own"] == set()
    assert all("owned_items" in diagnostics[name] for name in ("first", "drifts"))
    assert {"owned_items", "not_personal"} <= diagnostics["before"]


def with_truth(customers: Customers, parted: Path, truth: Marks, folder: Path) -> Path:
    """Return the split again with another truth.csv."""
    folder.mkdir()
    for file in parted.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    rows = customers.log(truth, CUT - MONTH, CUT)
    wrong = rows.filter(pl.col("TIMESTAMP") == CUT)
    wrong.write_csv(folder / "truth.csv")
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
    drawn: Customers, parted: Path, tmp_path: Path, whose: str
) -> None:
    theirs = {
        "first": of_one(drawn, 0),
        "before": np.roll(drawn.had, 1, axis=0),
        "drifts": of_an_index_that_drifts(drawn),
    }[whose]
    split = with_truth(drawn, parted, drawn.has & ~theirs, tmp_path / "split")
    assert alarms(drawn, split, tmp_path, own=drawn.had)["data"] == {"truth_owned"}


def test_a_truth_filtered_rightly_sets_off_none(drawn: Customers, parted: Path, tmp_path: Path) -> None:
    split = with_truth(drawn, parted, drawn.has & ~drawn.had, tmp_path / "split")
    assert alarms(drawn, split, tmp_path, own=drawn.had) == {"data": set(), "own": set()}


@pytest.mark.parametrize(("change_kind", "by"), [("states", "one"), ("states", "chance"), ("changes", "one")])
def test_histories_joined_with_the_wrong_customers_set_off_the_alarm(
    drawn: Customers, parted: Path, tmp_path: Path, change_kind: str, by: str
) -> None:
    truth = drawn.has if change_kind == "states" else drawn.has & ~drawn.had
    split = with_truth(drawn, parted, truth, tmp_path / "split")
    ids = np.array(drawn.ids)
    others = np.roll(ids, 1) if by == "one" else np.random.default_rng(1).permutation(ids)
    wrong = dict(zip(drawn.ids, others.tolist(), strict=True))
    train = pl.read_csv(split / "train.csv", infer_schema=False)
    train.with_columns(pl.col("USER_ID").replace_strict(wrong)).write_csv(split / "train.csv")
    diagnostics = alarms(drawn, split, tmp_path, own=drawn.had)["data"]
    assert "wrong_histories" in diagnostics
