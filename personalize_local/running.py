"""A local Amazon Personalize for a test or a script: a process of its own, on a free loopback port.

    with running("--with-shop") as personalize:
        runtime = boto3.client("personalize-runtime", **personalize.client_kwargs)

This module needs the standard library only.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

REGION = "us-east-1"
STOP_SECONDS = 10.0
SERVICES = ("PERSONALIZE", "PERSONALIZE_EVENTS", "PERSONALIZE_RUNTIME")


class NotStarted(Exception):
    """The service ended before it answered; the message has the last lines that it wrote."""


@dataclass(frozen=True)
class LocalPersonalize:
    """A running service, which answers for all three Personalize services at ``url``."""

    url: str

    @property
    def client_kwargs(self) -> dict[str, Any]:
        """Keyword arguments of ``boto3.client`` and ``Session.client``: the endpoint, a region, and dummy keys."""
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return {"endpoint_url": self.url, "region_name": REGION, **keys}

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for programs that make their clients themselves, with dummy keys."""
        endpoints = {f"AWS_ENDPOINT_URL_{service}": self.url for service in SERVICES}
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        return {**endpoints, **keys, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[LocalPersonalize]:
    """Start the service with arguments of its command line; it ends with the block, or with this process.

    Raises NotStarted.
    """
    command = [sys.executable, "-m", "personalize_local", "--with-parent", *arguments]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, and the package's own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C belongs to the caller
        )
        try:
            yield LocalPersonalize(_announced(process, errors))
        finally:
            _stop(process)


def _announced(process: subprocess.Popen[str], errors: IO[str]) -> str:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    line = process.stdout.readline()
    if not line:
        process.wait()
        errors.seek(0)
        last = "".join(errors.readlines()[-10:]).strip()
        raise NotStarted(f"personalize-local did not start (exit code {process.returncode}): {last}")
    return str(json.loads(line)["url"])


def _stop(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
