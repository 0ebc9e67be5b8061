"""Files in S3 through boto3, which AWS Lambda's runtime has."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history_jobs import line_ranges
from personalize_data.errors import BadFile
from personalize_data.exports.part import Part

MISSING = ("404", "NoSuchKey")
GONE = (*MISSING, "AccessDenied", "InvalidObjectState")  # of one object, and not of the service


@dataclass(frozen=True)
class S3Storage:
    """``s3``: a boto3 client; ``folder``: below which files are put, ending in a slash. See ``part_files.Storage``."""

    s3: Any
    bucket: str
    folder: str

    @property
    def place(self) -> str:
        """Return the URL of the output."""
        return f"s3://{self.bucket}/{self.folder}"

    @contextmanager
    def at_hand(self, part: Part) -> Iterator[tuple[Part, Path]]:
        """Yield a part, or a copy of one in S3, and where it is. Raises BadFile for an object that can't be read."""
        if "://" not in part.location:
            yield part, Path(part.location)
            return
        bucket, _, key = part.location.removeprefix("s3://").partition("/")

        def read(place: int, size: int) -> bytes:
            return self._read(bucket, key, place, size)

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "part"
            try:
                copied = line_ranges.copy(part, read, path)
            except Exception as error:
                if _code(error) not in GONE:
                    raise
                raise BadFile(part.name, f"S3 says {_code(error)}") from None
            yield copied, path

    def put(self, name: str, path: Path) -> None:
        """Write a file."""
        self.s3.upload_file(str(path), self.bucket, self.folder + name)

    def write(self, name: str, data: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=self.folder + name, Body=data)

    def read(self, name: str) -> bytes:
        """Read an object."""
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=self.folder + name)["Body"].read())

    def has(self, name: str) -> bool:
        """Return whether there is such an object."""
        try:
            self.s3.head_object(Bucket=self.bucket, Key=self.folder + name)
        except Exception as error:
            if _code(error) in MISSING:
                return False
            raise
        return True

    def has_any(self, folder: str) -> bool:
        """Return whether there is an object in a folder."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.folder}{folder}/")
        return any(page.get("Contents") for page in pages)

    def _read(self, bucket: str, key: str, place: int, size: int) -> bytes:
        try:
            answer = self.s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={place}-{place + size - 1}")
        except Exception as error:
            if _code(error) == "InvalidRange":  # the end of the file
                return b""
            raise
        return bytes(answer["Body"].read())


def _code(error: Exception) -> str | None:
    """Return S3's code of an error; None for an error of another kind."""
    response: dict[str, dict[str, str]] = getattr(error, "response", {})
    return response.get("Error", {}).get("Code")
