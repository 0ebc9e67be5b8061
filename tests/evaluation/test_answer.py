"""Yes, no, or cannot tell: in customers first, then in money; and what would change it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cli.evaluate import command
from evaluation.data import log as logs
from evaluation.data.list_files import ExternalLists
from evaluation.recommenders.candidates import Candidate, external
from evaluation.recommenders.registry import BY_NAME
from evaluation.report import answer
from evaluation.request import ComparisonSettings
from evaluation.run import Evaluation, compare
from evaluation.scoring.cost import Business
from evaluation.scoring.metric import Metric
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, Task, task
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up
from tests.evaluation.test_worth import HOW

KINDS = [BY_NAME[name] for name in ("random", "history")]


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Task:
    log = logs.read(made_up.write(tmp_path_factory.mktemp("shop") / "i.csv", made_up.rows(users=200, items=80)))
    return task(log, split(log, HoldOut("leave-one-out")), None, 1)


def lists(question: Task, hits: float, place: int = 0) -> Candidate:
    """Return lists with what a share of the users took, in this place, and nothing else that anybody took."""
    given = np.full((question.users, 25), -1)
    given[question.truth.users, place] = question.truth.items
    given[np.random.default_rng(1).random(question.users) >= hits] = -1
    return external("theirs", ExternalLists(given, 0, 0, 0, 0, 0))


def compared(question: Task, entry: Candidate, price: float | None = None, value: float = 1.0) -> Evaluation:
    settings = ComparisonSettings(
        tasks=[ALL_ITEMS],
        recommenders=KINDS,
        prices={} if price is None else {"theirs": price},
        business=Business(1_000, value),
        tune=False,
    )
    return compare(question, settings, RecordColumns(), [entry])


def only(result: Evaluation) -> answer.Answer:
    (single,) = answer.answers(result, "USD")
    return single


@pytest.mark.parametrize(
    ("hits", "price", "word"),
    [
        (0.9, None, answer.YES),
        (0.0, None, answer.NO),
        (0.3, None, answer.CANNOT_TELL),  # about as many
        (0.9, 100, answer.YES_IF),
        (0.9, 650, answer.CANNOT_TELL),  # it takes nearly each of the further hits
        (0.9, 2_000, answer.NO),  # even if each were a sale of the list
    ],
)
def test_the_answer_is_by_customers_and_by_what_their_hits_can_pay(
    hits: float, price: float | None, word: str, question: Task
) -> None:
    single = only(compared(question, lists(question, hits), price))
    assert single.word == word
    assert bool(single.condition) == (word == answer.YES_IF)
    asked = "Are" if price else "Do"
    assert single.question.startswith(f"All items (repeats count): {asked} the lists “theirs” ")


def test_a_better_order_for_the_same_customers_is_no_yes(question: Task) -> None:
    leaderboard = compared(question, lists(question, 0)).leaderboards[ALL_ITEMS]
    ordered = leaderboard.row("history").candidate.lists[ALL_ITEMS].copy()
    for user, item in zip(question.truth.users.tolist(), question.truth.items.tolist(), strict=True):
        row = ordered[user]
        (places,) = np.nonzero(row[:10] == item)
        if len(places):
            row[0], row[places[0]] = row[places[0]], row[0]
    single = only(compared(question, external("theirs", ExternalLists(ordered, 0, 0, 0, 0, 0))))
    assert single.word == answer.CANNOT_TELL
    assert "theirs predicts better than history" in single.verdict
    assert single.verdict.endswith("not shown to be of more customers.")
    assert "The difference is +0.0 of 100" in single.customers


def test_more_customers_with_a_hit_far_down_the_list_are_no_yes_and_it_says_why(question: Task) -> None:
    single = only(compared(question, lists(question, 0.5, place=7)))
    assert single.word == answer.CANNOT_TELL
    assert single.verdict.endswith(
        "More customers find something in its list. But ndcg@10 decides, which also counts how high up."
    )


def test_the_customers_stand_beside_what_it_is_compared_with_and_chance(question: Task) -> None:
    result = compared(question, lists(question, 0.9))
    rows = result.leaderboards[ALL_ITEMS].rows
    rates = {row.candidate.name: 100 * row.intervals[Metric("hit_rate", 10)].mean for row in rows}
    sentence = only(result).customers
    assert f"took something then, {rates['theirs']:.1f} took at least one of the 10 items" in sentence
    assert f"list; with history ({BY_NAME['history'].description}) {rates['history']:.1f}; " in sentence
    assert f"by chance {rates['random']:.1f}." in sentence


def report(file: Path, *options: str) -> Mapping[str, Any]:
    result = CliRunner().invoke(command, [str(file), "--no-tuning", "--json", *options])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_what_would_change_the_answer_depends_on_how_it_was_asked(tmp_path: Path) -> None:
    file = made_up.write(tmp_path / "i.csv")
    by_time, by_user = report(file)["caveats"], report(file, "--hold-out", "last-basket")["caveats"]
    assert any(caveat.startswith("Another period.") for caveat in by_time)
    assert any("did not come back" in caveat for caveat in by_time)
    assert not any("optimistic" in caveat for caveat in by_time)
    assert any("optimistic" in caveat and "--hold-out time" in caveat for caveat in by_user)
    assert answer.ATTRIBUTES not in by_time
    users = tmp_path / "users.csv"
    users.write_text("USER_ID,AGE\nu1,30\n")
    assert answer.ATTRIBUTES in report(file, "--users", str(users))["caveats"]
    assert by_time[-1] == by_user[-1] == answer.CAUSALITY
    assert "./broker experiment" in answer.CAUSALITY


def test_who_was_left_out_is_named(question: Task) -> None:
    result = compared(question, lists(question, 0.5))
    assert answer.left_out(result) == []
    short = replace(result, how=replace(HOW, recommenders=("random", "history", "ease")))
    assert answer.left_out(short) == ["ease"]
    assert any("could not take part: ease" in caveat for caveat in answer.caveats(short))
