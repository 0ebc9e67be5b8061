"""`./broker verify`: sends a probe through a deployed broker, and says where it stops."""

import random
import sys
import time
from collections.abc import Mapping
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from broker.clock import Clock

from cli import connection, deployed, place
from cli.console import emit
from cli.errors import service_errors
from diagnosis.answers import NOT_ASKED
from diagnosis.deployment import Deployment
from diagnosis.hops import FAILED, OK, Hop, Verification

STATE_WIDTH, NAME_WIDTH = 12, 9


@click.command("verify", short_help="Does a deployed broker work? A probe, hop by hop.")
@click.option("--yes", is_flag=True, help="Do not ask before something is written.")
@click.option(
    "--wait",
    type=click.FloatRange(1, 3600),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each function may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    *,
    yes: bool,
    wait: float,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Send a probe through a deployed broker: stream, ingest, tracker, campaign, upload, profile. Print a line per hop,
    with its time, or with the cause where it does not work. Then print the answers to the assumptions of
    docs/unverified.md that it could ask.

    The probe is no customer. Personalize gets events of the user broker-probe. From the stage recommend on, and with
    broker:probe_mpid, that identity gets a list. Without it nothing behind the campaign is verified. The profile itself
    is read where PROFILE_API_CLIENT_ID, PROFILE_API_CLIENT_SECRET and PROFILE_API_WORKSPACE (ORG/ACCOUNT/WORKSPACE) are
    set.

    It writes, so it asks first. In a script, add --yes, and --aws or --local.

    \b
    Examples:
      ./broker verify --local
      ./broker verify --aws --yes            # in a pipeline, after a deployment

    Exit code: 0 every hop that could be verified works, 1 one does not, or a service does not answer, 2 wrong use.
    """
    target = place.find(name, context, aws=aws, local=local, verb="Write a probe", ask=not yes)
    profile_api = deployed.profile_api(target)
    with service_errors():
        deployed.refuse_paused(target, "verify")
        found = deployed.broker(target)
        if not yes:
            _confirm(target, found)
        verification = Verification(
            target.client,
            found,
            clock=Clock(time.time, time.sleep, random.random),
            wait=wait,
            profile_api=profile_api,
            unread=lambda: _mapping(target, found),
        )
        hops = []
        for hop in verification.hops():
            hops.append(hop)
            if not as_json:
                _print(hop)
    ok = all(hop.state != FAILED for hop in hops)
    result = {
        "place": target.place,
        "where": target.where,
        "stage": found.stage,
        "ok": ok,
        "hops": [{"hop": hop.name, "state": hop.state, "seconds": hop.seconds, "detail": hop.detail} for hop in hops],
        "answers": verification.answers.found,
    }
    emit(result, as_json, lambda: _report(target, result))
    if not ok:
        raise SystemExit(1)


def _confirm(target: connection.Target, found: Deployment) -> None:
    settings = found.refresh_settings
    writes = ["a record to the stream", "events of the user broker-probe to Personalize"]
    if settings and settings.probe_mpid:
        writes.append("a list to the profile of broker:probe_mpid")
    text = f"This writes {', '.join(writes)} ({target.where})."
    if not sys.stdin.isatty():
        raise click.UsageError(f"{text} Say --yes where nobody can be asked")
    click.confirm(f"{text} Go on?", abort=True, err=True)


def _mapping(target: connection.Target, found: Deployment) -> str:
    """Return how the stream is read, by Lambda's word; for a record that was not read."""
    nobody = "Nobody reads the stream, or its reader is far behind"
    if target.local_url:
        return nobody
    try:
        answer = target.client("lambda").list_event_source_mappings(FunctionName=found.ingest.name)
    except (ClientError, BotoCoreError):
        return nobody
    states = [f"{one['State']} ({one.get('LastProcessingResult', '')})" for one in answer["EventSourceMappings"]]
    return f"{nobody}: event source mappings of ingest: {', '.join(states) or 'none'}"


def _print(hop: Hop) -> None:
    seconds = f"{hop.seconds:6.1f} s" if hop.state == OK or hop.seconds else " " * 8
    click.echo(f"{hop.state:{STATE_WIDTH}}  {hop.name:{NAME_WIDTH}}{seconds}  {hop.detail}")


def _report(target: connection.Target, result: Mapping[str, Any]) -> None:
    answers = {point: answer for point, answer in result["answers"].items() if answer != NOT_ASKED}
    if answers:
        click.echo(f"\nAssumptions of docs/unverified.md, as {target.where} answers:")
        for point, answer in answers.items():
            click.echo(f"  {answer}: {point}")
    if target.local_url:
        click.echo("The local services say nothing of AWS and mParticle.")
    click.echo(f"\n{'every hop that could be verified works' if result['ok'] else 'the broker does not work'}")
