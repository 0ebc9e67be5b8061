"""A data deletion job reads the users to forget, and nothing else."""

from pathlib import Path

import pytest

from personalize_local.errors import JobFailed
from personalize_local.jobs import deletion
from tests.personalize_local.jobs.conftest import Bucket


def run_deletion(bucket: Bucket, location: str, folder: Path) -> list[str]:
    users = deletion.run({"data_location": location, "s3_endpoint": bucket.endpoint}, folder)["users"]
    assert list(folder.iterdir()) == []
    return list(users)


def test_users_come_once_each_in_their_order(bucket: Bucket, tmp_path: Path) -> None:
    assert run_deletion(bucket, bucket.put("u.csv", "USER_ID\nb\na\n\n007\nb\n"), tmp_path) == ["b", "a", "007"]


def test_a_folder_is_read_with_all_folders_below_it(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("del/1.csv", "USER_ID\na\n")
    bucket.put("del/later/2.csv", "USER_ID\nb\n")
    assert run_deletion(bucket, bucket.at("del/"), tmp_path) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "u.csv, line 1: the file is empty; its first line must be USER_ID"),
        ("a\nb\n", "u.csv, line 1: no header; the first line must be USER_ID"),
        ("USER_ID,ITEM_ID\na,x\n", "not in the schema: ITEM_ID"),
        ("USER_ID\na\nb,c\n", "u.csv, line 3: 2 values instead of 1"),
        ('USER_ID\n""\n', "u.csv, line 2: USER_ID is empty"),
        ("USER_ID\n" + "a" * 257, "u.csv, line 2: USER_ID is longer than 256 characters"),
        ("USER_ID\n", "There is no user in"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(bucket: Bucket, tmp_path: Path, content: str, reason: str) -> None:
    location = bucket.put("u.csv", content)
    with pytest.raises(JobFailed, match=reason):
        run_deletion(bucket, location, tmp_path)


def test_more_than_100_mb_are_refused_before_they_are_read(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("del/1.csv", b"not even CSV " * 4_100_000)
    bucket.put("del/2.csv", b"not even CSV " * 4_100_000)
    with pytest.raises(JobFailed, match="at most 104857600 bytes; there are 106600000"):
        run_deletion(bucket, bucket.at("del/"), tmp_path)
