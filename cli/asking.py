"""What `recommend` and `similar` share: a campaign that answers, its answer for people or programs."""

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cli import target as targets
from cli.progress import Waiting
from lifecycle import kinds, training
from lifecycle.resources import Resources


def campaign(target: targets.Target, recipe: str, waiting: Waiting, *, create: bool) -> str:
    """Return the ARN of the recipe's campaign, made if missing where that is allowed. Raises click.ClickException."""
    resources = Resources(target.client("personalize"), show=waiting.show)
    name = target.names.solution(recipe.rpartition("/")[2])
    found = resources.find(kinds.CAMPAIGN, name)
    if found:
        resources.wait(kinds.CAMPAIGN, found)
        return found
    group = resources.find(kinds.DATASET_GROUP, target.names.dataset_group)
    solution = group and resources.find(kinds.SOLUTION, name, datasetGroupArn=group)
    version = training.newest_active(resources, solution) if solution else None
    if version is None:
        option = "" if name == target.names.broker else f" --recipe {recipe}"
        raise click.ClickException(f"there is no trained model called {name}: ./broker train{option} first")
    if not (create or target.local_url):
        raise click.ClickException(
            f"there is no campaign called {name}, which costs by the hour even when idle: --create-campaign makes one, "
            "and `aws personalize delete-campaign` ends it (./broker batch needs none)"
        )
    return training.campaign(resources, name, version["solutionVersionArn"])


def filter_arguments(target: targets.Target, name: str | None, values: tuple[str, ...]) -> dict[str, Any]:
    """Return GetRecommendations' filter arguments; ``name``: a filter's name or ARN. Raises click.UsageError.

    A value stands in double quotes on the wire; what comes quoted, or as several quoted ones with commas, stays.
    """
    pairs = [text.partition("=") for text in values]
    wrong = [text for text, (key, equals, _) in zip(values, pairs, strict=True) if not (key and equals)]
    if wrong or (values and not name):
        raise click.UsageError(f"--value {wrong[0]}: must be KEY=VALUE" if wrong else "--value goes with --filter")
    if not name:
        return {}
    arguments: dict[str, Any] = {"filterArn": filter_arn(target, name)}
    if values:
        arguments["filterValues"] = {key: _quoted(value) for key, _, value in pairs}
    return arguments


def filter_arn(target: targets.Target, name: str) -> str:
    """Return the ARN of a filter that is given by name or ARN. Raises click.UsageError."""
    if name.startswith("arn:"):
        return name
    resources = Resources(target.client("personalize"))
    group = resources.find(kinds.DATASET_GROUP, target.names.dataset_group)
    filters = resources.all(kinds.FILTER, datasetGroupArn=group) if group else []
    found = {one["name"]: str(one["filterArn"]) for one in filters}
    if name not in found:
        raise click.UsageError(f"there is no filter {name}; there is: {', '.join(sorted(found)) or 'none'}")
    return found[name]


def _quoted(value: str) -> str:
    return value if value.startswith('"') else json.dumps(value, ensure_ascii=False)


def answer(target: targets.Target, request: Mapping[str, Any], asked: str, *, as_json: bool) -> None:
    """Ask the campaign and print what it says. Raises botocore's ClientError."""
    found = target.client("personalize-runtime").get_recommendations(**request)
    items = [{"item": one["itemId"], "score": one.get("score")} for one in found["itemList"]]
    if as_json:
        click.echo(json.dumps({"items": items, "recommendation_id": found.get("recommendationId")}))
        return
    table = Table(title=asked, title_justify="left")
    for column in ("", "item", "score"):
        table.add_column(column, justify="left" if column == "item" else "right")
    for place, one in enumerate(items, 1):
        table.add_row(str(place), one["item"], "" if one["score"] is None else f"{one['score']:.4f}")
    Console(highlight=False).print(table, markup=False)
    if not items:
        click.echo("The list is empty: the filter leaves nothing.")
