"""`./broker batch`: recommendations for many users at once, without a campaign."""

import json
import shutil
import tempfile
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from cli import connection
from cli.errors import service_errors
from cli.options import connection_options, model_options
from cli.progress import WaitDisplay
from cli.recommendation_query import filter_arn
from lifecycle import batch, resource_types, training
from lifecycle.names import short
from lifecycle.resources import Resources
from personalize_data.quotas import MAX_RESULTS

SHOWN = 10


@click.command("batch", short_help="Recommendations for many users at once.")
@click.argument("users", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers there, as JSON lines.")
@click.option("--num-results", type=click.IntRange(1, MAX_RESULTS), default=25, show_default=True)
@click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on the recommendations.")
@click.option("--bucket", help="S3 bucket to go through; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize reads and writes it; default: the stack's.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, one a user, and nothing else on stdout.")
@model_options
@connection_options
def command(
    users: Path,
    out: Path | None,
    num_results: int,
    filter_: str | None,
    bucket: str | None,
    role_arn: str | None,
    as_json: bool,
    recipe: str | None,
    hpo: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
) -> None:
    """Recommend to all users of a file: one id a line, or JSON lines with "userId". No campaign is needed.

    The newest model answers, by what it was trained on. The same users, model and filter are asked once only: after
    Ctrl-C, the same command goes on. --out gets the answers as Personalize wrote them.

    Exit code: 0 all answered, 1 it failed or some users had none, 2 wrong use.
    """
    user_ids = _users(users)
    if out and not out.absolute().parent.is_dir():  # said before a job that costs, not after it
        raise click.UsageError(f"--out {out}: there is no folder {out.parent}")
    target = connection.find(name, context, aws=aws)
    default = connection.settings(context).personalize.recipe
    solution = target.names.solution(recipe or default, hpo=hpo)
    with service_errors(), tempfile.TemporaryDirectory() as folder, WaitDisplay() as waiting:
        text = batch.input_text(user_ids)
        job = _job(target, solution, text, num_results, filter_ and filter_arn(target, filter_))
        resources = Resources(target.client("personalize"), show=waiting.show)
        place = target.bucket(bucket, role_arn)
        input_path = Path(folder) / batch.INPUT
        input_path.write_text(text, encoding="utf-8")
        batch.run(resources, place, job, input_path)
        answered = batch.download(place, job, Path(folder))
        if out:
            _keep(answered, out)
        failed = _print(answered, len(user_ids), as_json=as_json)
    if target.local_url:
        click.echo(connection.NOT_AMAZONS, err=True)
    raise SystemExit(1 if failed else 0)


def _keep(answered: Path, out: Path) -> None:
    try:
        shutil.copyfile(answered, out)
    except OSError as error:
        raise click.ClickException(
            f"{out}: {error.strerror or error} (the answers are kept: the same command fetches them)"
        ) from None


def _users(path: Path) -> list[str]:
    try:
        users = batch.parse_users(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is no text in UTF-8: one id a line is wanted") from None
    except (ValueError, OSError) as error:
        raise click.UsageError(f"{path}: {error}") from None
    if not users:
        raise click.UsageError(f"{path} names no user")
    return users


def _job(target: connection.Target, name: str, text: str, limit: int, filter_arn: str | None) -> batch.Job:
    resources = Resources(target.client("personalize"))
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    solution = group and resources.find(resource_types.SOLUTION, name, datasetGroupArn=group)
    version = training.newest_active(resources, solution) if solution else None
    if version is None:
        raise click.ClickException(f"there is no trained model called {name}: ./broker train first")
    arn: str = version["solutionVersionArn"]
    job = target.names.job("batch", short(f"{arn} {limit} {filter_arn} {text}"))
    return batch.Job(job, arn, limit, filter_arn)


def _print(path: Path, user_count: int, *, as_json: bool) -> int:
    """Print the answers; return how many users have none."""
    failed = answered = 0
    table = Table(title="Recommendations", title_justify="left")
    table.add_column("user")
    table.add_column("items")
    with path.open(encoding="utf-8") as lines:
        for answer in batch.answers(lines):
            answered += 1
            failed += answer["error"] is not None
            if as_json:
                click.echo(json.dumps(answer))
            elif answered <= SHOWN:
                table.add_row(str(answer["user"]), answer["error"] or " ".join(islice(answer["items"], 5)) + " …")
    if not as_json:
        console = Console(highlight=False)
        console.print(table, markup=False)
        console.print(f"{answered - failed:,} of {user_count:,} users answered", markup=False)
    return failed + max(user_count - answered, 0)
