"""`./broker serve`: the local services until Ctrl-C, for your own code to talk to."""

import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from broker import item_columns
from broker.experiment import HOLDOUT, experiment_from

from blueprint.experiment import ExperimentPlan
from cli import connection
from cli.console import service_log
from cli.experiment_option import ExperimentType
from cli.local_env import ACCESS_KEY, export_lines, written
from infra.cost.prices import EXAMPLE
from infra.settings import Settings
from lifecycle.resources import CreationFailed
from local_stack import loopback
from local_stack.aws import REGION
from local_stack.items_dataset import COLUMNS
from local_stack.lambda_api import LambdaApi
from local_stack.process import PROJECT_ROOT, NotStarted, ServiceProcess, start_service
from local_stack.scenario import Scenario
from local_stack.settings import PROBE_MPID, LocalMetadata, LocalStackSettings
from local_stack.stack import ARCHIVE_BUCKET, LAMBDA_SRC, NAME, Stack
from local_stack.stream_mappings import StreamMappings
from personalize_local.toggles import ON_BY_DEFAULT

PORT = click.IntRange(0, 65535)


class ColumnsType(click.ParamType):
    """Columns of the local Items dataset, with commas between them."""

    name = "columns"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "NAME,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        try:
            columns = item_columns.parsed(str(value).upper())
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if unknown := [column for column in columns if column not in COLUMNS]:
            self.fail(f"there is no column {', '.join(unknown)}; there are {', '.join(COLUMNS)}", param, ctx)
        return columns


NOT_ALONE = {
    "archive": "--archive is of the stream, which --only personalize has not",
    "impression_list": "--impression-list is read from the stream, which --only personalize has not",
    "metric_attribution": ("--metric-attribution is of the whole loop: alone, create one by CreateMetricAttribution"),
    "second_tracker": "--second-tracker is read from the stream, which --only personalize has not",
    "profile_columns": "--profile-columns is of the profiles, which --only personalize has not",
    "experiment": "--experiment is of the profiles, which --only personalize has not",
    "metadata": "--metadata is read from the stream, which --only personalize has not",
}


@click.command("serve", short_help="The local services, until Ctrl-C.")
@click.option("--only", type=click.Choice(["personalize"]), help="Start that service alone.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="of the shop and its customers.")
@click.option("--archive", is_flag=True, help="Archive the stream in S3, as with broker:archive; not with --only.")
@click.option("--second-tracker", is_flag=True, help="Fill a second dataset group, as broker:second_tracking_id.")
@click.option("--personalize-port", type=PORT, default=0, help="Default: a free one; likewise the others.")
@click.option("--mparticle-port", type=PORT, default=0)
@click.option("--aws-port", type=PORT, default=0)
@click.option("--record-logs", is_flag=True, help="A log line per record and refresh, as broker:record_logs.")
@click.option("--impression-list", help="Read impressions of the list of that name, as broker:impression_list.")
@click.option("--metric-attribution", is_flag=True, help="Report what lists earn, as broker:metric_attribution.")
@click.option(
    "--profile-columns",
    type=ColumnsType(),
    default=(),
    help=f"Of the shop's items, as broker:profile_columns: {', '.join(COLUMNS)}.",
)
@click.option(
    "--metadata",
    is_flag=True,
    help="Users and items from the stream, as broker:user_columns, item_columns and item_updates in cdk.json say.",
)
@click.option(
    "--experiment",
    type=ExperimentType(),
    metavar="FILE_OR_JSON",
    help="An experiment, as the value of broker:experiment (docs/experiment.md); not with --only.",
)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="With --only: keep Personalize's state there."
)
@click.option(
    "--disable",
    multiple=True,
    type=click.Choice([name.replace("_", "-") for name in ON_BY_DEFAULT]),
    help="With --only: disable a production limit; see docs/personalize_local.md.",
)
def command(
    only: str | None,
    seed: int,
    archive: bool,
    second_tracker: bool,
    personalize_port: int,
    mparticle_port: int,
    aws_port: int,
    record_logs: bool,
    experiment: ExperimentPlan | None,
    impression_list: str | None,
    metric_attribution: bool,
    profile_columns: tuple[str, ...],
    metadata: bool,
    data: Path | None,
    disable: tuple[str, ...],
) -> None:
    """Start a local Amazon Personalize, mParticle, Kinesis, SQS, S3, DynamoDB and Secrets Manager, and the functions;
    let the made-up shop's customers train a model; then serve until Ctrl-C.

    A panel shows what becomes of each event, at PANEL_URL and at / of mParticle and Personalize. SHOP_URL is a web shop
    to click in; for it, run make shop.

    On stdout: `export NAME=value` lines, then `# ready`. While it runs, the same lines are in .local.env beside this
    command:

    \b
      ./broker serve &
      . ./.local.env
      aws personalize list-campaigns

    With --only personalize that service has an S3 beside it, to import from, and nothing else; it begins empty, or with
    --data as it was left.
    """
    if data and not only:
        raise click.UsageError("--data goes with --only personalize: the whole loop starts over each time")
    if only:
        _refuse_beside_only(
            archive=archive,
            impression_list=impression_list,
            metric_attribution=metric_attribution,
            profile_columns=profile_columns,
            second_tracker=second_tracker,
            experiment=experiment,
            metadata=metadata,
        )
    if metadata and profile_columns:
        raise click.UsageError("--metadata and --profile-columns each make the Items dataset: choose one")
    if disable and not only:
        raise click.UsageError("--disable goes with --only personalize: the whole loop is tried as it is in production")
    settings = LocalStackSettings(
        seed=seed,
        personalize_port=personalize_port,
        mparticle_port=mparticle_port,
        aws_port=aws_port,
        probe_mpid=PROBE_MPID,
        record_logs=record_logs,
        impression_list=impression_list,
        metric_attribution=metric_attribution,
        profile_columns=profile_columns,
        archive=archive,
        experiment=experiment,
        metadata=local_metadata(connection.settings(())) if metadata else None,
    )
    try:
        with service_log() as log, ExitStack() as running:
            if only:
                services, values = _only_personalize(running, settings, _options(data, disable), log)
            else:
                services, values = everything(running, settings, log, second_tracker=second_tracker)
            running.enter_context(written(values))
            click.echo(export_lines(values) + "# ready")
            wait_for_the_end(services)
    except (NotStarted, CreationFailed) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped: all services are down", err=True)


def local_metadata(deployment: Settings) -> LocalMetadata:
    """Return what a deployment with these settings does with users and items. Raises click.UsageError for nothing."""
    given, options = deployment.personalize, deployment.options
    if not (options.user_columns or options.item_columns):
        raise click.UsageError("--metadata, but cdk.json has neither broker:user_columns nor broker:item_columns")
    return LocalMetadata(
        given.users_schema, given.items_schema, options.user_columns, options.item_columns, options.item_updates
    )


def _refuse_beside_only(**given: Any) -> None:
    """Raise click.UsageError where something is given that Personalize alone has no use for."""
    for name, value in given.items():
        if value:
            raise click.UsageError(NOT_ALONE[name])


def _options(data: Path | None, disable: tuple[str, ...]) -> list[str]:
    data_options = ["--data", str(data.absolute())] if data else []
    return data_options + [word for name in disable for word in ("--disable", name)]


def _only_personalize(
    running: ExitStack, settings: LocalStackSettings, options: list[str], log: Any
) -> tuple[list[ServiceProcess], dict[str, str]]:
    s3 = running.enter_context(start_service("local_stack.aws", ["--port", str(settings.aws_port)], log=log))
    arguments = ["--port", str(settings.personalize_port), "--seed", str(settings.seed), "--s3-endpoint", s3.url]
    service = running.enter_context(start_service("personalize_local", arguments + options, log=log))
    return [service, s3], personalize_values(service.url) | {"AWS_ENDPOINT_URL_S3": s3.url}


def everything(
    running: ExitStack,
    settings: LocalStackSettings,
    log: Any,
    *,
    second_tracker: bool = False,
    shop_port: int = 0,
    prices: Path = EXAMPLE,
) -> tuple[list[ServiceProcess], dict[str, str]]:
    """Start all services, train a model, and open the shop with its panel.

    Return the processes, and what is exported. Raises NotStarted, CreationFailed.
    """
    stack = running.enter_context(Stack(settings, log=log))
    Scenario(stack, show=Stages()).prepare()
    if second_tracker:
        stack.write_second_tracker()
    rewind = {stack.rewind.settings.name: stack.rewind.arn}
    mappings = StreamMappings(
        stack.resources.stream_arn, rewind, lambda _, numbers, begin: stack.read_again(numbers, begin)
    )
    functions = {**stack.functions, stack.rewind.settings.name: stack.rewind}
    lambda_api = running.enter_context(
        LambdaApi(functions, rates=stack.recent_counts, logs=stack.lines, mappings=mappings, positions=stack.positions)
    )
    values = exported(stack, lambda_api.url)
    arguments = ["--port", str(shop_port), "--seed", str(settings.seed), "--prices", str(prices.absolute())]
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (PROJECT_ROOT, LAMBDA_SRC)))}
    shop = running.enter_context(start_service("shop", arguments, environment=values | paths, log=log))
    shown = {"SHOP_URL": f"{shop.url}/", "PANEL_URL": f"{shop.url}/panel"}
    for service in (stack.personalize, stack.mparticle):
        loopback.call("PUT", f"{service.url}/_local/panel", json={"url": shown["PANEL_URL"]}, timeout=10)
    return [stack.aws, stack.personalize, stack.mparticle, shop], values | shown


def exported(stack: Stack, lambda_url: str) -> dict[str, str]:
    """Return where the services of a stack are, and what its resources are called."""
    return {
        **personalize_values(stack.personalize.url),
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_ENDPOINT_URL_S3": stack.aws.url,
        "BROKER_NAME": NAME,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_url,
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": lambda_url,
        "STREAM_NAME": stack.resources.stream_name,
        "STREAM_ARN": stack.resources.stream_arn,
        **{f"{name.upper()}_FUNCTION": name for name in stack.functions},
        "REWIND_FUNCTION": stack.rewind.settings.name,
        "TRACKING_ID": stack.tracker.tracking_id,
        "SECOND_TRACKING_ID": stack.second_tracker.tracking_id if stack.second_tracker else "",
        "SOLUTION_ARN": stack.solution_arn,
        "CAMPAIGN_ARN": stack.campaign_arn or "",
        "REFRESH_QUEUE_URL": stack.resources.queue_url,
        "PURCHASE_QUEUE_URL": stack.resources.purchase_queue_url,
        "DEAD_LETTERS_URL": stack.resources.dead_letter_url,
        "STATE_TABLE": stack.resources.state_table,
        "IMPRESSIONS_TABLE": stack.resources.impressions_table if stack.settings.impression_list else "",
        "CONTROL_BUCKET": stack.resources.control_bucket,
        "SUPPRESSION_KEY_ARN": stack.resources.suppression_key_arn,
        "QUARANTINE_BUCKET": stack.resources.quarantine_bucket,
        "ON_FAILURE_BUCKET": stack.resources.on_failure_bucket,
        "ARCHIVE_BUCKET": ARCHIVE_BUCKET if stack.settings.archive else "",
        "MPARTICLE_URL": stack.mparticle.url,
        "MPARTICLE_SECRET_ARN": stack.resources.secret_arn,
        "EXPERIMENT": _experiment(stack),
        "METADATA_TABLE": stack.resources.metadata_table if stack.settings.metadata else "",
        "METADATA_QUEUE_URL": stack.resources.metadata_queue_url if stack.settings.metadata else "",
        "IMPRESSION_LIST": stack.settings.impression_list or "",
        "VARIANT_CAMPAIGNS": _variant_campaigns(stack),
        "FILTER_EXPRESSION": stack.settings.filter_expression,
    }


def _experiment(stack: Stack) -> str:
    """Return the experiment as it was set, as JSON, with the time from which on variants differ; empty without one."""
    plan = stack.settings.experiment
    if plan is None:
        return ""
    value = dict(plan.value)
    if stack.experiment_began is not None:
        value.setdefault("from", datetime.fromtimestamp(stack.experiment_began, UTC).isoformat())
    return json.dumps(value, separators=(",", ":"))


def _variant_campaigns(stack: Stack) -> str:
    """Return the campaigns of the variants that have one of their own, by name, as JSON; empty without one."""
    if stack.experiment is None:
        return ""
    experiment = experiment_from(json.loads(stack.experiment))
    lists = {name: experiment.list_of(name) for name in (*experiment.variants, HOLDOUT)}
    found = {name: one.campaign_arn for name, one in lists.items() if one and one.campaign_arn}
    return json.dumps(found, separators=(",", ":")) if found else ""


def personalize_values(url: str) -> dict[str, str]:
    """Return what any AWS SDK needs to talk to the local Personalize, and to nothing else, from behind a proxy too."""
    endpoints = {f"AWS_ENDPOINT_URL_PERSONALIZE{suffix}": url for suffix in ("", "_EVENTS", "_RUNTIME")}
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": ""}
    region = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    direct = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1,localhost")))
    return endpoints | keys | region | {"NO_PROXY": direct}


class Stages:
    """Says on stderr which stage has begun."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = time.monotonic()

    def __call__(self, stage: str, counters: Mapping[str, Any]) -> None:
        if stage != self._stage:
            self._stage = stage
            click.echo(f"{time.monotonic() - self._began:5.1f} s  {stage}", err=True)


def wait_for_the_end(services: list[ServiceProcess]) -> None:
    """Wait for Ctrl-C. Raises NotStarted when a service ends by itself."""
    forever = threading.Event()
    while not forever.wait(1.0):
        for service in services:
            if service.process.poll() is not None:
                raise NotStarted(f"{service.name} ended by itself:\n{service.last_errors()}")
