"""trainingMode UPDATE: a version that knows new items, and has learned nothing else since the one before it."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.served_models import UPDATE_EVERY
from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import RECIPES, ROLE, Shop, made_shop
from tests.personalize_local.everything import PLACES, open_world, put_file
from tests.personalize_local.world import Refused, World

V1 = "aws-user-personalization"


def filled(world: World) -> Shop:
    """Return a shop whose odd items are lamps and whose even ones are vases; u1 views lamps, u0 vases."""
    shop = made_shop(world)
    for number in range(20):
        shop.put_item(f"i{number}", genre="lamp" if number % 2 else "vase", price=float(number))
    return shop


def updated(shop: Shop, full: str) -> str:
    """Train in the mode UPDATE; return the version."""
    request = {"solutionArn": full.rpartition("/")[0], "trainingMode": "UPDATE"}
    arn = shop.world.call("CreateSolutionVersion", **request)["solutionVersionArn"]
    shop.world.wait(30)
    return str(arn)


def scores(shop: Shop, campaign: str, user: str) -> dict[str, float]:
    asked = {"campaignArn": campaign, "userId": user, "numResults": 25}
    return {each["itemId"]: each["score"] for each in shop.world.call("GetRecommendations", **asked)["itemList"]}


def described(shop: Shop, version: str) -> dict[str, Any]:
    return dict(shop.world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"])


def metrics(shop: Shop, version: str) -> dict[str, float]:
    return dict(shop.world.call("GetSolutionMetrics", solutionVersionArn=version)["metrics"])


def test_it_takes_new_items_to_those_whom_they_fit_and_no_later_ones(world: World) -> None:
    shop = filled(world)
    full = shop.trained(V1)
    shop.put_item("new lamp", genre="lamp")
    update = updated(shop, full)
    campaign, automatic = world.campaign(update, name="update"), world.campaign(full, name="full")
    assert "new lamp" in list(scores(shop, campaign, "u1"))[:5]
    assert "new lamp" not in list(scores(shop, campaign, "u0"))[:5]
    shop.put_item("newer lamp", genre="lamp")
    world.wait(UPDATE_EVERY)
    assert "newer lamp" not in scores(shop, campaign, "u1"), "it has no automatic updates"
    assert "newer lamp" in scores(shop, automatic, "u1"), "the version of mode FULL has them"


def test_it_learns_nothing_of_what_users_did_since(world: World) -> None:
    shop = filled(world)
    full = shop.trained(V1)
    for number in range(30):  # a fashion: whoever views i0 views i1
        world.put(shop.tracking, {"itemId": "i0"}, {"itemId": "i1"}, user=f"late{number}", session=f"late{number}")
    world.wait(2)
    update = updated(shop, full)
    retrained = world.trained(full.rpartition("/")[0])
    campaigns = [world.campaign(version, name=f"c{place}") for place, version in enumerate((full, update, retrained))]
    before, same, after = (scores(shop, campaign, "late0") for campaign in campaigns)
    assert same == before
    assert after["i1"] > 1.2 * before["i1"], "a training learns it"
    assert metrics(shop, update) == metrics(shop, full) != metrics(shop, retrained)
    modes = [described(shop, version)["trainingMode"] for version in (full, update, retrained)]
    assert modes == ["FULL", "UPDATE", "FULL"]


def test_it_has_the_options_of_the_version_that_it_updates(world: World) -> None:
    shop = filled(world)
    full = shop.trained(V1)
    events = {"eventParametersList": [{"eventType": "buy"}]}
    config = {"solutionUpdateConfig": {"eventsConfig": events}}
    world.call("UpdateSolution", solutionArn=full.rpartition("/")[0], **config)
    assert "solutionConfig" not in described(shop, updated(shop, full))


def test_it_takes_the_newest_version_of_mode_full_whatever_was_updated_meanwhile(world: World) -> None:
    shop = filled(world)
    first = shop.trained(V1)
    for number in range(30):
        world.put(shop.tracking, {"itemId": "i0"}, {"itemId": "i1"}, user=f"late{number}", session=f"late{number}")
    world.wait(2)
    solution = first.rpartition("/")[0]
    second = world.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    meanwhile = updated(shop, first)  # newer than the second one, which is trained for some time
    then = updated(shop, first)
    assert metrics(shop, meanwhile) == metrics(shop, first) != metrics(shop, second)
    assert metrics(shop, then) == metrics(shop, second)


def test_it_needs_its_recipe_and_a_version_of_mode_full(world: World) -> None:
    shop = filled(world)
    full = shop.trained(V1)
    other = world.trained(world.solution("v2", datasetGroupArn=shop.group, recipeArn=RECIPES + f"{V1}-v2"))
    empty = world.solution("empty", datasetGroupArn=shop.group, recipeArn=RECIPES + V1)
    pending = world.call("CreateSolutionVersion", solutionArn=empty)["solutionVersionArn"]
    for version, reason in ((other, "is for aws-user-personalization only"), (pending, "needs an ACTIVE version")):
        with pytest.raises(Refused, match=f"400 InvalidInput.*{reason}"):
            updated(shop, version)
    request = {"solutionArn": full.rpartition("/")[0], "trainingMode": "AUTOTRAIN"}
    with pytest.raises(Refused, match=r"501 NotServedLocally.*AWS does not say what it does"):
        world.call("CreateSolutionVersion", **request)


def test_an_automatic_training_is_as_due_as_without_it(world: World) -> None:
    shop = filled(world)
    full = shop.trained(V1)
    world.put(shop.tracking, {"itemId": "i1"}, user="late", session="late")
    world.wait(2)
    updated(shop, full)
    world.wait(3600)
    world.service.tick()
    types = [
        described(shop, each["solutionVersionArn"]) for each in world.call("ListSolutionVersions")["solutionVersions"]
    ]
    assert [each["trainingType"] for each in types] == ["MANUAL", "MANUAL", "AUTOMATIC"]


def test_batch_inference_knows_its_new_items_before_and_after_a_restart(tmp_path: Path) -> None:
    world = open_world(tmp_path, toggles=Toggles(throttling=False))
    shop = filled(world)
    full = shop.trained(V1)
    shop.put_item("new lamp", genre="lamp")
    update = updated(shop, full)
    campaign = world.campaign(update)
    before = scores(shop, campaign, "u1"), described(shop, update), metrics(shop, update)
    world.compact()
    world.journal.close()
    shop.world = open_world(tmp_path, now=world.now, ids_from=1_000_000, toggles=None)
    assert (scores(shop, campaign, "u1"), described(shop, update), metrics(shop, update)) == before
    put_file(tmp_path, "asked.json", [json.dumps({"userId": "u1"})])
    shop.world.call("CreateBatchInferenceJob", jobName="j", solutionVersionArn=update, roleArn=ROLE, **PLACES)
    shop.world.wait(3)
    answer = json.loads((tmp_path / "s3/bucket/out/asked.json.out").read_text())
    assert "new lamp" in answer["output"]["recommendedItems"][:5]
