"""An AWS account on loopback, made by ministack: where it is, and clients of it under any credentials."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.paths import ROOT
from local_stack.aws import ACCOUNT, REGION
from local_stack.process import scrubbed_environment, start_service

PROGRAM = ROOT / ".venv/ministack/bin/ministack"
# ministack takes an account's number for the access key of its root.
ROOT_KEY, ROOT_SECRET = ACCOUNT, "root"


@dataclass(frozen=True)
class Credentials:
    """Keys as STS issues them; a root's have no token."""

    key: str
    secret: str
    token: str | None = None


ROOT_OF_ACCOUNT = Credentials(ROOT_KEY, ROOT_SECRET)


@dataclass(frozen=True)
class Account:
    """A running account."""

    url: str

    def client(self, service: str, credentials: Credentials = ROOT_OF_ACCOUNT) -> Any:
        """Return a boto3 client that asks once, without a proxy."""
        config = Config(retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"})
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=credentials.key,
            aws_secret_access_key=credentials.secret,
            aws_session_token=credentials.token,
            config=config,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that is to work on this account and on nothing else."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}
        return scrubbed_environment(own | {"HOME": os.environ.get("HOME", "/")})


@contextmanager
def account(environment: Mapping[str, str]) -> Iterator[Account]:
    """Run an account, or skip where there is no ministack; its functions see ``environment`` below their own."""
    if not PROGRAM.exists():
        absent = f"ministack is not installed: make {PROGRAM.parents[1].relative_to(ROOT)}/.ready"
        pytest.fail(absent) if os.environ.get("CI") else pytest.skip(absent)  # CI must not pass by leaving them out
    own = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": ROOT_SECRET} | dict(environment)
    with start_service("local_stack.ministack", ["--program", str(PROGRAM)], environment=own) as service:
        yield Account(service.url)
