"""The command `./broker evaluate`: its options, and what can be refused before anything heavy is loaded."""

import shlex
from pathlib import Path
from typing import Any

import click

from cli.errors import file_errors
from cli.evaluate.options import EvaluateOptions, split_options, table_in
from cli.options import connection_options, given
from cli.output_files import NEW_FILE
from cli.subcommands import WithSubcommands
from cli.types import Finite, Pair
from evaluation import constants
from evaluation.scoring.metric import Metric

WITHOUT_FILE = ("personalize_metrics", "check_table", "as_json")  # the options that need no FILE
COMMAND_LINE = "cli.evaluate.command_line"
CSV = click.Path(exists=True, dir_okay=False, path_type=Path)
EXAMPLES = """\b
Examples:
  ./broker evaluate interactions.csv
  ./broker evaluate interactions.csv --hold-out last-basket --html report.html --json > result.json
  ./broker evaluate interactions.csv --require 'ndcg@10:ease>=popularity'
"""
# Loaded when asked for.
SUBCOMMANDS = {"split": "The files for a real Personalize: what to train on, whom to ask about, and the truth."}


class MetricAtK(click.ParamType):
    """A metric and a k that exist."""

    name = "METRIC@K"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Metric:
        metric = next((metric for metric in constants.METRICS_AT_K if str(metric) == str(value).strip()), None)
        if metric is None:
            self.fail(
                f"{value!r} is an unknown metric; choose from {constants.METRICS_IN_WORDS}: as in ndcg@10", param, ctx
            )
        return metric


class Arn(click.ParamType):
    """An ARN: by its name alone the runtime finds no campaign."""

    name = "ARN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not str(value).startswith("arn:"):
            self.fail(
                f"{value!r} is not an ARN; expected one like arn:aws:personalize:us-east-1:123456789012:campaign/NAME",
                param,
                ctx,
            )
        return str(value)


class Evaluate(WithSubcommands):
    """`evaluate`, and what goes before it."""

    package, subcommands = "cli.evaluate", SUBCOMMANDS

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[COMMAND_LINE] = shlex.join(["./broker", "evaluate", *args])
        return super().parse_args(ctx, args)


@click.command("evaluate", cls=Evaluate, epilog=EXAMPLES, no_args_is_help=True, short_help="Is a recommender worth it?")
@click.argument("file", type=click.Path(exists=True, path_type=Path), required=False, metavar="[FILE|DIR]")
@click.option(
    "--users",
    "users_file",
    type=CSV,
    help="The Users dataset: USER_ID and attributes. ease-history and ranked learn from them, too.",
)
@click.option(
    "--items",
    "items_file",
    type=CSV,
    help="The Items dataset: more of what could be recommended, and categories. ranked learns from it.",
)
@click.option("--recommendations", type=Pair(), multiple=True, metavar="NAME=FILE", help="A batch job's .out file.")
@click.option("--campaign", "campaign_arn", type=Arn(), help="Ask this live campaign about every test user.")
@click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on what --campaign answers.")
@click.option(
    "--personalize-metrics",
    type=CSV,
    help="What ./broker train --json printed, or aws personalize get-solution-metrics: adds users and intervals.",
)
@click.option("--check-table", type=CSV, help="A published table (NAME, TASK, USERS, P@10, …): check it for errors.")
@click.option(
    "--task", "tasks", type=click.Choice(constants.TASKS), multiple=True, default=constants.TASKS, show_default=True
)
@click.option(
    "--metric",
    type=MetricAtK(),
    default=str(constants.MAIN),
    show_default=True,
    help=f"What decides. There are {constants.METRICS_IN_WORDS}.",
)
@click.option(
    "--matters",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="DIFFERENCE",
    help="The smallest difference of --metric that matters to you: the report says how many users it takes.",
)
@click.option(
    "--cuts",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Predict so many periods as long as the newest, one after the other: does the verdict hold in each?",
)
@click.option("--slice-by", metavar="COLUMN", help="A column of --users to slice by.")
@click.option(
    "--cost",
    type=Pair(),
    multiple=True,
    metavar="NAME=AMOUNT|FILE",
    help="What one costs a month: an amount, or what ./broker cost --json printed.",
)
@click.option(
    "--users-per-month",
    type=Finite(0, min_open=True),
    metavar="N",
    help="Users a month who come and act, as those in the test did: says what a hit must be worth to pay --cost.",
)
@click.option(
    "--value-per-hit",
    type=Finite(0, min_open=True),
    metavar="AMOUNT",
    help="What a sale brings: says how many hits must be sales that nobody would have made without the list.",
)
@click.option("--currency", default="USD", show_default=True)
@click.option("--no-tuning", is_flag=True, help="Use the default settings; tune history alone, and leave out ranked.")
@click.option(
    "--require", multiple=True, metavar="[TASK/]METRIC:NAME>=OTHER", help="Exit with code 1 unless the condition holds."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@click.option("--html", type=NEW_FILE, help="Write a report that stands alone, with plots.")
@click.option("--per-user", type=NEW_FILE, help="Write a CSV with every user's metrics.")
@split_options
@connection_options
def command(**values: Any) -> None:
    """Compare recommenders on the interactions of FILE (USER_ID, ITEM_ID, TIMESTAMP in seconds, EVENT_TYPE if there is
    one), or of a DIR that `prepare` or `evaluate split` has written: counting, models trained here, and what you give.

    A gate with >= fails if NAME is shown to be worse than OTHER (a recommender or a number), one with > unless it is
    shown to be better; shown means beyond the 95 % interval. Below 100 users, or 20 who differ, both fail.

    Exit code: 0 done, 1 a gate fails or a service refuses, 2 wrong use or a file that can't be used.
    """
    values["file"] = values["file"] and table_in(values["file"])
    context = click.get_current_context()
    options = EvaluateOptions(**values, command_line=context.meta[COMMAND_LINE])
    _check_use(options, context)
    from cli.evaluate.run import run  # loads all that computes

    with file_errors():
        holds = run(options, context)
    if not holds:
        raise SystemExit(1)


def _check_use(options: EvaluateOptions, context: click.Context) -> None:
    """Raise click.UsageError for options that could have no effect."""
    if options.filter_ and not options.campaign_arn:
        raise click.UsageError("--filter goes with --campaign: a file's lists are taken as given")
    if options.file is None:
        idle = [parameter.opts[0] for parameter in given(context) if parameter.name not in WITHOUT_FILE]
        if idle:
            raise click.UsageError(f"{', '.join(idle)}: nothing to do without a FILE of interactions")
        if not options.personalize_metrics and not options.check_table:
            raise click.UsageError("give a FILE of interactions, --personalize-metrics or --check-table")
    if options.cuts > 1 and options.hold_out.kind != "time":
        raise click.UsageError("--cuts goes with --hold-out time")
    if options.cuts > 1 and options.file is not None and options.file.is_dir():
        raise click.UsageError(f"--cuts {options.cuts}: {options.file} is split already, at one cut")
    if options.users_per_month and not options.cost:
        raise click.UsageError("--users-per-month goes with --cost, which they are to pay")
    if options.value_per_hit and not options.users_per_month:
        raise click.UsageError("--value-per-hit goes with --users-per-month, who have the hits")
    if options.file is not None and options.slice_by and not options.users_file:
        raise click.UsageError("--slice-by goes with --users, whose column it names")
