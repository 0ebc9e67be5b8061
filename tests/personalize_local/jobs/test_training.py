"""The training job, from folders of interactions to a model and its metrics."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personalize_local.errors import JobFailed
from personalize_local.jobs.training import run
from recommender_models.interactions import InteractionColumns
from recommender_models.models import RECIPES, PersonalizedRanking, SimilarItems, UserPersonalization, load
from recommender_models.settings import Settings
from tests.personalize_local.made_up_shop import MadeUpShop
from tests.recommender_models.rows import Row, columns

KEYS = {
    "coverage",
    "mean_reciprocal_rank_at_25",
    *(f"normalized_discounted_cumulative_gain_at_{k}" for k in (5, 10, 25)),
    *(f"precision_at_{k}" for k in (5, 10, 25)),
}
ROWS: list[Row] = [
    (user, item, kind, int(time), None)
    for user, item, time, kind in (lambda shop: [*shop.before, *shop.after])(MadeUpShop(7))
]


def spec(folder: Path, *parts: list[Row], **changed: Any) -> dict[str, Any]:
    """Save parts as folders of columns; return a job's spec that names them."""
    for number, rows in enumerate(parts):
        columns(rows).save(folder / f"part{number}")
    return {
        "recipe": "aws-user-personalization-v2",
        "solution": {},
        "interactions": [str(folder / f"part{number}") for number in range(len(parts))],
        "users": None,
        "items": None,
        "minimums": True,
        "seed": 3,
        **changed,
    }


def test_imports_and_streams_that_overlap_train_the_model_that_one_import_trains(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    one = run(spec(tmp_path / "a", ROWS), whole)
    several = run(spec(tmp_path / "b", ROWS[2000:], ROWS[:2500][::-1], ROWS[100:200]), parts)
    assert one == several
    assert one["interactions"] == len(InteractionColumns.load(parts / "interactions")) == len({*ROWS})
    history = [("i007", 1.0, 1.0)]
    models = [load(folder / "model") for folder in (whole, parts)]
    assert all(isinstance(model, UserPersonalization) for model in models)
    assert models[0].recommend(history, 300) == models[1].recommend(history, 300)  # type: ignore[union-attr]


def test_what_was_trained_on_is_kept_beside_the_model(tmp_path: Path) -> None:
    solution = {"eventType": "buy"}
    result = run(spec(tmp_path, ROWS, solution=solution, minimums=False), tmp_path)
    kept = InteractionColumns.load(tmp_path / "interactions")
    bought = {row for row in ROWS if row[2] == "buy"}
    assert kept.event_types == ["buy"]
    rows = zip(kept.users, kept.items, kept.times.tolist(), strict=True)
    assert {(kept.user_ids[user], kept.item_ids[item], "buy", time, None) for user, item, time in rows} == bought
    counted = (len(bought), len({row[0] for row in bought}), len({row[1] for row in bought}))
    assert (result["interactions"], result["users"], result["items"]) == counted


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_and_has_the_eight_metrics_of_the_service(recipe: str, tmp_path: Path) -> None:
    result = run(spec(tmp_path, ROWS, recipe=recipe), tmp_path)
    assert result["metrics"].keys() == KEYS
    assert all(0 <= value <= 1 and round(value, 4) == value for value in result["metrics"].values())
    assert result["metrics"]["coverage"] > 0
    assert result["metrics"]["mean_reciprocal_rank_at_25"] > 0
    assert load(tmp_path / "model").kind == RECIPES[recipe].kind
    assert "hyperparameters" not in result
    assert json.loads(json.dumps(result)) == result


def test_the_metrics_are_those_of_a_model_that_has_not_seen_its_test_users(tmp_path: Path) -> None:
    """The published procedure step by step, on plain lists, from nothing but the job's own drawing of users."""
    rows = sorted({*ROWS}, key=lambda row: (row[0], row[3], row[1], row[2]))
    metrics = run(spec(tmp_path, ROWS, seed=8), tmp_path / "all")["metrics"]
    users = sorted({row[0] for row in rows})
    drawn = {users[place] for place in np.random.default_rng(8).permutation(len(users))[: len(users) // 10]}
    run(spec(tmp_path / "less", [row for row in rows if row[0] not in drawn], minimums=False), tmp_path / "less")
    model = load(tmp_path / "less" / "model")
    assert isinstance(model, UserPersonalization)
    precisions, gains = [], []
    for user in sorted(drawn):
        own = [row for row in rows if row[0] == user]
        if len(own) < 2:
            continue
        held = max(1, len(own) // 10)
        truth = {row[1] for row in own[-held:]}
        listed = model.recommend([(row[1], row[3], 1.0) for row in own[:-held]], 25)
        hits = [item in truth for item, _ in listed]
        precisions.append(sum(hits[:5]) / 5)
        ideal = sum(1 / np.log2(place + 2) for place in range(sum(hits)))
        gains.append(sum(hit / np.log2(place + 2) for place, hit in enumerate(hits)) / ideal if ideal else 0)
    assert metrics["precision_at_5"] == pytest.approx(np.mean(precisions), abs=2e-4)
    assert metrics["normalized_discounted_cumulative_gain_at_25"] == pytest.approx(np.mean(gains), abs=2e-4)


def test_the_search_chooses_settings_that_go_into_the_model_and_are_told_as_text(tmp_path: Path) -> None:
    # Nobody takes an item twice, and each month has items of its own: the defaults expect otherwise.
    random = np.random.default_rng(6)
    rows: list[Row] = [
        (f"u{user}", f"month {month} item {item}", "buy", month * 2_592_000 + int(random.integers(2_592_000)), None)
        for user in range(150)
        for month in range(user % 5, user % 5 + 4)
        for item in random.permutation(12)[:3].tolist()
    ]
    plain = run(spec(tmp_path / "a", rows), tmp_path / "plain")
    result = run(spec(tmp_path / "b", rows, solution={"performHPO": True}), tmp_path / "tuned")
    model = load(tmp_path / "tuned" / "model")
    assert isinstance(model, UserPersonalization)
    assert result["hyperparameters"] == model.settings.as_text() != Settings().as_text()
    assert all(isinstance(value, str) for value in result["hyperparameters"].values())
    gain = "normalized_discounted_cumulative_gain_at_25"
    assert result["metrics"][gain] > plain["metrics"][gain]


def test_only_recipes_with_settings_are_searched(tmp_path: Path) -> None:
    for recipe, searched in (("aws-sims", False), ("aws-personalized-ranking", True)):
        folder = tmp_path / recipe
        result = run(spec(folder, ROWS[:1200], recipe=recipe, solution={"performHPO": True}), folder)
        assert ("hyperparameters" in result) == searched


def test_users_and_items_datasets_reach_the_model(tmp_path: Path) -> None:
    users = {"ids": ["u1", "u2", "nobody"], "columns": {"PLAN": ["a", "b", None]}}
    items = {"ids": ["i001", "cold"], "columns": {"KIND": ["x", "x"]}}
    paths = {}
    for name, records in (("users", users), ("items", items)):
        (tmp_path / f"{name}.json").write_text(json.dumps(records))
        paths[name] = str(tmp_path / f"{name}.json")
    run(spec(tmp_path / "a", ROWS, recipe="aws-similar-items", **paths), tmp_path / "similar")
    similar = load(tmp_path / "similar" / "model")
    assert isinstance(similar, SimilarItems)
    assert similar.similar("cold", 1)[0][0] == "i001"
    run(spec(tmp_path / "b", ROWS, recipe="aws-personalized-ranking", **paths), tmp_path / "ranking")
    ranking = load(tmp_path / "ranking" / "model")
    assert isinstance(ranking, PersonalizedRanking)
    assert ranking.rank([], ["cold"]) == [("cold", 1.0)]


@pytest.mark.parametrize("chosen", [{"excludedDatasetColumns": ["KIND"]}, {"includedDatasetColumns": ["SIZE"]}])
def test_a_column_that_is_not_to_be_trained_on_does_not_reach_the_model(
    chosen: dict[str, list[str]], tmp_path: Path
) -> None:
    items = {"ids": ["i001", "i002", "cold"], "columns": {"KIND": ["x", "y", "x"], "SIZE": ["l", "s", "s"]}}
    (tmp_path / "items.json").write_text(json.dumps(items))
    config = {name: {"ITEMS": columns} for name, columns in chosen.items()}
    options = {"recipe": "aws-similar-items", "items": str(tmp_path / "items.json")}
    solution = {"solutionConfig": {"trainingDataConfig": config}}
    run(spec(tmp_path / "a", ROWS, **options, solution=solution), tmp_path / "similar")
    similar = load(tmp_path / "similar" / "model")
    assert isinstance(similar, SimilarItems)
    assert similar.similar("cold", 1)[0][0] == "i002"


@pytest.mark.parametrize(
    ("rows", "minimums", "solution", "reason"),
    [
        (ROWS[:900], True, {}, r"^Training needs at least 1000 interactions; there are \d{3}\.$"),
        (ROWS, True, {"eventType": "rate"}, r"^Training needs at least 1000 interactions; there are 0\.$"),
        (ROWS, False, {"eventType": "rate"}, r"^There are no interactions to train on"),
        (None, False, {}, r"^There are no interactions to train on"),
    ],
)
def test_too_little_to_train_on_fails_with_the_numbers(
    rows: list[Row] | None, minimums: bool, solution: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    parts = [rows] if rows else []
    with pytest.raises(JobFailed, match=reason):
        run(spec(tmp_path, *parts, minimums=minimums, solution=solution), tmp_path)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("rows", [[("u", "i", None, 1, None)], [("u", "i", "a", 1, 0.5), ("v", "j", "a", 2, None)]])
def test_a_handful_of_interactions_trains_where_no_minimum_is_asked_for(
    recipe: str, rows: list[Row], tmp_path: Path
) -> None:
    solution = {"performHPO": True}
    result = run(spec(tmp_path, rows, minimums=False, recipe=recipe, solution=solution), tmp_path)
    assert result["interactions"] == len(rows)
    assert result["metrics"]["precision_at_5"] == 0
    load(tmp_path / "model")


def test_the_benchmark_runs_small() -> None:
    command = [sys.executable, "-m", "bench.training", "--scale", "0.02"]
    said = subprocess.run(command, cwd=Path(__file__).parents[3], check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert " MiB at its peak" in said
    assert '"interactions": 20000' in said
