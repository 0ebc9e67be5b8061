"""`./broker evaluate split`: a split as files, so that a real Personalize is asked the same question."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import output_files
from cli.errors import file_errors
from cli.evaluate.options import split_options, table_in
from cli.progress import Steps

if TYPE_CHECKING:
    from cli.evaluate.options import ArmOptions
    from evaluation.splits import HoldOut


@click.command("split", short_help="The files for a real Personalize.")
@click.argument("file", type=click.Path(exists=True, path_type=Path), metavar="FILE|DIR")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new or empty folder.")
@split_options
def command(
    file: Path, out: Path, hold_out: "HoldOut", arm: "ArmOptions | None", sample_users: int, memory: int
) -> None:
    """Part the interactions of FILE (USER_ID, ITEM_ID, TIMESTAMP in seconds, EVENT_TYPE if there is one), or of a
    folder that `prepare` has written.

    --out gets train.csv, to import; truth.csv, what is to be predicted; batch_users.json, the input of ./broker batch.
    `./broker evaluate DIR --recommendations personalize=FILE` then scores what came back.

    Exit code: 0 written, 2 wrong use or a file that can't be used; then nothing is written.
    """
    file = table_in(file)
    output_files.check_folder("--out", out)
    from cli.evaluate import arms
    from evaluation import split_files

    with file_errors(), Steps() as steps:
        result = split_files.write(
            file, hold_out, out, arm=arms.arm(arm, file), sample_users=sample_users, memory=memory, now=time.time(),
            begin=steps.begin,
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
