"""A folder is seen as S3 by the jobs: its folders are buckets, its files objects."""

import io
from pathlib import Path

import pytest

from personalize_local.errors import JobFailed
from personalize_local.jobs import s3
from personalize_local.jobs.s3_folder import FolderStore
from personalize_local.jobs.s3_location import S3Object


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    root = tmp_path / "a folder"
    for name in ("shop/in/b.csv", "shop/in/a.csv", "shop/in/deep/c.csv", "other/in/d.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    opened = s3.store_at(root.as_uri())
    assert isinstance(opened, FolderStore)
    return opened


def keys(store: FolderStore, location: str, **options: bool) -> list[str]:
    return [stored.key for stored in store.objects(location, **options)]


def test_a_location_names_one_object_or_those_of_a_folder(store: FolderStore) -> None:
    assert store.objects("s3://shop/in/a.csv") == [S3Object("shop", "in/a.csv", len("shop/in/a.csv"))]
    assert keys(store, "s3://shop/in/") == keys(store, "s3://shop/in") == ["in/a.csv", "in/b.csv"]
    assert keys(store, "s3://shop", subfolders=True) == ["in/a.csv", "in/b.csv", "in/deep/c.csv"]


@pytest.mark.parametrize("location", ["s3://shop/out/", "s3://shop/in/a.csv/", "s3://nobucket/a.csv", "s3://shop"])
def test_without_an_object_the_job_fails(store: FolderStore, location: str) -> None:
    with pytest.raises(JobFailed, match="There is no object at s3://"):
        store.objects(location)


def test_objects_are_read_and_written_as_a_whole(store: FolderStore) -> None:
    store.put(S3Object("new", "out/e.csv"), io.BytesIO(b"USER_ID\nu1\n"))
    (written,) = store.objects("s3://new/out/")
    with store.open(written) as stream:
        assert stream.read() == b"USER_ID\nu1\n"
    with pytest.raises(JobFailed, match="could not be read: No such file"), store.open(S3Object("new", "gone.csv")):
        pass


@pytest.mark.parametrize("location", ["s3://shop/../other/in/d.csv", "s3://shop/../../secret"])
def test_a_key_does_not_lead_out_of_its_bucket(store: FolderStore, location: str) -> None:
    with pytest.raises(JobFailed, match="outside its bucket's folder"):
        store.objects(location)


def test_an_import_reads_from_the_folder(tmp_path: Path) -> None:
    from personalize_local.jobs import importing
    from tests.personalize_local.world import schema

    lines = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", "u1,i1,View,1700000000"]
    (tmp_path / "s3/shop").mkdir(parents=True)
    (tmp_path / "s3/shop/all.csv").write_text("\n".join(lines))
    spec = {"dataset_type": "INTERACTIONS", "schema": schema(), "data_location": "s3://shop/all.csv"}
    (tmp_path / "job").mkdir()
    assert importing.run({**spec, "s3_endpoint": (tmp_path / "s3").as_uri()}, tmp_path / "job") == {"rows": 1}
