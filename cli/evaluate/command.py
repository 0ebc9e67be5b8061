"""The command `./broker evaluate`: its options, and what can be refused before anything heavy is loaded."""

import importlib
from pathlib import Path
from typing import Any

import click

from cli.errors import file_errors
from cli.evaluate import options as asked
from cli.options import connection_options, given
from cli.output_files import NEW_FILE
from evaluation import constants

WITHOUT_FILE = ("personalize_metrics", "results", "as_json")  # the options that need no FILE
CSV = click.Path(exists=True, dir_okay=False, path_type=Path)
EXAMPLES = """\b
Examples:
  ./broker evaluate interactions.csv
  ./broker evaluate interactions.csv --hold-out basket --html report.html --json > result.json
  ./broker evaluate interactions.csv --gate 'ndcg@10:ease>=popularity'
"""
# Loaded when asked for.
SUBCOMMANDS = {"split": "The files for a real Personalize: what to train on, whom to ask about, and the truth."}


class Pair(click.ParamType):
    """NAME=VALUE, without spaces around either."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, _, rest = (part.strip() for part in str(value).partition("="))
        if not (name and rest):
            self.fail(f"{value!r} must be {self.name}", param, ctx)
        return name, rest


class Metric(click.ParamType):
    """A metric and a k that exist."""

    name = "METRIC@K"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value.strip() not in constants.METRICS_AT_K:
            self.fail(f"{value!r} is none. There are {constants.METRICS_IN_WORDS}: as in ndcg@10", param, ctx)
        return str(value).strip()


class Arn(click.ParamType):
    """An ARN: by its name alone the runtime finds no campaign."""

    name = "ARN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not str(value).startswith("arn:"):
            self.fail(
                f"{value!r} is no ARN, such as arn:aws:personalize:us-east-1:123456789012:campaign/NAME", param, ctx
            )
        return str(value)


class Evaluate(click.Command):
    """A command whose first argument may be one of its subcommands: then that takes over, with the rest of the line."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if not args or args[0] not in SUBCOMMANDS:
            return super().make_context(info_name, args, parent, **extra)
        found: click.Command = importlib.import_module(f"cli.evaluate.{args[0]}").command
        return found.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        *options, file = super().collect_usage_pieces(ctx)
        return [file, *options]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Subcommands"):
            formatter.write_dl([*SUBCOMMANDS.items()])


@click.command("evaluate", cls=Evaluate, epilog=EXAMPLES, no_args_is_help=True, short_help="Is a recommender worth it?")
@click.argument("file", type=click.Path(exists=True, path_type=Path), required=False, metavar="[FILE|DIR]")
@click.option(
    "--users", "users_file", type=CSV, help="The Users dataset: USER_ID and attributes. ease-own learns from them, too."
)
@click.option("--items", "items_file", type=CSV, help="The Items dataset: more of what could be recommended.")
@click.option("--recommendations", type=Pair(), multiple=True, metavar="NAME=FILE", help="A batch job's .out file.")
@click.option("--campaign", "campaign_arn", type=Arn(), help="Ask this live campaign about every test user.")
@click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on what --campaign answers.")
@click.option(
    "--personalize-metrics",
    type=CSV,
    help="What ./broker train --json printed, or aws personalize get-solution-metrics: adds users and intervals.",
)
@click.option("--results", type=CSV, help="Somebody's table of results: NAME, TASK, USERS, P@10, …: what is odd in it.")
@click.option(
    "--task", "tasks", type=click.Choice(constants.TASKS), multiple=True, default=constants.TASKS, show_default=True
)
@click.option(
    "--metric",
    type=Metric(),
    default=constants.MAIN,
    show_default=True,
    help=f"What decides. There are {constants.METRICS_IN_WORDS}.",
)
@click.option("--slice-by", metavar="COLUMN", help="A column of --users to slice by.")
@click.option("--cost", type=Pair(), multiple=True, metavar="NAME=AMOUNT", help="What one costs a month.")
@click.option("--currency", default="USD", show_default=True)
@click.option("--fixed-settings", is_flag=True, help="Take the default settings instead of choosing by validation.")
@click.option("--gate", multiple=True, metavar="[TASK/]METRIC:NAME>=OTHER", help="Exit code 1 unless it holds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@click.option("--html", type=NEW_FILE, help="Write a report that stands alone, with plots.")
@click.option("--per-user", type=NEW_FILE, help="Write a CSV with every user's metrics.")
@asked.options
@connection_options
def command(
    file: Path | None, as_json: bool, personalize_metrics: Path | None, results: Path | None, **options: Any
) -> None:
    """Compare recommenders on the interactions of FILE (USER_ID, ITEM_ID, TIMESTAMP in seconds, EVENT_TYPE if there is
    one), or of a DIR that `evaluate split` has written: counting, models learnt here, and what you give.

    A gate with >= fails if NAME is shown to be worse than OTHER (a recommender or a number), one with > unless it is
    shown to be better; shown means beyond the 95 % interval.

    Exit code: 0 done, 1 a gate fails or a service refuses, 2 wrong use or a file that can't be used.
    """
    _check_use(file, click.get_current_context(), personalize_metrics, results)
    from cli.evaluate.compare import compare  # loads all that computes

    with file_errors():
        holds = compare(file, personalize_metrics, results, as_json=as_json, options=options)
    if not holds:
        raise SystemExit(1)


def _check_use(file: Path | None, context: click.Context, metrics: Path | None, results: Path | None) -> None:
    """Raise click.UsageError for options that could have no effect."""
    options = context.params
    if options["filter_"] and not options["campaign_arn"]:
        raise click.UsageError("--filter goes with --campaign: a file's lists are taken as given")
    if file is None:
        idle = [one.opts[0] for one in given(context) if one.name not in WITHOUT_FILE]
        if idle:
            raise click.UsageError(f"{', '.join(idle)}: nothing to do without a FILE of interactions")
        if not metrics and not results:
            raise click.UsageError("give a FILE of interactions, --personalize-metrics or --results")
    if file is not None and options["slice_by"] and not options["users_file"]:
        raise click.UsageError("--slice-by goes with --users, whose column it names")
