"""Fixtures: an S3 on this machine, and a bucket of its own for each test."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local_stack.aws.session import local_client
from local_stack.process import start_service


@dataclass(frozen=True)
class Bucket:
    """A bucket that tests write to and read from by themselves."""

    client: Any
    name: str
    endpoint: str

    def put(self, key: str, content: bytes | str) -> str:
        """Store an object; return its location."""
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=body)
        return self.at(key)

    def get(self, key: str) -> str:
        return str(self.client.get_object(Bucket=self.name, Key=key)["Body"].read().decode())

    def keys(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.name)
        return [one["Key"] for one in found.get("Contents", [])]

    def at(self, key: str) -> str:
        return f"s3://{self.name}/{key}"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Start moto in a process, once; yield where it answers."""
    with start_service("local_stack.aws") as service:
        yield service.url


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def bucket(s3_endpoint: str, numbers: Iterator[int]) -> Bucket:
    """Return an empty bucket."""
    client = local_client("s3", s3_endpoint, timeout=300.0)
    name = f"shop-{next(numbers)}"
    client.create_bucket(Bucket=name)
    return Bucket(client, name, s3_endpoint)
