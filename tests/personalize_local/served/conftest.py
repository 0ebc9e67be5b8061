"""Fixtures: the service in a process of its own beside an S3, and boto3 as a user of AWS has it."""

from collections.abc import Iterator

import pytest

from local_stack.process import start_service
from tests.personalize_local.jobs.conftest import bucket, numbers, s3_endpoint  # noqa: F401 - fixtures
from tests.personalize_local.served.clients import Aws


@pytest.fixture(scope="module")
def service(s3_endpoint: str) -> Iterator[str]:  # noqa: F811
    """Start a service, fresh for each file; yield where it answers."""
    with start_service("personalize_local", ["--s3-endpoint", s3_endpoint, "--lag", "0"]) as process:
        yield process.url


@pytest.fixture(scope="module")
def aws(service: str) -> Aws:
    """Return the three clients."""
    return Aws(service)
