"""Fixtures: a Personalize in virtual time, and a real one in a process of its own with boto3 clients."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.personalize_local.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world() -> World:
    """Return a fresh service in virtual time with a lag of one second."""
    return World()


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Start the service in a process; yield where it answers."""
    command = [sys.executable, "-m", "personalize_local", "--with-parent", "--lag", "0.2-0.4", "--seed", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:  # noqa: S603
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())["url"]
        process.stdin.close()
        assert process.wait(timeout=300) == 0


@pytest.fixture(scope="session")
def aws(url: str) -> Any:
    """Return a function that makes a boto3 client of a service that talks to the process; nothing is retried."""

    def client(service: str, check: bool = True) -> Any:
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=check)
        return boto3.client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=config,
        )

    return client
