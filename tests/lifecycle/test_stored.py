"""What an interrupted upload leaves behind is not taken for a whole one."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import imports
from lifecycle.bucket import Bucket
from lifecycle.imports import ImportStep
from personalize_data.import_summary import Example, ImportSummary

SUMMARY = ImportSummary("users", 1, files=["a.csv"], examples=[Example("a.csv", 2, "broken_row")])
NEW, BEGUN = ImportStep("job", "FULL"), ImportStep("job", "FULL", "arn:job")


class S3:
    """A stub that keeps objects, and whose uploads may break."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.breaks = False

    def head_object(self, Bucket: str, Key: str) -> dict[str, int]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        return {"ContentLength": len(self.objects[Key])}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.objects[Key] = Body

    def upload_file(self, path: str, bucket: str, key: str, Callback: Any) -> None:
        if self.breaks:
            raise ConnectionError
        self.objects[key] = Path(path).read_bytes()


def put(s3: S3, folder: Path) -> Bucket:
    bucket, csv = Bucket(s3, "b", "arn:role"), folder / "data.csv"
    csv.write_text("USER_ID\n1\n")
    try:
        imports.store(bucket, NEW, csv, SUMMARY, lambda _: None)
    except ConnectionError:
        assert s3.breaks
    return bucket


def test_a_csv_that_is_there_is_found_with_its_summary(tmp_path: Path) -> None:
    assert imports.stored(put(S3(), tmp_path), NEW) == replace(SUMMARY, job="job", mode="FULL", bytes=10)


def test_an_upload_that_broke_is_done_again(tmp_path: Path) -> None:
    s3 = S3()
    s3.breaks = True

    assert imports.stored(put(s3, tmp_path), NEW) is None
    assert json.loads(s3.objects["summaries/job.json"])["rows"] == 1


def test_a_csv_of_another_size_is_not_the_one(tmp_path: Path) -> None:
    s3 = S3()
    bucket = put(s3, tmp_path)
    s3.objects["imports/job/data.csv"] += b"2\n"

    assert imports.stored(bucket, NEW) is None


def test_once_the_job_has_begun_the_csv_may_be_gone(tmp_path: Path) -> None:
    s3 = S3()
    bucket = put(s3, tmp_path)
    del s3.objects["imports/job/data.csv"]

    assert imports.stored(bucket, NEW) is None
    assert imports.stored(bucket, BEGUN) is not None
