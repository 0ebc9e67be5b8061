"""`./broker status`: where a broker is, and what is due next."""

import click
import requests
from rich.console import Console
from rich.table import Table

from cli import connection, place
from cli.console import emit
from cli.errors import service_errors
from cli.rates import print_rates
from cli.train import metrics_table
from cli.unused_campaigns import warning
from infra.tuning import wanted
from lifecycle import campaign_use, counts, tuning
from lifecycle.counts import InteractionCounts
from lifecycle.rates import Period, from_aws, from_local, rates
from lifecycle.resources import Resources
from lifecycle.status import Inventory, Status, inventory, status
from lifecycle.tuning import Difference
from local_stack import loopback
from personalize_data.quotas import MIN_TRAINING_INTERACTIONS, MIN_TRAINING_USERS

UNKNOWN = "not known"


@click.command("status", short_help="Where a broker is, and what is due next.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@click.option("--minutes", type=click.IntRange(1, 60), default=5, show_default=True, help="The period of the rates.")
@place.options
def command(as_json: bool, minutes: int, name: str | None, context: tuple[str, ...], aws: bool, local: bool) -> None:
    """Say where a broker is: interactions against what a training needs, resources and their states, the newest model
    with its metrics, the rates of the last minutes against the quotas, what is due next and the command for it.

    On AWS it also warns of a campaign that nobody asks, and of a minimum throughput above what is used. Where
    broker:events_config or broker:training_schedule of cdk.json differ from Personalize, it says so.

    Exit code: 0 said, 1 a service does not answer, 2 wrong use.
    """
    target = connection.find(name, context, aws=aws, local=local)
    with service_errors():
        resources = Resources(target.client("personalize"))
        inventory_ = inventory(resources, target.names)
        broker_status = status(
            target.names,
            inventory_,
            interactions(target, inventory_),
            rates(period) if (period := period_of(target, minutes)) else None,
            where=target.where,
            local=bool(target.local_url),
            deployed=target.outputs.get("Stage"),
            paused="Paused" in target.outputs,
            differences=differences(resources, target, context),
            warnings=unused(resources, target, inventory_),
        )
    emit(broker_status.as_json(), as_json, lambda: _report(broker_status))


def differences(resources: Resources, target: connection.Target, context: tuple[str, ...]) -> list[Difference]:
    """Return where solutions are tuned otherwise than cdk.json says, if that is this broker's. Raises ClientError."""
    try:
        settings = connection.settings(context)
    except click.UsageError:
        return []  # settings of a stack that is to be, or none: what is deployed can still be said
    every = wanted(settings) if settings.name == target.names.broker else []
    compared = tuning.compare(resources, target.names.dataset_group, every)
    return [difference for one in compared for difference in one.differences]


def unused(resources: Resources, target: connection.Target, inventory_: Inventory) -> list[str]:
    """Return a line for each campaign that is paid for and not used; locally nothing costs. Raises ClientError."""
    if target.local_url:
        return []
    uses = campaign_use.from_aws(target.client("cloudwatch"), resources, inventory_, target.outputs)
    return [line for use in uses if (line := warning(use))]


def interactions(target: connection.Target, inventory_: Inventory) -> InteractionCounts:
    """Return the interactions so far, as far as they are known. Raises ClientError."""
    if not target.local_url:
        return counts.from_aws(target.client, target.names, target.outputs)
    try:
        answer = loopback.get(f"{target.local_url}/_local/status")
        return counts.from_local(answer.json(), inventory_.group_arn)
    except (requests.RequestException, ValueError, KeyError):
        return InteractionCounts()  # another's emulator, which has no such page


def period_of(target: connection.Target, minutes: int) -> Period | None:
    """Return what the functions counted in the last minutes, None where there are none. Raises ClientError."""
    if not target.local_url:
        return from_aws(target.client, target.outputs, minutes)
    url = target.local_values.get("AWS_ENDPOINT_URL_LAMBDA")
    try:
        return from_local(loopback.get(f"{url}/_local/rates", params={"minutes": minutes}).json()) if url else None
    except (requests.RequestException, ValueError, KeyError):
        return None  # another's emulator, or the services ended by now


def _report(broker_status: Status) -> None:
    console = Console(highlight=False)
    console.print(_interactions(broker_status.counts))
    if not broker_status.counts.from_service:
        console.print(
            "Counted by the broker and by backfill, with repeats; Personalize tells nobody how many users there are.",
            soft_wrap=True,
        )
    if broker_status.resources:
        console.print(_resources(broker_status))
    for resource in broker_status.resources:
        if resource.reason:
            console.print(f"{resource.kind} {resource.name}: {resource.reason}", markup=False, soft_wrap=True)
    if broker_status.model:
        console.print(metrics_table(broker_status.model.metrics, f"\nNewest model, {broker_status.model.created}"))
    print_rates(console, broker_status.rates)
    for difference in broker_status.differences:
        console.print(f"Not as in cdk.json: {difference}: ./broker tune", markup=False, soft_wrap=True)
    for line in broker_status.warnings:
        console.print(f"Warning: {line}", markup=False, soft_wrap=True)
    if broker_status.rates:
        console.print("What fails or is left out, and why: ./broker failures", markup=False, soft_wrap=True)
    paused = ", paused" if broker_status.paused else ""
    deployed = f" (deployed: {broker_status.deployed}{paused})" if broker_status.deployed else ""
    stage = f"{broker_status.stage}{deployed}"
    console.print(
        f"\nstage: {stage}\nnext:  {broker_status.next.command}\n       {broker_status.next.why}",
        markup=False,
        soft_wrap=True,
    )


def _interactions(known: InteractionCounts) -> Table:
    table = Table(title="Interactions so far", title_justify="left")
    for column in ("", "there are", "needed"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("interactions", _number(known.interactions), f"{MIN_TRAINING_INTERACTIONS:,}")
    if known.streamed is not None or known.imported is not None:
        table.add_row("  streamed", _number(known.streamed), "")
        table.add_row("  imported", _number(known.imported), "")
    table.add_row("users with two or more", _number(known.users_with_two), f"{MIN_TRAINING_USERS}")
    share = known.users_with_two / known.users if known.users and known.users_with_two is not None else None
    table.add_row("their share of the users", UNKNOWN if share is None else f"{share:.1%}", "1.0%")
    return table


def _number(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _resources(broker_status: Status) -> Table:
    table = Table(title="\nIn Personalize", title_justify="left")
    for column in ("kind", "name", "status"):
        table.add_column(column)
    for resource in broker_status.resources:
        table.add_row(resource.kind, resource.name, resource.status)
    return table
