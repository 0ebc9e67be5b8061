"""`./broker resume`: brings back what `./broker pause` took out."""

from typing import Any

import click

from cli import pause


@click.command("resume", short_help="Bring back what `pause` took out, on the newest model.")
@pause.options
def command(**given: Any) -> None:
    """Bring the campaign back that ./broker pause took out, under the same ARN and on the newest version of the model:
    broker:paused becomes false in cdk.json, and a deployment follows, as by make deploy. Settings that changed
    meanwhile take effect with it.

    The price per month before and after is shown first. From then on the campaign costs by the hour again.

    \b
    Examples:
      ./broker resume --dry-run
      ./broker resume --yes

    Exit code: 0 resumed, or not paused; 1 there is no such stack, or the deployment failed; 2 wrong use.
    """
    pause.run(paused=False, **given)
