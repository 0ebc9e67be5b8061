"""S3 as folders, for programs that may use nothing but the standard library."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class NoRange(Exception):
    """What boto3 raises for bytes behind the end of an object."""

    response = {"Error": {"Code": "InvalidRange"}}  # noqa: RUF012 - as botocore has it


class NoKey(Exception):
    """What boto3 raises for an object that is not there."""

    response = {"Error": {"Code": "NoSuchKey"}}  # noqa: RUF012 - as botocore has it


class FolderS3:
    """A client; buckets are folders below ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get_paginator(self, name: str) -> "FolderS3":
        """Return what lists objects."""
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        """Yield one page of objects."""
        bucket = self._root / Bucket
        keys = sorted(path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file())
        chosen = [key for key in keys if key.startswith(Prefix)]
        yield {"Contents": [{"Key": key, "Size": (bucket / key).stat().st_size, "ETag": key} for key in chosen]}

    def get_object(self, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:
        """Return an object, or a range of it."""
        path = self._root / Bucket / Key
        if not path.exists():
            raise NoKey
        data = path.read_bytes()
        if Range:
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            if first >= len(data):
                raise NoRange
            data = data[first : last + 1]
        return {"Body": io.BytesIO(data)}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        """Return what is known of an object."""
        return {"ContentLength": len(self.get_object(Bucket, Key)["Body"].read())}

    def download_file(self, bucket: str, key: str, name: str, Callback: Callable[[int], None]) -> None:
        """Read an object into a file."""
        Callback(Path(name).write_bytes((self._root / bucket / key).read_bytes()))

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        """Write an object."""
        self._path(Bucket, Key).write_bytes(Body)

    def upload_file(self, name: str, bucket: str, key: str) -> None:
        """Write a file as an object."""
        shutil.copyfile(name, self._path(bucket, key))

    def _path(self, bucket: str, key: str) -> Path:
        path = self._root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
