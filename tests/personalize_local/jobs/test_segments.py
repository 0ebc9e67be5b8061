"""A segment has the users who want an item, or items with an attribute, where a count of events would have others."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.jobs import importing, segments, training
from recommender_models.record_columns import RecordColumns
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.jobs.schemas import KEYS, schema

SCHEMA = schema("Interactions", *KEYS, ("EVENT_TYPE", "string"))
ITEMS = schema("Items", ("ITEM_ID", "string"), ("GENRES", "string", "categorical"), ("PRICE", "float"))
COLUMNS = {"GENRES": ["string"], "PRICE": ["float"], "TEXT": ["string", "textual"]}
GENRES, EACH, FILMS = ("comedy", "horror", "western"), 12, 8


def interactions() -> str:
    """Each fan watches films of one genre; `everything` watches each film, twice as often as any fan watches one.

    Even fans have rated one.
    """
    rows = [
        f"{genre}-fan-{fan:02},{genre}-{(fan + step) % FILMS},{1_700_000_000 + step * 60},"
        f"{'rating' if step == 0 and fan % 2 == 0 else 'view'}"
        for genre in GENRES
        for fan in range(EACH)
        for step in range(4)
    ]
    films = [f"{genre}-{number}" for genre in GENRES for number in range(FILMS)]
    rows += [f"everything,{film},{1_700_000_000 + turn * 60},view" for film in films for turn in range(2)]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", *rows])


@pytest.fixture
def spec(bucket: Bucket, tmp_path: Path) -> dict[str, Any]:
    """Return the spec of a job for a version that was trained on these interactions."""
    bucket.put("interactions.csv", interactions())
    films = [
        f"{genre}-{number},{genre}{'|family' if number == 0 else ''},{number}"
        for genre in GENRES
        for number in range(FILMS)
    ]
    bucket.put("items.csv", "\n".join(["ITEM_ID,GENRES,PRICE", *films]))
    for kind, text, key in (("INTERACTIONS", SCHEMA, "interactions.csv"), ("ITEMS", ITEMS, "items.csv")):
        (tmp_path / kind).mkdir()
        job = {"dataset_type": kind, "schema": text, "data_location": bucket.at(key), "s3_endpoint": bucket.endpoint}
        importing.run(job, tmp_path / kind)
    imported = {"users": None, "items": str(tmp_path / "ITEMS" / "records.json")}
    options = {"solution": {}, "minimums": False, "seed": 1, "recipe": "aws-item-affinity"}
    folders = [str(tmp_path / "INTERACTIONS" / "interactions")]
    training.run(options | imported | {"interactions": folders}, tmp_path / "version")
    (tmp_path / "job").mkdir()
    return {
        "version": str(tmp_path / "version"),
        "recipe": "aws-item-affinity",
        "solution": {},
        "data_location": bucket.at("in/asked.json"),
        "output_location": bucket.at("out"),
        "s3_endpoint": bucket.endpoint,
        "num_results": EACH,
        "columns": COLUMNS,
        **imported,
    }


def answers(bucket: Bucket, spec: dict[str, Any], folder: Path, *asked: Any) -> list[dict[str, Any]]:
    """Run the job for some lines; return what it answered."""
    bucket.put("in/asked.json", "\n".join(one if isinstance(one, str) else json.dumps(one) for one in asked))
    counts = segments.run(spec, folder / "job")
    found = [json.loads(line) for line in bucket.get("out/asked.json.out").splitlines()]
    assert counts == {"lines": len(asked), "failed": sum("error" in one for one in found)}
    return found


def filtered(spec: dict[str, Any], tmp_path: Path, text: str) -> dict[str, Any]:
    """Return a spec with a filter; fans below number six are 20 years old, the others 50."""
    fans = [f"{genre}-fan-{fan:02}" for genre in GENRES for fan in range(EACH)]
    RecordColumns(fans, {"AGE": [20 if int(fan[-2:]) < 6 else 50 for fan in fans]}).save(tmp_path / "users.json")
    columns = {"USERS": {"AGE": ["int"]}, "INTERACTIONS": {"EVENT_TYPE": ["string"]}}
    return spec | {"users": str(tmp_path / "users.json"), "users_filter": {"filter": text, "columns": columns}}


def fans(users: list[str]) -> set[str]:
    return {user.split("-")[0] for user in users}


def test_the_users_with_affinity_to_an_item_are_the_fans_of_its_kind(
    bucket: Bucket, spec: dict[str, Any], tmp_path: Path
) -> None:
    asked = [{"itemId": "horror-1"}, {"itemId": "western-5"}]
    horror, western = answers(bucket, spec, tmp_path, *asked)
    assert [one["input"] for one in (horror, western)] == asked
    for found, genre in ((horror, "horror"), (western, "western")):
        users = found["output"]["recommendedUsers"]
        assert len(users) == EACH
        assert len(set(users)) == EACH
        assert fans(users[:8]) == {genre}


def test_the_users_with_affinity_to_an_attribute_are_its_fans(
    bucket: Bucket, spec: dict[str, Any], tmp_path: Path
) -> None:
    by_attribute = spec | {"recipe": "aws-item-attribute-affinity"}
    expressions = ['ITEMS.genres = "comedy"', 'Items.GENRES = "horror" AND items.price >= 3']
    found = answers(bucket, by_attribute, tmp_path, *({"itemAttributes": text} for text in expressions))
    assert [one["itemAttributes"] for one in found] == expressions
    for one, genre in zip(found, ("comedy", "horror"), strict=True):
        assert fans(one["output"]["recommendedUsers"]) == {genre}
        assert one.keys() == {"itemAttributes", "output"}


def test_both_attributes_must_hold(bucket: Bucket, spec: dict[str, Any], tmp_path: Path) -> None:
    by_attribute = spec | {"recipe": "aws-item-attribute-affinity"}
    text = 'ITEMS.genres = "western" AND ITEMS.genres = "family"'
    (family,) = answers(bucket, by_attribute, tmp_path, {"itemAttributes": text})
    assert fans(family["output"]["recommendedUsers"][:8]) == {"western"}
    (neither,) = answers(bucket, by_attribute, tmp_path, {"itemAttributes": text.replace("western", "opera")})
    assert neither["error"] == "line 1: no item has these attributes"


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("INCLUDE UserID WHERE Users.AGE >= 30", range(6, EACH)),
        ("EXCLUDE UserID WHERE Users.AGE >= 30", range(6)),
        ('INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("Rating")', range(0, EACH, 2)),
        ('EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("Rating")', range(1, EACH, 2)),
    ],
)
def test_a_filter_leaves_the_best_of_the_users_whom_it_lets_through(
    bucket: Bucket, spec: dict[str, Any], tmp_path: Path, text: str, chosen: range
) -> None:
    (answer,) = answers(bucket, filtered(spec, tmp_path, text), tmp_path, {"itemId": "horror-1"})
    users = answer["output"]["recommendedUsers"]
    assert len(users) == EACH, "others take the places of those who are left out"
    assert fans(users[:3]) == {"horror"}
    assert {int(user[-2:]) for user in users if user != "everything"} <= set(chosen)


def test_the_values_of_a_filter_are_those_of_each_line(bucket: Bucket, spec: dict[str, Any], tmp_path: Path) -> None:
    by_attribute = spec | {"recipe": "aws-item-attribute-affinity", "num_results": 4}
    chosen = filtered(by_attribute, tmp_path, "INCLUDE UserID WHERE Users.AGE = $AGE")
    comedy = {"itemAttributes": 'ITEMS.genres = "comedy"'}
    asked = [comedy | {"filterValues": {"AGE": age}} for age in ("20", "50", '"old"')]
    young, old, wrong, without = answers(bucket, chosen, tmp_path, *asked, comedy)
    for found, numbers in ((young, range(6)), (old, range(6, EACH))):
        users = found["output"]["recommendedUsers"]
        assert fans(users) == {"comedy"}
        assert {int(user[-2:]) for user in users} <= set(numbers)
    assert [found["filterValues"]["AGE"] for found in (young, old)] == ["20", "50"]
    assert "expected a number" in wrong["error"]
    assert "INCLUDE needs values for AGE" in without["error"]


@pytest.mark.parametrize(
    ("recipe", "line", "reason"),
    [
        ("aws-item-affinity", "nonsense", "not JSON"),
        ("aws-item-affinity", {"userId": "u"}, "itemId is missing"),
        ("aws-item-affinity", {"itemId": "unheard-of"}, "neither the interactions nor the items"),
        ("aws-item-affinity", {"itemId": "horror-1", "filterValues": {"A": "1"}}, "the job has no filter"),
        ("aws-item-attribute-affinity", {"itemId": "horror-1"}, "itemAttributes is missing"),
        ("aws-item-attribute-affinity", {"itemAttributes": 'ITEMS.colour = "red"'}, "no such field"),
        ("aws-item-attribute-affinity", {"itemAttributes": 'ITEMS.text = "red"'}, "textual"),
        ("aws-item-attribute-affinity", {"itemAttributes": 'ITEMS.genres IN ("comedy")'}, "must be compared"),
        ("aws-item-attribute-affinity", {"itemAttributes": "ITEMS.price = $P"}, "must be compared"),
        (
            "aws-item-attribute-affinity",
            {"itemAttributes": 'ITEMS.genres = "comedy" OR ITEMS.genres = "horror"'},
            "AND only",
        ),
        ("aws-item-attribute-affinity", {"itemAttributes": "comedy"}, "itemAttributes: "),
    ],
)
def test_a_bad_line_says_why_and_fails_no_other(
    bucket: Bucket, spec: dict[str, Any], tmp_path: Path, recipe: str, line: Any, reason: str
) -> None:
    good = {"itemId": "horror-1"} if recipe == "aws-item-affinity" else {"itemAttributes": 'ITEMS.genres = "comedy"'}
    failed, answered = answers(bucket, spec | {"recipe": recipe}, tmp_path, line, good)
    assert reason in failed["error"]
    assert failed["output"] is None
    assert len(answered["output"]["recommendedUsers"]) == EACH
