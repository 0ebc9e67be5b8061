"""`./broker prepare FORM FILE`: the tables that people have as Personalize's CSVs and schemas."""

import time
from collections.abc import Collection, Mapping
from typing import Any

import click

from cli.prepare.asked import line_options, shared
from evaluation.failure import BadQuestion
from history.schema import MOST_FIELDS
from history.times import Times
from preparation import fill, lines, names, ownership, run
from preparation.fill import Filling
from preparation.interactions import MOST_METADATA
from preparation.run import Attributes, Prepared
from preparation.source import Source

_COLUMNS = ("user", "item", "time", "type", "value", "quantity", "price")


@click.group("prepare", short_help="The tables that you have as Personalize's CSVs and schemas.")
def command() -> None:
    """The tables that you have (CSV, plain or gzip, or Parquet) as what Personalize imports: interactions.csv, and
    users.csv and items.csv of the attributes that you name, each with its Avro schema (.avsc).

    Nothing is guessed: a missing value, a gap or a word among numbers stops it, with file and line, until an option
    says what it means. What an option leaves out or fills is counted. Nothing is written until all is right.

    Exit code: 0 written, 2 wrong use or a table that can't be used; then nothing is written.
    """


@command.command("ownership", short_help="A row a customer and month, a 0/1 column a product.")
@click.option("--user", required=True, metavar="COLUMN", help="Who.")
@click.option("--month", required=True, metavar="COLUMN", help="When: a date, or 2016-05.")
@click.option("--product", "products", multiple=True, required=True, metavar="COLUMN", help="0/1; * for anything.")
@click.option("--changes", is_flag=True, help="What was acquired (0, then 1), instead of what is owned every month.")
@click.option(
    "--gaps",
    type=click.Choice(ownership.GAPS),
    default=ownership.REFUSE,
    show_default=True,
    help="With --changes, where months of a customer are missing: refuse; compare across (bridge); begin anew (break).",
)
@click.option("--holdings", is_flag=True, help="With --changes: also the first month's state, as EVENT_TYPE owned.")
@shared
def of_ownership(
    source: Source,
    user: str,
    month: str,
    products: tuple[str, ...],
    changes: bool,
    gaps: str,
    holdings: bool,
    attributes: tuple[str, ...],
    filled: tuple[str, ...],
    budget: int,
    text: tuple[str, ...],
    drop_items: tuple[str, ...],
    time_unit: str | None,
    time_format: str | None,
    step: run.Step,
) -> Prepared:
    """A wide table of ownership, month by month: as states (EVENT_TYPE owned) or as changes (acquired).

    A recommender that is fed states learns to repeat them. With --changes it is told what is new; it can't know of the
    first month of a customer, which is a state: --holdings tells it, too, so that it knows what a customer has.

    \b
    Example:
      ./broker prepare ownership train_ver2.csv --out bank --user ncodpers --month fecha_dato \\
          --product 'ind_*_ult1' --changes --gaps break --empty NA --fill 'ind_nom*_ult1=0' \\
          --attribute age --attribute renta --fill renta=median
    """
    source.matching((user, month), "--user and --month:")
    chosen = ownership.products(source.matching(products, "--product"), drop_items)
    names.check_apart({"--user": user, "--month": month}, chosen)
    users = names.named(source, attributes, "users", budget, "--attribute")
    rules = fill.rules(source, _pairs(filled), [user, month, *chosen, *users])
    asked = ownership.Asked(user, month, chosen, changes, gaps, holdings, time_format)
    kept = Attributes(users, {}, _words(source, text, users))
    return run.of_ownership(source, asked, kept, Filling(source, rules), _times(time_unit, time_format), step)


@command.command("invoices", short_help="A row a line of an invoice.")
@line_options
@click.option("--quantity", metavar="COLUMN", help="Lines of zero or less are returns, and left out.")
@click.option("--price", metavar="COLUMN", help="EVENT_VALUE is this, times the quantity if that is given.")
@click.option("--event-type", default="purchase", show_default=True, metavar="TEXT", help="EVENT_TYPE of all lines.")
@shared
def of_invoices(**asked: Any) -> Prepared:
    """Lines of invoices, each an interaction.

    \b
    Example:
      ./broker prepare invoices shop.csv --out shop --user CustomerID --item StockCode --time InvoiceDate \\
          --quantity Quantity --price UnitPrice --fill CustomerID=drop --drop-item POST --drop-item 'BANK*' \\
          --attribute Country
    """
    return _lines(invoices=True, **asked)


@command.command("events", short_help="A row an event.")
@line_options
@click.option("--type", metavar="COLUMN", help="EVENT_TYPE.")
@click.option("--event-type", metavar="TEXT", default="", help="EVENT_TYPE of all, where no column says it.")
@click.option("--only", multiple=True, metavar="TYPE", help="Keep events of this type; others are counted.")
@click.option("--value", metavar="COLUMN", help="EVENT_VALUE, a number.")
@shared
def of_events(**asked: Any) -> Prepared:
    """A log of events, each an interaction.

    \b
    Example:
      ./broker prepare events log.csv.gz --out shop --user visitor --item product --time at_ms --type action \\
          --only view --only purchase --keep DEVICE=device
    """
    if bool(asked["type"]) == bool(asked["event_type"]):
        raise click.UsageError("--type names the column with EVENT_TYPE, --event-type the same for all: give one")
    if asked["only"] and not asked["type"]:
        raise click.UsageError("--only goes with --type")
    return _lines(**asked)


def _lines(
    source: Source,
    item_attributes: tuple[str, ...],
    attributes: tuple[str, ...],
    keep: tuple[str, ...],
    filled: tuple[str, ...],
    budget: int,
    text: tuple[str, ...],
    time_unit: str | None,
    step: run.Step,
    **values: Any,
) -> Prepared:
    named = {name: values[name] for name in _COLUMNS if values.get(name)}
    for name, column in named.items():
        source.matching((column,), f"--{name}")
    metadata = names.named(source, keep, "interactions", MOST_METADATA, "--keep")
    users = names.named(source, attributes, "users", budget, "--attribute")
    items = names.named(source, item_attributes, "items", MOST_FIELDS["items"], "--item-attribute")
    rules = fill.rules(source, _pairs(filled), [*named.values(), *metadata, *users, *items])
    asked = lines.Asked(**values, metadata={name: column for column, name in metadata.items()})
    kept = Attributes(users, items, _words(source, text, [*users, *items, *metadata]))
    return run.of_lines(source, asked, kept, Filling(source, rules), _times(time_unit, values["time_format"]), step)


def _times(unit: str | None, form: str | None) -> Times:
    return Times("iso" if form else unit, time.time())  # a form is a statement, as a unit is


def _words(source: Source, text: tuple[str, ...], columns: Collection[str]) -> list[str]:
    chosen = source.matching(text, "--text")
    other = [name for name in chosen if name not in columns]
    if other:
        raise BadQuestion(f"--text {other[0]} is no attribute and no metadata: --attribute {other[0]} makes it one")
    return chosen


def _pairs(texts: tuple[str, ...]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, equals, value) in zip(texts, pairs, strict=True):
        if not (name and equals and value.strip()):
            raise click.UsageError(f"--fill {text}: must be COLUMN=RULE")
    return {name: value.strip() for name, _, value in pairs}
