"""`./broker rewind`: reads the stream again, from a time on, so that what was left out trains; without refreshes."""

import random
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import click
from broker.clock import Clock
from broker.failures import Failure
from broker.rewind_plan import NoPlan, RewindPlan

from blueprint import sizing
from cli import connection, place, rewind_archive
from cli.console import emit
from cli.errors import service_errors
from cli.progress import WaitDisplay
from cli.types import Moment
from replay.rewinding import Places, Progress, Rewinding
from replay.shard_ends import ShardEnd, StreamEnds

MOMENT = Moment()
A_MOMENT = 60.0  # seconds
EVERY, EVERY_LOCALLY = 5.0, 0.5  # seconds between two looks at how far it is
NOT_HERE = (
    "there is no function to rewind with: set broker:suppression_list and broker:rewind to true, and deploy "
    "(docs/runbook.md, Undo: rewind)"
)
NO_SECOND = "there is no second tracker here: set broker:second_tracking_id, and deploy (docs/deploy.md)"
ONLY_SECOND = (
    "rewind writes into the second tracker as long as broker:second_tracking_id is set: say --second if you mean that, "
    "or remove the setting and deploy"
)
UNDER_WAY = "a rewind is under way, or was interrupted: ./broker rewind --stop ends it"
CLOCK = Clock(time.time, time.sleep, random.random)


@click.command("rewind", short_help="Read the stream again, without refreshes.")
@click.option(
    "--since", type=MOMENT, help="Read what arrived then or later: 2026-11-22T09:30 (UTC), 90m, 2h, 3d. Required."
)
@click.option("--until", type=MOMENT, help="Read what arrived before; default: now.")
@click.option(
    "--from",
    "source",
    type=click.Choice(["stream", "archive"]),
    default="stream",
    show_default=True,
    help="archive: from the raw archive, which has more than the last three days.",
)
@click.option("--second", is_flag=True, help="Fill the second dataset group (broker:second_tracking_id).")
@click.option("--dry-run", is_flag=True, help="Say what would be read; read nothing again.")
@click.option("--stop", is_flag=True, help="End a rewind that was interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    since: datetime | None,
    until: datetime | None,
    *,
    source: str,
    second: bool,
    dry_run: bool,
    stop: bool,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Read again what the stream still holds, by the settings of now. Use it where a wrong setting, or an error of the
    broker, left interactions out that should train.

    What was accepted before has the same event id, and counts once in training. Nothing asks for a refresh. Users on
    the suppression list are left out. The live stream goes on beside it; a rewind uses broker:rewind_share percent of
    PutEvents' quota. docs/runbook.md says what a rewind cannot repair.

    It needs broker:rewind. The end of each shard is taken at the start, and later records are passed over. Ctrl-C ends
    the rewind, and says from when on to go on.

    --from archive reads the objects of those hours in the raw archive (broker:archive) instead, and ends when they are
    read. Ctrl-C then says from which hour on to go on.

    --second fills the second dataset group, for as long as broker:second_tracking_id is set: a rewind writes only there
    then (docs/deploy.md, A second dataset group).

    While a ./broker serve runs, say where: --aws or --local.

    \b
    Examples:
      ./broker rewind --since 6h --dry-run
      ./broker rewind --since 2026-11-22T09:30 --until 2026-11-22T15:30 --aws
      ./broker rewind --since 20d --until 10d --from archive --aws

    Exit code: 0 done, or nothing to read; 1 it failed; 2 wrong use.
    """
    if stop == (since is not None):
        raise click.UsageError("give --since, from when on to read again (or --stop, without it)")
    target = place.find(name, context, aws=aws, local=local, verb="Rewind", ask=True)
    with service_errors(), WaitDisplay() as waiting:
        places = _places(target)
        if not stop:
            _check_tracker(target, second=second)
        rewinding = Rewinding(target.client("lambda"), target.client("s3"), places, CLOCK)
        if since is None:
            _stop(rewinding, as_json=as_json)
            return
        if source == "archive":
            outcome = _from_archive(target, places, rewinding, since, until, context, waiting, dry_run=dry_run)
            emit(outcome, as_json, lambda: rewind_archive.report(outcome))
            return
        try:
            plan = _plan(StreamEnds(target.client("kinesis"), places.stream_arn, CLOCK), since, until)
            if not dry_run and plan.ends:
                _run(rewinding, plan, waiting, EVERY_LOCALLY if target.local_url else EVERY)
        except (Failure, NoPlan) as failure:
            raise click.ClickException(str(failure)) from None
    outcome = _outcome(target, plan, dry_run=dry_run)
    emit(outcome, as_json, lambda: _report(outcome))


def _from_archive(
    target: connection.Target,
    places: Places,
    rewinding: Rewinding,
    since: datetime,
    until: datetime | None,
    context: tuple[str, ...],
    waiting: WaitDisplay,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    if not dry_run and rewinding.under_way():
        raise click.ClickException(UNDER_WAY)
    rules = connection.rules(connection.settings(context))
    try:
        return rewind_archive.rewind(
            target, places, since, until, rules=rules, dry_run=dry_run, waiting=waiting, clock=CLOCK
        )
    except Failure as failure:
        raise click.ClickException(str(failure)) from None


def _places(target: connection.Target) -> Places:
    """Return where the rewind is. Raises click.UsageError where the deployment has none."""
    function, stream_arn = target.known("REWIND_FUNCTION", "RewindFunction"), target.known("STREAM_ARN", "StreamArn")
    control, on_failure = target.control_bucket, target.known("ON_FAILURE_BUCKET", "OnFailureBucket")
    if not (function and stream_arn and control and on_failure):
        raise click.UsageError(NOT_HERE)
    return Places(function, stream_arn, control, on_failure)


def _check_tracker(target: connection.Target, *, second: bool) -> None:
    """Raise click.UsageError where the rewind would write into another dataset group than is meant."""
    has_second = target.known("SECOND_TRACKING_ID", "SecondTrackingId") is not None
    if second != has_second:
        raise click.UsageError(ONLY_SECOND if has_second else NO_SECOND)


def _plan(stream: StreamEnds, since: datetime, until: datetime | None) -> RewindPlan:
    """Return what is to be read again. Raises click.UsageError, Failure."""
    now = time.time()
    start, end = since.timestamp(), min(now, until.timestamp() if until else now)
    oldest = now - stream.retention()
    if oldest - A_MOMENT < start < oldest:  # --since 3d, of a stream that keeps three days
        start = oldest
    if start < oldest:
        raise click.UsageError(
            f"the stream has forgotten what arrived before {_text(oldest)}: give a later --since, or --from archive"
        )
    if start >= end:
        raise click.UsageError("--since must be in the past, and before --until")
    ends: list[ShardEnd] = stream.ends(start, end)
    return RewindPlan(
        uuid.uuid4().hex, int(start * 1000), int(end * 1000), {end.shard: end.sequence_number for end in ends}
    )


def _run(rewinding: Rewinding, plan: RewindPlan, waiting: WaitDisplay, every: float) -> None:
    """Rewind, and remove the mapping whatever happens."""
    if rewinding.under_way():
        raise click.ClickException(UNDER_WAY)
    mapping, last = rewinding.start(plan, sizing.REWIND), ""

    def show(progress: Progress) -> None:
        nonlocal last
        problem = rewinding.problem(mapping)
        if problem and problem != last:
            waiting.say(f"Lambda: {problem}")
        last = problem
        state = f"{progress.done} of {progress.shards} shards, all up to {_text(progress.reached)}"
        waiting.tell("reading the stream again", state)

    try:
        rewinding.wait(plan, show, every)
    except BaseException:
        reached = datetime.fromtimestamp(rewinding.progress(plan).reached, UTC)
        waiting.say(f"ended before it was done; to go on: ./broker rewind --since {reached:%Y-%m-%dT%H:%M:%S}")
        raise
    finally:
        rewinding.stop(mapping)


def _stop(rewinding: Rewinding, *, as_json: bool) -> None:
    mapping = rewinding.under_way()
    if mapping:
        rewinding.stop(mapping)
    text = "the rewind is ended" if mapping else "no rewind is under way"
    emit({"stopped": mapping is not None}, as_json, lambda: click.echo(text))


def _outcome(target: connection.Target, plan: RewindPlan, *, dry_run: bool) -> dict[str, Any]:
    return {
        "place": target.place,
        "since": _text(plan.since_ms / 1000),
        "until": _text(plan.until_ms / 1000),
        "shards": len(plan.ends),
        "dry_run": dry_run,
        "done": not dry_run,
    }


def _report(outcome: dict[str, Any]) -> None:
    begins = "would read" if outcome["dry_run"] else "read"
    shards = f"{outcome['shards']} shard" + ("" if outcome["shards"] == 1 else "s")
    span = f"from {outcome['since']} until {outcome['until']}"
    if not outcome["shards"]:
        click.echo(f"nothing arrived {span}: nothing to read again")
        return
    click.echo(f"{begins} again: what arrived {span}, on {shards}, without refreshes")
    if outcome["dry_run"]:
        click.echo("dry run: nothing was read again")
    else:
        click.echo("the metrics of rewind, and its log, say what was accepted")


def _text(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
