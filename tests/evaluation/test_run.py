"""An evaluation asked for by a request alone: its metrics and conditions, a campaign, and the clock passed in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.constants import METRICS_AT_K
from evaluation.progress import Begin
from evaluation.recommenders.registry import BY_NAME
from evaluation.report import answer
from evaluation.request import Campaign, ComparisonSettings, EvaluationRequest
from evaluation.run import evaluate
from evaluation.scoring import gate
from evaluation.scoring.metric import Metric
from evaluation.splits import HOLD_OUTS, HoldOut
from evaluation.task import ALL_ITEMS, NEW_ITEMS
from personalize_data.errors import BadFile
from tests.evaluation import made_up

SETTINGS = ComparisonSettings(tasks=[ALL_ITEMS], recommenders=[BY_NAME["popularity"], BY_NAME["history"]], tune=False)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv", made_up.rows(users=120))


@pytest.mark.parametrize("metric", METRICS_AT_K)
def test_a_metric_is_read_as_it_is_written(metric: Metric) -> None:
    assert Metric.parse(str(metric)) == metric


@pytest.mark.parametrize(
    "text", ["ndcg", "ndcg@", "@10", "ndcg@0", "ndcg@010", "ndcg@x", "NDCG@10", "ndcg@10 ", "a@1@2"]
)
def test_what_is_no_name_at_k_is_no_metric(text: str) -> None:
    with pytest.raises(ValueError, match="not a metric such as ndcg@10"):
        Metric.parse(text)


def test_conditions_are_answered_in_their_order_and_the_file_is_named(file: Path) -> None:
    requirements = [gate.parse(f"ndcg@10:{text}", SETTINGS.tasks) for text in ("history>=0", "popularity>0.99")]
    result = evaluate(EvaluationRequest(file, SETTINGS, HoldOut("leave-one-out"), requirements=requirements))
    assert [outcome.holds for outcome in result.outcomes] == [True, False]
    assert result.how is not None
    assert result.how.source == f"{file.parent.name}/interactions.csv"


def test_a_campaign_is_asked_about_the_test_users_and_stands_beside_the_others_with_a_note(file: Path) -> None:
    users_asked: list[str] = []

    def recommend(users: Sequence[str], begin: Begin) -> dict[str, list[str]]:
        begin("asking", len(users))(len(users))
        users_asked.extend(users)
        return {user: [f"i{item}" for item in range(25)] for user in users}

    campaign = Campaign("campaign", recommend, "a rehearsal")
    result = evaluate(EvaluationRequest(file, SETTINGS, HoldOut("leave-one-out"), sample_users=30, campaign=campaign))
    assert sorted(users_asked) == sorted(result.task.past.user_ids)
    assert len(users_asked) == 30
    external = result.leaderboards[ALL_ITEMS].row("campaign").candidate.external
    assert external is not None
    assert (external.users_without, external.unknown_users, external.unknown_items) == (0, 0, 0)
    assert result.notes[0] == "a sample of 30 of 120 test users: --sample-users asks about more"
    assert "campaign: a rehearsal" in result.notes


def test_where_nearly_nobody_repeats_new_items_come_first_and_a_note_says_why(tmp_path: Path) -> None:
    """Of 40 held-out items, one or three are repeats: 2.5 and 7.5 %."""
    settings = replace(SETTINGS, tasks=(ALL_ITEMS, NEW_ITEMS))
    for repeats, tasks in ((1, [NEW_ITEMS, ALL_ITEMS]), (3, [ALL_ITEMS, NEW_ITEMS])):
        rows = [
            (f"u{user}", f"i{(user + (step if step < 3 or user >= repeats else 0)) % 9}", made_up.START + step, "")
            for user in range(40)
            for step in range(4)
        ]
        path = made_up.write(tmp_path / f"{repeats}.csv", rows)
        result = evaluate(EvaluationRequest(path, settings, HoldOut("leave-one-out")))
        assert list(result.leaderboards) == tasks
        notes = [note for note in result.notes if "comes first" in note]
        assert notes == ["2.5% of what is to be predicted the user had before: (nearly) nobody repeats, so new-items comes first"][: repeats == 1]  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("kind", HOLD_OUTS)
def test_where_others_later_interactions_are_known_the_report_says_that_this_is_optimistic(
    kind: str, file: Path
) -> None:
    result = evaluate(EvaluationRequest(file, SETTINGS, HoldOut(kind)))
    said = [*result.notes, *answer.caveats(result)]
    assert sum("optimistic" in sentence and "--hold-out time" in sentence for sentence in said) == (kind != "time")


def test_the_request_says_when_now_is(file: Path) -> None:
    with pytest.raises(BadFile, match="is in the future"):
        evaluate(EvaluationRequest(file, SETTINGS, now=made_up.START))
