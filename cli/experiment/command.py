"""The command `./broker experiment`: its options, and what can be refused before anything heavy is loaded."""

from typing import Any

import click

from cli.errors import file_errors
from cli.experiment.options import ExperimentOptions
from cli.experiment_option import ExperimentType
from cli.options import connection_options
from cli.output_files import NEW_FILE
from cli.subcommands import WithSubcommands
from cli.types import Days, EpochSeconds, Finite, Pair
from personalize_data.times import UNITS

METRICS = ("conversion", "revenue", "units")
COLUMNS = ("user", "time", "event", "item", "value", "quantity", "list_id", "variant", "id", "session")
WORDS = {"impression": "impression", "purchase": "purchase", "refund": "refund", "list": "Recommendations Updated"}
SUBCOMMANDS = {"power": "How many customers, and days, an experiment needs to find a difference."}
EXAMPLES = """\b
Examples:
  ./broker experiment export/*.json --days 28 --html report.html
  ./broker experiment --archive --gate 'conversion:fresh>=control'
  ./broker experiment sales.parquet --user MPID --time AT --event WHAT --item SKU --value AMOUNT
"""


class ExperimentCommand(WithSubcommands):
    """`experiment`, and what goes before it."""

    package, subcommands = "cli.experiment", SUBCOMMANDS


def column_options(command: Any) -> Any:
    """Add an option for each column of a warehouse's table, and for each word in its column of events."""
    for name in reversed(COLUMNS):
        command = click.option(
            f"--{name.replace('_', '-')}", f"column_{name}", metavar="COLUMN", help=COLUMN_HELP[name]
        )(command)
    for kind, word in WORDS.items():
        option = click.option(
            f"--{kind}-event",
            f"word_{kind}",
            default=word,
            show_default=True,
            metavar="WORD",
            help=f"How --event says {kind}.",
        )
        command = option(command)
    return command


COLUMN_HELP = {
    "user": "Of a table: the customer, an mpid.",
    "time": "When: epoch seconds or milliseconds, ISO 8601.",
    "event": "What happened; what is no impression, purchase, refund or list is some activity.",
    "item": "Which item; of a list all of them, with commas between.",
    "value": "The line's amount of money.",
    "quantity": "The line's units; default: one.",
    "list_id": "The recommendation id that a purchase came from.",
    "variant": "The variant as it was recorded; then it decides, and not the hash.",
    "id": "The event's id, by which the same event counts once.",
    "session": "The session: two customers in one are one whose mpid changed at login.",
}


@click.command(
    "experiment",
    cls=ExperimentCommand,
    epilog=EXAMPLES,
    no_args_is_help=True,
    short_help="What an experiment's variants earn.",
)
@click.argument("files", nargs=-1, metavar="[FILE|S3…]")
@click.option("--local", is_flag=True, help="Read the stream of the running ./broker serve.")
@click.option("--archive", is_flag=True, help="Read the raw archive of the stack, or with --local the local one.")
@click.option(
    "--experiment",
    type=ExperimentType(),
    metavar="FILE_OR_JSON",
    help="The experiment; default: broker:experiment, with --local that of serve.",
)
@click.option(
    "--share",
    "shares",
    type=Pair(),
    multiple=True,
    metavar="NAME=WEIGHT",
    help="Expected, where variants are recorded.",
)
@click.option("--control", metavar="VARIANT", help="Compare with this one; default: the holdout, or the first variant.")
@click.option("--metric", type=click.Choice(METRICS), default="conversion", show_default=True, help="What decides.")
@click.option(
    "--days", type=click.IntRange(14), help="The planned days, whole weeks; without it there is no planned end."
)
@click.option(
    "--customers", type=click.IntRange(100), help="Without --days: customers expected in two variants. [10000]"
)
@click.option(
    "--from", "start", type=EpochSeconds(), help="The first day; default: the experiment's, or the first event's."
)
@click.option("--until", type=EpochSeconds(), help="Count nothing from then on.")
@click.option("--cap", type=Finite(0, min_open=True), help="The most revenue of a customer that counts.")
@click.option(
    "--list-days",
    type=Days(0, min_open=True),
    default=7,
    show_default=True,
    help="So long a list may have led to a purchase.",
)
@click.option(
    "--before-days",
    type=Days(0),
    default=28,
    show_default=True,
    help="The time before, which makes intervals narrower.",
)
@click.option(
    "--most-events", type=click.IntRange(1), default=1000, show_default=True, help="Leave out who has more on one day."
)
@click.option(
    "--impression-list",
    metavar="NAME",
    help="The slot's list; default: broker:impression_list, with --local that of serve.",
)
@column_options
@click.option("--time-unit", type=click.Choice(UNITS), help="Of a table; default: what the first time can only be.")
@click.option("--consent", metavar="COLUMN", help="Of a table, take only rows with a yes here.")
@click.option("--consent-given", is_flag=True, help="State that all rows may be analysed; the report says so.")
@click.option("--gate", "gates", multiple=True, metavar="METRIC:NAME>=OTHER", help="Exit with code 1 unless it holds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@click.option("--html", type=NEW_FILE, help="Write a report that stands alone, with plots.")
@click.option("--plot", type=NEW_FILE, help="Write the intervals by day: .svg or .png.")
@connection_options
def command(**values: Any) -> None:
    """What each variant of an experiment earns, and whether it sells more than the control: from mParticle's exports,
    objects of the raw archive, or a warehouse's table (CSV, Parquet, Excel, JSON rows).

    Hashes say who is in which variant, as when the lists were written. Customers count from their first impression of
    the slot. Look as often as you like: intervals hold on every day, and a verdict is given after whole weeks.

    --gate with >= fails if NAME is shown to be worse than OTHER, with > unless it is shown to be better. Both fail if
    customers are missing from a variant.

    Exit code: 0 done, 1 a gate fails or a service refuses, 2 wrong use or a file that can't be used.
    """
    columns = {name: values.pop(f"column_{name}") for name in COLUMNS}
    words = {kind: values.pop(f"word_{kind}") for kind in WORDS}
    options = ExperimentOptions(columns=columns, words=words, **values)
    _check_use(options)
    from cli.experiment.run import run  # loads all that computes

    with file_errors():
        holds = run(options)
    if not holds:
        raise SystemExit(1)


def _check_use(options: ExperimentOptions) -> None:
    """Raise click.UsageError for options that make no sense together."""
    if bool(options.files) + options.archive + (options.local and not options.archive) != 1:
        raise click.UsageError("give files, or --archive, or --local")
    if options.days and options.days % 7:
        raise click.UsageError(f"--days {options.days}: an experiment ends after whole weeks, as 14, 21 or 28 days")
    if options.days and options.customers:
        raise click.UsageError(
            "--customers goes without --days: with a planned end the days say how much there is to look at"
        )
