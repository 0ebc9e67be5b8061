"""`./broker tune`: event weights and the training schedule of cdk.json into Personalize."""

from collections.abc import Sequence
from typing import Any

import click

from cli import connection, place
from cli.console import emit
from cli.errors import service_errors
from infra.tuning import wanted
from lifecycle import tuning
from lifecycle.resources import Resources
from lifecycle.tuning import Wanted

NOTHING = "nothing is wanted: broker:events_config and broker:training_schedule are empty"
NEXT = "The next training takes it into account; ./broker train begins one now."


@click.command("tune", short_help="Event weights and the training schedule of cdk.json into Personalize.")
@click.option("--dry-run", is_flag=True, help="Say what differs; update nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    *, dry_run: bool, as_json: bool, name: str | None, context: tuple[str, ...], aws: bool, local: bool
) -> None:
    """Update the solutions whose event weights or training schedule are not those of broker:events_config and
    broker:training_schedule. CloudFormation can't set these; make deploy does the same after it. Nothing is updated
    that is as wanted, nor where a setting is empty.

    \b
    Examples:
      ./broker tune --dry-run
      ./broker tune --local -c 'broker:training_schedule=rate(3 days)'

    Exit code: 0 all is as wanted, 1 a service refuses or does not answer, 2 wrong use.
    """
    target = place.find(name, context, aws=aws, local=local, verb="Update", ask=not as_json)
    settings = connection.settings(context)
    if settings.name != target.names.broker:
        raise click.UsageError(
            f"the settings are those of {settings.name}, not of {target.names.broker}: -c broker:name"
        )
    with service_errors():
        outcome = _tune(Resources(target.client("personalize")), target, wanted(settings), dry_run=dry_run)
    emit(outcome | {"place": target.place, "dry_run": dry_run}, as_json, lambda: _report(outcome, dry_run=dry_run))


def _tune(resources: Resources, target: connection.Target, every: Sequence[Wanted], *, dry_run: bool) -> dict[str, Any]:
    compared = tuning.compare(resources, target.names.dataset_group, every)
    try:
        if not dry_run:
            tuning.apply_all(resources, compared)
    except tuning.TuningFailed as error:
        raise click.ClickException(str(error)) from None
    return {
        "wanted": [one.as_json() for one in every],
        "differences": [vars(difference) for one in compared for difference in one.differences],
        "without_solution": [one.wanted.solution for one in compared if one.solution is None],
    }


def _report(outcome: dict[str, Any], *, dry_run: bool) -> None:
    if not outcome["wanted"]:
        click.echo(NOTHING)
        return
    for one in outcome["differences"]:
        arrow = "would become" if dry_run else "is now"
        click.echo(f"{one['solution']}, {one['setting']}: {one['found']}; {arrow} {one['wanted']}")
    for solution in outcome["without_solution"]:
        click.echo(f"{solution}: there is no such solution yet")
    if not outcome["differences"]:
        click.echo("nothing differs")
    elif not dry_run:
        click.echo(NEXT)
