"""What `recommend` and `similar` share: a campaign that answers, its answer for people or programs."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from broker import item_columns
from rich.console import Console
from rich.table import Table

from cli import connection
from cli.console import emit
from cli.errors import service_errors
from cli.options import connection_options, model_options, pairs
from cli.progress import WaitDisplay
from lifecycle import filters, resource_types, training
from lifecycle.names import RELATED_ITEMS, SIMILAR_ITEMS
from lifecycle.resources import Resources
from lifecycle.training import Training
from personalize_data.quotas import MAX_RESULTS

Items = list[dict[str, Any]]
value_option = click.option(
    "--value",
    "values",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the filter. For IN, repeat it, or separate the values by commas.",
)


@dataclass(frozen=True)
class Question:
    """What `recommend` and `similar` are asked beside whom or what it is about; the options of the same names."""

    num_results: int
    filter_: str | None
    values: tuple[str, ...]
    create_campaign: bool
    as_json: bool
    recipe: str | None
    hpo: bool
    name: str | None
    context: tuple[str, ...]
    aws: bool
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answered:
    """Who was asked what, and the items that came with their scores."""

    target: connection.Target
    request: Mapping[str, Any]
    items: Items


def question_options(command: Callable[[str, Question], None]) -> Callable[..., None]:
    """Add the options of a question; the command gets its subject and the Question."""

    @functools.wraps(command)
    def asked(subject: str, **options: Any) -> None:
        command(subject, Question(**options))

    command_with_options: Callable[..., None] = model_options(connection_options(asked))
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout."),
        click.option(
            "--create-campaign", is_flag=True, help="Make the campaign if there is none; on AWS it costs by the hour."
        ),
        value_option,
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="NAME",
            help="Show this column of the Items dataset beside each item. Repeat it for more.",
        ),
        click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on the items."),
        click.option("--num-results", type=click.IntRange(1, MAX_RESULTS), default=10, show_default=True),
    ):
        command_with_options = option(command_with_options)
    return command_with_options


def ask(question: Question, about: Mapping[str, str], title: str, default_recipe: str | None = None) -> Answered:
    """Find the model and its campaign, ask it, print the answer and return it. ``about``: userId or itemId.

    ``default_recipe``: if none is asked for; none at all: the one of cdk.json. Raises click's exceptions.
    """
    target = connection.find(question.name, question.context, aws=question.aws)
    trained = connection.settings(question.context).personalize.recipe
    model = Training(question.recipe or default_recipe or trained, question.hpo)
    with service_errors():
        narrowed = filter_arguments(target, question.filter_, question.values)
        with WaitDisplay() as waiting:
            arn = campaign(target, model, waiting, create=question.create_campaign, default=trained)
            if question.columns:
                _enable_columns(target, arn, waiting)
        request = {"campaignArn": arn, **about, "numResults": question.num_results, **narrowed}
        request |= item_columns.requested(question.columns)
        return Answered(target, request, answer(target, request, title, as_json=question.as_json))


def ask_command(recipe: str, default: str, *, hpo: bool) -> str | None:
    """Return the command that asks a model of a recipe; None: there is none. ``default``: of cdk.json."""
    short_name = recipe.rpartition("/")[2]
    if "ranking" in short_name:
        return None
    similar = short_name in RELATED_ITEMS
    command = "./broker similar ITEM" if similar else "./broker recommend USER"
    return command + train_options(recipe, SIMILAR_ITEMS if similar else default, hpo=hpo)


def train_options(recipe: str, default: str, *, hpo: bool) -> str:
    """Return the options by which a model is trained, and asked, as they stand behind a command."""
    same = recipe.rpartition("/")[2] == default.rpartition("/")[2]
    return ("" if same else f" --recipe {recipe}") + (" --hpo" if hpo else "")


def campaign(target: connection.Target, model: Training, waiting: WaitDisplay, *, create: bool, default: str) -> str:
    """Return the ARN of a model's campaign, made if missing where that is allowed. Raises click.ClickException."""
    resources = Resources(target.client("personalize"), show=waiting.show)
    name = target.names.solution(model.recipe, hpo=model.hpo)
    campaign_arn = resources.find(resource_types.CAMPAIGN, name)
    if campaign_arn:
        resources.wait(resource_types.CAMPAIGN, campaign_arn)
        return campaign_arn
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    solution = group and resources.find(resource_types.SOLUTION, name, datasetGroupArn=group)
    version = training.newest_active(resources, solution) if solution else None
    if version is None:
        option = train_options(model.recipe, default, hpo=model.hpo)
        raise click.ClickException(f"there is no trained model called {name}: ./broker train{option} first")
    if not (create or target.local_url):
        raise click.ClickException(
            f"there is no campaign called {name}, which costs by the hour even when idle: --create-campaign makes one, "
            "and `aws personalize delete-campaign` ends it (./broker batch needs none)"
        )
    return training.campaign(resources, name, version["solutionVersionArn"])


def _enable_columns(target: connection.Target, arn: str, waiting: WaitDisplay) -> None:
    """See that a campaign gives columns of the Items dataset; on AWS somebody must decide to pay for it.

    Raises click.ClickException.
    """
    resources = Resources(target.client("personalize"), show=waiting.show)
    if training.gives_columns(resources, arn):
        return
    if not target.local_url:
        option = "--campaign-config enableMetadataWithRecommendations=true"
        raise click.ClickException(
            f"the campaign gives no columns: set broker:profile_columns and deploy, or run `aws personalize "
            f"update-campaign --campaign-arn {arn} {option}`; AWS charges for metadata in recommendations"
        )
    training.give_columns(resources, arn)


def filter_arguments(target: connection.Target, name: str | None, values: tuple[str, ...]) -> dict[str, Any]:
    """Return GetRecommendations' filter arguments; ``name``: a filter's name or ARN. Raises click.UsageError."""
    if not name:
        if values:
            raise click.UsageError("--value goes with --filter")
        return {}
    arn = filter_arn(target, name)
    return {"filterArn": arn} | ({"filterValues": filter_values(target, arn, values)} if values else {})


def filter_values(target: connection.Target, arn: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Return what ``--value`` gives as a request's ``filterValues``. Raises click.UsageError."""
    given: dict[str, list[str]] = {}
    for text in texts:
        ((key, value),) = pairs("--value", [text]).items()
        given.setdefault(key, []).append(value)
    try:
        return filters.filter_values(Resources(target.client("personalize")), arn, given)
    except ValueError as error:
        raise click.UsageError(f"--value {error}") from None


def filter_arn(target: connection.Target, name: str) -> str:
    """Return the ARN of a filter that is given by name or ARN. Raises click.UsageError."""
    if name.startswith("arn:"):
        return name
    resources = Resources(target.client("personalize"))
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    filters = resources.all(resource_types.FILTER, datasetGroupArn=group) if group else []
    arns = {summary["name"]: str(summary["filterArn"]) for summary in filters}
    if name not in arns:
        known = ", ".join(sorted(arns)) or "none"
        raise click.UsageError(f"there is no filter {name}; there is: {known} (./broker filter makes one)")
    return arns[name]


def answer(target: connection.Target, request: Mapping[str, Any], title: str, *, as_json: bool) -> Items:
    """Ask the campaign, print what it says and return its items and scores. Raises botocore's ClientError."""
    response = target.client("personalize-runtime").get_recommendations(**request)
    columns = request.get("metadataColumns", {}).get("ITEMS", ())
    items = [
        {"item": entry["itemId"], "score": entry.get("score")} | _columns_of(entry, columns)
        for entry in response["itemList"]
    ]
    found = {"items": items, "recommendation_id": response.get("recommendationId")}
    emit(found, as_json, lambda: _print(title, items))
    return items


def _print(title: str, items: Items) -> None:
    console = Console(highlight=False)
    console.print(title, markup=False, soft_wrap=True)  # a table's title would be broken where the table is narrow
    console.print(_table(items), markup=False)
    if not items:
        click.echo("The list is empty: the filter leaves nothing.")


def _table(items: Sequence[Mapping[str, Any]]) -> Table:
    scored = any(item["score"] is not None for item in items)  # recipes for similar items give none
    columns = list(items[0].get("columns", {})) if items else []
    table = Table()
    for column in ("", "item", *columns, *(["score"] if scored else [])):
        table.add_column(column, justify="right" if column in ("", "score") else "left")
    for place, item in enumerate(items, 1):
        values = [item["columns"][column] for column in columns]
        table.add_row(str(place), item["item"], *values, *([f"{item['score']:.4f}"] if scored else []))
    return table


def _columns_of(entry: Mapping[str, Any], columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return an item's values by column, where columns were asked for."""
    if not columns:
        return {}
    return {"columns": dict(zip(columns, item_columns.values_of(entry, columns), strict=True))}
