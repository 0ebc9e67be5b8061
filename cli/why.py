"""`./broker why`: what is known of one user's events and list, and how surely."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
import click
from broker.clock import Clock
from broker.json_values import int64
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli import connection, deployed
from cli.console import emit
from cli.errors import service_errors
from cli.place import options
from diagnosis.why import Fact, Why
from local_stack import loopback

SESSION = "broker-why"
PAGE = 10_000
NO_ROLE = "read with your own permissions: the stack has no role for this (broker:why_principals)"


@click.command(
    "why",
    short_help="What is known of one user's list, and how surely.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("customer", metavar="MPID")
@click.option("--deep", is_flag=True, help="Look for the user's log lines, too (broker:record_logs).")
@click.option("--days", type=click.IntRange(1, 31), help="With --deep: of so many days; default: 3.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@options
def command(
    customer: str,
    *,
    deep: bool,
    days: int | None,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Say what is known of one user: what came in, what Personalize took, what their list is, when it was written, and
    what waits. Each line says whether it is known, inferred, or cannot be known: Amazon Personalize has no read by
    user. MPID is an mParticle id (a negative one, too).

    It reads, and writes nothing. Where the stack has a role for it (broker:why_principals), it takes that role, and
    CloudTrail records who did so and when, without the id. The profile is read where PROFILE_API_CLIENT_ID,
    PROFILE_API_CLIENT_SECRET and PROFILE_API_WORKSPACE are set.

    \b
    Examples:
      ./broker why -7346244611012968789 --aws
      ./broker why -7346244611012968789 --aws --deep --days 7

    Exit code: 0 said, 1 a service does not answer, 2 wrong use.
    """
    mpid = int64(customer)
    if not mpid:
        raise click.UsageError(f"{customer} is no mParticle id (a 64-bit number)")
    if days and not deep:
        raise click.UsageError("--days goes with --deep")
    target = connection.find(name, context, aws=aws, local=local)
    profile_api = deployed.profile_api(target)
    with service_errors():
        found = deployed.broker(target)
        facts = list(
            Why(
                _reader(target),
                found,
                mpid,
                clock=Clock(time.time, time.sleep, random.random),
                profile_api=profile_api,
                events=_events(target.local_url) if target.local_url else None,
                days=(days or 3) if deep else None,
            ).facts()
        )
    said = {"place": target.place, "where": target.where, "stage": found.stage, "facts": [vars(fact) for fact in facts]}
    emit(said, as_json, lambda: _print(facts))


def _reader(target: connection.Target) -> Callable[[str], Any]:
    """Return the clients of the role for this, or one's own. Raises ClientError."""
    role = None if target.local_url else target.outputs.get("WhyRoleArn")
    if role is None:
        if not target.local_url:
            click.echo(NO_ROLE, err=True)
        return target.client
    sts = target.client("sts")
    taken = sts.assume_role(RoleArn=role, RoleSessionName=SESSION, DurationSeconds=900)["Credentials"]
    session = boto3.Session(
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
        region_name=sts.meta.region_name,
    )
    return lambda service: session.client(service)


def _events(url: str) -> Callable[[str], Sequence[Mapping[str, Any]]]:
    """Return what finds a user's events in the local Personalize, each id once."""

    def of(user: str) -> Sequence[Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        after = 0
        while True:
            page = loopback.get(f"{url}/_local/events", params={"after": after, "limit": PAGE}).json()["events"]
            found |= {event["eventId"]: event for event in page if event["userId"] == user}
            if len(page) < PAGE:
                return list(found.values())
            after += len(page)

    return of


def _print(facts: Sequence[Fact]) -> None:
    table = Table()
    for column in ("about", "what", "how surely", "from"):
        table.add_column(column, overflow="fold")
    for fact in facts:
        table.add_row(*(Text(cell) for cell in (fact.about, fact.says, fact.certainty, fact.source)))
    Console(highlight=False).print(table)
