"""Is it worth it: what was given against the best that costs nothing, in words, numbers and on the page."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.data.list_files import ExternalLists
from evaluation.diagnostics.registry import Diagnostic
from evaluation.provenance import DataFacts, Provenance
from evaluation.recommenders.candidates import Candidate, external
from evaluation.recommenders.registry import BY_NAME
from evaluation.report import json_report, money, page
from evaluation.report import text as words
from evaluation.request import ComparisonSettings
from evaluation.run import Evaluation, compare
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, Task, task
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up

HOW = Provenance(
    source="<b>.csv", data=DataFacts(1, 1, 1, 0, 0), hold_out=HoldOut(), sample_users=1, sha256={}, tasks=(), metric="",
    tuned=False, seed=1, recommenders=(),
)  # fmt: skip
KINDS = [BY_NAME[name] for name in ("random", "popularity", "item-knn")]
PRICES = {"theirs": 900.0, "item-knn": 40.0}


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    log = logs.read(made_up.write(tmp_path_factory.mktemp("shop") / "i.csv", made_up.rows(users=200, items=80)))
    return task(log, split(log, HoldOut("leave-one-out")), None, 1)


def theirs(question: Task, hits: float) -> Candidate:
    """Return lists that begin with the truth for a share of the users, and hold nothing for the others."""
    lists = np.full((question.users, 25), -1)
    lists[question.truth.users, 0] = question.truth.items
    lists[np.random.default_rng(1).random(question.users) >= hits] = -1
    return external("theirs", ExternalLists(lists, 0, 0, 0, 0, 0))


def compared(question: Task, entry: Candidate) -> Evaluation:
    return compare(
        question,
        ComparisonSettings(tasks=[ALL_ITEMS], recommenders=KINDS, prices=PRICES, tune=False),
        RecordColumns(),
        [entry],
    )


@pytest.mark.parametrize(
    ("hits", "verdict", "message"),
    [
        (0.0, "worse", "theirs is worse than item-knn, the best trained here, which needs no service (-0."),
        (1.0, "better", "theirs is better than everything trained here: +0."),
    ],
)
def test_the_headline_begins_with_what_was_given_against_the_best_that_costs_nothing(
    question: Task, hits: float, verdict: str, message: str
) -> None:
    result = compared(question, theirs(question, hits))
    leaderboard = result.leaderboards[ALL_ITEMS]
    assert leaderboard.best_here == "item-knn"
    assert words.headline(leaderboard).startswith(f"All items (repeats count): {message}")
    assert words.verdict(leaderboard, leaderboard.row("theirs")).endswith(f"; against item-knn: {verdict}")
    assert "against item-knn" not in words.verdict(leaderboard, leaderboard.row("item-knn"))
    rows = json_report.as_json(result)["tasks"][ALL_ITEMS]["recommenders"]
    assert rows["theirs"]["against_best_here"]["verdict"] == verdict
    assert rows["item-knn"]["against_best_here"] is None


def test_lists_that_are_as_good_are_said_to_be_and_what_is_given_is_never_the_best_here(question: Task) -> None:
    same = compared(question, theirs(question, 0)).leaderboards[ALL_ITEMS].row("item-knn").candidate.lists[ALL_ITEMS]
    leaderboard = compared(question, external("theirs", ExternalLists(same, 0, 0, 0, 0, 0))).leaderboards[ALL_ITEMS]
    message = (
        "theirs cannot be told from item-knn, the best trained here, which needs no service "
        "(+0.000, +0.000 to +0.000; no user differs)"
    )
    assert message in words.headline(leaderboard)
    assert compared(question, theirs(question, 1)).leaderboards[ALL_ITEMS].best_here == "item-knn"


def test_a_price_stands_beside_what_it_is_compared_with(question: Task) -> None:
    result = compared(question, theirs(question, 0))
    learned, bought = sorted(result.costs[ALL_ITEMS], key=lambda cost: cost.per_month)
    (sentence,) = money.sentences(learned, "USD")
    assert sentence.startswith("item-knn costs 40.00 USD a month: of 1,000 users, ")
    assert sentence.endswith(f"have a hit in their 10 items than with {result.leaderboards[ALL_ITEMS].best_baseline}")
    (sentence,) = money.sentences(bought, "USD")
    assert " fewer (" in sentence
    assert sentence.endswith("than with item-knn, which is trained here")
    cost = next(cost for cost in json_report.as_json(result)["costs"][ALL_ITEMS] if cost["recommender"] == "theirs")
    assert (cost["against"], cost["best_here"]) == (result.leaderboards[ALL_ITEMS].best_baseline, "item-knn")
    assert cost["against_best_here"]["difference"]["mean"] < cost["difference"]["mean"] < 0


def test_who_answered_is_said_where_it_was_not_amazon(question: Task) -> None:
    local = replace(theirs(question, 1), description="answered by a rehearsal")
    assert "theirs was answered by a rehearsal." in words.headline(compared(question, local).leaderboards[ALL_ITEMS])


def test_the_page_says_faults_first_results_after_the_tables_and_explains_its_words(question: Task) -> None:
    diagnostics = [Diagnostic("baseline_wins", "ease", "it is worse"), Diagnostic("too_good", "theirs", "it knew")]
    result = replace(compared(question, theirs(question, 1)), diagnostics=diagnostics)
    text = page.page(result, "USD")
    places = [text.index(phrase) for phrase in ("Faults to look into", "it knew", "<table>", "What the figures say")]
    assert places == sorted(places)
    assert text.count("it knew") == 1
    assert text.index("it is worse") > text.rindex("<table>")
    assert '<p class="diagnostic"><b>ease' not in text
    for word in ("item-knn", "MRR", "MAP", "NDCG", "win/lose", "top-20 items", "baseline", "catalogue covered"):
        assert f"<dt>{word}</dt>" in text
    assert f"<dd>{BY_NAME['item-knn'].description}</dd>" in text
    assert [diagnostic["fault"] for diagnostic in json_report.diagnostics(diagnostics)] == [False, True]


def test_what_is_learned_here_is_not_accused_of_being_joined_with_the_wrong_users(question: Task) -> None:
    same = np.tile(np.arange(25), (question.users, 1))
    entries = [external("theirs", ExternalLists(same, 0, 0, 0, 0, 0)), Candidate("learned", "", {ALL_ITEMS: same})]
    diagnostics = compare(
        question, ComparisonSettings(tasks=[ALL_ITEMS], recommenders=(), tune=False), RecordColumns(), entries
    ).diagnostics
    faults = {diagnostic.about: diagnostic.fault for diagnostic in diagnostics if diagnostic.name == "not_personal"}
    assert faults == {"theirs, all-items": True, "learned, all-items": False}


def test_page_and_terminal_have_the_same_columns(question: Task, tmp_path: Path) -> None:
    result = compared(question, theirs(question, 1))
    assert words.means(result.leaderboards[ALL_ITEMS]).columns[:2] == ["recommender", "NDCG@10, 95 %"]  # it decides
    text = page.page(result, "USD")
    for column in ("HR@10", "MRR@10", "NDCG@10, 95 %", "difference, 95 %", "verdict", "novelty, bits", "full lists"):
        assert re.search(rf'<th scope="col"[^>]*>{column}</th>', text), column


def test_every_text_of_the_page_is_escaped(question: Task) -> None:
    result = compared(question, replace(theirs(question, 1), name="<i>a</i> & b"))
    diagnostics = [Diagnostic("too_good", "<u>", "a < b"), Diagnostic("baseline_wins", "<s>", "x & y")]
    text = page.page(replace(result, diagnostics=diagnostics, notes=["<hr>"], how=HOW), "<em>")
    assert not re.findall(r"<(?:i|u|s|hr|em|b\.csv)>", text)
    assert "<b>&lt;u&gt;</b>: a &lt; b</p>" in text
    assert "<title>&lt;b&gt;.csv: recommenders compared</title>" in text
