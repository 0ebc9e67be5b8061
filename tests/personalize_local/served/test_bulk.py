"""What imports and data deletion jobs do to a dataset: replace, add, forget; in virtual time, from a real S3."""

from typing import Any

import pytest

from tests.personalize_local.behaviours.shop import ROLE, Shop, made_shop
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.served.clients import csv
from tests.personalize_local.world import Refused, World

HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"


@pytest.fixture
def shop(s3_endpoint: str) -> Shop:
    """A shop with all three datasets."""
    return made_shop(World(s3_endpoint=s3_endpoint))


def rows(users: range, each: int = 30) -> list[tuple[Any, ...]]:
    """Return interactions: odd users take odd items, even users even ones."""
    return [
        (f"u{user}", f"i{2 * ((user + step) % 15) + user % 2}", "view", 1_780_000_000 + user * 100 + step)
        for user in users
        for step in range(each)
    ]


def import_file(shop: Shop, location: str, name: str, kind: str = "Interactions", **options: Any) -> None:
    """Import a file, which must be good."""
    job = shop.job("DatasetImportJob", location, name, datasetArn=shop.datasets[kind], **options)
    assert job["status"] == "ACTIVE", job["failureReason"]


def totals(shop: Shop) -> tuple[int, int]:
    """Return how many interactions there are, and users."""
    return shop.world.counts()["interactions"], shop.world.counts()["users"]


def test_a_full_import_replaces_earlier_imports_and_leaves_what_was_streamed(shop: Shop, bucket: Bucket) -> None:
    shop.world.put(shop.tracking, {"itemId": "i1"}, user="streamed")
    import_file(shop, bucket.put("1.csv", csv(HEADER, rows(range(40)))), "first")
    assert totals(shop) == (1201, 41)
    import_file(shop, bucket.put("2.csv", csv(HEADER, rows(range(100, 150)))), "second")
    assert totals(shop) == (1501, 51)


def test_an_incremental_import_adds(shop: Shop, bucket: Bucket) -> None:
    import_file(shop, bucket.put("1.csv", csv(HEADER, rows(range(40)))), "first")
    more = bucket.put("2.csv", csv(HEADER, rows(range(30, 80))))
    import_file(shop, more, "second", importMode="INCREMENTAL")
    assert totals(shop) == (2700, 80)


def test_a_failed_import_changes_nothing(shop: Shop, bucket: Bucket) -> None:
    import_file(shop, bucket.put("1.csv", csv(HEADER, rows(range(40)))), "first")
    broken = bucket.put("2.csv", csv(HEADER, [*rows(range(40)), ("u", "i", "view", "never")]))
    job = shop.job("DatasetImportJob", broken, "second", datasetArn=shop.datasets["Interactions"])
    assert job["status"] == "CREATE FAILED"
    assert totals(shop) == (1200, 40)


def test_imports_of_records_replace_or_add_and_take_precedence_over_earlier_puts(shop: Shop, bucket: Bucket) -> None:
    campaign = shop.world.campaign(shop.trained())
    kept = shop.filter("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)")

    def comedies() -> list[str]:
        ask = {"campaignArn": campaign, "userId": "u1", "filterArn": kept, "filterValues": {"GENRE": '"comedy"'}}
        return sorted(item["itemId"] for item in shop.world.call("GetRecommendations", **ask)["itemList"])

    shop.put_item("i1", genre="comedy")
    shop.put_item("i2", genre="comedy")
    header = "ITEM_ID,PRICE,GENRE"
    import_file(shop, bucket.put("1.csv", csv(header, [("i2", 1, "drama"), ("i3", 1, "comedy")])), "first", "Items")
    assert comedies() == ["i1", "i3"]
    more = bucket.put("2.csv", csv(header, [("i4", 1, "comedy")]))
    import_file(shop, more, "second", "Items", importMode="INCREMENTAL")
    assert comedies() == ["i1", "i3", "i4"]
    import_file(shop, bucket.put("3.csv", csv(header, [("i5", 1, "comedy")])), "third", "Items")
    assert comedies() == ["i1", "i5"]


def test_imported_histories_count_in_recommendations_as_streamed_ones_do(shop: Shop, bucket: Bucket) -> None:
    import_file(shop, bucket.put("1.csv", csv(HEADER, rows(range(40)))), "first")
    campaign = shop.world.campaign(shop.world.trained(shop.world.solution()))
    assert all(int(item[1:]) % 2 for item in shop.world.recommended(campaign, "u1", 5))
    assert not any(int(item[1:]) % 2 for item in shop.world.recommended(campaign, "u2", 5))


def test_deleted_users_are_gone_from_history_records_and_later_trainings(shop: Shop, bucket: Bucket) -> None:
    import_file(shop, bucket.put("1.csv", csv(HEADER, rows(range(60)))), "first")
    only = [{"itemId": f"rare{number}"} for number in range(5)]
    shop.world.put(shop.tracking, *only, user="u1", session="s1")
    shop.world.put(shop.tracking, *only, user="streamed", session="s2")
    shop.world.wait(2)
    for user in ("u1", "streamed", "u3"):
        shop.put_user(user, age=30)
    solution = shop.world.solution()
    campaign = shop.world.campaign(shop.world.trained(solution), name="before")
    stranger = shop.world.recommended(campaign, "stranger", 50)
    assert any("rare" in item for item in stranger)
    assert shop.world.recommended(campaign, "u1", 50) != stranger

    forget = bucket.put("forget.csv", csv("USER_ID", [("u1",), ("streamed",), ("never seen",)]))
    job = shop.job("DataDeletionJob", forget, "forget", datasetGroupArn=shop.group)
    assert (job["status"], job["numDeleted"]) == ("COMPLETED", 30 + 5 + 5 + 2)
    assert totals(shop) == (1770, 59)
    assert shop.world.recommended(campaign, "u1", 50) == stranger
    later = shop.world.campaign(shop.world.trained(solution), name="after")
    assert not any("rare" in item for item in shop.world.recommended(later, "stranger", 50))


def test_while_a_deletion_runs_nothing_is_imported_or_trained_and_the_other_way_round(
    shop: Shop, bucket: Bucket
) -> None:
    world = shop.world
    import_file(shop, bucket.put("1.csv", csv(HEADER, rows(range(40)))), "first")
    solution = world.solution()
    source = {"dataSource": {"dataLocation": bucket.put("f.csv", "USER_ID\nu1\n")}, "roleArn": ROLE}
    world.call("CreateDataDeletionJob", jobName="d", datasetGroupArn=shop.group, **source)
    refused = {
        "CreateSolutionVersion": {"solutionArn": solution},
        "CreateDataDeletionJob": {"jobName": "again", "datasetGroupArn": shop.group, **source},
        "CreateDatasetImportJob": {"jobName": "again", "datasetArn": shop.datasets["Interactions"], **source},
    }
    for operation, request in refused.items():
        with pytest.raises(Refused, match="ResourceInUse"):
            world.call(operation, **request)
    world.wait(3)
    world.call("CreateSolutionVersion", solutionArn=solution)
    with pytest.raises(Refused, match="ResourceInUse"):
        world.call("CreateDataDeletionJob", jobName="while-training", datasetGroupArn=shop.group, **source)
