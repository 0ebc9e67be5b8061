"""`./broker replay --show KEY`: one object of the quarantine or of the on-failure bucket."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.filesize import decimal

from cli import connection
from cli.console import emit
from cli.errors import service_errors
from cli.quarantined_object import described
from cli.replay_places import PLACES, place
from replay.records import ON_FAILURE, QUARANTINE, UnrecognisedObject
from replay.store import FOLDERS, Store, StoredObject

BUCKETS = {QUARANTINE: "quarantine_bucket", ON_FAILURE: "on_failure_bucket"}
MOST = 10  # records that are printed for people; an on-failure object may have a thousand


def show_object(
    target: connection.Target, key: str, places: Mapping[str, str | None], *, reveal: bool, as_json: bool
) -> None:
    """Print the object of a key. Raises click.ClickException."""
    store = _store(target, key, places)
    with service_errors():
        stored = _stored(store, key)
        try:
            shown = described(stored, store.read(key), store.marks_of(key), reveal=reveal)
        except UnrecognisedObject:
            raise click.ClickException(f"{key} is neither a quarantine file nor an on-failure document") from None
    emit(shown, as_json, lambda: _print(shown))


def _store(target: connection.Target, key: str, places: Mapping[str, str | None]) -> Store:
    source = next((source for source, folders in FOLDERS.items() if key.startswith(folders)), None)
    if source is None:
        folders = ", ".join(folder for folders in FOLDERS.values() for folder in folders)
        raise click.UsageError(f"--show {key}: keys begin with one of {folders}; ./broker replay names examples")
    option = BUCKETS[source]
    with service_errors():
        bucket = places[option] or place(target, *PLACES[option])
    if not bucket:
        raise click.UsageError(f"no stack {target.names.broker} is deployed here: give --{option.replace('_', '-')}")
    return Store(target.client("s3"), bucket, source)


def _stored(store: Store, key: str) -> StoredObject:
    begins_so = store.objects(key)
    for stored in begins_so:
        if stored.key == key:
            return stored
    close = f"; {len(begins_so):,} begin so, for example {begins_so[0].key}" if begins_so else ""
    raise click.ClickException(
        f"no object in {store.bucket} has the key {key}{close or ': ./broker replay names some'}"
    )


def _print(shown: Mapping[str, Any]) -> None:
    records = shown["records"]
    click.echo(f"{shown['source']}: {shown['key']}")
    click.echo(f"{decimal(shown['bytes'])}, written {shown['written']}, {len(records):,} {_noun(records)}")
    for record in records[:MOST]:
        click.echo()
        _print_record(record, revealed=shown["revealed"])
    if len(records) > MOST:
        click.echo(f"\n{len(records) - MOST:,} more: --json has them all")
    click.echo("\nWhat the reasons mean: docs/reasons.md")
    if not shown["revealed"]:
        click.echo("What the records say is not shown, since it is personal data: --reveal shows it")


def _print_record(record: Mapping[str, Any], *, revealed: bool) -> None:
    state = "redriven" if record["redriven"] else "not redriven"
    click.echo(f"{record['id']}  arrived {record['arrived']}, {decimal(record['bytes'])}, {state}")
    for fault in record["reasons"]:
        part = f" (part {fault['part']})" if fault["part"] else ""
        click.echo(f"  {fault['reason']}{part}" + (f": {fault['detail']}" if fault["detail"] else ""))
    for content in record["content"]:
        text = next(iter(content.values())) if revealed else json.dumps(content, indent=2, ensure_ascii=False)
        click.echo("\n".join(f"  {_printable(line)}" for line in text.split("\n")))


def _printable(text: str) -> str:
    """Return text without what a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign == "\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _noun(records: Sequence[Any]) -> str:
    return "record" if len(records) == 1 else "records"
