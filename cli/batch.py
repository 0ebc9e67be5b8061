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
from cli.console import exact
from cli.errors import service_errors
from cli.options import connection_options, model_options
from cli.progress import WaitDisplay
from cli.recommendation_query import filter_arguments, value_option
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
@value_option
@click.option("--bucket", help="S3 bucket to go through; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize reads and writes it; default: the stack's.")
@click.option(
    "--json", "as_json", is_flag=True, help="JSON lines, one for each line of USERS, and nothing else on stdout."
)
@model_options
@connection_options
def command(
    users: Path,
    out: Path | None,
    num_results: int,
    filter_: str | None,
    values: tuple[str, ...],
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

    A line of JSON may give the filter's parameters as Personalize reads them: {"userId": "7", "filterValues":
    {"PRICE": "3.5", "GENRE": "\\"Drama\\",\\"Comedy\\""}}. --value gives them for all lines that don't.
    A wrong line has an error instead of items; the others are answered.

    The newest model answers, by what it was trained on. The same users, model and filter are asked once only: after
    Ctrl-C, the same command goes on. --out gets the answers as Personalize wrote them.

    Exit code: 0 all answered, 1 it failed or some lines were not answered, 2 wrong use.
    """
    requests = _requests(users)
    _check_filter(requests, filter_, values)
    if out and not out.absolute().parent.is_dir():  # said before a job that costs, not after it
        raise click.UsageError(f"--out {out}: there is no folder {out.parent}")
    target = connection.find(name, context, aws=aws)
    default = connection.settings(context).personalize.recipe
    solution = target.names.solution(recipe or default, hpo=hpo)
    with service_errors(), tempfile.TemporaryDirectory() as folder, WaitDisplay() as waiting:
        narrowed = filter_arguments(target, filter_, values)
        requests = requests.with_values(narrowed.get("filterValues", {}))
        job = _job(target, solution, requests.input_text, num_results, narrowed.get("filterArn"))
        resources = Resources(target.client("personalize"), show=waiting.show)
        place = target.bucket(bucket, role_arn)
        input_path = Path(folder) / batch.INPUT
        input_path.write_text(requests.input_text, encoding="utf-8")
        batch.run(resources, place, job, input_path)
        answered = batch.download(place, job, Path(folder))
        if out:
            _keep(answered, out)
        failed = _print(answered, requests, as_json=as_json)
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


def _requests(path: Path) -> batch.Requests:
    """Read the file. Raises click.UsageError if it is of another form, or has nothing to ask."""
    try:
        requests = batch.parse_requests(path.read_text(encoding="utf-8").split("\n"))
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is no text in UTF-8: one id a line is wanted") from None
    except (ValueError, OSError) as error:
        raise click.UsageError(f"{path}: {error}") from None
    if not requests.by_line:
        first = next((f", line {number}: {problem}" for number, problem in requests.wrong.items()), "")
        raise click.UsageError(f"{path} names no user{first}")
    return requests


def _check_filter(requests: batch.Requests, filter_: str | None, values: tuple[str, ...]) -> None:
    """Raise click.UsageError for values without a filter: Personalize would not look at them."""
    if filter_:
        return
    if values:
        raise click.UsageError("--value goes with --filter")
    number = next((number for number, request in requests.by_line.items() if request.get("filterValues")), None)
    if number:
        raise click.UsageError(f"line {number} has filterValues: name their filter by --filter")


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


def _print(path: Path, requests: batch.Requests, *, as_json: bool) -> int:
    """Print the answers, and last what is wrong; return how many lines have no answer."""
    answered, failed = 0, 0
    errors: list[str] = []
    table = Table(title="Recommendations", title_justify="left")
    table.add_column("user")
    table.add_column("items")
    with path.open(encoding="utf-8") as output:
        for answer in batch.answers(requests, output):
            if as_json:
                click.echo(json.dumps(exact(answer)))
            if answer["error"] is not None:
                failed += 1
                errors += [f"line {answer['line']}: {answer['error']}"] if failed <= SHOWN else []
                continue
            answered += 1
            if answered <= SHOWN:
                table.add_row(str(answer["user"]), " ".join(islice(answer["items"], 5)) + " …")
    if not as_json:
        console = Console(highlight=False)
        console.print(table, markup=False)
        console.print(f"{answered:,} of {len(requests):,} {requests.noun} answered", markup=False)
    for error in errors + ([f"… and {failed - SHOWN:,} more"] if failed > SHOWN else []):
        click.echo(error, err=True)
    return failed
