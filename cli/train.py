"""`./broker train`: a new version of the model, waited for, with its metrics in plain words."""

from collections.abc import Mapping
from typing import Any

import click
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from cli import connection
from cli.console import emit
from cli.errors import service_errors
from cli.options import connection_options
from cli.progress import WaitDisplay
from cli.recommendation_query import ask_command
from lifecycle import resource_types, training
from lifecycle.resources import Resources


@click.command("train", short_help="A new version of the model.")
@click.option("--recipe", help="Name or ARN; default: broker:recipe of cdk.json. Similar items: aws-similar-items.")
@click.option("--hpo", is_flag=True, help="Search for the recipe's best settings: takes and costs more.")
@click.option("--auto", is_flag=True, help="A solution that this makes goes on training by itself, weekly.")
@click.option(
    "--campaign/--no-campaign", default=None, help="Serve it at once. Default: only locally, on AWS it costs."
)
@click.option(
    "--baseline/--no-baseline",
    default=None,
    help="Also train a list of what is most popular, to compare with. Default: only locally, on AWS it costs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@connection_options
def command(
    recipe: str | None,
    hpo: bool,
    auto: bool,
    campaign: bool | None,
    baseline: bool | None,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
) -> None:
    """Train a model on all interactions so far, wait for it, and say how good it was on what it did not see.

    Beside it stand the metrics of a list of the most popular items: a model that is no better is not worth its price.
    Locally this list is trained as well; on AWS only with --baseline. Once trained there, it is shown always.

    A training that is under way already is waited for: after Ctrl-C, the same command goes on.

    A campaign answers `recommend`. Locally it is made, or brought up to the new version, at once; on AWS it costs by
    the hour even when idle, so there only with --campaign.

    Exit code: 0 trained, 1 it failed, 2 wrong use.
    """
    target = connection.find(name, context, aws=aws)
    default = connection.settings(context).personalize.recipe
    training_spec = training.Training(recipe or default, hpo, auto)
    local = bool(target.local_url)
    serve = local if campaign is None else campaign
    with service_errors(), WaitDisplay() as waiting:
        outcome = _train(
            target, training_spec, waiting, serve=serve, with_baseline=local if baseline is None else baseline
        )
    emit(
        outcome,
        as_json,
        lambda: _report(outcome, ask_command(training_spec.recipe, default, hpo=hpo), local=local),
    )


def _train(
    target: connection.Target,
    training_spec: training.Training,
    waiting: WaitDisplay,
    *,
    serve: bool,
    with_baseline: bool,
) -> dict[str, Any]:
    resources = Resources(target.client("personalize"), show=waiting.show)
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    if group is None:
        raise click.ClickException(f"dataset group {target.names.dataset_group} not found: run ./broker backfill first")
    solution = _solution(resources, target, group, training_spec)
    version, waited = training.begin_version(resources, solution)
    if waited:
        waiting.say("a training is under way already: waiting for that one")
    resources.wait(resource_types.SOLUTION_VERSION, version)
    # After it: where the model can't be trained, neither can the list.
    popular = training.popularity(resources, target.names, group, training_spec, create=with_baseline)
    if popular:
        resources.wait(resource_types.SOLUTION_VERSION, popular)
    name = solution.rpartition("/")[2]
    campaign = training.campaign(resources, name, version) if serve else resources.find(resource_types.CAMPAIGN, name)
    return {
        "solution_version": version,
        "metrics": training.metrics(resources, version),
        "baseline": {"solution_version": popular, "metrics": training.metrics(resources, popular)} if popular else None,
        "campaign": campaign,
        "campaign_serves_it": serve,
    }


def _solution(resources: Resources, target: connection.Target, group: str, training_spec: training.Training) -> str:
    try:
        return training.solution(resources, target.names, group, training_spec)
    except ClientError:
        name, recipes = training_spec.recipe.rpartition("/")[2], training.recipes(resources)
        if name in recipes:
            raise
        raise click.UsageError(f"there is no recipe {name}; there are {', '.join(recipes)}") from None


def _report(outcome: dict[str, Any], ask: str | None, *, local: bool) -> None:
    console = Console(highlight=False)
    title = (
        f"On the newest tenth of the interactions of one user in ten: {outcome['solution_version'].rpartition(':')[2]}"
    )
    baseline = outcome["baseline"]
    console.print(metrics_table(outcome["metrics"], title, baseline["metrics"] if baseline else None))
    if not baseline and not local:
        console.print(
            "to compare with what is most popular: ./broker train --baseline (a second training)", markup=False
        )
    if ask:
        create = "" if outcome["campaign"] or local else " --create-campaign"
        console.print(f"next: {ask}{create}", markup=False)
    else:
        console.print("GetPersonalizedRanking asks it: there is no command for that", markup=False)


def metrics_table(metrics: Mapping[str, float], title: str, baseline: Mapping[str, float] | None = None) -> Table:
    """Return the metrics for people, a line each that says what it is; ``baseline``: those of the popular list."""
    table = Table(title=title, title_justify="left", show_header=baseline is not None)
    table.add_column("metric")
    table.add_column("model", justify="right")
    if baseline is not None:
        table.add_column("popular", justify="right")
    table.add_column("meaning")
    for name, value in metrics.items():
        popular = [f"{baseline[name]:.4f}" if name in baseline else ""] if baseline is not None else []
        table.add_row(name.replace("_", " "), f"{value:.4f}", *popular, training.MEANINGS.get(name, ""))
    return table
