"""`./broker replay`: what was set aside, how much of it and why; and putting it back on the stream."""

import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from broker.failures import Failure, Time
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from cli import connection as targets
from cli import local_env
from cli.errors import service_errors
from cli.options import connection_options
from cli.progress import Waiting
from cli.types import Moment
from replay.destinations import Queue, Stream
from replay.inventory import Choice, Held, Inventory
from replay.records import ON_FAILURE, QUARANTINE, RECORD, USER
from replay.replaying import Replay
from replay.store import Store

MOMENT = Moment()
# What each option is called in a local environment, and among the stack's outputs.
PLACES = {
    "quarantine_bucket": ("QUARANTINE_BUCKET", "QuarantineBucket"),
    "on_failure_bucket": ("ON_FAILURE_BUCKET", "OnFailureBucket"),
    "stream": ("STREAM_NAME", "StreamArn"),
    "queue_url": ("REFRESH_QUEUE_URL", "RefreshQueueUrl"),
}
NOUNS = {RECORD: "record", USER: "user"}


@dataclass(frozen=True)
class Asked:
    """What was asked for."""

    choice: Choice
    sources: tuple[str, ...]
    key: str
    put_back: bool


@click.command("replay", short_help="What was set aside, and putting it back on the stream.")
@click.option("--source", type=click.Choice([QUARANTINE, ON_FAILURE]), help="Look there only; default: both.")
@click.option("--reason", multiple=True, help="Only for this reason, as it is listed; may be given several times.")
@click.option(
    "--since", type=MOMENT, help="Only what arrived then or later: 2026-11-22, 2026-11-22T09:30 (UTC), 2h, 3d."
)
@click.option("--until", type=MOMENT, help="Only what arrived before.")
@click.option("--key", default="", help="Only objects whose key is this, or begins so.")
@click.option("--put-back", is_flag=True, help="Do it. Without, this only says what it would do.")
@click.option("--quarantine-bucket", help="Default: the stack's; likewise the others.")
@click.option("--on-failure-bucket")
@click.option("--stream", help="Name or ARN.")
@click.option("--queue-url", help="Of the refresh queue, for users whose profile mParticle refused.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@connection_options
def command(
    source: str | None,
    reason: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    key: str,
    *,
    put_back: bool,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    **places: str | None,
) -> None:
    """List what is in the quarantine and in the on-failure bucket: how many records, since when, for which reason, and
    where an example lies; nothing that they say. With --put-back, put the chosen ones back where they came from, in the
    order of their arrival: records on the stream, users (refused profiles) in the refresh queue.

    A record is put back once: it is marked, under replayed/ in its bucket. Stopped or killed, the same command goes on.
    What is delivered twice counts once in training, since a record gives the same event ids again.

    Remove the cause first: what is put back and refused again comes back into the quarantine.

    Exit code: 0 done, or nothing to do; 1 something stayed, or a service failed; 2 wrong use.
    """
    choice = Choice(reason, _ms(since), _ms(until))
    asked = Asked(choice, (source,) if source else (QUARANTINE, ON_FAILURE), key, put_back)
    target = targets.find(name, context, aws=aws)
    with service_errors(), Waiting() as waiting:
        replay = _replay(target, asked, places, context)
        objects = replay.objects(asked.choice, key)
        inventory = replay.look(objects, waiting.growing("looking", sum(one.size for one in objects)))
        chosen = inventory.chosen(asked.choice)
        failure = _put_back(replay, chosen, waiting) if put_back and chosen else None
    account = _account(inventory, asked, chosen)
    click.echo(json.dumps(account) if as_json else "", nl=as_json)
    if not as_json:
        _report(account, asked)
    if failure:
        raise click.ClickException(f"{failure}: run this again to go on")
    if put_back and account["put_back"] != account["chosen"]:
        raise click.ClickException("users stay where they are: there is no refresh queue to send them to (--queue-url)")
    raise SystemExit(1 if account["unreadable"] else 0)


def _ms(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp() * 1000


def _replay(target: targets.Target, asked: Asked, given: Mapping[str, str | None], context: tuple[str, ...]) -> Replay:
    places = {option: given[option] or _known(target, *names) for option, names in PLACES.items()}
    buckets = {QUARANTINE: places["quarantine_bucket"], ON_FAILURE: places["on_failure_bucket"]}
    missing = [source for source in asked.sources if not buckets[source]]
    if missing or not places["stream"]:
        option = f"{missing[0]}-bucket" if missing else "stream"
        raise click.UsageError(f"no stack {target.names.broker} is deployed here: give --{option}")
    now = Time(time.time, time.sleep, random.random)
    destinations: dict[str, Stream | Queue] = {RECORD: Stream(target.client("kinesis"), str(places["stream"]), now)}
    if places["queue_url"]:
        destinations[USER] = Queue(target.client("sqs"), places["queue_url"], now)
    s3 = target.client("s3")
    stores = {source: Store(s3, str(buckets[source]), source) for source in asked.sources}
    return Replay(stores, destinations, rules=targets.rules(targets.settings(context)), time=now)


def _known(target: targets.Target, variable: str, output: str) -> str | None:
    """Return a place by itself: of a running ``serve``, or of the stack."""
    if target.local_url:
        return os.environ.get(variable) or local_env.running().get(variable)
    return target.outputs.get(output)


def _put_back(replay: Replay, chosen: Sequence[Held], waiting: Waiting) -> Failure | None:
    """Put records back; return what stopped it, if anything did."""
    try:
        replay.put_back(chosen, waiting.growing("putting back", sum(held.size for held in chosen)))
    except Failure as failure:
        return failure
    return None


def _account(inventory: Inventory, asked: Asked, chosen: Sequence[Held]) -> dict[str, Any]:
    """Return what is there and what was done, as JSON; nothing of it is personal."""
    covered = [held for held in inventory.records.values() if asked.choice.covers(held)]
    done = [held for held in chosen if held.put_back]
    return {
        "held": inventory.lines(asked.choice),
        "chosen": _count(chosen),
        "put_back": _count(done) if asked.put_back else None,
        "held_back": sum(not held.repeatable and not held.put_back for held in covered),
        "unreadable": [one.key for one in inventory.unreadable],
    }


def _count(records: Sequence[Held]) -> dict[str, int]:
    counts = {f"{noun}s": sum(held.kind == kind for held in records) for kind, noun in NOUNS.items()}
    return {**counts, "bytes": sum(held.size for held in records)}


def _report(account: Mapping[str, Any], asked: Asked) -> None:
    console = Console(highlight=False)
    if not account["held"]:
        console.print("nothing is set aside" + (" that was chosen" if asked.choice != Choice() or asked.key else ""))
    for source in dict.fromkeys(line["source"] for line in account["held"]):
        lines = [line for line in account["held"] if line["source"] == source]
        console.print(_table(source, lines))
        for line in lines:
            where = f"  {line['reason']}, for example: {line['example']}"
            console.print(where, markup=False, soft_wrap=True)
    for key in account["unreadable"]:
        console.print(f"none of ours, left alone: {key}", markup=False, soft_wrap=True)
    if account["held_back"]:
        console.print(
            f"{account['held_back']:,} held back: they have events dated over a day after they came, which would get "
            "other ids now and count twice",
            soft_wrap=True,
        )
    chosen, done = account["chosen"], account["put_back"]
    if done is not None and any(chosen.values()):
        console.print(f"put back: {_amount(done)} of {_amount(chosen)}")
    elif any(chosen.values()):
        console.print(f"would put back: {_amount(chosen)}, {decimal(chosen['bytes'])}; --put-back does it")


def _amount(count: Mapping[str, int]) -> str:
    numbers = [(count[f"{noun}s"], noun) for noun in NOUNS.values()]
    said = [f"{number:,} {noun}" + ("" if number == 1 else "s") for number, noun in numbers if number]
    return " and ".join(said) or "nothing"


def _table(source: str, lines: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=source, title_justify="left")
    for column in ("what", "reason", "waiting", "put back", "arrived first", "last"):
        number = column in ("waiting", "put back")
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for line in lines:
        numbers = f"{line['waiting']:,}", f"{line['put_back']:,}"
        table.add_row(f"{NOUNS[line['kind']]}s", line["reason"], *numbers, line["first"], line["last"])
    return table
