"""A copy of a part has its lines and little else; an object that can't be read is not a service that fails."""

from pathlib import Path
from typing import Any

import pytest

from history_jobs import line_ranges
from history_jobs.s3_storage import S3Storage
from personalize_data.errors import BadFile
from personalize_data.exports.part import Part, lines, parts_of
from tests.history_jobs.folder_s3 import FolderS3

DATA = b'{"a": 1}\n{"bb": 22}\r\n\n{"ccc": 333}\n{"d": 4}'


@pytest.mark.parametrize("step", [1, 5, 1_000])
@pytest.mark.parametrize("limit", [1, 4, 9, 20, 1_000])
def test_a_copy_ends_with_the_last_line_of_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, limit: int
) -> None:
    monkeypatch.setattr(line_ranges, "STEP", step)
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "export").write_bytes(DATA)
    storage = S3Storage(FolderS3(tmp_path), "", "")
    found = []
    for part in parts_of("export", "s3://bucket/export", len(DATA), DATA, limit):
        with storage.at_hand(part) as (copied, path):
            found += [line for _, line in lines(copied, path)]
            end = len(DATA) if part.end is None else DATA.find(b"\n", part.end - 1) + 1 or len(DATA)
            assert path.read_bytes() == DATA[max(0, part.begin - 1) : end]
        assert not path.exists()
    assert found == DATA.splitlines(keepends=True)


class Refusal(Exception):
    """What boto3 raises."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class RefusingS3:
    """A client that reads nothing."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_object(self, **_: Any) -> dict[str, Any]:
        raise Refusal(self._code)


def read(code: str) -> None:
    """Read a part of an object that S3 refuses."""
    with S3Storage(RefusingS3(code), "", "").at_hand(Part("export", "s3://bucket/export")):
        pass


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "InvalidObjectState"])
def test_an_object_that_cannot_be_read_is_left_out(code: str) -> None:
    with pytest.raises(BadFile, match=f"S3 says {code}"):
        read(code)


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "ExpiredToken"])
def test_a_service_that_fails_leaves_out_nothing(code: str) -> None:
    with pytest.raises(Refusal, match=code):
        read(code)
