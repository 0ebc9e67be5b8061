"""On a device, users are recommended what they take on it, where they take other items there than elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.data.archive import Archive
from personalize_local.data.events import context_from
from personalize_local.data.streamed import columns_from_rows
from personalize_local.toggles import Toggles
from recommender_models.context.values import text_from
from recommender_models.interactions import Interaction, InteractionColumns, combine
from recommender_models.selection import EventSelection
from recommender_models.training_set import select
from tests.personalize_local.behaviours.shop import RECIPES, ROLE, Shop
from tests.personalize_local.everything import open_world, put_file
from tests.personalize_local.world import World, schema

V2, RANKING = "aws-user-personalization-v2", "aws-personalized-ranking-v2"
DEVICE = {"name": "DEVICE_TYPE", "type": ["null", "string"], "categorical": True}
USERS, ITEMS = 40, 20
ON_TV, ON_PHONE = {"DEVICE_TYPE": "tv"}, {"DEVICE_TYPE": "phone"}


def filled(world: World, *, say: bool = True) -> Shop:
    """Return a shop where every user takes films of the first ten on the television and of the others on the phone.

    Users like odd or even ones. ``say``: whether events have the device in their properties.
    """
    tracking = world.ready_to_collect(schema(DEVICE))
    group = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
    shop = Shop(world, tracking, group, {"Interactions": group.replace("dataset-group", "dataset") + "/INTERACTIONS"})
    for user in range(USERS):
        for device, first in (("tv", 0), ("phone", 10)):
            properties = {"properties": json.dumps({"deviceType": device})} if say else {}
            films = [first + 2 * ((user + step) % 5) + user % 2 for step in range(4)]
            # In turns: the newest event tells nothing.
            for turn, film in enumerate(films * 4):
                sent = int(world.now) - 1000 + 2 * turn + (device == "tv")
                world.put(tracking, {"itemId": f"f{film:02}", "sentAt": sent, **properties}, user=f"u{user}")
    world.wait(2)
    return shop


def trained(shop: Shop, recipe: str = V2, **options: Any) -> str:
    """Train and deploy; return the campaign."""
    solution = shop.world.solution(recipe, datasetGroupArn=shop.group, recipeArn=RECIPES + recipe, **options)
    return shop.world.campaign(shop.world.trained(solution), name=recipe)


def scores(shop: Shop, campaign: str, user: str = "u0", **options: Any) -> list[tuple[str, float]]:
    asked = {"campaignArn": campaign, "userId": user, "numResults": ITEMS, **options}
    answer = shop.world.call("GetRecommendations", **asked)
    return [(each["itemId"], each["score"]) for each in answer["itemList"]]


def films(listed: list[tuple[str, float]], places: int = 5) -> set[int]:
    return {int(item[1:]) for item, _ in listed[:places]}


@pytest.fixture(scope="module")
def shop() -> Shop:
    return filled(World(toggles=Toggles(throttling=False, minimums=False)))


@pytest.fixture(scope="module")
def campaign(shop: Shop) -> str:
    return trained(shop)


def test_a_list_has_what_is_taken_on_the_device_and_is_still_the_users(shop: Shop, campaign: str) -> None:
    for user in range(4):
        own = {number for number in range(ITEMS) if number % 2 == user % 2}
        assert films(scores(shop, campaign, f"u{user}", context=ON_TV)) == own & set(range(10))
        assert films(scores(shop, campaign, f"u{user}", context=ON_PHONE)) == own & set(range(10, 20))
        both = films(scores(shop, campaign, f"u{user}"))
        assert min(both) < 10 <= max(both), "without a context there is no telling"


def test_users_without_a_history_get_what_is_popular_on_the_device(shop: Shop, campaign: str) -> None:
    assert max(films(scores(shop, campaign, "nobody", context=ON_TV))) < 10
    assert min(films(scores(shop, campaign, "nobody", context=ON_PHONE))) >= 10


def test_a_ranking_has_it_too(shop: Shop) -> None:
    campaign = trained(shop, RANKING)
    asked = {"campaignArn": campaign, "userId": "u0", "inputList": ["f00", "f10", "f02", "f12"]}
    for context, first in ((ON_TV, {"f00", "f02"}), (ON_PHONE, {"f10", "f12"})):
        ranked = shop.world.call("GetPersonalizedRanking", **asked, context=context)["personalizedRanking"]
        assert {each["itemId"] for each in ranked[:2]} == first
        assert sum(each["score"] for each in ranked) == pytest.approx(1)


def test_without_a_context_that_is_known_the_list_is_as_if_no_event_had_one(shop: Shop, campaign: str) -> None:
    silent = filled(World(toggles=Toggles(throttling=False, minimums=False)), say=False)
    expected = scores(silent, trained(silent))
    for options in ({}, {"context": {}}, {"context": {"DEVICE_TYPE": "watch"}}, {"context": {"PLACE": "home"}}):
        assert scores(shop, campaign, **options) == expected
    assert scores(silent, campaign, context=ON_TV) == expected, "it has learned nothing"


def test_a_column_that_is_not_trained_on_is_not_used(shop: Shop) -> None:
    columns = {"INTERACTIONS": ["DEVICE_TYPE"]}
    config = {"solutionConfig": {"trainingDataConfig": {"excludedDatasetColumns": columns}}}
    campaign = trained(shop, "aws-user-personalization", **config)
    assert scores(shop, campaign, context=ON_TV) == scores(shop, campaign, context=ON_PHONE)


def test_contexts_outlive_a_snapshot_and_are_exported_and_imported(tmp_path: Path) -> None:
    world = open_world(tmp_path, toggles=Toggles(throttling=False, minimums=False))
    shop = filled(world)
    before = exported(tmp_path, shop, "before")
    assert before[0].endswith(",DEVICE_TYPE")
    assert {line.rpartition(",")[2] for line in before[1:]} == {"tv", "phone"}
    world.compact()
    assert world.journal.snapshot is not None
    world.journal.close()
    shop.world = open_world(tmp_path, now=world.now, ids_from=1_000_000, toggles=None)
    late = {"itemId": "f19", "eventId": "after", "properties": '{"deviceType": "watch"}'}
    shop.world.put(shop.tracking, late, user="u0")
    shop.world.wait(2)
    campaign = trained(shop)
    assert max(films(scores(shop, campaign, context=ON_TV))) < 10
    after = exported(tmp_path, shop, "after")
    assert set(before) < set(after)
    assert [line for line in after if line not in before] == [f"u0,f19,view,{int(world.now)},watch"]
    location = put_file(tmp_path, "again.csv", after)
    other = made_other(shop.world)
    shop.world.call(
        "CreateDatasetImportJob",
        jobName="again",
        datasetArn=other.datasets["Interactions"],
        dataSource={"dataLocation": location},
        roleArn=ROLE,
    )
    shop.world.wait(3)
    assert sorted(exported(tmp_path, other, "other")) == sorted(after)
    assert max(films(scores(other, trained(other, "aws-user-personalization"), context=ON_TV))) < 10


def test_a_snapshot_of_an_earlier_version_has_no_contexts(tmp_path: Path) -> None:
    rows = {"u": [Interaction("u", "i", "view", 1.5, None, '{"DEVICE":"tv"}'), Interaction("u", "j", "view", 2.0, 3.0)]}
    Archive.of(rows).save(tmp_path / "new")
    assert Archive.load(tmp_path / "new").newest("u", 5) == rows["u"]
    for name in ("contexts.json", "context.npy"):
        (tmp_path / "new" / name).unlink()
    assert Archive.load(tmp_path / "new").newest("u", 5) == [each._replace(context="") for each in rows["u"]]


@pytest.mark.parametrize(
    ("value", "is_known"),
    [("tv", True), ("t" * 1000, True), ("t" * 1001, False), ("", False), ("\ud800", False), (7, False), (None, False)],
)
def test_a_value_that_no_import_takes_is_no_context(value: object, is_known: bool) -> None:
    context = text_from({"DEVICE_TYPE": str(value)}) if is_known else ""
    assert context_from({"deviceType": value, "mood": "good"}, {"deviceType": "DEVICE_TYPE"}) == context


def made_other(world: World) -> Shop:
    """Return another dataset group with the same schema."""
    group = world.call("CreateDatasetGroup", name="other")["datasetGroupArn"]
    shaped = world.call("ListSchemas")["schemas"][0]["schemaArn"]
    world.wait(3)
    made = {"name": "other", "schemaArn": shaped, "datasetGroupArn": group, "datasetType": "Interactions"}
    dataset = world.call("CreateDataset", **made)["datasetArn"]
    world.wait(3)
    return Shop(world, "", group, {"Interactions": dataset})


def exported(folder: Path, shop: Shop, name: str) -> list[str]:
    """Return the lines of an export of all interactions."""
    target = {"s3DataDestination": {"path": f"s3://bucket/{name}/"}}
    options = {"jobName": name, "jobOutput": target, "ingestionMode": "ALL", "roleArn": ROLE}
    shop.world.call("CreateDatasetExportJob", datasetArn=shop.datasets["Interactions"], **options)
    shop.world.wait(3)
    (file,) = (path for path in (folder / "s3/bucket" / name).rglob("*") if path.is_file())
    return file.read_text().splitlines()


def test_without_a_context_an_interaction_is_the_same_wherever_it_was_kept(tmp_path: Path) -> None:
    rows = [Interaction("u", "f00", "view", 5.0, None), Interaction("u", "f00", "view", 5.0, None, '{"D":"tv"}')]
    kept = [columns_from_rows(rows), Archive.of({"u": rows}).columns(), columns_from_rows(rows[:1])]
    kept[0].save(tmp_path)
    earlier = {
        name: getattr(kept[2], name) for name in ("user_ids", "item_ids", "event_types", "users", "items", "types")
    }
    parts = [
        *kept,
        InteractionColumns.load(tmp_path),
        InteractionColumns(**earlier, times=kept[2].times, values=kept[2].values),
    ]
    distinct, _ = select(combine(parts), EventSelection({}))
    assert {row.context for row in distinct.rows()} == {"", '{"D":"tv"}'}
    assert len(distinct) == 2
