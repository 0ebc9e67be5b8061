"""A URL names one object, or all below it where it ends in a slash; what is empty is no export."""

from pathlib import Path

import pytest

from history_jobs.listing import files_here, files_in_s3
from tests.history_jobs.folder_s3 import FolderS3

LINE = b'{"events": []}\n'


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """Return a folder of files of two lines each, but for an empty one."""
    folder = tmp_path / "bucket"
    for name in ("a/1", "a/1.old", "a/2/3", "b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(2 * LINE)
    (folder / "a" / "empty").touch()
    return folder


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("s3://bucket/a/1", ["a/1"]),
        ("s3://bucket/a/", ["a/1", "a/1.old", "a/2/3"]),
        ("s3://bucket/a", []),
        ("s3://bucket/", ["a/1", "a/1.old", "a/2/3", "b"]),
        ("s3://bucket", ["a/1", "a/1.old", "a/2/3", "b"]),
    ],
)
def test_objects_are_those_that_the_url_names(bucket: Path, url: str, keys: list[str]) -> None:
    listed = list(files_in_s3(FolderS3(bucket.parent), url, len(LINE)))
    assert [file.location for file in listed] == [f"s3://bucket/{key}" for key in keys]
    for file in listed:
        assert [(part.begin, part.end) for part in file.parts] == [(0, len(LINE)), (len(LINE), None)]


def test_files_here_are_those_of_all_folders_below(bucket: Path) -> None:
    listed = list(files_here(bucket, len(LINE)))
    assert [Path(file.location) for file in listed] == [bucket / name for name in ("a/1", "a/1.old", "a/2/3", "b")]
    assert [len(file.parts) for file in listed] == [2] * 4
    assert len({file.identity for file in listed}) == 4
