"""A batch answers every line of its input in the shape of the recipe; a bad line says so and fails nothing else."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personalize_local.errors import JobFailed
from personalize_local.filters.evaluation import Selection
from personalize_local.jobs import inference
from recommender_models.interactions import InteractionColumns
from recommender_models.models import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from tests.personalize_local.jobs.conftest import Bucket
from tests.recommender_models.planted_shop import PlantedShop
from tests.recommender_models.rows import columns

Scored = list[tuple[str, float]]
ITEMS = ("x", "y", "z")
COUNT = 600


class HandMade:
    """A model that recommends what weighs most in the history, then the rest, and keeps what it heard of the user."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.heard: list[tuple[int, Mapping[str, object] | None]] = []

    def recommend(
        self,
        history: Sequence[tuple[str, float, float]],
        limit: int,
        *,
        user: Mapping[str, object] | None = None,
        selection: Selection | None = None,
    ) -> Scored:
        self.heard.append((len(history), user))
        scores = dict.fromkeys(ITEMS, 0.125)
        for item, _, weight in history:
            scores[item] += weight
        ranked = sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))
        return [one for one in ranked if selection is None or selection.allows(one[0])][:limit]

    def similar(self, item_id: str, limit: int, selection: Selection | None = None) -> Scored:
        others = [(item, 1.0) for item in ITEMS if item != item_id]
        return [one for one in others if selection is None or selection.allows(one[0])][:limit]

    def rank(
        self,
        history: Sequence[tuple[str, float, float]],
        item_ids: Sequence[str],
        user: Mapping[str, object] | None = None,
    ) -> Scored:
        scores = dict(self.recommend(history, 3, user=user))
        return sorted(((item, scores[item]) for item in item_ids), key=lambda scored: -scored[1])


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """Return a training's folder: a saw z, then bought y; b saw x very often, z once before, and y once after."""
    users = [0, 0, 1, *[1] * COUNT, 1]
    items = [2, 1, 2, *[0] * COUNT, 1]
    columns = InteractionColumns(
        ["a", "b"],
        list(ITEMS),
        ["View", "Buy"],
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        types=np.array([0, 1, *[0] * (COUNT + 2)], dtype=np.int16),
        times=np.arange(len(users), dtype=np.int64),
        values=np.full(len(users), np.nan, dtype=np.float32),
    )
    columns.save(tmp_path / "version" / "interactions")
    return tmp_path / "version"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "job"
    made.mkdir()
    return made


@pytest.fixture
def spec(bucket: Bucket, version: Path) -> dict[str, Any]:
    return {
        "version": str(version),
        "data_location": bucket.at("in/"),
        "output_location": bucket.at("out/"),
        "s3_endpoint": bucket.endpoint,
        "num_results": 2,
        "filter": None,
        "users": None,
        "items": None,
    }


def answers(
    bucket: Bucket, spec: Mapping[str, Any], folder: Path, model: HandMade, *asked: bytes | str | dict[str, Any]
) -> list[dict[str, Any]]:
    """Run the job for some lines; return what it answered."""
    lines = [json.dumps(one) if isinstance(one, dict) else one for one in asked]
    bucket.put("in/asked.json", b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines))
    inference.run_with(model, spec, folder)
    assert list(folder.iterdir()) == []
    return [json.loads(line) for line in bucket.get("out/asked.json.out").splitlines()]


def records(folder: Path, name: str, ids: list[str], **columns: list[Any]) -> str:
    path = folder.parent / name
    path.write_text(json.dumps({"ids": ids, "columns": columns}))
    return str(path)


def test_users_get_items_and_scores(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    model = HandMade("user-personalization")
    assert answers(bucket, spec, folder, model, {"userId": "a"}, {"userId": "new"}) == [
        {"input": {"userId": "a"}, "output": {"recommendedItems": ["y", "z"], "scores": [1.125, 1.125]}, "error": None},
        {
            "input": {"userId": "new"},
            "output": {"recommendedItems": ["x", "y"], "scores": [0.125, 0.125]},
            "error": None,
        },
    ]


def test_related_and_popular_items_come_without_scores(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    (similar,) = answers(bucket, spec, folder, HandMade("similar-items"), {"itemId": "x"})
    assert similar == {"input": {"itemId": "x"}, "output": {"recommendedItems": ["y", "z"]}, "error": None}
    (popular,) = answers(bucket, spec, folder, HandMade("popularity"), {"userId": "a"})
    assert popular["output"] == {"recommendedItems": ["y", "z"]}


def test_a_ranking_orders_the_items_of_the_line(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    asked = {"userId": "a", "itemList": ["x", "z", "x"]}
    (ranked,) = answers(bucket, spec, folder, HandMade("personalized-ranking"), asked)
    assert ranked["output"] == {"recommendedItems": ["z", "x"], "scores": [1.125, 0.125]}
    chosen = spec | {"filter": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")'}
    (ranked,) = answers(bucket, chosen, folder, HandMade("personalized-ranking"), asked)
    assert ranked["output"]["recommendedItems"] == ["x"]


def test_only_the_newest_500_interactions_of_a_user_count(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    model = HandMade("user-personalization")
    (found,) = answers(bucket, spec | {"num_results": 3}, folder, model, {"userId": "b"})
    assert found["output"] == {"recommendedItems": ["x", "y", "z"], "scores": [499.125, 1.125, 0.125]}


def test_events_weigh_as_the_solution_says(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    events = [{"eventType": "View", "weight": 0.25}, {"eventType": "Buy", "weight": 1.0}]
    solution = {"solutionConfig": {"eventsConfig": {"eventParametersList": events}}}
    model = HandMade("user-personalization")
    (found,) = answers(bucket, spec | {"solution": solution}, folder, model, {"userId": "a"})
    assert found["output"]["scores"] == [1.125, 0.375]


def test_filters_see_users_items_and_histories(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    chosen = spec | {
        "filter": "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) "
        '| EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Buy")',
        "items": records(folder, "items.json", ["x", "y", "z"], GENRE=["new", "new|old", "old"]),
        "users": records(folder, "users.json", ["a"], AGE=[31]),
    }
    model = HandMade("user-personalization")
    asked = [{"userId": "a", "filterValues": {"GENRE": f'"{genre}"'}} for genre in ("new", "old", "none")]
    found = answers(bucket, chosen, folder, model, *asked, {"userId": "a"})
    assert [one["output"] and one["output"]["recommendedItems"] for one in found] == [["x"], ["z"], [], None]
    assert found[3]["error"].startswith("line 4: filterValues: INCLUDE needs values for GENRE")
    assert model.heard[0] == (2, {"AGE": 31})


def test_given_the_columns_a_value_of_another_type_is_an_error_on_its_line(
    bucket: Bucket, spec: dict[str, Any], folder: Path
) -> None:
    chosen = spec | {
        "filter": "INCLUDE ItemID WHERE Items.PRICE = $P",
        "items": records(folder, "items.json", ["x", "y"], PRICE=[3.5, 4.5]),
        "columns": {"ITEMS": {"ITEM_ID": ["string"], "PRICE": ["double", "null"]}},
    }
    asked = [{"userId": "a", "filterValues": {"P": price}} for price in ("3.5", '"3.5"')]
    good, bad = answers(bucket, chosen, folder, HandMade("user-personalization"), *asked)
    assert good["output"]["recommendedItems"] == ["x"]
    assert "Items.PRICE: expected a number, without quotes" in bad["error"]


def test_a_filter_knows_the_item_that_is_asked_about(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    items = records(folder, "items.json", ["x", "y", "z"], GENRE=["new", "new", "old"])
    chosen = spec | {"filter": "EXCLUDE ItemID WHERE Items.GENRE = CurrentItem.GENRE", "items": items}
    (found,) = answers(bucket, chosen, folder, HandMade("similar-items"), {"itemId": "x"})
    assert found["output"] == {"recommendedItems": ["z"]}


@pytest.mark.parametrize(
    ("line", "said", "error"),
    [
        (b"{", None, "not JSON"),
        (b'{"userId": "\xff"}', None, "not JSON"),
        (b'{"userId": NaN}', None, "not JSON"),
        (b'{"userId": "a", "x": 1e999}', None, "not JSON"),
        (b"[" * 100_000, None, "not JSON"),
        (b'["a"]', None, "not a JSON object"),
        (b'{"itemId": "x"}', {"itemId": "x"}, "userId is missing; the recipe needs it"),
        (b'{"userId": 7}', {"userId": 7}, "userId must be a string of 1 to 256 characters"),
        (b'{"userId": ""}', {"userId": ""}, "userId must be a string of 1 to 256 characters"),
        (b'{"userId": "a", "filterValues": []}', ..., "filterValues must be an object"),
        (b'{"userId": "a", "filterValues": {"G": "1"}}', ..., "filterValues are given, but the job has no filter"),
        (b'{"userId": "' + b"a" * 3_000_000 + b'"}', None, "the line is too long"),
    ],
)
def test_a_bad_line_is_answered_with_what_is_wrong(
    bucket: Bucket, spec: dict[str, Any], folder: Path, line: bytes, said: Any, error: str
) -> None:
    model = HandMade("user-personalization")
    found = answers(bucket, spec, folder, model, b"\r", line, {"userId": "a"})
    expected = json.loads(line) if said is ... else said
    assert found[0] == {"input": expected, "output": None, "error": f"line 2: {error}"}
    assert found[1]["output"]["recommendedItems"] == ["y", "z"]
    assert len(found) == 2


def test_half_a_character_in_an_id_is_an_unknown_user(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    found = answers(bucket, spec, folder, HandMade("user-personalization"), '{"userId": "\\ud800"}')
    assert found[0]["error"] is None


@pytest.mark.parametrize("items", [None, [], "x", [1], ["x"] * 501])
def test_a_ranking_without_a_list_is_a_bad_line(
    bucket: Bucket, spec: dict[str, Any], folder: Path, items: object
) -> None:
    (found,) = answers(bucket, spec, folder, HandMade("personalized-ranking"), {"userId": "a", "itemList": items})
    assert "itemList must be" in found["error"] or "each of itemList must be" in found["error"]


def test_every_file_has_its_own_output(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    bucket.put("in/1.json", '\ufeff{"userId": "a"}\r\n\r\n{"userId": "b"}')
    bucket.put("in/2.json", '{"userId": "b"}\n{')
    found = inference.run_with(HandMade("popularity"), spec | {"output_location": bucket.at("out")}, folder)
    assert found == {"lines": 4, "failed": 1}
    assert bucket.keys() == ["in/1.json", "in/2.json", "out/1.json.out", "out/2.json.out"]
    assert [json.loads(line)["input"]["userId"] for line in bucket.get("out/1.json.out").splitlines()] == ["a", "b"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_results": 501}, "numResults must be 1 to 500"),
        ({"filter": "EXCLUDE everything"}, "."),
        ({"output_location": "https://example.com/out"}, "The location must be s3://"),
        ({"solution": {"eventType": "Buy", "solutionConfig": {"eventValueThreshold": "much"}}}, "must be a number"),
    ],
)
def test_what_no_line_can_mend_fails_the_job(
    bucket: Bucket, spec: dict[str, Any], folder: Path, changes: dict[str, Any], reason: str
) -> None:
    bucket.put("in/1.json", '{"userId": "a"}')
    with pytest.raises(JobFailed, match=reason):
        inference.run_with(HandMade("user-personalization"), spec | changes, folder)
    assert bucket.keys() == ["in/1.json"]


def test_a_job_without_a_line_fails(bucket: Bucket, spec: dict[str, Any], folder: Path) -> None:
    bucket.put("in/1.json", "\n\n")
    with pytest.raises(JobFailed, match="There is no line in"):
        inference.run_with(HandMade("user-personalization"), spec, folder)


@pytest.mark.parametrize(
    ("recipe", "weight", "places"),
    [("aws-user-personalization", "0.5", [2]), ("aws-user-personalization", "0", []),
     ("aws-user-personalization-v2", "0.5", [5])],
)  # fmt: skip
def test_a_job_of_the_recipe_that_can_be_told_explores_as_much_as_it_says(
    bucket: Bucket, spec: dict[str, Any], folder: Path, recipe: str, weight: str, places: list[int]
) -> None:
    shop = PlantedShop()
    training = folder.parent / "planted"
    UserPersonalization.fit(shop.rows, RecordColumns(), shop.items(), Settings()).save(training / "model")
    columns((user, item, "view", int(time), None) for user, item, time in shop.seen).save(training / "interactions")
    bucket.put("in/asked.json", json.dumps({"userId": "u000"}))
    config = {"itemExplorationConfig": {"explorationWeight": weight}}
    solution = {"recipeArn": f"arn:aws:personalize:::recipe/{recipe}"}
    of_job = {"version": str(training), "num_results": 8, "solution": solution, "config": config}
    inference.run(spec | of_job, folder)
    (line,) = bucket.get("out/asked.json.out").splitlines()
    listed = json.loads(line)["output"]["recommendedItems"]
    assert [place for place, item in enumerate(listed, 1) if item == "new 0"] == places
