"""`./broker experiment power`: how many customers, and days, an experiment needs to find a difference."""

import json
import math
import re
from dataclasses import asdict
from typing import Any

import click

from cli import output_files
from cli.errors import file_errors

LEAST_POWER = 0.5


class Share(click.ParamType):
    """A share, as 3% or 0.03."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it between 0 and 1, both left out."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(%?)\s*", str(value))
        share = float(match[1]) / (100 if match[2] else 1) if match else 0.0
        if not 0 < share < 1:
            self.fail(f"{value!r} is no share, as 3% or 0.03", param, ctx)
        return share


@click.command("power", short_help="How many customers an experiment needs.")
@click.option("--conversion", type=Share(), help="Share of the control's customers who buy.")
@click.option("--mean", type=click.FloatRange(0, min_open=True), help="Instead: the control's revenue a customer …")
@click.option("--deviation", type=click.FloatRange(0, min_open=True), help="… and its standard deviation.")
@click.option("--effect", type=Share(), required=True, help="The relative difference to find, as 10%.")
@click.option("--share", type=Share(), default=0.5, show_default=True, help="Of the customers of both, in one variant.")
@click.option(
    "--a-day",
    type=click.FloatRange(0, min_open=True),
    help="Customers of both who see the slot for the first time on a day.",
)
@click.option("--no-end", is_flag=True, help="Without a planned end: the sequence that any day may stop.")
@click.option("--power", "probability", type=Share(), default=0.8, show_default=True, help="How probably it is found.")
@click.option(
    "--comparisons", type=click.IntRange(1, 20), default=1, show_default=True, help="Variants beside the control."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(
    conversion: float | None,
    mean: float | None,
    deviation: float | None,
    effect: float,
    share: float,
    a_day: float | None,
    no_end: bool,
    probability: float,
    comparisons: int,
    as_json: bool,
) -> None:
    """How many customers tell a difference of --effect, four times in five, if people look every day.

    \b
    Examples:
      ./broker experiment power --conversion 3% --effect 10% --a-day 4000
      ./broker experiment power --conversion 3% --effect 10% --share 10% --no-end
      ./broker experiment power --mean 4.20 --deviation 19 --effect 5%

    Only customers who see the slot count. Exit code: 0 done, 2 wrong use.
    """
    if (conversion is None) == (mean is None or deviation is None):
        raise click.UsageError("give --conversion, or --mean and --deviation")
    if conversion and conversion * (1 + effect) >= 1:
        raise click.UsageError(f"{effect:.3g} more than a conversion of {conversion:.3g} is everybody, or more")
    if not all(math.isfinite(number) for number in (mean, deviation, a_day) if number is not None):
        raise click.UsageError("--mean, --deviation and --a-day must be finite numbers")
    if probability < LEAST_POWER:
        raise click.UsageError(
            f"--power {probability:.3g}: below {LEAST_POWER:.0%} an experiment misses more than it finds"
        )
    from experiments.power import Traffic, size  # loads all that computes

    traffic = (
        Traffic(mean, deviation, share, a_day)
        if mean is not None and deviation is not None
        else Traffic.of_conversion(conversion or 0.0, share, a_day)
    )
    with file_errors():
        found = size(traffic, effect, planned=not no_end, power=probability, alpha=0.05 / comparisons)
    if as_json:
        output_files.put(json.dumps(asdict(found)) + "\n")
        return
    rule = "without a planned end" if no_end else "with a planned end"
    click.echo(f"{found.every_day:,} customers of both variants, {found.smaller:,} of them in the smaller, {rule}")
    click.echo(f"{found.one_look:,} would do for a single look at the end")
    if found.days:
        ready = f"--days {found.days}" if not no_end else f"--customers {found.every_day}"
        click.echo(f"{found.days} days at {a_day:,.0f} customers a day, in whole weeks: ./broker experiment … {ready}")
