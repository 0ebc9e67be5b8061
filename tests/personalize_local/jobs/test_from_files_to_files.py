"""From CSV files to batch recommendations: each job takes what the one before has left in its folder."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from personalize_local.jobs import importing, inference, training
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.jobs.schemas import KEYS, schema

SCHEMA = schema("Interactions", *KEYS, ("EVENT_TYPE", "string"))
ITEMS = schema("Items", ("ITEM_ID", "string"), ("SHELF", "string", "categorical"))
SHELVES, SHOPPERS, EACH = 4, 60, 20


def shelf(item: str) -> int:
    return int(item.partition("-")[0])


def interactions() -> str:
    """Shopper n buys and sees things of one shelf, n mod 4."""
    rows = [
        f"u{user},{user % SHELVES}-{(user // SHELVES * 7 + number * 3) % 25},{1_700_000_000 + number * 60},"
        f"{'Buy' if number < 2 else 'View'}"
        for user in range(SHOPPERS)
        for number in range(EACH)
    ]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", *rows])


@pytest.fixture
def imported(bucket: Bucket, tmp_path: Path) -> dict[str, Any]:
    """Return the spec of a training on what was imported."""
    bucket.put("interactions/all.csv", interactions())
    items = [f"{one}-{number},shelf-{one}" for one in range(SHELVES) for number in range(25)]
    bucket.put("items.csv", "\n".join(["ITEM_ID,SHELF", *items]))
    for kind, text, key in (("INTERACTIONS", SCHEMA, "interactions/"), ("ITEMS", ITEMS, "items.csv")):
        (tmp_path / kind).mkdir()
        spec = {"dataset_type": kind, "schema": text, "data_location": bucket.at(key), "s3_endpoint": bucket.endpoint}
        importing.run(spec, tmp_path / kind)
    return {
        "solution": {},
        "interactions": [str(tmp_path / "INTERACTIONS" / "interactions")],
        "users": None,
        "items": str(tmp_path / "ITEMS" / "records.json"),
        "minimums": True,
        "seed": 1,
    }


def answered(
    bucket: Bucket, imported: dict[str, Any], folder: Path, recipe: str, asked: list[dict[str, Any]], **more: Any
) -> list[dict[str, Any]]:
    for name in ("training", "inference"):
        (folder / name).mkdir()
    training.run(imported | {"recipe": recipe}, folder / "training")
    bucket.put("in/asked.jsonl", "\n".join(map(json.dumps, asked)))
    spec = {
        "version": str(folder / "training"),
        "data_location": bucket.at("in/asked.jsonl"),
        "output_location": bucket.at("out/"),
        "s3_endpoint": bucket.endpoint,
        "num_results": 10,
        "filter": None,
        "users": None,
        "items": imported["items"],
    }
    assert inference.run(spec | more, folder / "inference") == {"lines": len(asked), "failed": 0}
    found = [json.loads(line) for line in bucket.get("out/asked.jsonl.out").splitlines()]
    assert [one["input"] for one in found] == asked
    return [one["output"] for one in found]


def test_shoppers_get_what_is_on_their_shelf(bucket: Bucket, imported: dict[str, Any], tmp_path: Path) -> None:
    asked = [{"userId": f"u{number}"} for number in range(SHOPPERS)]
    found = answered(bucket, imported, tmp_path, "aws-user-personalization-v2", asked)
    for number, output in enumerate(found):
        assert len(output["recommendedItems"]) == 10
        assert output["scores"] == sorted(output["scores"], reverse=True)
        assert Counter(map(shelf, output["recommendedItems"])).most_common(1)[0][0] == number % SHELVES


def test_a_filter_leaves_out_what_was_bought_and_other_shelves(
    bucket: Bucket, imported: dict[str, Any], tmp_path: Path
) -> None:
    text = (
        'INCLUDE ItemID WHERE Items.SHELF IN ($SHELF) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Buy", "View")'
    )
    asked = [{"userId": "u0", "filterValues": {"SHELF": f'"shelf-{number}"'}} for number in (0, 1)]
    own, other = answered(bucket, imported, tmp_path, "aws-user-personalization-v2", asked, filter=text)
    seen = {row.split(",")[1] for row in interactions().splitlines() if row.startswith("u0,")}
    assert len(own["recommendedItems"]) == 25 - len(seen)
    assert not seen & set(own["recommendedItems"])
    assert set(map(shelf, own["recommendedItems"])) == {0}
    assert len(other["recommendedItems"]) == 10
    assert set(map(shelf, other["recommendedItems"])) == {1}


def test_items_get_others_of_their_shelf(bucket: Bucket, imported: dict[str, Any], tmp_path: Path) -> None:
    (found,) = answered(bucket, imported, tmp_path, "aws-similar-items", [{"itemId": "2-0"}])
    assert len(found["recommendedItems"]) == 10
    assert set(map(shelf, found["recommendedItems"])) == {2}
    assert "2-0" not in found["recommendedItems"]


def test_a_list_is_ranked_with_unknown_items_last(bucket: Bucket, imported: dict[str, Any], tmp_path: Path) -> None:
    asked = {"userId": "u1", "itemList": ["new", "0-1", "1-1"]}
    (found,) = answered(bucket, imported, tmp_path, "aws-personalized-ranking-v2", [asked])
    assert found["recommendedItems"] == ["1-1", "0-1", "new"]


def test_everybody_gets_what_is_popular(bucket: Bucket, imported: dict[str, Any], tmp_path: Path) -> None:
    one, other = answered(bucket, imported, tmp_path, "aws-popularity-count", [{"userId": "u1"}, {"userId": "nobody"}])
    assert one == other
    assert len(one["recommendedItems"]) == 10
