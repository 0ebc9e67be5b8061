"""`./broker export`: the content of a dataset as CSV."""

import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli import connection, output_files, place
from cli.console import emit
from cli.errors import service_errors
from cli.progress import WaitDisplay
from lifecycle import datasets, exports, resource_types
from lifecycle.bucket import Bucket
from lifecycle.exports import Export, ExportStep, NoExport
from lifecycle.resources import Resources
from personalize_data import probe
from personalize_data.schema import DATASETS

WITH_PROBE = "the files have the rows of the broker's own probe, too: ./broker evaluate, prepare and backfill skip them"


@click.command("export", short_help="The content of a dataset as CSV.")
@click.option("--dataset", type=click.Choice(DATASETS), default="interactions", show_default=True)
@click.option(
    "--mode",
    type=click.Choice(exports.MODES),
    default="all",
    show_default=True,
    help="bulk: what was imported; put: what was streamed, or put one by one; all: both.",
)
@click.option("--out", type=output_files.NEW_FILE, help="Write all rows there, as one CSV.")
@click.option("--bucket", help="S3 bucket to export to; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize writes to it; default: the stack's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    dataset: str,
    mode: str,
    out: Path | None,
    bucket: str | None,
    role_arn: str | None,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Export what Personalize has in a dataset: with a header, and the columns of its schema.

    The job writes one or more CSVs into the bucket, where they expire with the imports. --out writes them as one CSV on
    this machine, without the rows of the broker's own probe, and counts the rows. They are personal data.

    Of rows that are the same in all columns, Personalize exports one. Each run is a new job. After Ctrl-C, the same
    command goes on with the job that is running.

    Exit code: 0 exported, 1 it failed, 2 wrong use.

    \b
    Examples:
      ./broker export --aws
      ./broker export --mode put --out streamed.csv
      ./broker export --dataset users --out users.csv
    """
    output_files.check({"--out": out}, [])
    target = place.find(name, context, aws=aws, local=local, verb="Export")
    with service_errors(), WaitDisplay() as waiting:
        resources = Resources(target.client("personalize"), show=waiting.show)
        arn = _dataset(target, resources, dataset)
        step = exports.decide(resources.all(resource_types.EXPORT_JOB, datasetArn=arn), target.names, dataset, mode)
        if step.arn:
            waiting.say("an export of this dataset is under way: waiting for that one")
        files = target.bucket(bucket, role_arn)
        try:
            export = exports.run(resources, files, step, arn, mode)
            if out:
                export = _written(files, export, out)
        except NoExport as error:
            raise click.ClickException(str(error)) from None
    outcome = _outcome(target, files, step, export, out) | {"dataset": dataset, "mode": mode}
    emit(outcome, as_json, lambda: _report(outcome))


def _dataset(target: connection.Target, resources: Resources, name: str) -> str:
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    arn = group and datasets.find_dataset(resources, group, name)
    if not arn:
        raise click.ClickException(
            f"{target.names.dataset_group} has no dataset of {name}: ./broker backfill makes one"
        )
    return arn


def _written(files: Bucket, export: Export, out: Path) -> Export:
    read = export

    def fill(path: Path) -> None:
        nonlocal read
        with tempfile.TemporaryDirectory() as folder:
            read = exports.download(files, export, Path(folder), path)

    output_files.write({out: fill})
    return read


def _outcome(
    target: connection.Target, files: Bucket, step: ExportStep, export: Export, out: Path | None
) -> dict[str, Any]:
    return {
        "place": target.place,
        "where": target.where,
        "job": step.job,
        "files": [files.url(key) for key in export.keys],
        "bytes": export.bytes,
        "out": None if out is None else str(out),
        "rows": export.rows,
        "left_out": {probe.REASON: export.probe_rows} if export.probe_rows else {},
    }


def _report(outcome: dict[str, Any]) -> None:
    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    say(f"exported from {outcome['where']}: {outcome['dataset']}, {outcome['mode']}")
    for file in outcome["files"]:
        say(f"  {file}")
    if outcome["out"] is None:
        say(WITH_PROBE)
        return
    say(f"{outcome['rows']:,} rows in {outcome['out']}")
    for reason, number in outcome["left_out"].items():
        say(f"left out: {number:,} {reason}")
