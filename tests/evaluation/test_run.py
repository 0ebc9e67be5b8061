"""An evaluation asked for by a request alone: its metrics and conditions, a campaign, and the clock passed in."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation.constants import METRICS_AT_K
from evaluation.progress import Begin
from evaluation.recommenders.registry import BY_NAME
from evaluation.request import Campaign, ComparisonSettings, EvaluationRequest
from evaluation.run import evaluate
from evaluation.scoring import gate
from evaluation.scoring.metric import Metric
from evaluation.splits import HoldOut
from evaluation.task import ALL_ITEMS
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
    assert result.source == "interactions.csv"


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


def test_the_request_says_when_now_is(file: Path) -> None:
    with pytest.raises(BadFile, match="is in the future"):
        evaluate(EvaluationRequest(file, SETTINGS, now=made_up.START))
