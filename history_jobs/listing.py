"""The files that a job is to convert, here or in S3, in parts. Their content stays where it is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from personalize_data import file_kinds
from personalize_data.exports.part import Part, parts_of, parts_of_file
from personalize_data.plan import Source

SIZE = 256 * 2**20  # bytes of a part, a few tens of seconds of one processor


class ListedFile(NamedTuple):
    """A file: its path or URL, what identifies its content, its parts, and how many bytes it has."""

    location: str
    identity: str
    parts: list[Part]
    size: int

    @property
    def source(self) -> Source:
        """Return it as a file of a conversion."""
        return Source(self.location, Path(self.location), self.identity, self.parts, self.size)


def files_here(path: Path, limit: int = SIZE) -> Iterator[ListedFile]:
    """Yield a file, or those of a folder, in the order of their names. Raises BadFile."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.stat().st_size:
            state, location = file.stat(), str(file.absolute())
            parts = [*parts_of_file(str(file), file.absolute(), limit)]
            yield ListedFile(location, f"{location}-{state.st_size}-{state.st_mtime_ns}", parts, state.st_size)


def files_in_s3(s3: Any, url: str, limit: int = SIZE) -> Iterator[ListedFile]:
    """Yield the object at an ``s3://`` URL, or those below one that ends in a slash. Raises botocore's ClientError."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        for listed in page.get("Contents", []):
            if listed["Size"] and (listed["Key"] == key or not key or key.endswith("/")):
                location = f"s3://{bucket}/{listed['Key']}"
                parts = object_parts(s3, bucket, listed, limit)
                yield ListedFile(location, f"{listed['ETag']}-{listed['Size']}", parts, listed["Size"])


def object_parts(s3: Any, bucket: str, listed: Mapping[str, Any], limit: int) -> list[Part]:
    """Return the parts of an object, as S3 lists it (``Key``, ``Size``)."""
    location, size = f"s3://{bucket}/{listed['Key']}", listed["Size"]
    head = b""
    if size > limit:
        answer = s3.get_object(Bucket=bucket, Key=listed["Key"], Range=f"bytes=0-{file_kinds.HEAD - 1}")
        head = answer["Body"].read()
    return parts_of(location, location, size, head, limit)
