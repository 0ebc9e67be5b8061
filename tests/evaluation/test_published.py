"""What Personalize's rounding tells of its test users: never a number that may be another."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cli.evaluate import command
from evaluation.data import log
from evaluation.scoring import published
from personalize_data.errors import BadFile
from recommender_models.training_set import TrainingSet
from tests.evaluation import made_up

REAL = {"aws-user-personalization": 56, "aws-sims": 68, "aws-personalized-ranking": 53}


def printed(users: int, hits: tuple[int, int, int]) -> dict[str, float]:
    return {f"precision_at_{k}": round(hit / (k * users), 4) for k, hit in zip((5, 10, 25), hits, strict=True)}


def drawn(random: np.random.Generator, users: int) -> dict[str, float]:
    """Return the precisions of users whose rates differ, the lists' first places being the better ones."""
    mean, alike = random.uniform(0.01, 0.12), random.uniform(2, 20)
    rates = random.beta(mean * alike, (1 - mean) * alike, users)
    falling = 1 / (1 + np.arange(25) * random.uniform(0, 0.15))
    hits_by_place = random.random((users, 25)) < rates[:, None] * falling
    hits = [int(hits_by_place[:, :k].sum()) for k in (5, 10, 25)]
    return printed(users, (hits[0], hits[1], hits[2]))


def data(users: int, events: int = 10) -> TrainingSet:
    rows = np.repeat(np.arange(users), events)
    names = [f"u{user:05}" for user in range(users)]
    return TrainingSet(names, ["i"], rows, np.zeros_like(rows), np.arange(len(rows)), np.ones(len(rows), np.float32))


def test_by_itself_it_names_all_numbers_below_a_hundred_that_fit_so_that_none_is_missed() -> None:
    random, seen = np.random.default_rng(3), Counter[str]()
    for _ in range(1000):
        users = int(random.integers(20, 100))
        metrics = drawn(random, users)
        published_metrics = published.published("x", metrics)
        assert users in published_metrics.candidates or not any(metrics.values())
        assert published_metrics.users in (None, users)
        seen[f"{len(published_metrics.candidates) if published_metrics.intervals else 'none'}"] += 1
        assert f"{users}" in published_metrics.in_words() or not published_metrics.intervals
    assert seen["1"] > 500  # it says something, too


def test_with_the_data_a_single_number_is_the_right_one_for_small_and_large_tests() -> None:
    random, right = np.random.default_rng(4), Counter[str]()
    all_data = {size: data(size) for size in (200, 500, 1000, 1500, 2500, 5000)}
    for _ in range(600):
        size = int(random.choice(list(all_data)))
        users = int(random.binomial(size, 0.1))
        published_metrics = published.published("x", drawn(random, users)).with_data(all_data[size])
        right["told"] += published_metrics.users is not None
        right["wrong"] += published_metrics.users not in (None, users)
    assert right["told"] > 200
    assert right["wrong"] <= 1  # one draw in a thousand lies outside of the range


def test_multiples_are_named_where_hits_and_users_have_a_divisor_in_common() -> None:
    fifteen = published.published("x", printed(60, (12, 20, 36)))
    assert (fifteen.users, fifteen.candidates) == (None, [15, 30, 45, 60, 75, 90])
    assert fifteen.in_words().startswith("15, 30, 45, 60, 75 or 90 test users")
    two = published.published("x", printed(68, (28, 40, 70)))
    assert (two.users, two.candidates) == (None, [34, 68])
    assert two.in_words().startswith("34 or 68 test users")
    assert two.in_words().endswith("intervals for 34, the widest")
    assert two.intervals == published.intervals(two.metrics, 34)
    assert two.with_data(data(680)).users == 68


def test_a_number_that_is_alone_below_a_hundred_does_not_deny_larger_ones() -> None:
    published_metrics = published.published("x", printed(56, (21, 32, 53)))
    assert published_metrics.users == 56
    assert "if they were fewer than 100 (of more, 112, 168 … fit, and others)" in published_metrics.in_words()


def test_where_nothing_or_everything_fits_nothing_is_claimed() -> None:
    assert "only that they were 100 or more" in published.published("x", printed(199, (31, 59, 131))).in_words()
    for metrics in (dict.fromkeys(printed(50, (0, 0, 0)), 0.0), {"precision_at_5": 0.075}, {"coverage": 0.3}):
        published_metrics = published.published("x", metrics)
        assert (published_metrics.users, published_metrics.intervals) == (None, {})
        assert published_metrics.in_words() == "its rounding doesn't tell how many test users"
    assert published.published("x", dict.fromkeys(printed(50, (0, 0, 0)), 0.0)).candidates == []
    few, many = data(200), data(50_000)
    other = published.published("x", printed(56, (21, 32, 53))).with_data(few).in_words()
    assert other == (
        "no number of test users from 8 to 35, about a tenth of these 200 users, gives these precisions: perhaps they "
        "are of other data"
    )
    assert published.published("x", printed(5012, (900, 1500, 3000))).with_data(many).candidates == []
    assert "no number of them" in published.published("x", printed(50, (40, 30, 50))).in_words()


def test_users_with_too_few_events_to_be_tested_make_the_range_wider() -> None:
    tested = published.published("x", printed(7, (3, 5, 9))).with_data(data(610)).looked_at
    assert (tested.start, tested.stop - 1) == (38, 87)
    sparse = published.published("x", printed(7, (3, 5, 9))).with_data(data(610, events=9)).looked_at
    assert (sparse.start, sparse.stop - 1) == (1, 87)


def test_the_published_metrics_of_a_real_run_give_its_test_users(test_data: Path) -> None:
    answers = published.read(test_data / "interactions/aws_poc_personalize_metrics.json")
    assert {answer.name: answer.users for answer in answers} == REAL
    _, low, high = answers[0].intervals["precision_at_5"]
    assert low < 0.0824 < high  # the other recipe's, which looked better
    rows = log.read(test_data / "interactions/aws_poc_movielens_interactions.csv.gz").rows
    assert {answer.name: answer.with_data(rows).users for answer in answers} == REAL
    assert "if they were about a tenth of these 610 users (38 to 87)" in answers[0].with_data(rows).in_words()


def test_an_answer_of_the_service_is_read_and_a_cut_one_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    answer = {"solutionVersionArn": "arn:aws:personalize:eu:1:solution/shop/abc", "metrics": printed(57, (9, 11, 14))}
    path.write_text(json.dumps(answer, indent=1))
    (published_metrics,) = published.read(path)
    assert (published_metrics.name, published_metrics.users) == ("shop", 57)
    path.write_text(json.dumps(answer, indent=1)[:90])
    with pytest.raises(BadFile, match=r"metrics.json:\d: not JSON"):
        published.read(path)
    path.write_text("{}")
    with pytest.raises(BadFile, match="GetSolutionMetrics"):
        published.read(path)


def test_a_longer_list_has_no_fewer_hits() -> None:
    # By rounding alone 20 users fit: 10 hits in 5 places, but then 9 in 10.
    assert 20 not in published.published("x", printed(20, (10, 9, 30))).candidates
    assert 20 in published.published("x", printed(20, (9, 10, 30))).candidates


NO_SHARES = ("NaN", "Infinity", "-Infinity", "1e999", "1.5", "-0.3", "true", '"0.3"', "null", "[]", "1" + "0" * 400)


@pytest.mark.parametrize("value", NO_SHARES)
def test_what_is_no_share_is_refused_in_one_line_with_the_file(value: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    for metric in ("precision_at_5", "coverage", "mean_reciprocal_rank_at_25"):
        path.write_text(f'{{"metrics": {{"{metric}": {value}}}}}')
        result = invoke("--personalize-metrics", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{path}: {metric} is " in result.stderr
        assert result.stderr.count("\n") == 1


def test_metrics_that_are_no_shares_may_be_larger_and_have_no_interval(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    others = {"average_rewards_at_k": 12.5, "coverage": 0.1, "precision_at_k": 0.5}
    path.write_text(json.dumps({"metrics": printed(56, (21, 32, 53)) | others}))
    (published_metrics,) = published.read(path)
    assert published_metrics.metrics["average_rewards_at_k"] == 12.5
    assert set(published_metrics.intervals) == {f"precision_at_{k}" for k in (5, 10, 25, "k")}
    path.write_text('{"metrics": {"average_rewards_at_k": Infinity}}')
    with pytest.raises(BadFile, match="average_rewards_at_k is inf, not a finite number"):
        published.read(path)


def test_an_interval_ends_at_one() -> None:
    assert published.intervals({"precision_at_5": 1.0}, 56)["precision_at_5"][2] == 1.0


def test_beside_a_comparison_its_users_decide(tmp_path: Path) -> None:
    metrics, report = tmp_path / "metrics.json", tmp_path / "report.html"
    ndcg = {"normalized_discounted_cumulative_gain_at_25": 0.9}  # more than so few hits allow, by the usual rule
    metrics.write_text(json.dumps({"metrics": printed(7, (3, 5, 9)) | ndcg}))
    alone = json.loads(invoke("--personalize-metrics", metrics, "--json").stdout)["published"][0]
    assert (alone["test_users"], alone["if_fewer_than"], alone["candidates"][:2]) == (None, 100, [7, 14])
    file = made_up.write(tmp_path / "interactions.csv", made_up.rows(users=50, items=30))
    options = ("--no-tuning", "--json", "--html", report)
    shown = invoke(file, *options, "--personalize-metrics", metrics)
    beside = json.loads(shown.stdout)["published"][0]
    assert (beside["test_users"], beside["if_fewer_than"], beside["candidates"]) == (7, None, [7])
    assert "7 test users by its rounding, if they were about a tenth of these 50 users" in report.read_text()
    assert "NDCG as Personalize computes it, by the ideal of the hits found" in report.read_text()
    assert "hits_only_ndcg" not in {diagnostic["name"] for diagnostic in json.loads(shown.stdout)["diagnostics"]}


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])
