"""`./broker rewind --from archive`: what the raw archive has of a time, by the function that reads the stream again."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click
from broker.clock import Clock
from broker.interactions import Rules

from cli import archive as raw_archive
from cli import connection
from cli.progress import WaitDisplay
from lifecycle.archive import Archive, ArchiveObject
from replay.archive_feed import ArchiveFeed, Record, batches, fits, order, record_of_archive
from replay.redrive import is_repeatable
from replay.rewinding import Places

NO_ARCHIVE = "there is no raw archive here: only broker:archive makes one (docs/deploy.md, The raw archive)"
UNREADABLE, TOO_LARGE, NOT_REPEATABLE = "unreadable", "too_large", "not_repeatable"
MEANINGS = {
    UNREADABLE: "no JSON",
    TOO_LARGE: "too large for a request",
    NOT_REPEATABLE: "their time depends on when they arrived, so that they could train twice",
}


@dataclass
class ArchiveRewind:
    """What was read: objects, records that were handed over, and those that were left out, by reason."""

    objects: list[ArchiveObject]
    records: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def outcome(self, since: datetime, until: datetime, *, dry_run: bool) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "from": "archive",
            "since": _text(since),
            "until": _text(until),
            "objects": len(self.objects),
            "bytes": sum(stored.size for stored in self.objects),
            "records": None if dry_run else self.records,
            "left_out": dict(self.left_out),
            "dry_run": dry_run,
            "done": not dry_run,
        }


def rewind(
    target: connection.Target,
    places: Places,
    since: datetime,
    until: datetime | None,
    *,
    rules: Rules,
    dry_run: bool,
    waiting: WaitDisplay,
    clock: Clock,
) -> dict[str, Any]:
    """Hand over what the archive has from ``since`` until before ``until``, by the hour; return what was done.

    Raises click.UsageError, Failure, ClientError.
    """
    now = datetime.fromtimestamp(clock.now(), UTC)
    end = min(until or now, now)
    if since >= end:
        raise click.UsageError("--since must be in the past, and before --until")
    opened = raw_archive.opened(target, raw_archive.READER)
    if opened is None:
        raise click.UsageError(NO_ARCHIVE)
    done = ArchiveRewind(sorted(opened.objects(since, end), key=lambda stored: order(stored.hour, stored.key)))
    if not dry_run and done.objects:
        feed = ArchiveFeed(target.client("lambda"), places.function, clock)
        _feed(opened, feed, done, rules, waiting)
    return done.outcome(since, end, dry_run=dry_run)


def report(outcome: dict[str, Any]) -> None:
    """Print it for people."""
    span = f"from {outcome['since']} until {outcome['until']}"
    if not outcome["objects"]:
        click.echo(f"the archive has nothing {span}: nothing to read again")
        return
    objects = f"{outcome['objects']:,} object{'' if outcome['objects'] == 1 else 's'} with {outcome['bytes']:,} bytes"
    if outcome["dry_run"]:
        click.echo(f"would read again: {objects}, {span}, without refreshes")
        click.echo("dry run: nothing was read again")
        return
    click.echo(f"read again: {outcome['records']:,} records in {objects}, {span}, without refreshes")
    for reason, number in outcome["left_out"].items():
        click.echo(f"left out: {number:,} {reason} ({MEANINGS[reason]})")
    click.echo("the metrics of rewind, and its log, say what was accepted")


def _feed(opened: Archive, feed: ArchiveFeed, done: ArchiveRewind, rules: Rules, waiting: WaitDisplay) -> None:
    show = waiting.growing("reading the archive again", sum(stored.size for stored in done.objects))
    for stored in done.objects:
        try:
            for batch in batches(_records(opened, stored, done, rules)):
                feed.send(batch)
                done.records += len(batch)
        except BaseException:
            waiting.say(
                f"ended before it was done; to go on: ./broker rewind --from archive --since {_text(stored.hour)}"
            )
            raise
        show(stored.size)


def _records(opened: Archive, stored: ArchiveObject, done: ArchiveRewind, rules: Rules) -> Iterator[Record]:
    arrived_ms, now_ms = int(stored.hour.timestamp() * 1000), int(time.time() * 1000)
    for index, part in enumerate(opened.parts(stored)):
        if part.document is None:
            done.left_out[UNREADABLE] += 1
        elif not fits(part.data):
            done.left_out[TOO_LARGE] += 1
        elif not is_repeatable(part.data, arrived_ms, now_ms, rules):
            done.left_out[NOT_REPEATABLE] += 1
        else:
            yield record_of_archive(stored.hour, stored.key, index, part.data)


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
