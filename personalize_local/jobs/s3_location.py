"""Locations in S3, and the objects at them."""

import re
from dataclasses import dataclass

from personalize_local.errors import JobFailed

LOCATION = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True)
class S3Object:
    """One object of a bucket; ``size`` in bytes."""

    bucket: str
    key: str
    size: int = 0

    @property
    def name(self) -> str:
        """The location as one printable line."""
        return "".join(character if character.isprintable() else "?" for character in f"s3://{self.bucket}/{self.key}")


def parse(location: str) -> S3Object:
    """Return the bucket and key of a location. Raises JobFailed if it is not s3://bucket/key."""
    match = LOCATION.fullmatch(location)
    if not match:
        raise JobFailed("The location must be s3://bucket/key or s3://bucket/folder/")
    return S3Object(match[1], match[2] or "")
