"""`./broker pause`: takes out what costs by the hour, by a setting and a deployment."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from cli import clear_lists, connection
from cli.errors import Refused, file_errors, service_errors
from cli.options import pairs, price_option
from cli.pause_plan import PausePlan
from cli.seed_plan import REASONS
from cli.settings_file import NotChanged, SettingsFile
from cli.types import Amount
from infra.cost.prices import PricesError, read_prices
from infra.cost.processor_time import NoMeasurement
from infra.cost.traffic import Shop, traffic
from infra.settings import PREFIX, Stage

CDK_JSON = connection.ROOT / "cdk.json"
KEY = "paused"
OUTPUT = "Paused"
Outputs = Callable[[], Mapping[str, str]]
Deploy = Callable[[list[str]], int]


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of both commands."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Print the plan only; ask AWS nothing, and change nothing."),
        click.option("--yes", is_flag=True, help="Do not ask, and let cdk ask nothing."),
        click.option("--confirm", default="", metavar="WORDS", help="As CONFIRM of make deploy: hotfix, silent."),
        click.option("--events-per-second", type=Amount(), help="Of the estimate. Default: 10."),
        price_option,
        click.option("-c", "context", multiple=True, metavar="KEY=VALUE", help="Goes before the files, as for cdk."),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(path_type=Path),
            help="The file of settings of one of several stacks; default: cdk.json.",
        ),
    ):
        command = option(command)
    return command


@click.command("pause", short_help="Take out what costs by the hour, and keep data and models.")
@click.option(
    "--clear",
    "clear_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Then take the lists off the profiles of these users, an mpid a line.",
)
@options
def command(*, clear_file: Path | None, **given: Any) -> None:
    """Take the campaign out of the deployed stack, and with it what costs by the hour: broker:paused becomes true in
    cdk.json, and a deployment follows, as by make deploy. The broker goes on collecting and training; profiles keep
    their lists, and get no new ones. ./broker resume brings the campaign back under the same ARN.

    The price per month before and after is shown first. With several stacks, name the stack's file by --settings. A
    deployment takes ten minutes longer with broker:deployment linear; --confirm hotfix does it at once.

    --clear takes lists off profiles once it is paused, at a fifth of mParticle's limit of batches, and without an
    event. It needs the suppression list, as ./broker seed does. No list of all users exists here: mParticle can export
    an audience of those who have product_recs.

    \b
    Examples:
      ./broker pause --dry-run
      ./broker pause --yes --confirm hotfix
      ./broker pause --settings examples/two_brands/garden.settings

    Exit code: 0 paused, or paused already; 1 there is no such stack, or the deployment failed; 2 wrong use.
    """
    users = clear_lists.users_of(clear_file) if clear_file else []
    target = run(paused=True, **given)
    if users and target:
        with service_errors():
            ends = clear_lists.clear(target, users)
        click.echo(f"lists taken off: {ends.pop('written', 0):,} of {len(users):,} users")
        for reason, number in ends.items():
            click.echo(f"  not taken off: {number:,} ({REASONS.get(reason, reason)})")


def run(
    *,
    paused: bool,
    settings_file: Path | None,
    context: tuple[str, ...],
    prices_file: Path,
    events_per_second: Decimal | None,
    confirm: str,
    yes: bool,
    dry_run: bool,
) -> connection.Target | None:
    """Do what either command is asked for; return what is so now, None after a dry run. Raises click.ClickException."""
    with file_errors():
        file = SettingsFile(settings_file or CDK_JSON)
        more = file.context()
        plan = _plan(paused, file, more, context, prices_file, events_per_second, confirm, yes=yes)
        try:
            file.changed(KEY, paused)
        except NotChanged as error:
            raise Refused(str(error)) from None
    for line in plan.said():
        click.echo(line)
    if dry_run:
        return None
    target = connection.find(plan.settings.name, (), aws=True)
    with service_errors():
        if is_done(plan, target.outputs):
            click.echo(f"{plan.settings.name} is {'paused' if paused else 'not paused'} already")
            return target
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("this deploys: say --yes where nobody can be asked")
        click.confirm("Change the setting, and deploy?", abort=True, err=True)
    with service_errors(), file_errors():
        carry_out(plan, lambda: connection.find(plan.settings.name, (), aws=True).outputs, _deploy)
    return connection.find(plan.settings.name, (), aws=True)


def _plan(
    paused: bool,
    file: SettingsFile,
    more: tuple[str, ...],
    context: tuple[str, ...],
    prices_file: Path,
    events_per_second: Decimal | None,
    confirm: str,
    *,
    yes: bool,
) -> PausePlan:
    """Return the plan. Raises click.UsageError where it would change another stack, or nothing."""
    given = pairs("-c", context, last_counts=True)
    if PREFIX + KEY in given:
        raise click.UsageError(f"-c {PREFIX}{KEY}=… goes before the file in which this command sets it: leave it out")
    if PREFIX + "name" in given:
        raise click.UsageError("-c broker:name=…: name the stack's file of settings by --settings, or change cdk.json")
    wanted = f"{PREFIX}{KEY}={str(paused).lower()}", f"{PREFIX}stage={Stage.RECOMMEND}"
    settings = connection.settings((*more, *context, *wanted))
    shop = Shop() if events_per_second is None else Shop(events_per_second)
    try:
        prices, inputs = read_prices(prices_file), traffic(shop, settings)
    except (PricesError, NoMeasurement) as error:
        raise Refused(str(error)) from None
    return PausePlan(paused, settings, file, context, inputs, prices, confirm, ask_nothing=yes)


def is_done(plan: PausePlan, outputs: Mapping[str, str]) -> bool:
    """Return whether file and stack are as wanted. Raises click.ClickException where there is nothing to pause."""
    name, stage = plan.settings.name, outputs.get("Stage")
    if stage is None:
        raise click.ClickException(f"no stack {name} is deployed here: make deploy, or name its file by --settings")
    if stage != Stage.RECOMMEND:
        raise Refused(f"{name} is at stage {stage}, which has no campaign: there is nothing to pause or to resume")
    unchanged = plan.file.changed(KEY, plan.paused) == plan.file.path.read_text("utf-8")
    return unchanged and (OUTPUT in outputs) == plan.paused


def carry_out(plan: PausePlan, outputs: Outputs, deploy: Deploy) -> None:
    """Change the setting and deploy. After a deployment that failed, the setting says what is deployed.

    ``outputs`` asks what is deployed then; ``deploy`` runs a command, and returns its exit code. Raises
    click.ClickException, OSError, ClientError.
    """
    before = plan.file.path.read_text("utf-8")
    plan.file.write(plan.file.changed(KEY, plan.paused))
    code = 1
    try:
        code = deploy(plan.command())
    finally:
        if code:
            _put_back(plan, before, outputs)
    if code:
        raise click.ClickException(f"the deployment ended with exit code {code}: see above, then run this again")
    click.echo(f"{plan.settings.name} is {'paused' if plan.paused else 'resumed'}")


def _put_back(plan: PausePlan, before: str, outputs: Outputs) -> None:
    try:
        is_paused = OUTPUT in outputs()
    except (BotoCoreError, ClientError, click.ClickException) as error:
        state = f"{PREFIX}{KEY} stays {str(plan.paused).lower()} in {plan.file.path.name}"
        click.echo(f"what is deployed could not be asked ({error}): {state}", err=True)
        return
    if is_paused != plan.paused:
        plan.file.write(before)
        click.echo(f"{PREFIX}{KEY} in {plan.file.path.name} is as it was", err=True)


def _deploy(command: list[str]) -> int:
    return subprocess.run(command, cwd=connection.ROOT, check=False).returncode  # noqa: S603 - our own
