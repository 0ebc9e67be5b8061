"""What each ingestion mode exports, as CSV that an import takes; and what no export has."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_local.jobs import exporting
from personalize_local.journal import Journal
from recommender_models.record_columns import RecordColumns
from tests.personalize_local.behaviours.shop import ROLE, Shop, made_shop
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.jobs.schemas import PLAIN, schema
from tests.personalize_local.world import START, HeldJobs, Refused, World
from tests.personalize_local.world import schema as interactions

HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"


@pytest.fixture
def shop(bucket: Bucket) -> Shop:
    """A shop in virtual time whose files are in the bucket; few rows may be imported."""
    world = World(s3_endpoint=bucket.endpoint)
    world.service.set_toggles({"minimums": False})
    return made_shop(world)


def import_csv(shop: Shop, bucket: Bucket, dataset: str, name: str, *lines: str, mode: str = "FULL") -> None:
    location = bucket.put(f"{name}.csv", "\n".join(lines))
    done = shop.job("DatasetImportJob", location, name, datasetArn=shop.datasets[dataset], importMode=mode)
    assert done["status"] == "ACTIVE", done


def export(shop: Shop, bucket: Bucket, dataset: str, mode: str | None, name: str = "") -> list[str]:
    """Run an export; return the lines of its only file."""
    name = name or f"{dataset}-{mode}"
    request: dict[str, Any] = {"jobName": name, "datasetArn": shop.datasets[dataset], "roleArn": ROLE}
    request["jobOutput"] = {"s3DataDestination": {"path": bucket.at(f"out/{name}/")}}
    arn = shop.world.call("CreateDatasetExportJob", **request, **({"ingestionMode": mode} if mode else {}))
    shop.world.wait(3)
    described = shop.world.call("DescribeDatasetExportJob", **arn)["datasetExportJob"]
    assert (described["status"], described["ingestionMode"]) == ("ACTIVE", mode or "PUT"), described
    keys = bucket.keys()
    [key] = [key for key in keys if key.startswith(f"out/{name}/")]
    return bucket.get(key).splitlines()


def test_bulk_is_what_was_imported_put_what_was_streamed_and_all_is_both(shop: Shop, bucket: Bucket) -> None:
    import_csv(shop, bucket, "Interactions", "i", HEADER, "u1,i1,view,10", "u2,i2,buy,20", "u2,i2,buy,20")
    now = int(START)
    shop.world.put(shop.tracking, {"itemId": "i3", "sentAt": now}, {"itemId": "i1", "sentAt": 10}, user="u1")
    shop.world.wait(2)
    streamed = f"u1,i3,view,{now}"

    assert export(shop, bucket, "Interactions", "BULK") == [HEADER, "u1,i1,view,10", "u2,i2,buy,20"]
    assert export(shop, bucket, "Interactions", "PUT") == [HEADER, streamed, "u1,i1,view,10"]
    assert export(shop, bucket, "Interactions", "ALL") == [HEADER, "u1,i1,view,10", "u2,i2,buy,20", streamed]
    assert export(shop, bucket, "Interactions", None) == [HEADER, streamed, "u1,i1,view,10"]  # PUT is AWS's default


def test_of_users_put_has_every_record_and_all_the_newest_of_each(shop: Shop, bucket: Bucket) -> None:
    header = "USER_ID,AGE,HOME_TOWN"
    import_csv(shop, bucket, "Users", "u", header, "u1,1,Bonn", 'u2,2,"Ulm, Neu"')
    for age in (30, 31, 31):
        shop.put_user("u1", age=age)
    shop.put_user("u3", age=3, homeTown="Köln")

    assert export(shop, bucket, "Users", "BULK") == [header, "u1,1,Bonn", 'u2,2,"Ulm, Neu"']
    assert export(shop, bucket, "Users", "PUT") == [header, "u1,30,", "u1,31,", "u3,3,Köln"]
    assert sorted(export(shop, bucket, "Users", "ALL")) == sorted([header, "u1,31,", 'u2,2,"Ulm, Neu"', "u3,3,Köln"])
    import_csv(shop, bucket, "Users", "later", header, "u1,99,Bonn", mode="INCREMENTAL")
    assert "u1,99,Bonn" in export(shop, bucket, "Users", "ALL", "after")
    assert "u1,31," not in export(shop, bucket, "Users", "ALL", "again")


def test_what_is_exported_can_be_imported_and_gives_the_same_export(shop: Shop, bucket: Bucket) -> None:
    header = "ITEM_ID,PRICE,GENRE"
    import_csv(shop, bucket, "Items", "i", header, "i1,1.1,a|b", "i2,,", 'i3,-2e-05,"x ""y"", z"')
    first = export(shop, bucket, "Items", "ALL", "first")
    assert [line.count(",") >= 2 for line in first] == [True] * 4
    import_csv(shop, bucket, "Items", "back", *first)
    assert export(shop, bucket, "Items", "ALL", "second") == first


def test_a_dataset_without_a_row_is_exported_as_its_header(shop: Shop, bucket: Bucket) -> None:
    assert export(shop, bucket, "Items", "PUT") == ["ITEM_ID,PRICE,GENRE"]
    assert export(shop, bucket, "Interactions", "ALL") == [HEADER]


def test_users_who_were_deleted_are_in_no_later_export(shop: Shop, bucket: Bucket) -> None:
    import_csv(shop, bucket, "Interactions", "i", HEADER, "u1,i1,view,10", "u2,i2,buy,20")
    shop.world.put(shop.tracking, {"itemId": "i3"}, user="u1")
    shop.put_user("u1", age=1)
    shop.put_user("u2", age=2)
    shop.world.wait(2)
    gone = shop.job("DataDeletionJob", bucket.put("gone.csv", "USER_ID\nu1\n"), "d", datasetGroupArn=shop.group)
    assert gone["numDeleted"] == 3
    for dataset in ("Interactions", "Users"):
        for mode in ("BULK", "PUT", "ALL"):
            assert not [line for line in export(shop, bucket, dataset, mode) if line.startswith("u1,")]
    assert export(shop, bucket, "Users", "PUT", "u2")[1:] == ["u2,2,"]


def test_a_value_keeps_its_digits_and_a_column_that_is_not_kept_is_empty(bucket: Bucket) -> None:
    world = World(s3_endpoint=bucket.endpoint)
    value, session = (
        {"name": "EVENT_VALUE", "type": ["null", "float"]},
        {"name": "SESSION_ID", "type": ["null", "string"]},
    )
    tracking = world.ready_to_collect(interactions(value, session))
    world.put(tracking, {"itemId": "i", "eventValue": 1.1, "sentAt": 7})
    world.wait(2)
    shop = Shop(world, tracking, "")
    shop.datasets["Interactions"] = world.call("ListDatasets")["datasets"][0]["datasetArn"]
    assert export(shop, bucket, "Interactions", "PUT") == [f"{HEADER},EVENT_VALUE,SESSION_ID", "u,i,view,7,1.1,"]


def test_interactions_without_event_types_are_exported_as_they_were_imported(bucket: Bucket) -> None:
    world = World(s3_endpoint=bucket.endpoint)
    world.service.set_toggles({"minimums": False})
    shop = Shop(world, world.ready_to_collect(PLAIN), "")
    shop.datasets["Interactions"] = world.call("ListDatasets")["datasets"][0]["datasetArn"]
    lines = ["USER_ID,ITEM_ID,TIMESTAMP", "u1,i1,10"]
    import_csv(shop, bucket, "Interactions", "i", *lines)
    assert export(shop, bucket, "Interactions", "BULK") == lines


@pytest.mark.parametrize("location", ["out", "out/", ""])
def test_the_file_is_below_the_location_and_flags_are_written_as_imports_read_them(
    bucket: Bucket, tmp_path: Path, location: str
) -> None:
    RecordColumns(["i1", "i2", "i3"], {"NEW": [True, False, None]}).save(tmp_path / "records.json")
    spec = {
        "schema": schema("Items", ("ITEM_ID", "string"), ("NEW", ["boolean", "null"])),
        "records": str(tmp_path / "records.json"),
        "name": "all",
        "output_location": bucket.at(location),
        "s3_endpoint": bucket.endpoint,
    }
    assert exporting.run(spec, tmp_path) == {"rows": 3}
    lines = bucket.get(f"{'out/' if location else ''}all.csv").splitlines()
    assert lines == ["ITEM_ID,NEW", "i1,true", "i2,false", "i3,"]


def test_a_column_that_is_required_and_not_kept_is_refused(shop: Shop) -> None:
    needs = schema(
        "Interactions",
        ("USER_ID", "string"),
        ("ITEM_ID", "string"),
        ("TIMESTAMP", "long"),
        ("DEVICE", "string", "categorical"),
        ("SECONDS", "int"),
    )
    shaped = shop.world.call("CreateSchema", name="needs", schema=needs)["schemaArn"]
    group = shop.world.call("CreateDatasetGroup", name="other")["datasetGroupArn"]
    shop.world.wait(3)
    made = {"name": "other", "schemaArn": shaped, "datasetGroupArn": group, "datasetType": "Interactions"}
    dataset = shop.world.call("CreateDataset", **made)["datasetArn"]
    shop.world.wait(3)
    target = {"s3DataDestination": {"path": "s3://bucket/out/"}}
    with pytest.raises(Refused, match=r"NotServedLocally.*: SECONDS of interactions"):
        shop.world.call("CreateDatasetExportJob", jobName="e", datasetArn=dataset, jobOutput=target, roleArn=ROLE)


def test_a_deletion_waits_for_an_export_and_a_restart_exports_the_same(tmp_path: Path) -> None:
    jobs = HeldJobs()
    journal = Journal(tmp_path / "journal")
    world = World(jobs=jobs, journal=journal)
    shop = made_shop(world)
    world.put(shop.tracking, {"itemId": "i"})
    target = {"s3DataDestination": {"path": "s3://bucket/out/"}}
    request = {"jobName": "e", "datasetArn": shop.datasets["Interactions"], "jobOutput": target, "roleArn": ROLE}
    world.call("CreateDatasetExportJob", **request)
    with pytest.raises(Refused, match="ResourceInUseException"):
        shop.job("DataDeletionJob", "s3://bucket/gone.csv", "d", datasetGroupArn=shop.group)
    with pytest.raises(Refused, match="ResourceAlreadyExistsException"):
        world.call("CreateDatasetExportJob", **request)

    journal.close()
    again = HeldJobs()
    World(jobs=again, journal=Journal(tmp_path / "journal"))
    for number, (job, _) in enumerate((jobs.started[0], again.started[0])):
        folder = tmp_path / str(number)
        folder.mkdir()
        spec = dict(job.prepare(folder))
        assert (spec["name"], json.loads(spec["schema"])["name"]) == ("e", "Interactions")
        assert spec["interactions"] == [str(folder / "streamed")]
