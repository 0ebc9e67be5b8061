"""Which Amazon Personalize a command talks to: AWS, or the local one; and the broker's settings from cdk.json."""

import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from broker.setting_types import LOOPBACK
from broker.settings import ingest_settings

from blueprint.environments import ingest_environment
from cli import local_env
from cli.options import pairs
from infra.settings import Settings, SettingsError, read_settings
from lifecycle.bucket import Bucket
from lifecycle.names import Names
from local_stack.aws.session import local_session

ROOT = Path(__file__).resolve().parents[1]
LOCAL_ROLE = "arn:aws:iam::123456789012:role/local"
NOT_AMAZONS = "answered by the local Personalize: says nothing of Amazon's models"
SERVICE_IDS = {
    "secretsmanager": "secrets-manager",
    "logs": "cloudwatch-logs",
}  # where AWS's variable is not called after the client
RETRIES = {"mode": "standard", "total_max_attempts": 8}


@dataclass(frozen=True)
class Target:
    """A service to talk to. ``local_url``: where the local Personalize is, None for AWS.

    ``local_values``: what the local services exported.
    """

    names: Names
    client: Callable[[str], Any]
    local_url: str | None
    local_values: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Return it for people."""
        if self.local_url:
            return f"the local Personalize at {self.local_url}"
        return f"Amazon Personalize in {self.client('personalize').meta.region_name}"

    @property
    def place(self) -> str:
        """Return it for programs: aws or local."""
        return "local" if self.local_url else "aws"

    @functools.cached_property
    def outputs(self) -> Mapping[str, str]:
        """Return the outputs of the broker's stack, empty where none is deployed. Raises ClientError."""
        if self.local_url:
            return {}
        try:
            answer = self.client("cloudformation").describe_stacks(StackName=self.names.broker)
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return {}
            raise
        return {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", [])}

    @property
    def state_table(self) -> str | None:
        """Return the table of what ``refresh`` remembers, None where there is no ``refresh``. Raises ClientError."""
        return self.known("STATE_TABLE", "StateTable")

    @property
    def impressions_table(self) -> str | None:
        """Return the table of what users were shown, None where ``ingest`` keeps no impressions. Raises ClientError."""
        return self.known("IMPRESSIONS_TABLE", "ImpressionsTable")

    @property
    def metadata_table(self) -> str | None:
        """Return the table of users and items, None where they do not come from the stream. Raises ClientError."""
        return self.known("METADATA_TABLE", "MetadataTable")

    @property
    def control_bucket(self) -> str | None:
        """Return the bucket by which commands tell functions what to do, None where there is none."""
        return self.known("CONTROL_BUCKET", "ControlBucket")

    @property
    def suppression_key(self) -> str | None:
        """Return the secret with the suppression list's key, None where there is no list."""
        return self.known("SUPPRESSION_KEY_ARN", "SuppressionKeyArn")

    def known(self, variable: str, output: str) -> str | None:
        """Return a place by the name of a local value, or of an output of the stack; None where there is none."""
        return (self.local_values.get(variable) if self.local_url else self.outputs.get(output)) or None

    def bucket(self, name: str | None, role_arn: str | None) -> Bucket:
        """Return the bucket for files: as given, of the stack, or made locally. Raises click.UsageError."""
        if self.local_url:
            bucket = Bucket(self.client("s3"), name or f"{self.names.broker}-imports", role_arn or LOCAL_ROLE)
            bucket.create_if_missing()
            return bucket
        name = name or self.outputs.get("ImportBucket")
        role_arn = role_arn or self.outputs.get("ImportRoleArn")
        if name and role_arn:
            return Bucket(self.client("s3"), name, role_arn)
        raise click.UsageError(
            f"no stack {self.names.broker} with a bucket for imports is deployed here: make deploy, or give --bucket "
            "and --role-arn (a role that Personalize may take, and that may read the bucket)"
        )


def settings(context: tuple[str, ...]) -> Settings:
    """Read cdk.json, and KEY=VALUE pairs on top of it. Raises click.UsageError."""
    given = pairs("-c", context, last_counts=True)
    try:
        return read_settings(json.loads((ROOT / "cdk.json").read_text())["context"] | given, root=ROOT)
    except SettingsError as error:
        raise click.UsageError(f"wrong settings (cdk.json or -c):\n{error}") from None


def rules(deployment: Settings) -> Any:
    """Return the rules by which a deployment with these settings reads batches."""
    return ingest_settings(ingest_environment(deployment.options, tracking_id="none", quarantine_bucket="none")).rules


def find(name: str | None, context: tuple[str, ...], *, aws: bool, local: bool = False) -> Target:
    """Return what to talk to, and say so on stderr.

    Endpoints in the environment count first; then a running ``./broker serve``; then AWS. ``aws`` or ``local``: that
    one or none. Raises click.ClickException.
    """
    if aws and local:
        raise click.UsageError("--aws and --local exclude each other")
    endpoints = _on_aws() if aws else _local() if local else _endpoints()
    names = Names(name or endpoints.get("BROKER_NAME") or settings(context).name)
    url = endpoints.get("AWS_ENDPOINT_URL_PERSONALIZE") or endpoints.get("AWS_ENDPOINT_URL")
    if url and urlsplit(url).hostname in LOOPBACK:
        target = Target(names, functools.cache(functools.partial(_local_client, endpoints)), url, endpoints)
    else:
        target = Target(names, functools.cache(_aws_client), None)
    click.echo(f"{names.broker}, on {target.where}", err=True)
    return target


def local_endpoints(values: Mapping[str, str]) -> list[str]:
    """Return which variables name an endpoint on this machine."""
    names = (name for name in values if name.startswith("AWS_ENDPOINT_URL"))
    return sorted(name for name in names if urlsplit(values[name]).hostname in LOOPBACK)


def _endpoints() -> Mapping[str, str]:
    if any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ):
        return os.environ
    return local_env.running() or os.environ


def _on_aws() -> Mapping[str, str]:
    named = local_endpoints(os.environ)
    if named:
        raise click.ClickException(
            f"--aws, but {named[0]} names a local service: use a shell in which .local.env was not read"
        )
    return os.environ


def _local() -> Mapping[str, str]:
    if {"AWS_ENDPOINT_URL_PERSONALIZE", "AWS_ENDPOINT_URL"} & {*local_endpoints(os.environ)}:
        return os.environ
    running = local_env.running()
    if not running:
        raise click.ClickException("--local, but no ./broker serve is running: start it in another terminal first")
    return running


def _local_client(endpoints: Mapping[str, str], service: str) -> Any:
    variable = "AWS_ENDPOINT_URL_" + SERVICE_IDS.get(service, service).upper().replace("-", "_")
    url = endpoints.get(variable) or endpoints.get("AWS_ENDPOINT_URL")
    if not url or urlsplit(url).hostname not in LOOPBACK:
        # With dummy keys, beside a local Personalize, AWS itself must not be asked.
        raise click.ClickException(f"{variable} is missing: the local Personalize needs a local {service} beside it")
    config = Config(retries=RETRIES, proxies={}, connect_timeout=2, read_timeout=60, s3={"addressing_style": "path"})
    return local_session().client(service, endpoint_url=url, config=config)


def _aws_client(service: str) -> Any:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        session = boto3.Session(region_name=region)
        if session.region_name:
            return session.client(service, config=Config(retries=RETRIES))
    except (BotoCoreError, ValueError) as error:  # a profile that is not there; a region that is none
        raise click.ClickException(f"AWS can't be used: {error}") from None
    raise click.ClickException(
        "no AWS region is set (AWS_REGION or a profile), and no local Personalize is running: "
        "./broker serve --only personalize starts one"
    )
