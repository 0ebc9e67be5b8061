"""`./broker outputs`: what the stack is called in each place, as a table, as JSON, or as variables for a shell."""

import re
import shlex
from collections.abc import Mapping

import click
from rich.console import Console
from rich.table import Table

from cli import connection
from cli.console import emit
from cli.errors import service_errors
from cli.options import connection_options

# What a stack lacks in some stage, or with some settings. A shell must not keep them from another stack.
NOT_IN_EVERY_STACK = (
    *("TrackingId", "SolutionArn", "CampaignArn", "FilterArn", "RefreshFunction", "RefreshQueueUrl"),
    *("PurchaseQueueUrl", "DeadLettersUrl", "StateTable"),
)
# What a stack always has and a local one may not.
NOT_LOCAL = (
    *("MParticleAccountId", "MParticleRegion", "MParticleStreamName", "ImportBucket"),
    *("ImportRoleArn", "DashboardUrl"),
)
IN_BOTH = ("MParticleSecretArn", "StreamArn", "QuarantineBucket", "OnFailureBucket", "IngestFunction")
NO_VARIABLES = ("Version", "Stage", "Paused")  # STAGE would go before cdk.json in the next `make deploy`
FAILS = "false"  # eval of a command that printed nothing would succeed


@click.command("outputs", short_help="What the stack's resources are called, also as shell variables.")
@click.option(
    "--export", "as_export", is_flag=True, help='Print shell assignments: eval "$(./broker outputs --export)".'
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@connection_options
def command(*, as_export: bool, as_json: bool, name: str | None, context: tuple[str, ...], aws: bool) -> None:
    """Print the names, ARNs and URLs of the stack's resources: on AWS the outputs of the CloudFormation stack, locally
    those of the running ./broker serve. The variables that the guides use have the same names in capitals:
    QuarantineBucket is $QUARANTINE_BUCKET.

    --export prints one `export` line for each, and one `unset` line for each that this stack does not have, so that
    none of another stack stays in the shell.

    \b
    Examples:
      ./broker outputs
      eval "$(./broker outputs --export)"
      eval "$(./broker outputs --export --name broker-dev --aws)"

    Exit code: 0 printed; 1 no such stack, or AWS can't be asked; 2 wrong use. With --export, what is printed then fails
    in the shell, too.
    """
    if as_export and as_json:
        raise click.UsageError("--export and --json exclude each other")
    try:
        target = connection.find(name, context, aws=aws)
        with service_errors():
            outputs = _outputs(target)
    except click.ClickException:
        if as_export:
            click.echo(FAILS)
        raise
    if as_export:
        click.echo(export(outputs), nl=False)
        return
    result = {"stack": target.names.broker, "place": target.place, "outputs": outputs}
    emit(result | {"variables": _variables(outputs)}, as_json, lambda: Console(highlight=False).print(_table(outputs)))


def variable(output: str) -> str:
    """Return the shell variable of an output: ``QuarantineBucket`` is ``QUARANTINE_BUCKET``."""
    words = output.replace("MParticle", "Mparticle")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).upper()


def export(outputs: Mapping[str, str]) -> str:
    """Return the lines for a POSIX shell that set what is there, and unset what may be left of another stack."""
    values = _variables(outputs)
    left = [name for name in map(variable, (*IN_BOTH, *NOT_LOCAL, *NOT_IN_EVERY_STACK)) if name not in values]
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "".join(f"{line}\n" for line in [*lines, *(f"unset {name}" for name in left)])


def _outputs(target: connection.Target) -> Mapping[str, str]:
    """Return what the stack has, by output. Raises click.ClickException where there is no stack."""
    if target.local_url:
        names = (*IN_BOTH, *NOT_IN_EVERY_STACK)
        found = {name: target.local_values.get(variable(name), "") for name in names}
        outputs: Mapping[str, str] = {name: value for name, value in found.items() if value}
    else:
        outputs = target.outputs
    if outputs:
        return outputs
    if target.local_url:
        raise click.ClickException("this ./broker serve has no stack (with --only it serves Personalize alone)")
    raise click.ClickException(
        f"no stack {target.names.broker} is deployed here: make deploy, or name another with --name"
    )


def _variables(outputs: Mapping[str, str]) -> dict[str, str]:
    return {variable(name): value for name, value in outputs.items() if name not in NO_VARIABLES}


def _table(outputs: Mapping[str, str]) -> Table:
    table = Table()
    for column in ("output", "variable", "value"):
        table.add_column(column, overflow="fold")
    for name, value in outputs.items():
        table.add_row(name, "" if name in NO_VARIABLES else f"${variable(name)}", value)
    return table
