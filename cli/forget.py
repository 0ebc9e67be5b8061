"""`./broker forget`: erases users from Personalize and from `refresh`'s table, and keeps them from coming back."""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from broker.clock import Clock
from broker.failures import Failure, Unavailable
from broker.json_values import int64
from broker.metadata import table as metadata_table
from broker.metadata.columns import USERS
from broker.suppression import SuppressionList
from rich.console import Console

from cli import archive as raw_archive
from cli import connection, place, suppression, user_ids
from cli.console import emit
from cli.errors import service_errors
from cli.progress import WaitDisplay
from lifecycle import forgetting, resource_types, state
from lifecycle.archive import Erasure, mpids
from lifecycle.bucket import Bucket
from lifecycle.resources import Resources

NEXT = (
    "train again, and bring the campaign up to it: {train} (a model that was trained before still knows them)",
    "run this again if events came in, or an import or a training ran, while the job did: then AWS does not promise "
    "that the models have forgotten. To be sure, pause the stream first",
    "without a suppression list, run this again once mParticle has erased them: until then an event of theirs brings "
    "them back",
)
SECOND_GROUP = (
    "erase them from the second dataset group, too: the same command with --name and that group's name "
    "(docs/deploy.md, A second dataset group)"
)
NOBODY = "nothing was known of any of them: they were forgotten before, or these are not the ids in Personalize"
NO_TABLE = "refresh has no table here: only a stack at stage recommend has one (or give --state-table)"
NO_LIST = "there is no suppression list here: broker:suppression_list keeps them from coming back (docs/privacy.md)"
GUIDE = "docs/privacy.md says how to pause the stream, and what else holds data for how long"


@click.command(
    "forget",
    short_help="Erase users from Personalize, and from refresh's table.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("users", nargs=-1, required=True, metavar="MPID…|FILE")
@click.option("--yes", is_flag=True, help="Do not ask before.")
@click.option("--archive", is_flag=True, help="Take them out of the raw archive, too: it is read as a whole.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted and where; delete nothing.")
@click.option("--opted-out", is_flag=True, help="Delete nothing; only put them on the suppression list.")
@click.option("--lift", is_flag=True, help="Delete nothing; take them off the suppression list again.")
@click.option("--bucket", help="S3 bucket to go through; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize reads it; default: the stack's.")
@click.option("--state-table", help="DynamoDB table of what refresh remembers; default: the stack's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    users: tuple[str, ...],
    *,
    yes: bool,
    archive: bool,
    dry_run: bool,
    opted_out: bool,
    lift: bool,
    bucket: str | None,
    role_arn: str | None,
    state_table: str | None,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Delete all that Amazon Personalize knows of some users: interactions and records of the broker's dataset group.
    Delete what refresh and ingest remember of them, too: their items in the stack's DynamoDB tables.
    MPID… are mParticle ids (negative ones, too). FILE has an id a line, with or without the header USER_ID.

    While a ./broker serve runs, say where: --aws or --local. Where both could be meant it asks in a terminal; in a
    script, or with --yes, it then deletes nothing.

    Put them on the suppression list first, if the stack has one (broker:suppression_list): ingest, refresh, rewind,
    replay and backfill then send nothing of them. --opted-out does only that, for users who opted out and whose
    events may come a second time. --lift takes users off the list, who may train again.

    Erasing cannot be undone, and takes up to a day on AWS. Ctrl-C only stops the waiting: the same command takes it up
    again, and a run after that is a new job.

    Exit code: 0 deleted, 1 it failed, 2 wrong use.
    """
    if opted_out and lift:
        raise click.UsageError("--opted-out and --lift exclude each other")
    user_ids = _wanted(users)
    target = place.find(name, context, aws=aws, local=local, verb="Erase", ask=not yes)
    if opted_out or lift:
        _only_list(target, user_ids, lift=lift, dry_run=dry_run, as_json=as_json)
        return
    with service_errors(), WaitDisplay() as waiting:
        resources = Resources(target.client("personalize"), show=waiting.show)
        plan = _plan(target, resources, user_ids, state_table)
        plan_of_archive = raw_archive.known(target)
        if archive and plan_of_archive is None:
            raise click.UsageError("--archive, but there is no raw archive here: only broker:archive makes one")
        if plan.step.arn and not dry_run:
            waiting.say("a job for these users is under way: waiting for that one")
        elif not (yes or dry_run):
            _confirm(plan)
        deleted = None if dry_run else _carry_out(plan, target, resources, target.bucket(bucket, role_arn))
        erased = _erase_archive(target, user_ids, waiting) if archive and not dry_run else None
    outcome = plan.outcome() | {"dry_run": dry_run, "deleted": deleted, "next": [] if dry_run else _next(target)}
    outcome["archive"] = plan_of_archive and plan_of_archive.outcome(erased)
    emit(outcome, as_json, lambda: _report(outcome))


@dataclass(frozen=True)
class Plan:
    """Who is erased, and where: by which job of which dataset group, and in which tables, if there are any.

    ``suppression_list``: the bucket of the list onto which they come, if there is one.
    """

    place: str
    where: str
    users: list[str]
    group: str
    step: forgetting.DeletionStep
    state_table: str | None
    impressions_table: str | None
    metadata_table: str | None
    suppression_list: str | None

    @property
    def tables(self) -> list[str]:
        """Return the tables with an item a user."""
        return [table for table in (self.state_table, self.impressions_table, self.metadata_table) if table]

    def outcome(self) -> dict[str, Any]:
        """Return it as JSON, without the users' ids."""
        return {
            "place": self.place,
            "where": self.where,
            "job": self.step.job,
            "users": len(self.users),
            "state_table": self.state_table,
            "impressions_table": self.impressions_table,
            "metadata_table": self.metadata_table,
            "suppression_list": self.suppression_list,
        }


def _plan(target: connection.Target, resources: Resources, users: list[str], state_table: str | None) -> Plan:
    """Return what is to be erased. Raises click.ClickException where there is no dataset group."""
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    if group is None:
        raise click.ClickException(f"dataset group {target.names.dataset_group} not found: no users to delete")
    step = forgetting.decide(forgetting.jobs(resources, group), target.names, users)
    table, bucket = state_table or target.state_table, target.control_bucket
    tables = table, target.impressions_table, target.metadata_table
    return Plan(target.place, target.where, users, group, step, *tables, bucket)


def _carry_out(plan: Plan, target: connection.Target, resources: Resources, bucket: Bucket) -> int | None:
    """Erase the users; return how many records Personalize deleted.

    They come onto the suppression list before anything is deleted. The table is gone through before the job, so that a
    missing permission shows before a day of waiting; and after it, since refreshes go on meanwhile.
    """
    _change_list(target, lambda newest: newest.with_users(plan.users))
    _erase_state(plan, target)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.csv"
        path.write_text(forgetting.users_csv(plan.users), encoding="utf-8")
        done = forgetting.forget(resources, bucket, plan.group, plan.step, path)
    _erase_state(plan, target)
    deleted: int | None = done.get("numDeleted")
    return deleted


def _change_list(target: connection.Target, edit: Callable[[SuppressionList], SuppressionList]) -> None:
    kept = suppression.store(target)
    if kept is None:
        return
    try:
        kept.change(edit, suppression.FOREVER)
    except Failure as failure:
        raise click.ClickException(
            f"the suppression list can't be written, and nothing was deleted: {failure}"
        ) from None


def _only_list(target: connection.Target, users: list[str], *, lift: bool, dry_run: bool, as_json: bool) -> None:
    """Put users on the suppression list, or take them off."""
    with service_errors():
        bucket = target.control_bucket
        if bucket is None:
            raise click.UsageError(NO_LIST)
        if not dry_run:
            _change_list(target, lambda newest: newest.without_users(users) if lift else newest.with_users(users))
    outcome = {"place": target.place, "suppression_list": bucket, "users": len(users), "lift": lift, "dry_run": dry_run}
    begins = "would be " if dry_run else ""
    text = f"{begins}taken off the suppression list" if lift else f"{begins}put on the suppression list"
    emit(outcome, as_json, lambda: click.echo(f"{text} in {bucket}: {_number(len(users), 'user')}"))


def _erase_archive(target: connection.Target, users: list[str], waiting: WaitDisplay) -> Erasure | None:
    """Take users out of the raw archive; return what was done. It is last: until then, records still come in."""
    opened = raw_archive.opened(target, raw_archive.ERASER)
    if opened is None:
        return None
    size = sum(stored.size for stored in opened.objects())
    return opened.erase(mpids(users), waiting.growing("reading the raw archive", size))


def _erase_state(plan: Plan, target: connection.Target) -> None:
    clock = Clock(time.time, time.sleep, random.random)
    for table in plan.tables:
        try:
            dynamodb = target.client("dynamodb")
            if table == plan.metadata_table:
                keys = (metadata_table.key_of(USERS, user) for user in plan.users)
                state.erase_keys(dynamodb, table, metadata_table.KEY, keys, clock)
            else:
                state.erase(dynamodb, table, plan.users, clock)
        except Unavailable as failure:
            raise click.ClickException(f"table {table}: {failure}: run this again to go on") from None


def _wanted(arguments: tuple[str, ...]) -> list[str]:
    """Return the users that are meant. Raises click.UsageError."""
    if len(arguments) == 1 and int64(arguments[0]) is None:
        return user_ids.of_file(Path(arguments[0]))
    wrong = [text for text in arguments if int64(text) is None]
    if wrong:
        raise click.UsageError(f"{wrong[0]} is no mParticle id (a 64-bit number); a file stands alone")
    return list(dict.fromkeys(str(int64(text)) for text in arguments))


def _confirm(plan: Plan) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("this deletes for good: say --yes where nobody can be asked")
    known = " and ".join((plan.where, *(f"the table {table}" for table in plan.tables)))
    users = _number(len(plan.users), "user")
    click.confirm(
        f"Delete for good all that {known} know{'' if plan.tables else 's'} of {users}?", abort=True, err=True
    )


def _next(target: connection.Target) -> list[str]:
    train = "./broker train" if target.local_url else "./broker train --aws"
    has_second = target.known("SECOND_TRACKING_ID", "SecondTrackingId")
    return [*([SECOND_GROUP] if has_second else []), *(step.format(train=train) for step in NEXT)]


def _report(outcome: dict[str, Any]) -> None:
    console = Console(highlight=False)
    begins = "would be forgotten" if outcome["dry_run"] else "forgotten"
    deleted = "" if outcome["deleted"] is None else f", {_number(outcome['deleted'], 'record')} deleted"
    users = _number(outcome["users"], "user")
    console.print(f"{begins} in {outcome['where']}: {users}{deleted}", markup=False, soft_wrap=True)
    if outcome["deleted"] == 0:
        console.print(NOBODY, markup=False, soft_wrap=True)
    table = outcome["state_table"]
    console.print(f"{begins} in the table {table}: {users}" if table else NO_TABLE, markup=False, soft_wrap=True)
    if shown := outcome["impressions_table"]:
        console.print(f"{begins} in the table {shown}: {users}", markup=False, soft_wrap=True)
    if known := outcome["metadata_table"]:
        console.print(f"{begins} in the table {known}: {users}", markup=False, soft_wrap=True)
    bucket = outcome["suppression_list"]
    listed = f"{'would be ' if outcome['dry_run'] else ''}put on the suppression list in {bucket}: {users}"
    console.print(listed if bucket else NO_LIST, markup=False, soft_wrap=True)
    for line in raw_archive.report(outcome["archive"]) if outcome["archive"] else ():
        console.print(line, markup=False, soft_wrap=True)
    if outcome["dry_run"]:
        console.print("dry run: nothing was deleted")
        return
    console.print("now:")
    for step in outcome["next"]:
        console.print(f"  - {step}", markup=False, soft_wrap=True)
    console.print(GUIDE, soft_wrap=True)


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
