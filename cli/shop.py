"""`./broker shop`: a web shop on the local services until Ctrl-C, and a panel that shows what becomes of each click."""

from contextlib import ExitStack
from pathlib import Path

import click

from cli.console import service_log
from cli.local_env import written
from cli.serve import PORT, everything, wait_for_the_end
from infra.cost.prices import EXAMPLE
from lifecycle.resources import CreationFailed
from local_stack.process import NotStarted
from local_stack.settings import PROBE_MPID, LocalStackSettings
from shop.app import SDK

NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
DEFAULT_PORT = 8040


@click.command("shop", short_help="A web shop on the local services, until Ctrl-C.")
@click.option("--port", type=PORT, default=DEFAULT_PORT, show_default=True, help="Of the shop; 0 takes a free one.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="of the shop and its customers.")
@click.option(
    "--prices",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=EXAMPLE,
    show_default="examples/prices/us-east-1.toml",
    help="Your prices, for what the last hour would have cost on AWS.",
)
def command(port: int, seed: int, prices: Path) -> None:
    """Open a web shop on this machine, to click in: Items4U, with mParticle's own web SDK, the local services, the real
    functions, and a model that its made-up customers have trained. No AWS account, nothing leaves the machine.

    Its list "For you" changes by itself some seconds after a click. The panel beside it, /panel, follows each click to
    the list that comes of it, and switches failures on and off. What was bought is left out by a filter.

    It serves the same as ./broker serve, which has the panel, too: ./broker why, faults, invoke --local and others work
    beside it.

    Exit code: 0 stopped by Ctrl-C, 1 something did not start, 2 wrong use.
    """
    if not SDK.is_file():
        raise click.ClickException("mParticle's web SDK is not installed yet: make shop does it, and opens the shop")
    settings = LocalStackSettings(seed=seed, probe_mpid=PROBE_MPID, filter_expression=NOT_BOUGHT)
    click.echo("The shop opens in about a minute: its customers buy something first, and train the model.", err=True)
    try:
        with service_log() as log, ExitStack() as running:
            services, values = everything(running, settings, log, shop_port=port, prices=prices)
            running.enter_context(written(values))
            click.echo(f"shop   {values['SHOP_URL']}\npanel  {values['PANEL_URL']}")
            click.echo("Ctrl-C stops everything.", err=True)
            wait_for_the_end(services)
    except (NotStarted, CreationFailed) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped: all services are down", err=True)
