"""Where a command that deletes, replaces or overwrites works: on AWS or locally. It never guesses where."""

import os
import sys
from collections.abc import Callable
from typing import Any

import botocore.session
import click
from botocore.exceptions import BotoCoreError

from cli import connection, local_env
from cli.options import connection_options

AWS, LOCAL = "aws", "local"
# By any of these somebody works with AWS. Keys and region are not among them where .local.env has set them.
OF_AWS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
KEYS_AND_REGION = ("AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION")


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --local to the options by which a command finds what it talks to."""
    local = click.option("--local", is_flag=True, help="Talk to the running ./broker serve, and never to AWS.")
    return local(connection_options(command))


def find(
    name: str | None, context: tuple[str, ...], *, aws: bool, local: bool, verb: str, ask: bool = True
) -> connection.Target:
    """Return what to talk to; where AWS and a local service could both be meant, ask for it in a terminal.

    ``verb``: what the command does there. Raises click.UsageError where nobody can be asked, or not ``ask``.
    """
    if not (aws or local) and _local_could_be_meant() and _aws_could_be_meant():
        aws, local = _chosen(verb, ask=ask)
    return connection.find(name, context, aws=aws, local=local)


def _chosen(verb: str, *, ask: bool) -> tuple[bool, bool]:
    if not (ask and sys.stdin.isatty()):
        raise click.UsageError(f"{verb.lower()} in AWS or locally? Both could be meant: add --aws or --local")
    place = click.prompt(f"{verb} in", type=click.Choice([AWS, LOCAL]), err=True)
    return place == AWS, place == LOCAL


def _local_could_be_meant() -> bool:
    """Return whether a ``serve`` runs, or was killed and left its file, or the environment names a local service."""
    return local_env.FILE.exists() or bool(connection.local_endpoints(os.environ))


def _aws_could_be_meant() -> bool:
    """Return whether environment or files hold a profile, keys, a region or an endpoint of AWS. Asks no service."""
    sourced = os.environ.get("AWS_ACCESS_KEY_ID") == local_env.ACCESS_KEY
    names = OF_AWS if sourced else (*OF_AWS, *KEYS_AND_REGION)
    endpoints = {name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")}
    if endpoints - {*connection.local_endpoints(os.environ)} or any(os.environ.get(name) for name in names):
        return True
    try:
        return bool(botocore.session.Session().available_profiles)
    except BotoCoreError:  # files that can't be read are files of somebody who works with AWS
        return True
