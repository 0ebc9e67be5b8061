"""`./broker prepare FORM FILE`: the tables that people have as Personalize's CSVs and schemas."""

from typing import TYPE_CHECKING, Any

import click

from cli.prepare.options import line_options, shared
from personalize_data.prepare import GAPS, REFUSE

if TYPE_CHECKING:
    from personalize_data.prepare.pipeline import Prepared


@click.group("prepare", short_help="Convert your tables to Personalize's CSVs and schemas.")
def command() -> None:
    """Convert a table (CSV, Excel, Parquet or JSON) to what Personalize imports: interactions.csv, and users.csv and
    items.csv with the attributes that you name, each with its Avro schema (.avsc).

    Nothing is guessed: a missing value, a gap or a word among numbers stops it, with file and line, until an option
    says what it means. What an option leaves out or fills is counted. Nothing is written until all is right.

    Where broker:consent_purpose (cdk.json) names a purpose, --consent COLUMN or --consent-given is needed.

    Exit code: 0 written, 2 wrong use or a table that can't be used; then nothing is written.
    """


@command.command("ownership", short_help="Each row is a customer and a month, with a 0/1 column per product.")
@click.option("--user", required=True, metavar="COLUMN", help="Who.")
@click.option("--month", required=True, metavar="COLUMN", help="When: a date, or 2016-05.")
@click.option("--product", "products", multiple=True, required=True, metavar="COLUMN", help="0/1; * for anything.")
@click.option("--changes", is_flag=True, help="What was acquired (0, then 1), instead of what is owned every month.")
@click.option(
    "--gaps",
    type=click.Choice(GAPS),
    default=REFUSE,
    show_default=True,
    help="With --changes, where months of a customer are missing: refuse; compare across (bridge); start over (break).",
)
@click.option(
    "--initial-holdings", is_flag=True, help="With --changes: also the first month's holdings, as EVENT_TYPE owned."
)
@shared
def ownership_command(**options: Any) -> "Prepared":
    """A wide table of ownership, month by month: as states (EVENT_TYPE owned) or as changes (acquired).

    A recommender that is fed states learns to repeat them. With --changes it is told what is new; it can't know of the
    first month of a customer, which is a state: --initial-holdings tells it, too, so that it knows what a customer has.

    \b
    Example:
      ./broker prepare ownership train_ver2.csv --out bank --user ncodpers --month fecha_dato \\
          --product 'ind_*_ult1' --changes --gaps break --null-value NA --impute 'ind_nom*_ult1=0' \\
          --attribute age --attribute renta --impute renta=median
    """
    from cli.prepare import forms  # loads what reads tables

    return forms.from_ownership(**options)


@command.command("invoices", short_help="Each row is a line of an invoice.")
@line_options
@click.option("--quantity", metavar="COLUMN", help="Lines of zero or less are returns, and left out.")
@click.option("--price", metavar="COLUMN", help="EVENT_VALUE is this, times the quantity; below zero: a return.")
@click.option("--event-type", default="purchase", show_default=True, metavar="TEXT", help="EVENT_TYPE of all lines.")
@shared
def invoices_command(**options: Any) -> "Prepared":
    """Lines of invoices, each an interaction.

    \b
    Example:
      ./broker prepare invoices shop.csv --out shop --user CustomerID --item StockCode --time InvoiceDate \\
          --quantity Quantity --price UnitPrice --impute CustomerID=drop --drop-item POST --drop-item 'BANK*' \\
          --attribute Country
    """
    _check_lines(options)
    from cli.prepare import forms

    return forms.from_lines(invoices=True, **options)


def _check_lines(options: dict[str, Any]) -> None:
    """Raise click.UsageError for options that do not go together."""
    if options["time_of_day_unit"] and not options["time_of_day"]:
        raise click.UsageError("--time-of-day-unit goes with --time-of-day")
    if options["split"] == "":
        raise click.UsageError("--split is empty: it is what stands between the products, as in --split '|'")
    amounts = [f"--{name}" for name in ("quantity", "price", "value") if options.get(name)]
    if options["split"] and amounts:
        raise click.UsageError(f"--split goes without {amounts[0]}: a row's amount belongs to none of its products")


@command.command("events", short_help="Each row is an event.")
@line_options
@click.option("--type", metavar="COLUMN", help="EVENT_TYPE.")
@click.option("--event-type", metavar="TEXT", default="", help="EVENT_TYPE of all, where no column says it.")
@click.option(
    "--event-types",
    "event_types",
    multiple=True,
    metavar="TYPE",
    help="Keep only events of this type; others are counted.",
)
@click.option("--value", metavar="COLUMN", help="EVENT_VALUE, a number.")
@shared
def events_command(**options: Any) -> "Prepared":
    """A log of events, each an interaction.

    \b
    Example:
      ./broker prepare events log.csv.gz --out shop --user visitor --item product --time at_ms --type action \\
          --event-types view --event-types purchase --metadata DEVICE=device
    """
    if bool(options["type"]) == bool(options["event_type"]):
        raise click.UsageError("--type names the column with EVENT_TYPE, --event-type the same for all: give one")
    if options["event_types"] and not options["type"]:
        raise click.UsageError("--event-types goes with --type")
    _check_lines(options)
    from cli.prepare import forms

    return forms.from_lines(**options)
