"""A snapshot replaces the journal before it: a restart finds the same state, and the folder has only its data."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.data.archive import Archive
from personalize_local.journal import Journal
from recommender_models.interactions import Interaction
from tests.personalize_local.test_journal import seen, started
from tests.personalize_local.world import RECIPE, World, schema

USERS_SCHEMA = {
    "type": "record",
    "name": "Users",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "CITY", "type": "string", "categorical": True}],
}


DATASET = "arn:aws:personalize:us-east-1:123456789012:dataset/shop/INTERACTIONS"
GROUP = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
ROLE = "arn:aws:iam::123456789012:role/any"
Shop = tuple[World, str, str]


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "journal").iterdir())


def snapshot(world: World) -> None:
    """Take a snapshot, and see that there is one."""
    before = segments(world.journal.folder)
    world.compact()
    assert segments(world.journal.folder) != before
    assert world.journal.snapshot is not None


def everything(world: World, campaign: str) -> list[Any]:
    """Return all that can be seen from outside."""
    ask = [world.recommended(campaign, user, 20) for user in ("u0", "u7", "newcomer", "a session", "nobody")]
    return [*seen(world), ask, world.service.attribution()]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a service with users, events of all kinds and a campaign; its tracking id; and the campaign's ARN."""
    world = started(tmp_path / "data", s3_endpoint=(tmp_path / "s3").as_uri())
    tracking = world.ready_to_collect(schema({"name": "EVENT_VALUE", "type": "float"}))
    group = world.call("ListDatasetGroups")["datasetGroups"][0]["datasetGroupArn"]
    made = world.call("CreateSchema", name="users", schema=json.dumps(USERS_SCHEMA))["schemaArn"]
    dataset = world.call("CreateDataset", name="u", schemaArn=made, datasetGroupArn=group, datasetType="Users")
    metrics = [{"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"}]
    output = {"roleArn": "arn:aws:iam::123456789012:role/any"}
    world.call("CreateMetricAttribution", name="m", datasetGroupArn=group, metrics=metrics, metricsOutputConfig=output)
    world.wait(3)
    for city in ("Ulm", "Bonn"):
        users = [{"userId": f"u{number}", "properties": json.dumps({"city": city})} for number in range(5)]
        world.call("PutUsers", datasetArn=dataset["datasetArn"], users=users)
    world.fill(tracking)
    world.put(tracking, {"itemId": "i3", "eventValue": 2.5}, {"eventType": "search"}, user="newcomer", session="n")
    world.put(tracking, {"itemId": "i4", "eventId": "twice"}, {"itemId": "i6"}, user=None, session="a session")
    world.put(tracking, {"itemId": "i4", "eventId": "twice"}, user="u1", session="s1")
    world.wait(2)
    campaign = world.campaign(world.trained(world.solution()))
    return world, tracking, campaign


def continued(world: World, folder: Path, seconds: float = 0.0) -> World:
    """Stop a service and start it again."""
    world.journal.close()
    return started(folder, world.now + seconds, ids_from=1_000_000)


def test_after_a_snapshot_and_a_restart_everything_is_as_it_was(shop: Shop, tmp_path: Path) -> None:
    before, tracking, campaign = shop
    snapshot(before)
    before.put(tracking, {"itemId": "i9"}, {"itemId": "i2", "sentAt": before.now - 0.5}, user="newcomer", session="n")
    before.wait(0.5)  # so that these wait to be shown
    expected = everything(before, campaign)
    after = continued(before, tmp_path / "data")
    assert everything(after, campaign) == expected
    snapshot(after)
    after = continued(after, tmp_path / "data")
    assert everything(after, campaign) == expected
    visible = after.counts()["interactions"]
    after.wait(5)
    assert after.counts()["interactions"] == visible + 2, "what waited to be shown is shown"


def test_what_comes_after_a_snapshot_finds_what_was_before(shop: Shop, tmp_path: Path) -> None:
    before, tracking, campaign = shop
    snapshot(before)
    after = continued(before, tmp_path / "data")
    counts = after.counts()
    after.put(tracking, {"itemId": "i4", "eventId": "twice"}, user="u1", session="s1")
    after.put(tracking, {"itemId": "i1", "eventId": "new"}, user="u2", session="a session")  # says whose session it was
    after.wait(2)
    repeated = counts["notCounted"]["repeatedEventId"] + 1
    for world in (after, continued(after, tmp_path / "data")):
        assert world.counts()["notCounted"]["repeatedEventId"] == repeated
        assert world.counts()["interactions"] == counts["interactions"] + 3, "and the two of the session"
        assert world.recommended(campaign, "a session", 20) == world.recommended(campaign, "u2", 20)
    version = world.trained("arn:aws:personalize:us-east-1:123456789012:solution/shop")
    described = world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
    assert described["status"] == "ACTIVE"


def test_a_year_leaves_only_its_data(tmp_path: Path) -> None:
    world = started(tmp_path / "data", s3_endpoint=(tmp_path / "s3").as_uri())
    tracking = world.ready_to_collect()
    sizes = []
    for step in range(20):
        import_interactions(world, tmp_path, f"step-{step}", users=500)
        for place in range(3):
            repeated = [{"itemId": f"i{number}", "eventId": f"{place}-{number}"} for number in range(10)]
            world.put(tracking, *repeated, user="u", session="s")
        world.wait(18 * 86_400)
        if step % 5 == 4:
            world.compact()
            sizes.append(sum(path.stat().st_size for path in (tmp_path / "data").rglob("*") if path.is_file()))
    listed = 20 * 4000  # bytes of a step: the import in the list of jobs, and what the list of deliveries has
    assert sizes[-1] < sizes[0] + listed, sizes


def test_names_of_deleted_users_are_in_no_file(shop: Shop, tmp_path: Path) -> None:
    world, tracking, _ = shop
    world.put(tracking, {"itemId": "i3"}, user="somebody-secret", session="secret-session")
    world.wait(2)
    source = at(tmp_path, "gone.csv", "USER_ID\nsomebody-secret\n")
    request = {"jobName": "forget", "datasetGroupArn": GROUP, "dataSource": source, "roleArn": ROLE}
    job = world.call("CreateDataDeletionJob", **request)["dataDeletionJobArn"]
    world.service.tick()  # a deletion is followed by a snapshot
    world = continued(world, tmp_path / "data", seconds=3)
    described = world.call("DescribeDataDeletionJob", dataDeletionJobArn=job)["dataDeletionJob"]
    assert (described["status"], described["numDeleted"]) == ("COMPLETED", 1)
    world.journal.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"newcomer" in content
    assert b"secret" not in content


def test_files_that_nothing_needs_are_removed(tmp_path: Path) -> None:
    world = started(tmp_path / "data", s3_endpoint=(tmp_path / "s3").as_uri())
    world.ready_to_collect()
    import_interactions(world, tmp_path, "first", users=300)
    import_interactions(world, tmp_path, "second", users=200)
    first, second = sorted((tmp_path / "data/importing").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    other = world.call("CreateSolution", name="other", datasetGroupArn=GROUP, recipeArn=RECIPE)["solutionArn"]
    stays, gone = world.trained(world.solution()), world.trained(other)
    world.call("DeleteSolution", solutionArn=gone.rpartition("/")[0])
    world.wait(3)
    snapshot(world)
    assert not first.exists()
    assert second.exists()
    assert [path.name for path in (tmp_path / "data/training").iterdir()] == [stays.rpartition("/")[2]]
    after = continued(world, tmp_path / "data")
    counts = after.counts()
    assert (counts["interactions"], counts["users"]) == (1000, 200)
    assert after.call("GetSolutionMetrics", solutionVersionArn=stays)["metrics"]


def import_interactions(world: World, folder: Path, name: str, users: int) -> None:
    """Import a thousand interactions, which replace earlier imports."""
    lines = [f"u{number % users},i{number % 7},view,{1_700_000_000 + number}" for number in range(1000)]
    source = at(folder, f"{name}.csv", "\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *lines]))
    world.call("CreateDatasetImportJob", jobName=name, datasetArn=DATASET, dataSource=source, roleArn=ROLE)
    world.wait(3)


def at(folder: Path, name: str, text: str) -> dict[str, str]:
    """Put a file into the folder that is S3; return where it is."""
    path = folder / "s3/bucket" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {"dataLocation": f"s3://bucket/{name}"}


def test_a_damaged_segment_is_refused_and_a_cut_off_line_is_not_there(tmp_path: Path) -> None:
    world = started(tmp_path)
    for name in ("a", "b", "c"):
        world.call("CreateDatasetGroup", name=name)
    world.journal.close()
    path = tmp_path / "journal/1.log"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    after = started(tmp_path, world.now)
    assert [each["name"] for each in after.call("ListDatasetGroups")["datasetGroups"]] == ["a", "b"]
    after.call("CreateDatasetGroup", name="d")
    after = continued(after, tmp_path)
    assert [each["name"] for each in after.call("ListDatasetGroups")["datasetGroups"]] == ["a", "b", "d"]
    after.journal.close()
    path.write_bytes(whole.replace(b'"name":"b"', b'"name":"x"'))
    with pytest.raises(Exception, match=r"can't be read: line 4 is damaged"):
        Journal(tmp_path)


def test_an_archive_takes_rows_and_gives_them_back() -> None:
    def row(user: str, item: str, time: float, value: float | None = None) -> Interaction:
        return Interaction(user, item, "view", time, value)

    first = Archive.of({"a": [row("a", "x", 1.5), row("a", "y", 2.5, 0.25)], "b": [row("b", "x", 3)], "c": []})
    both = first.with_rows({"b": [row("b", "z", 4)], "d": [row("d", "y", 5)]})
    assert both.newest("a", 9) == [row("a", "x", 1.5), row("a", "y", 2.5, 0.25)]
    assert both.newest("b", 9) == [row("b", "x", 3), row("b", "z", 4)]
    assert both.newest("b", 1) == [row("b", "z", 4)]
    assert both.counts == {"a": 2, "b": 2, "d": 1}
    left = both.without({"a", "nobody"})
    assert (left.counts, left.newest("d", 9), "a" in left) == ({"b": 2, "d": 1}, [row("d", "y", 5)], False)
    columns = left.columns()
    assert [columns.user_ids[code] for code in columns.users] == ["b", "b", "d"]
    assert columns.times.tolist() == [3, 4, 5]
