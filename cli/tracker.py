"""`./broker tracker`: a dataset group with an event tracker, to fill beside the one that serves."""

import click

from cli import place
from cli.console import emit
from cli.errors import service_errors
from cli.progress import WaitDisplay
from lifecycle import datasets
from lifecycle.resources import Resources


@click.command("tracker", short_help="Another dataset group with an event tracker.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(*, as_json: bool, name: str | None, context: tuple[str, ...], aws: bool, local: bool) -> None:
    """Create a dataset group with an Interactions dataset and an event tracker, all called by --name, with the schema
    that the stack gives its own; print the tracking id. What is there already stays as it is, so the same command takes
    up what was interrupted.

    Set broker:second_tracking_id to it, and the group is filled beside the one that serves (docs/deploy.md, A second
    dataset group). An empty group costs nothing.

    \b
    Example:
      ./broker tracker --name shop-2 --aws

    Exit code: 0 it is there, 1 it failed, 2 wrong use.
    """
    if name is None:
        raise click.UsageError("give --name, the new group's: the stack makes the one of broker:name itself")
    target = place.find(name, context, aws=aws, local=local, verb="Create")
    with service_errors(), WaitDisplay() as waiting:
        resources = Resources(target.client("personalize"), show=waiting.show)
        tracker = datasets.tracker(resources, target.names)
    outcome = {
        "place": target.place,
        "name": target.names.broker,
        "dataset_group": tracker.dataset_group_arn,
        "tracking_id": tracker.tracking_id,
    }
    emit(outcome, as_json, lambda: _report(outcome))


def _report(outcome: dict[str, str]) -> None:
    click.echo(f"dataset group {outcome['name']}: {outcome['dataset_group']}")
    click.echo(f"tracking id: {outcome['tracking_id']}")
