"""`./broker forget`: erases users from Amazon Personalize, and says what that does and does not cover."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from broker.json_values import int64
from rich.console import Console

from cli import connection, place
from cli.console import emit
from cli.errors import service_errors
from cli.progress import WaitDisplay
from lifecycle import forgetting, resource_types
from lifecycle.batch import parse_users
from lifecycle.resources import Resources

NEXT = (
    "train again, and bring the campaign up to it: {train} (a model that was trained before still knows them)",
    "run this again if events came in, or an import or a training ran, while the job did: then AWS does not promise "
    "that the models have forgotten. To be sure, pause the stream first",
    "run this again once mParticle has erased them: until then an event of theirs brings them back",
)
NOBODY = "nothing was known of any of them: they were forgotten before, or these are not the ids in Personalize"
GUIDE = "docs/privacy.md says how to pause the stream, and what else holds data for how long"


@click.command(
    "forget", short_help="Erase users from Amazon Personalize.", context_settings={"ignore_unknown_options": True}
)
@click.argument("users", nargs=-1, required=True, metavar="MPID…|FILE")
@click.option("--yes", is_flag=True, help="Do not ask before.")
@click.option("--bucket", help="S3 bucket to go through; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize reads it; default: the stack's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    users: tuple[str, ...],
    *,
    yes: bool,
    bucket: str | None,
    role_arn: str | None,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Delete all that Amazon Personalize knows of some users: interactions and records of the broker's dataset group.
    MPID… are mParticle ids (negative ones, too). FILE has an id a line, with or without the header USER_ID.

    While a ./broker serve runs, say where: --aws or --local. Where both could be meant it asks in a terminal; in a
    script, or with --yes, it then deletes nothing.

    It cannot be undone, and takes up to a day on AWS. Ctrl-C only stops the waiting: the same command takes it up
    again, and a run after that is a new job.

    Exit code: 0 deleted, 1 it failed, 2 wrong use.
    """
    user_ids = _wanted(users)
    target = place.find(name, context, aws=aws, local=local, verb="Erase", ask=not yes)
    with service_errors(), WaitDisplay() as waiting, tempfile.TemporaryDirectory() as folder:
        resources = Resources(target.client("personalize"), show=waiting.show)
        group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
        if group is None:
            raise click.ClickException(f"dataset group {target.names.dataset_group} not found: no users to delete")
        step = forgetting.decide(forgetting.jobs(resources, group), target.names, user_ids)
        if step.arn:
            waiting.say("a job for these users is under way: waiting for that one")
        elif not yes:
            _confirm(len(user_ids), target.where)
        path = Path(folder) / "users.csv"
        path.write_text(forgetting.users_csv(user_ids), encoding="utf-8")
        done = forgetting.forget(resources, target.bucket(bucket, role_arn), group, step, path)
    outcome = {
        "place": target.place,
        "where": target.where,
        "job": step.job,
        "users": len(user_ids),
        "deleted": done.get("numDeleted"),
        "next": _next(target),
    }
    emit(outcome, as_json, lambda: _report(outcome))


def _wanted(arguments: tuple[str, ...]) -> list[str]:
    """Return the users that are meant. Raises click.UsageError."""
    if len(arguments) == 1 and int64(arguments[0]) is None:
        return _of_file(Path(arguments[0]))
    wrong = [text for text in arguments if int64(text) is None]
    if wrong:
        raise click.UsageError(f"{wrong[0]} is no mParticle id (a 64-bit number); a file stands alone")
    return list(dict.fromkeys(str(int64(text)) for text in arguments))


def _of_file(path: Path) -> list[str]:
    try:
        users = parse_users(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise click.UsageError(f"{path} is neither an mParticle id nor a file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is no text in UTF-8: one id a line is wanted") from None
    except ValueError as error:
        raise click.UsageError(f"{path}: {error}") from None
    bad = forgetting.bad_users(users)
    if bad or not users:
        raise click.UsageError(f"{path}: user {bad[0]} is no id" if bad else f"{path} names no user")
    return users


def _confirm(number: int, where: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("this deletes for good: say --yes where nobody can be asked")
    click.confirm(f"Delete for good all that {where} knows of {_number(number, 'user')}?", abort=True, err=True)


def _next(target: connection.Target) -> list[str]:
    train = "./broker train" if target.local_url else "./broker train --aws"
    return [step.format(train=train) for step in NEXT]


def _report(outcome: dict[str, Any]) -> None:
    console = Console(highlight=False)
    deleted = "" if outcome["deleted"] is None else f", {_number(outcome['deleted'], 'record')} deleted"
    users = _number(outcome["users"], "user")
    console.print(f"forgotten in {outcome['where']}: {users}{deleted}", markup=False, soft_wrap=True)
    if outcome["deleted"] == 0:
        console.print(NOBODY, markup=False, soft_wrap=True)
    console.print("now:")
    for step in outcome["next"]:
        console.print(f"  - {step}", markup=False, soft_wrap=True)
    console.print(GUIDE, soft_wrap=True)


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
