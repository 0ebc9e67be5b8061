"""`./broker filter`: filters on recommendations, made, listed and deleted by name."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cli import connection, place
from cli.console import emit
from cli.errors import service_errors
from cli.progress import WaitDisplay
from lifecycle import resource_types
from lifecycle.resources import DELETING, Resources, State


@click.command("filter", short_help="Filters on recommendations: made, listed, deleted.")
@click.argument("filter_", required=False, metavar="[NAME")
@click.argument("expression", required=False, metavar="[EXPRESSION]]")
@click.option("--delete", is_flag=True, help="Delete the filter NAME, and wait until it is gone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    filter_: str | None,
    expression: str | None,
    delete: bool,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Make the filter NAME unless it is there, wait for it, and print its ARN; without NAME, list all filters.

    EXPRESSION is in Personalize's language, for example: 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN
    ("purchase")'. "*" stands for all event types; one that no interaction has is no error, and filters nothing.
    Personalize changes no filter: for another expression take another NAME, or --delete the old one.
    While a ./broker serve runs, --delete asks for --aws or --local where both could be meant.

    Exit code: 0 done, or done before, 1 it failed, 2 wrong use, or NAME is there with another EXPRESSION.
    """
    _check(filter_, expression, delete=delete)
    if delete:
        target = place.find(name, context, aws=aws, local=local, verb="Delete")
    else:
        target = connection.find(name, context, aws=aws, local=local)
    with service_errors(), WaitDisplay() as waiting:
        resources = Resources(target.client("personalize"), show=waiting.show)
        group = _group(resources, target)
        if filter_ is None:
            outcome: dict[str, Any] = {"filters": _all(resources, group)}
        elif expression is None:
            outcome = _delete(resources, group, filter_) | {"where": target.where}
        else:
            outcome = _make(resources, group, filter_, expression)
            if outcome["state"] != "made":
                waiting.say(f"filter {filter_} was there already, with this very expression")
    emit(outcome, as_json, lambda: _report(outcome))


def _check(name: str | None, expression: str | None, *, delete: bool) -> None:
    """Raise click.UsageError unless it is clear what to do."""
    if delete and (not name or expression is not None):
        raise click.UsageError("--delete goes with a NAME, and without an EXPRESSION")
    if name is not None and not delete and not (name and expression):
        raise click.UsageError("a NAME wants an EXPRESSION beside it, which makes the filter, or --delete")


def _group(resources: Resources, target: connection.Target) -> str:
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    if group is None:
        raise click.ClickException(f"dataset group {target.names.dataset_group} not found: run ./broker backfill first")
    return group


def _all(resources: Resources, group: str) -> list[dict[str, str]]:
    """Return all filters of a dataset group. Lists of them have no expressions: each is described."""
    arns = [
        summary[resource_types.FILTER.arn] for summary in resources.all(resource_types.FILTER, datasetGroupArn=group)
    ]
    return [_as_json(resources.describe(resource_types.FILTER, arn)) for arn in arns]


def _as_json(state: State) -> dict[str, str]:
    return {
        "name": state["name"],
        "status": state["status"],
        "expression": state["filterExpression"],
        "arn": state["filterArn"],
        "reason": " ".join(state.get("failureReason", "").split()),
    }


def _make(resources: Resources, group: str, name: str, expression: str) -> dict[str, Any]:
    existing = resources.find(resource_types.FILTER, name, datasetGroupArn=group)
    if existing:
        _require_same(resources.describe(resource_types.FILTER, existing), expression)
    request = {"name": name, "datasetGroupArn": group, "filterExpression": expression}
    state = resources.wait(resource_types.FILTER, existing or resources.create(resource_types.FILTER, request))
    return {
        "filter": name,
        "state": "was there already" if existing else "made",
        "arn": state["filterArn"],
        "expression": state["filterExpression"],
    }


def _require_same(state: State, expression: str) -> None:
    """Raise click.UsageError if a filter that stays has another expression: Personalize has no UpdateFilter."""
    existing = state["filterExpression"]
    if existing != expression and state["status"] not in DELETING:
        name = state["name"]
        raise click.UsageError(
            f"filter {name} is there with another expression, {' '.join(existing.split())}, and Personalize changes no "
            f"filter: take another name, or delete it first (./broker filter {name} --delete)"
        )


def _delete(resources: Resources, group: str, name: str) -> dict[str, Any]:
    existing = resources.find(resource_types.FILTER, name, datasetGroupArn=group)
    if existing:
        resources.delete(resource_types.FILTER, existing)
    return {"filter": name, "state": "deleted" if existing else "was not there"}


def _report(outcome: dict[str, Any]) -> None:
    console = Console(highlight=False)
    if "arn" in outcome:
        click.echo(outcome["arn"])
    elif "filter" in outcome:
        click.echo(f"filter {outcome['filter']}: {outcome['state']}, in {outcome['where']}")
    elif outcome["filters"]:
        console.print(_table(outcome["filters"]), markup=False)
    else:
        click.echo("there is no filter")
    for filter_ in outcome.get("filters", []):
        if filter_["reason"]:
            console.print(f"filter {filter_['name']}: {filter_['reason']}", markup=False, soft_wrap=True)


def _table(filters: list[dict[str, str]]) -> Table:
    table = Table(title="Filters", title_justify="left")
    for column in ("name", "status", "expression"):
        table.add_column(column, overflow="fold")
    for filter_ in filters:
        table.add_row(filter_["name"], filter_["status"], filter_["expression"])
    return table
