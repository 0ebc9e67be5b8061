"""From the options of `./broker evaluate` to a request. What can be refused is refused here, before the work."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from cli import connection, output_files
from cli.errors import service_errors
from cli.evaluate import arms, campaign, checks
from cli.evaluate.options import EvaluateOptions, spark_at
from cli.evaluate.prices import Prices, prices
from cli.recommendation_query import filter_arn
from cli.version import version
from evaluation.progress import Begin
from evaluation.published import PublishedFigures
from evaluation.recommenders.candidates import UNCHANGED
from evaluation.request import Campaign, ComparisonSettings, EvaluationRequest
from evaluation.scoring.cost import Business
from evaluation.scoring.gate import Gate
from evaluation.scoring.metrics import PLACES


def check(options: EvaluateOptions, context: click.Context) -> tuple[Sequence[Gate], Prices]:
    """Return the requirements and the prices. Raises BadFile, InvalidRequest and click.ClickException."""
    if options.file is not None and options.file.is_dir():
        checks.of_folder(options.file, context)
    names_by_task = checks.taking_part(
        options.tasks,
        options.recommendations,
        campaign=options.campaign_arn is not None,
        items=options.items_file is not None,
    )
    other_files = options.users_file, options.items_file, options.personalize_metrics, options.check_table
    inputs = checks.read_files(options.file, options.recommendations, *other_files)
    output_files.check({"--per-user": options.per_user, "--html": options.html}, inputs)
    return checks.conditions(options.require, names_by_task), prices(options.cost, names_by_task, options.currency)


def build(
    options: EvaluateOptions,
    file: Path,
    requirements: Sequence[Gate],
    monthly_prices: Prices,
    figures: PublishedFigures,
) -> EvaluationRequest:
    """Return the request. Raises click.ClickException if there is a campaign and its service can't be used."""
    settings = ComparisonSettings(
        tasks=options.tasks,
        main=options.metric,
        prices=monthly_prices.amounts,
        business=Business(options.users_per_month, options.value_per_hit, monthly_prices.at_least),
        slice_by=options.slice_by,
        tune=not options.no_tuning,
        seed=options.hold_out.seed,
        matters=options.matters,
    )
    return EvaluationRequest(
        file,
        settings,
        hold_out=options.hold_out,
        arm=arms.arm(options.arm, file),
        sample_users=options.sample_users,
        memory=options.memory,
        spark=spark_at(options.spark, arm=options.arm is not None),
        users_file=options.users_file,
        items_file=options.items_file,
        recommendations={name: Path(path) for name, path in options.recommendations},
        campaign=_campaign(options, options.campaign_arn) if options.campaign_arn else None,
        requirements=requirements,
        figures=figures,
        now=time.time(),
        cuts=options.cuts,
        version=version(),
        command=options.command_line,
    )


def _campaign(options: EvaluateOptions, arn: str) -> Campaign:
    target = connection.find(options.name, options.context, aws=options.aws)
    with service_errors():
        filtered = {"filterArn": filter_arn(target, options.filter_)} if options.filter_ else {}
        client = target.client("personalize-runtime")
        recipe = campaign.recipe(target.client("personalize"), arn)
    parameters = {"campaignArn": arn, "numResults": PLACES, **filtered}

    def recommend(users: Sequence[str], begin: Begin) -> dict[str, list[str]]:
        advance = begin(f"asking {arn.rpartition('/')[2]}", len(users))
        with service_errors():
            return campaign.ask(client, parameters, users, advance)

    description = connection.NOT_AMAZONS if target.local_url else UNCHANGED
    return Campaign(checks.CAMPAIGN, recommend, description, recipe)
