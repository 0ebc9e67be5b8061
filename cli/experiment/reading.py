"""The events of an analysis from where they are: files, S3, the raw archive, the local stream."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from broker.interactions import Rules

from cli import archive as raw_archive
from cli import connection, records, suppression
from cli.errors import service_errors
from cli.experiment.options import ExperimentOptions
from cli.history_files import gather
from cli.progress import Steps, WaitDisplay
from experiments import batches, table
from experiments.events import Events
from experiments.table import TableForm
from lifecycle.archive import Archive
from local_stack.audit.services import stream_records
from personalize_data import file_kinds
from personalize_data.consent import Consent
from personalize_data.errors import InvalidRequest
from personalize_data.prepare.formats import json_rows
from personalize_data.prepare.reading import Reading
from personalize_data.prepare.source import opened
from personalize_data.times import Times

NO_ARCHIVE = "there is no raw archive here: only broker:archive makes one (docs/deploy.md, The raw archive)"
Record = tuple[bytes, int]


def read(options: ExperimentOptions, target: connection.Target | None, slot: str | None, steps: Steps) -> Events:
    """Return the events, those of ``target`` where there is one.

    Raises BadFile, InvalidRequest and click.ClickException.
    """
    if target:
        return _of_service(options, target, slot, steps)
    with tempfile.TemporaryDirectory(prefix="personalize-broker-") as folder, WaitDisplay() as waiting:
        paths = [source.path for source in gather(_expanded(options.files), _s3(options), Path(folder), waiting)]
        if all(file_kinds.kind(path) in file_kinds.JSON and json_rows.is_batches(path) for path in paths):
            steps.begin(f"reading {len(paths):,} files of batches")
            return batches.read(_of_files(paths), connection.rules(connection.settings(options.context)), slot)
        steps.begin("reading the table")
        scratch = Path(tempfile.mkdtemp(dir=folder))
        return _of_table(options, paths, scratch)


def _expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names with all files of a folder in place of it."""
    folders = {
        name: sorted(str(path) for path in Path(name).rglob("*") if path.is_file())
        for name in names
        if Path(name).is_dir()
    }
    return tuple(path for name in names for path in folders.get(name, [name]))


def _of_files(paths: list[Path]) -> Iterator[Record]:
    for path in paths:
        for record in records.one_batch_each((path,)):
            yield record.data, record.arrived_ms


def _of_table(options: ExperimentOptions, paths: list[Path], scratch: Path) -> Events:
    if len(paths) > 1:
        raise InvalidRequest("of tables give one file: several are of mParticle's batches only")
    purpose = connection.settings(options.context).options.consent_purpose
    said = Consent(options.consent, options.consent_given)
    problem = said.problem(purpose)
    if problem:
        raise InvalidRequest(problem)
    source, left_out = opened(paths[0], Reading(), scratch).with_consent(options.consent)
    columns = {name: column for name, column in options.columns.items() if column}
    found = table.read(source, TableForm(columns, options.words), Times(options.time_unit, time.time()), left_out)
    return Events(found.rows, found.refused, found.duplicates, [*found.notes, *said.notes(purpose)])


def _of_service(options: ExperimentOptions, target: connection.Target, slot: str | None, steps: Steps) -> Events:
    """Return the events of a stack's archive or of the local stream, without users on its suppression list."""
    # The local functions read batches by the default rules, whatever cdk.json says.
    rules = Rules() if target.local_url else connection.rules(connection.settings(options.context))
    with service_errors():
        steps.begin("reading the archive" if options.archive else "reading the stream")
        read_records = _of_archive(target) if options.archive else _of_stream(target)
        found = batches.read(read_records, rules, slot)
        suppressed = suppression.current(target)
    return found.without(suppressed.covers) if suppressed else found


def _of_archive(target: connection.Target) -> Iterator[Record]:
    archive: Archive | None = raw_archive.opened(target, raw_archive.READER)
    if archive is None:
        raise click.UsageError(NO_ARCHIVE)
    for stored in archive.objects():
        arrived_ms = int(time.time() * 1000)
        for part in archive.parts(stored):
            yield part.data, arrived_ms


def _of_stream(target: connection.Target) -> Iterator[Record]:
    arn = target.local_values.get("STREAM_ARN")
    if not arn:
        raise click.ClickException("the ./broker serve that is running has no stream: start it without --only")
    for record in stream_records(target.client("kinesis"), arn.rpartition("/")[2]):
        yield record.data, record.arrived_ms


def _s3(options: ExperimentOptions) -> Callable[[], Any]:
    return lambda: connection.find(options.name, options.context, aws=options.aws).client("s3")
