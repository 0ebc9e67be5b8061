"""`./broker replay`: lists quarantined records with their reasons, and redrives them to the stream."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from broker.clock import Clock
from broker.failures import Failure
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from cli import connection, suppression
from cli.console import emit
from cli.errors import service_errors
from cli.options import connection_options
from cli.progress import WaitDisplay
from cli.replay_places import PLACES, place
from cli.replay_show import show_object
from cli.types import Moment
from replay.destinations import Queue, Stream
from replay.inventory import Inventory, QuarantinedRecord, RecordFilter
from replay.records import ON_FAILURE, QUARANTINE, RECORD, USER
from replay.redrive import Replay
from replay.store import Store

MOMENT = Moment()
NOUNS = {RECORD: "record", USER: "user"}


@dataclass(frozen=True)
class ReplayOptions:
    """What was asked for."""

    choice: RecordFilter
    sources: tuple[str, ...]
    key: str
    redrive: bool


@click.command("replay", short_help="List quarantined records, and redrive them to the stream.")
@click.option("--source", type=click.Choice([QUARANTINE, ON_FAILURE]), help="Look there only; default: both.")
@click.option("--reason", multiple=True, help="Only for this reason, as it is listed; may be given several times.")
@click.option(
    "--since", type=MOMENT, help="Only what arrived then or later: 2026-11-22, 2026-11-22T09:30 (UTC), 2h, 3d."
)
@click.option("--until", type=MOMENT, help="Only what arrived before.")
@click.option("--key", default="", help="Only objects whose key is this, or begins so.")
@click.option("--redrive", is_flag=True, help="Redrive the chosen records; without it, only list them.")
@click.option(
    "--show", metavar="KEY", help="Show the object of this key: why it is there, and how its records are built."
)
@click.option("--reveal", is_flag=True, help="With --show: also what they say, which is personal data.")
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
    redrive: bool,
    show: str | None,
    reveal: bool,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    **places: str | None,
) -> None:
    """List what is in the quarantine and in the on-failure bucket: how many records, since when, for which reason, and
    where an example lies; nothing that they say. With --redrive, send the chosen ones back to their source in the
    order of their arrival: records on the stream, users (refused profiles) in the refresh queue.

    A record is redriven once: a marker is written under replayed/ in its bucket. Stopped or killed, the same command
    goes on. What is delivered twice counts once in training, since a record gives the same event ids again.

    Of users on the suppression list nothing is redriven.

    Remove the cause first: a redriven record that is refused again returns to the quarantine.

    --show KEY shows one object. Of its records it shows names and words of mParticle's, and of all other values the
    kind and the length: no ids, no items, no attributes. --reveal shows all that they say.

    Exit code: 0 done, or nothing to do; 1 something stayed, or a service failed; 2 wrong use.
    """
    if reveal and not show:
        raise click.UsageError("--reveal goes with --show KEY")
    if show:
        if redrive or source or reason or since or until or key:
            raise click.UsageError("--show KEY shows that object, and goes with no choice of others and no --redrive")
        show_object(connection.find(name, context, aws=aws), show, places, reveal=reveal, as_json=as_json)
        return
    choice = RecordFilter(reason, _ms(since), _ms(until))
    options = ReplayOptions(choice, (source,) if source else (QUARANTINE, ON_FAILURE), key, redrive)
    target = connection.find(name, context, aws=aws)
    with service_errors(), WaitDisplay() as waiting:
        replay = _replay(target, options, places, context)
        objects = replay.objects(options.choice, key)
        inventory = replay.inventory(objects, waiting.growing("looking", sum(one.size for one in objects)))
        chosen = inventory.chosen(options.choice)
        failure = _redrive(replay, chosen, waiting) if redrive and chosen else None
    account = _account(inventory, options, chosen)
    emit(account, as_json, lambda: _report(account, options))
    if failure:
        raise click.ClickException(f"{failure}: run this again to go on")
    if redrive and account["redriven"] != account["chosen"]:
        raise click.ClickException("users stay where they are: there is no refresh queue to send them to (--queue-url)")
    raise SystemExit(1 if account["unreadable"] else 0)


def _ms(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp() * 1000


def _replay(
    target: connection.Target, options: ReplayOptions, place_options: Mapping[str, str | None], context: tuple[str, ...]
) -> Replay:
    places = {option: place_options[option] or place(target, *names) for option, names in PLACES.items()}
    buckets = {QUARANTINE: places["quarantine_bucket"], ON_FAILURE: places["on_failure_bucket"]}
    missing = [source for source in options.sources if not buckets[source]]
    if missing or not places["stream"]:
        option = f"{missing[0]}-bucket" if missing else "stream"
        raise click.UsageError(f"no stack {target.names.broker} is deployed here: give --{option}")
    now = Clock(time.time, time.sleep, random.random)
    destinations: dict[str, Stream | Queue] = {RECORD: Stream(target.client("kinesis"), str(places["stream"]), now)}
    if places["queue_url"]:
        destinations[USER] = Queue(target.client("sqs"), places["queue_url"], now)
    s3 = target.client("s3")
    stores = {source: Store(s3, str(buckets[source]), source) for source in options.sources}
    rules = connection.rules(connection.settings(context))
    return Replay(stores, destinations, rules=rules, clock=now, suppressed=suppression.current(target))


def _redrive(replay: Replay, chosen: Sequence[QuarantinedRecord], waiting: WaitDisplay) -> Failure | None:
    """Redrive records; return the failure that stopped it, if any."""
    try:
        replay.redrive(chosen, waiting.growing("redriving", sum(record.size for record in chosen)))
    except Failure as failure:
        return failure
    return None


def _account(inventory: Inventory, options: ReplayOptions, chosen: Sequence[QuarantinedRecord]) -> dict[str, Any]:
    """Return what is there and what was done, as JSON; nothing of it is personal."""
    covered = [record for record in inventory.records.values() if options.choice.covers(record)]
    done = [record for record in chosen if record.redriven]
    return {
        "quarantined": inventory.lines(options.choice),
        "chosen": _count(chosen),
        "redriven": _count(done) if options.redrive else None,
        "suppressed": sum(record.suppressed and not record.redriven for record in covered),
        "not_repeatable": sum(not record.repeatable and not record.redriven for record in covered),
        "unreadable": [one.key for one in inventory.unreadable],
    }


def _count(records: Sequence[QuarantinedRecord]) -> dict[str, int]:
    counts = {f"{noun}s": sum(record.kind == kind for record in records) for kind, noun in NOUNS.items()}
    return {**counts, "bytes": sum(record.size for record in records)}


def _report(account: Mapping[str, Any], options: ReplayOptions) -> None:
    console = Console(highlight=False)
    if not account["quarantined"]:
        console.print(
            "nothing is quarantined" + (" that was chosen" if options.choice != RecordFilter() or options.key else "")
        )
    for source in dict.fromkeys(line["source"] for line in account["quarantined"]):
        lines = [line for line in account["quarantined"] if line["source"] == source]
        console.print(_table(source, lines))
        for line in lines:
            where = f"  {line['reason']}, for example: {line['example']}"
            console.print(where, markup=False, soft_wrap=True)
    if account["quarantined"]:
        console.print("What the reasons mean: docs/reasons.md")
    for key in account["unreadable"]:
        console.print(f"unrecognised object, ignored: {key}", markup=False, soft_wrap=True)
    if account["suppressed"]:
        console.print(
            f"{account['suppressed']:,} of users on the suppression list: they are not redriven", soft_wrap=True
        )
    if account["not_repeatable"]:
        console.print(
            f"{account['not_repeatable']:,} not repeatable: they have events dated over a day after they "
            "came, which would get "
            "other ids now and count twice",
            soft_wrap=True,
        )
    chosen, done = account["chosen"], account["redriven"]
    if done is not None and any(chosen.values()):
        console.print(f"redriven: {_amount(done)} of {_amount(chosen)}")
    elif any(chosen.values()):
        console.print(f"would redrive: {_amount(chosen)}, {decimal(chosen['bytes'])}; --redrive does it")


def _amount(count: Mapping[str, int]) -> str:
    numbers = [(count[f"{noun}s"], noun) for noun in NOUNS.values()]
    phrases = [f"{number:,} {noun}" + ("" if number == 1 else "s") for number, noun in numbers if number]
    return " and ".join(phrases) or "nothing"


def _table(source: str, lines: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=source, title_justify="left")
    for column in ("what", "reason", "waiting", "redriven", "arrived first", "last"):
        number = column in ("waiting", "redriven")
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for line in lines:
        numbers = f"{line['waiting']:,}", f"{line['redriven']:,}"
        table.add_row(f"{NOUNS[line['kind']]}s", line["reason"], *numbers, line["first"], line["last"])
    return table
