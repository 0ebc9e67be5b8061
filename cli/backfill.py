"""`./broker backfill`: history into a dataset, from mParticle's exports or any CSV; interrupted, it goes on."""

import functools
import random
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from broker.clock import Clock
from broker.failures import Unavailable
from broker.metadata import columns as metadata
from broker.values.amounts import DECIMALS, POINT

from cli import connection, place, suppression
from cli.console import emit
from cli.errors import service_errors
from cli.history_files import gather
from cli.import_summary import left_out, report
from cli.local_conversion import LocalConversion
from cli.options import pairs
from cli.progress import WaitDisplay
from cli.spark_conversion import SparkConversion, SparkOptions
from cli.types import Encoding, Names, Separator
from history_jobs.s3_storage import S3Storage
from lifecycle import datasets, imports, resource_types
from lifecycle.bucket import Bucket
from lifecycle.known_records import make_known
from lifecycle.resources import Resources
from personalize_data.consent import Consent
from personalize_data.conversion import Plan, TableFormat
from personalize_data.errors import BadFile
from personalize_data.exports.part import AtHand, here
from personalize_data.import_summary import ImportSummary
from personalize_data.schema import DATASETS, INTERACTIONS_SCHEMA, Schema, SchemaError, read_schema
from personalize_data.table import Mapped, MappingError
from personalize_data.times import UNITS


@dataclass(frozen=True)
class BackfillOptions:
    """What the command line says beside the files."""

    dataset: str
    mode: str | None
    bucket: str | None
    role_arn: str | None
    work: Path | None
    processes: int | None


@click.command("backfill", short_help="History into a dataset.")
@click.argument("files", nargs=-1, required=True, metavar="FILE|S3…")
@click.option("--dataset", type=click.Choice(DATASETS), default="interactions", show_default=True)
@click.option("--column", "columns", multiple=True, metavar="NAME=SOURCE", help="The file's column for a dataset's.")
@click.option("--constant", "constants", multiple=True, metavar="NAME=TEXT", help="The same text in every row.")
@click.option(
    "--time-unit",
    type=click.Choice(UNITS),
    help="Of TIMESTAMP, or CREATION_TIMESTAMP; default: what its first value can only be.",
)
@click.option("--decimal", type=click.Choice(DECIMALS), default=POINT, show_default=True, help="The decimal mark.")
@click.option("--encoding", type=Encoding(), help="Of a CSV; default: UTF-8. Others: latin-1, cp1252, utf-16, …")
@click.option(
    "--columns",
    "header",
    type=Names(),
    default=(),
    metavar="A,B,C",
    help="The names of the columns of a CSV without a header.",
)
@click.option(
    "--split", type=Separator(), metavar="TEXT", help="What separates several items in one cell: a row for each."
)
@click.option("--consent", metavar="COLUMN", help="Of a CSV, take only rows with a yes here (true, 1).")
@click.option("--consent-given", is_flag=True, help="State that all rows may train; the report says so.")
@click.option("--schema", "schema_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Avro.")
@click.option(
    "--mode", type=click.Choice(["full", "incremental"]), help="Default: incremental after an earlier import."
)
@click.option("--bucket", help="S3 bucket to import from; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize reads it; default: the stack's.")
@click.option("--processes", type=click.IntRange(1), help="That convert exports; default: one for each processor.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep here what is converted until it is uploaded; default: a folder below TMPDIR.",
)
@click.option("--spark", metavar="sc://HOST", help="Convert exports on the Spark of this address (Spark Connect).")
@click.option(
    "--spark-job",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write a job that converts exports, for EMR Serverless or Glue, and import nothing.",
)
@click.option("--out", metavar="URL|DIR", help="Where Spark writes the rows: s3://…, or a folder of all its machines.")
@click.option("--dry-run", is_flag=True, help="Convert and count, ask no service.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    files: tuple[str, ...],
    dataset: str,
    columns: tuple[str, ...],
    constants: tuple[str, ...],
    time_unit: str | None,
    decimal: str,
    encoding: str | None,
    header: tuple[str, ...],
    split: str | None,
    consent: str | None,
    consent_given: bool,
    schema_file: Path | None,
    mode: str | None,
    bucket: str | None,
    role_arn: str | None,
    processes: int | None,
    work: Path | None,
    spark: str | None,
    spark_job: Path | None,
    out: str | None,
    dry_run: bool,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Bring history into a dataset: mParticle's batch exports (JSON), or a CSV or JSON rows; plain, gzip, or s3://.

    Exports are read by the code that reads the stream, under the settings in cdk.json: where history overlaps with
    what was streamed, Personalize gets the same interactions, and counts them once. Of a CSV, or of JSON with one flat
    object per row, --column says which column is USER_ID, ITEM_ID, TIMESTAMP and so on; the same name needs none.

    Where broker:consent_purpose names a purpose, a batch's own consent state decides, and a CSV of interactions or
    users needs --consent COLUMN or --consent-given.

    Where users or items come from the stream (broker:user_columns, broker:item_columns), the rows become known to it:
    an item of a file is then not replaced by one of the stream, and no column of the file is lost.

    Rows of users on the suppression list are left out and counted. A dry run asks no service, so it does not know them.

    An s3:// URL is one of the place that is asked: of AWS, or with --local of the S3 of ./broker serve. One that ends
    with a slash is all below it.

    What can't be read is counted and listed by file and line, and does not stop the rest; what shows that all rows of
    a file are wrong refuses it, with the line. Interrupted, the same command
    goes on where it was; done, it does nothing. --mode full replaces what was imported before: while a ./broker serve
    runs, it asks for --aws or --local where both could be meant.

    Exit code: 0 imported, 1 it failed or nothing could be read, 2 wrong use.

    \b
    Examples:
      ./broker backfill export-2026-*.jsonl.gz
      ./broker backfill shop.csv --column USER_ID=CustomerID --column ITEM_ID=StockCode \\
          --column TIMESTAMP=InvoiceDate --constant EVENT_TYPE=purchase
      ./broker backfill customers.csv --dataset users --column USER_ID=id
      ./broker backfill s3://exports/2026/ --spark sc://spark.example.com --out s3://import-bucket/imports/2026
    """
    on_spark = SparkOptions(spark, spark_job, out)
    on_spark.check(dry_run=dry_run)
    options = BackfillOptions(dataset, mode, bucket, role_arn, work, processes)

    def find() -> connection.Target:
        if mode == "full" and not dry_run:
            return place.find(name, context, aws=aws, local=local, verb="Replace")
        return connection.find(name, context, aws=aws, local=local)

    target = None if dry_run else find()
    rules = connection.rules(connection.settings(context))
    mapped = _mapped(columns, constants)
    with service_errors(), tempfile.TemporaryDirectory() as folder, WaitDisplay() as waiting:
        try:

            @functools.cache
            def s3() -> Any:
                return (target or find()).client("s3")

            listed = list(on_spark.files(files, s3)) if on_spark.is_chosen else []
            may_be_exports = dataset == "interactions" and not (columns or constants)
            sources = [file.source for file in listed] or gather(
                files, s3, Path(folder), waiting, by_part=may_be_exports
            )
            schema = _schema(target, options, schema_file, waiting)
            form = TableFormat(encoding, decimal, header, split)
            suppressed = suppression.current(target) if target else None
            agreed = Consent(consent, consent_given)
            plan = Plan(dataset, sources, schema, mapped, time_unit, rules, agreed, form, suppressed)
            is_in_s3 = not listed and any(source.parts for source in sources)
            at_hand = S3Storage(s3(), "", "").at_hand if is_in_s3 else here
            run = Run(plan, options, Path(folder), waiting, at_hand)
            if on_spark.is_chosen:
                summary = run.by_spark(target, SparkConversion(plan, listed, on_spark))
            else:
                summary = run.convert_only() if target is None else run.into(target)
        except (BadFile, MappingError, SchemaError) as error:
            raise click.UsageError(str(error)) from None
    emit(summary.as_json(), as_json, lambda: report(summary))
    if not summary.rows and not spark_job:
        raise click.ClickException(f"not one row of {dataset} could be made of {', '.join(files)}")


class Run:
    """One backfill: convert, upload, import, each only if it is not done already."""

    def __init__(
        self, plan: Plan, options: BackfillOptions, folder: Path, waiting: WaitDisplay, at_hand: AtHand
    ) -> None:
        self._plan, self._asked, self._folder, self._waiting = plan, options, folder, waiting
        self._at_hand = at_hand

    def convert_only(self) -> ImportSummary:
        """Convert; return the summary."""
        conversion = self._conversion()
        csv, summary = self._convert(conversion)
        conversion.forget()
        return replace(summary, bytes=csv.stat().st_size, state="dry run")

    def by_spark(self, target: connection.Target | None, conversion: SparkConversion) -> ImportSummary:
        """Convert by Spark; import the folder of rows where there is a service, and return the summary."""
        if target and self._table(target):
            said = f"the stream adds {self._asked.dataset}, and must know what is imported"
            raise click.UsageError(f"{said}: leave out --spark")
        summary = conversion.summary(self._waiting)
        if target is None or conversion.writes_job or not summary.rows:
            return summary
        resources = Resources(target.client("personalize"), show=self._waiting.show)
        bucket = target.bucket(self._asked.bucket, self._asked.role_arn)
        step = self._step(target, resources)
        arn = datasets.dataset(resources, target.names, self._asked.dataset, summary.schema)
        job = imports.start(resources, bucket, step, arn, conversion.rows_url)
        resources.wait(resource_types.IMPORT_JOB, job)
        return replace(summary, job=step.job, mode=step.mode, state="imported")

    def into(self, target: connection.Target) -> ImportSummary:
        """Import; return the summary. Raises CreationFailed."""
        resources = Resources(target.client("personalize"), show=self._waiting.show)
        bucket = target.bucket(self._asked.bucket, self._asked.role_arn)
        step = self._step(target, resources)
        summary = imports.stored(bucket, step)
        if summary is None:
            summary = self._store(bucket, step, target)
            if not summary.rows:
                return replace(summary, state="nothing to import")
        else:
            self._waiting.say("converted and uploaded already")
            if self._table(target):  # which may be newer than the import
                conversion = self._conversion()
                self._make_known(target, *self._convert(conversion))
                conversion.forget()
        schema = self._plan.schema.text if self._plan.schema else summary.schema
        arn = datasets.dataset(resources, target.names, self._asked.dataset, schema)
        job = imports.start(resources, bucket, step, arn)
        state = "was there already" if step.done else "imported"
        resources.wait(resource_types.IMPORT_JOB, job)
        return replace(summary, job=step.job, mode=step.mode, state=state)

    def _step(self, target: connection.Target, resources: Resources) -> imports.ImportStep:
        group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
        dataset = group and datasets.find_dataset(resources, group, self._asked.dataset)
        jobs = resources.all(resource_types.IMPORT_JOB, datasetArn=dataset) if dataset else []
        mode = self._asked.mode and self._asked.mode.upper()
        step = imports.decide(jobs, target.names, self._asked.dataset, self._plan.identity(), mode)
        if not step.arn:
            self._waiting.say(_said_of_mode(step, chosen=mode is not None))
        return step

    def _store(self, bucket: Bucket, step: imports.ImportStep, target: connection.Target) -> ImportSummary:
        conversion = self._conversion()
        csv, summary = self._convert(conversion)
        if not summary.rows:
            return summary
        self._make_known(target, csv, summary)
        size = csv.stat().st_size
        for line in left_out(summary):  # said now: an import that fails shows no summary
            self._waiting.say(line)
        for warning in imports.warnings(step, self._asked.dataset, summary.rows, size):
            self._waiting.say(f"warning: {warning}")
        stored = imports.store(bucket, step, csv, summary, self._waiting.growing("uploading", size))
        conversion.forget()
        return stored

    def _conversion(self) -> LocalConversion:
        return LocalConversion(self._plan, self._asked.work, self._asked.processes, self._at_hand)

    def _table(self, target: connection.Target) -> str | None:
        """Return the table that has to know what is imported, None where nothing comes from the stream."""
        return target.metadata_table if self._asked.dataset in metadata.DATASETS else None

    def _make_known(self, target: connection.Target, csv: Path, summary: ImportSummary) -> None:
        """Let the stream know what is imported; before the import, so that it adds nothing of it meanwhile."""
        table, schema = self._table(target), self._plan.schema.text if self._plan.schema else summary.schema
        if table is None:
            return
        clock = Clock(time.time, time.sleep, random.random)
        try:
            rows = make_known(target.client("dynamodb"), table, self._asked.dataset, schema, csv, clock)
        except Unavailable as failure:
            raise click.ClickException(f"table {table}: {failure}: run this again to go on") from None
        self._waiting.say(f"{rows:,} {self._asked.dataset} are known to the stream")

    def _convert(self, conversion: LocalConversion) -> tuple[Path, ImportSummary]:
        path = self._folder / "data.csv"
        return path, conversion.csv(path, self._waiting)


def _said_of_mode(step: imports.ImportStep, *, chosen: bool) -> str:
    effect = (
        "adds to what was imported before"
        if step.mode == imports.INCREMENTAL
        else "replaces all that was imported before"
    )
    if not chosen:
        effect = "the first import" if step.mode == imports.FULL else f"{effect}; --mode full would replace it"
    return f"mode {step.mode.lower()}: {effect}. What was streamed stays"


def _mapped(columns: tuple[str, ...], constants: tuple[str, ...]) -> Mapped:
    mapped = Mapped(pairs("--column", columns, "NAME=…"), pairs("--constant", constants, "NAME=…"))
    both = sorted(set(mapped.columns) & set(mapped.constants))
    if both:
        raise click.UsageError(f"{both[0]} can't be both a --column and a --constant")
    return mapped


def _schema(
    target: connection.Target | None, options: BackfillOptions, file: Path | None, waiting: WaitDisplay
) -> Schema | None:
    """Return the schema: that of the dataset if there is one, else the file's, else the broker's for interactions."""
    file_schema = read_schema(file.read_text(encoding="utf-8"), options.dataset) if file else None
    used = None
    if target:
        used = datasets.schema_in_use(Resources(target.client("personalize")), target.names, options.dataset)
    if used and file_schema and not file_schema.same_as(used):
        raise SchemaError(
            f"{file} is not the schema that the {options.dataset} dataset has, and a dataset's schema "
            "can't be changed: "
            f"{used}"
        )
    if used:
        return read_schema(used, options.dataset)
    if file_schema or options.dataset != "interactions":
        return file_schema
    return read_schema(INTERACTIONS_SCHEMA.read_text(), "interactions")
