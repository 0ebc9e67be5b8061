"""`./broker cost`: what a broker costs per month, item by item."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cli import connection, place
from cli.console import emit
from cli.errors import Refused, service_errors
from cli.options import given, price_option
from cli.status import interactions, period_of
from cli.types import Amount
from cli.wide_table import show, table
from infra.cost.bill import NOT_INCLUDED, Bill, bill, money
from infra.cost.prices import Prices, PricesError, read_prices
from infra.cost.processor_time import NoMeasurement
from infra.cost.traffic import Shop, Traffic, of_rates, traffic
from infra.settings import Settings, Stage
from lifecycle.rates import rates
from lifecycle.resources import Resources
from lifecycle.status import inventory

THOUSAND = 1_000
EVEN = "Traffic is taken as even over the month. What is neither counted nor given is a default: the table says which."
GIVEN = (
    "The campaign and the training are not of this stack: the sum has your requests to the campaign, and no training."
)
OF_VISITS = ("actions_per_visit", "seconds_between_actions", "views_share")
# The inputs of the formula that an option sets: goes before what is counted.
OF_FORMULA = {
    "events_per_second": "Events per second, on average over the month. An event is one product of a commerce event.",
    "records_per_event": "Records on the stream per event, those of other events included.",
    "record_kb": "KB of a record.",
    "refreshes_per_event": "Refreshes of a profile per event. Default: from the visits.",
    "trained_interactions": "Interactions that a training reads, one a week. Default: those that a month reports.",
    "training_hours": "Hours that a training is charged with, for recipes that are no v2.",
    "processor_ms": "Processor time per record, of both functions. Default: as measured in docs/performance.md.",
    "impressions_per_event": "Impressions of a list on a page per event, where broker:impression_list reads them.",
    "changes_per_event": "Changed users and items per event, where broker:user_columns or item_columns name any.",
    "wait_ms": "Time of an invocation apart from that, mostly for answers.",
}


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    defaults = {one.name: one.default for one in (*fields(Shop), *fields(Traffic)) if isinstance(one.default, Decimal)}
    for name, description in reversed(OF_FORMULA.items()):
        text = f"{description} Default: {defaults[name]}." if name in defaults else description
        command = click.option(f"--{name.replace('_', '-')}", type=Amount(), help=text)(command)
    return command


@click.command("cost", short_help="What a broker costs per month, item by item.")
@price_option
@click.option(
    "--stage",
    type=click.Choice([str(stage) for stage in Stage]),
    envvar="STAGE",
    help="Default: broker:stage of cdk.json.",
)
@_options
@click.option(
    "--actions-per-visit",
    type=click.IntRange(1, 10_000),
    default=Shop.actions_per_visit,
    show_default=True,
    help="With the pause, what decides on the refreshes per event.",
)
@click.option(
    "--seconds-between-actions",
    type=click.IntRange(1, 86_400),
    default=Shop.seconds_between_actions,
    show_default=True,
    help="The pause.",
)
@click.option(
    "--views-share", type=Amount(1), default=Shop.views_share, show_default=True, help="Views among the events, 0 to 1."
)
@click.option("--minutes", type=click.IntRange(1, 60), default=5, show_default=True, help="The period of the counts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
@click.pass_context
def command(
    ctx: click.Context,
    prices_file: Path,
    stage: str | None,
    actions_per_visit: int,
    seconds_between_actions: int,
    views_share: Decimal,
    minutes: int,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
    **formula: Decimal | None,
) -> None:
    """Say what a broker with the settings of cdk.json costs per month, item by item, the largest first.

    \b
    ./broker cost --stage recommend                        10 events per second, example prices
    ./broker cost --stage recommend --events-per-second 2 -c broker:refresh_actions=add_to_cart,purchase
    ./broker cost --stage recommend --aws --prices my-prices.toml

    With --aws or --local, the last minutes of that broker stand for the month, as ./broker status counts them. Options
    go before counts, and counts before defaults; the table of inputs says which is which. docs/cost.md has the formula.

    Exit code: 0 said, 1 a service does not answer, 2 wrong use, or a file of prices that can't be used.
    """
    counted = aws or local
    named = [param.name for param in given(ctx) if param.name in OF_VISITS]
    if counted and named:
        raise click.UsageError(
            f"--{named[0].replace('_', '-')} and --{'aws' if aws else 'local'}, which counts it: one of both"
        )
    settings = connection.settings((*context, f"broker:stage={stage}") if stage else context)
    inputs = _traffic(Shop(Shop.events_per_second, actions_per_visit, seconds_between_actions, views_share), settings)
    if counted:
        target = connection.find(name, context, aws=aws, local=local)
        with service_errors():
            inputs = inputs.having(_counts(target, minutes), f"the last {minutes} minutes of {target.names.broker}")
    inputs = inputs.having(formula, "option")
    try:
        prices = read_prices(prices_file)
    except PricesError as error:
        raise Refused(str(error)) from None
    result = bill(inputs, settings, prices)
    emit(_as_json(result, inputs, settings, prices), as_json, lambda: _report(result, inputs, settings, prices))


def _traffic(shop: Shop, settings: Settings) -> Traffic:
    try:
        return traffic(shop, settings)
    except NoMeasurement as error:
        raise Refused(str(error)) from None


def _counts(target: connection.Target, minutes: int) -> Mapping[str, Decimal | None]:
    """Return the inputs that are counted; None for those that are not known."""
    found = interactions(target, inventory(Resources(target.client("personalize")), target.names))
    trained = None if found.interactions is None else Decimal(found.interactions)
    period = period_of(target, minutes)
    return {"trained_interactions": trained, **(of_rates(rates(period)) if period else {})}


def _as_json(result: Bill, inputs: Traffic, settings: Settings, prices: Prices) -> dict[str, Any]:
    return {
        "stage": settings.stage,
        "region": prices.region,
        "usd_per_month": _text(result.total),
        "usd_per_million_events": _text(result.per_million(result.total)),
        "complete": result.is_complete,
        "events_per_month": _text(result.events),
        "items": [
            {
                "name": item.name,
                "price": item.price_name,
                "unit": item.unit,
                "quantity": _text(item.quantity),
                "usd_per_unit": None if item.price is None else str(item.price),
                "usd_per_month": _text(item.usd),
                "usd_per_million_events": _text(result.per_million(item.usd)),
            }
            for item in result.items
        ],
        "inputs": {name: {"value": _text(value), "from": source} for name, (value, source) in inputs.inputs().items()},
        "not_included": NOT_INCLUDED,
    }


def _text(number: Decimal | None) -> str | None:
    """Return a decimal number as text: JSON's numbers are read as floats."""
    return None if number is None else f"{number:.6f}"


def _report(result: Bill, inputs: Traffic, settings: Settings, prices: Prices) -> None:
    console = Console(highlight=False)
    title = f"Stage {settings.stage}: USD per month and per million events; prices of {prices.region}"
    show(console, _items(result, f"{title}, the oldest of {prices.oldest}" if prices.oldest else title))
    show(console, _inputs(inputs))
    for line in (NOT_INCLUDED, EVEN, *([GIVEN] if settings.personalize.tracking_id else [])):
        console.print(line, markup=False, soft_wrap=True)


def _items(result: Bill, title: str) -> Table:
    items = table(title, "item", "quantity", "USD each", "a month", "a million")
    for item in result.items:
        number = item.unit.partition(" ")[0]
        unit = number if number in ("million", "1,000") else item.unit  # of what, says the item's name
        price = "no price" if item.price is None else f"{item.price} per {unit}"
        items.add_row(item.name, _short(item.quantity), price, *_usd(result, item.usd))
    items.add_section()
    items.add_row("total" if result.is_complete else "total, at least", "", "", *_usd(result, result.total))
    return items


def _short(number: Decimal) -> str:
    return f"{number:,.{0 if number >= THOUSAND else 2}f}"


def _usd(result: Bill, usd: Decimal | None) -> tuple[str, str]:
    each = result.per_million(usd)
    return money(usd), "" if each is None else money(each)


def _inputs(inputs: Traffic) -> Table:
    values = table("Inputs", "input", "value", "from")
    for name, (value, source) in inputs.inputs().items():
        values.add_row(name.replace("_", " "), _short(value), source)
    return values
