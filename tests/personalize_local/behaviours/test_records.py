"""PutUsers and PutItems: what is checked, what replaces what, and that recommendations see it at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.journal import Journal
from tests.personalize_local.behaviours.shop import Shop, made_shop
from tests.personalize_local.world import HeldJobs, Refused, World


@pytest.fixture
def shop(world: World) -> Shop:
    """A shop with all three datasets."""
    return made_shop(world)


WRONG: dict[str, tuple[str, str]] = {
    "not JSON": ("{", "properties must be a JSON object"),
    "not an object": ("[1]", "properties must be a JSON object"),
    "an unknown property": ('{"age": 1, "shoeSize": 3}', "shoeSize"),
    "a column's own name": ('{"AGE": 1}', "AGE"),
    "text for a number": ('{"age": "7"}', "properties.age must be of type int"),
    "a boolean for a number": ('{"age": true}', "properties.age must be of type int"),
    "a fraction for an int": ('{"age": 7.5}', "properties.age must be of type int"),
    "null where the schema has none": ('{"age": null}', "properties.age must be of type int"),
    "nothing where the schema wants it": ('{"homeTown": "x"}', "properties.age must be of type int"),
    "a number for text": ('{"age": 1, "homeTown": 5}', "properties.homeTown must be of type null or string"),
    "more than an int holds": ('{"age": 2147483648}', "properties.age: AGE is too large for the type int"),
    "half a character": ('{"age": 1, "homeTown": "\\ud800"}', "properties.homeTown must be a string of Unicode"),
    "the id": ('{"age": 1, "userId": "u2"}', "userId"),
}


@pytest.mark.parametrize("what", WRONG)
def test_properties_must_fit_the_schema_in_camel_case(shop: Shop, what: str) -> None:
    properties, said = WRONG[what]
    users = [{"userId": "good", "properties": '{"age": 1}'}, {"userId": "u1", "properties": properties}]
    with pytest.raises(Refused) as refused:
        shop.world.call("PutUsers", datasetArn=shop.datasets["Users"], users=users)
    assert refused.value.code == "InvalidInputException"
    assert said in refused.value.message


def test_records_go_into_the_dataset_of_their_type_alone(shop: Shop) -> None:
    for operation, records, kind in (
        ("PutUsers", {"users": [{"userId": "u"}]}, "Items"),
        ("PutItems", {"items": [{"itemId": "i"}]}, "Interactions"),
    ):
        with pytest.raises(Refused, match=r"InvalidInput.*is not a dataset of type"):
            shop.world.call(operation, datasetArn=shop.datasets[kind], **records)


def of_genre(shop: Shop, campaign: str, kept: str, genre: str) -> list[str]:
    """Return what a filter on a genre leaves of user u1's recommendations."""
    ask: dict[str, Any] = {"campaignArn": campaign, "userId": "u1", "filterArn": kept}
    answer = shop.world.call("GetRecommendations", **ask, filterValues={"GENRE": json.dumps(genre)})
    return sorted(item["itemId"] for item in answer["itemList"])


def test_an_item_counts_at_once_and_a_later_record_replaces_it_whole(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained())
    kept = shop.filter("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)")
    priced = shop.filter("INCLUDE ItemID WHERE Items.PRICE > 5", "priced")
    shop.put_item("i1", price=9.0, genre="comedy")
    shop.put_item("i3", price=1.0, genre="comedy|drama")
    shop.put_item("never seen", price=1.0, genre="comedy")
    assert of_genre(shop, campaign, kept, "comedy") == ["i1", "i3"]
    assert of_genre(shop, campaign, kept, "drama") == ["i3"]
    ask = {"campaignArn": campaign, "userId": "u1", "filterArn": priced}
    assert [item["itemId"] for item in shop.world.call("GetRecommendations", **ask)["itemList"]] == ["i1"]
    shop.put_item("i1", genre="drama")
    assert of_genre(shop, campaign, kept, "comedy") == ["i3"]
    assert shop.world.call("GetRecommendations", **ask)["itemList"] == [], "the price is gone, not merged"


def test_a_users_record_decides_in_a_filter_with_if(shop: Shop) -> None:
    campaign = shop.world.campaign(shop.trained())
    grown_up = shop.filter('EXCLUDE ItemID WHERE Items.GENRE IN ("horror") IF CurrentUser.AGE < 18')
    shop.put_item("i1", genre="horror")
    asked: dict[str, Any] = {"campaignArn": campaign, "filterArn": grown_up, "userId": "u1"}

    def sees_horror() -> bool:
        return "i1" in [item["itemId"] for item in shop.world.call("GetRecommendations", **asked)["itemList"]]

    shop.put_user("u1", age=17)
    assert not sees_horror()
    shop.put_user("u1", age=18)
    assert sees_horror()


def test_records_outlive_a_restart(tmp_path: Path) -> None:
    before = made_shop(World(folder=tmp_path, journal=Journal(tmp_path)))
    campaign = before.world.campaign(before.trained())
    kept = before.filter("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)")
    before.put_item("i1", genre="comedy")
    before.put_item("i3", genre="comedy")
    before.put_item("i3", genre="drama")
    before.world.journal.close()
    again = World(now=before.world.now, folder=tmp_path, journal=Journal(tmp_path))
    after = Shop(again, before.tracking, before.group, before.datasets)
    assert of_genre(after, campaign, kept, "comedy") == ["i1"]


def test_a_training_sees_the_records_of_the_moment_that_it_was_asked_for(tmp_path: Path) -> None:
    jobs = HeldJobs()
    shop = made_shop(World(jobs=jobs))
    shop.put_user("u1", age=1)
    shop.world.fill(shop.tracking)
    shop.world.call("CreateSolutionVersion", solutionArn=shop.world.solution())
    shop.put_user("u1", age=2)
    shop.put_user("u2", age=2)
    spec = jobs.started[0][0].prepare(tmp_path)
    assert json.loads(Path(spec["users"]).read_text()) == {"ids": ["u1"], "columns": {"AGE": [1]}}
