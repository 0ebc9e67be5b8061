"""`./broker evaluate split`: a split as files, so that a real Personalize is asked the same question."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import output_files
from cli.errors import file_errors
from cli.evaluate.options import spark_at, split_options, table_in
from cli.progress import Steps
from cli.types import FileOrUrl

if TYPE_CHECKING:
    from cli.evaluate.options import ArmOptions
    from evaluation.splits import HoldOut


@click.command("split", short_help="The files for a real Personalize.")
@click.argument("file", type=FileOrUrl(), metavar="FILE|DIR")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new or empty folder.")
@split_options
def command(
    file: Path | str,
    out: Path,
    hold_out: "HoldOut",
    arm: "ArmOptions | None",
    sample_users: int,
    memory: int,
    spark: str | None,
) -> None:
    """Part the interactions of FILE (USER_ID, ITEM_ID, TIMESTAMP in seconds, EVENT_TYPE if there is one), or of a
    folder that `prepare` has written.

    --out gets train.csv, to import; truth.csv, what is to be predicted; batch_users.json, the input of ./broker batch.
    `./broker evaluate DIR --recommendations personalize=FILE` then scores what came back.

    With --spark, FILE may also be a folder of CSVs or a URL that Spark reads (s3://BUCKET/KEY), and --out is a folder
    that Spark sees, too.

    Exit code: 0 written, 2 wrong use or a file that can't be used; then nothing is written.
    """
    output_files.check_folder("--out", out)
    asked = spark_at(spark, arm=arm is not None)
    if isinstance(file, str) and asked is None:
        raise click.UsageError(f"{file}: without --spark, give a file")
    from cli.evaluate import arms
    from evaluation import split_files

    with file_errors(), Steps() as steps:
        if asked is not None:
            steps.begin("splitting on Spark")
            source = str(table_in(file).absolute()) if isinstance(file, Path) else file
            result = split_files.on_spark(asked, source, hold_out, out, sample_users=sample_users, now=time.time())
        else:
            file = table_in(Path(file))
            result = split_files.write(
                file, hold_out, out, arm=arms.arm(arm, file), sample_users=sample_users, memory=memory,
                now=time.time(), begin=steps.begin,
            )  # fmt: skip
    for note in result.notes:
        click.echo(f"{file}: {note}", err=True)
    written = result.written
    if written.past_only_rows:
        past = f"the past of the tested users, {written.past_only_rows:,} interactions"
        click.echo(f"{past}, is in train.csv, too: evaluate {out} does not train on it; Personalize does", err=True)
    if written.users < result.with_truth:
        sample = f"{written.users:,} of {result.with_truth:,} users, by chance"
        click.echo(f"{sample}: --sample-users asks about more", err=True)
    output_files.put(
        f"{out}: {written.train_rows:,} interactions to train on, {written.truth_rows:,} to predict of "
        f"{written.users:,} users; {written.rows_left_out:,} in neither\n"
    )
