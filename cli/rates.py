"""How `./broker status` shows the rates of the last minutes beside the quotas."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

from lifecycle.rates import Rates, Use

UNKNOWN = "not known"


def print_rates(console: Console, rates: Rates | None) -> None:
    """Print a table, and what it cannot say."""
    if rates is None:
        console.print("\nRates: not known, because no ingest function is found here.", soft_wrap=True)
        return
    console.print(_table(rates))
    calls = rates.put_events_per_interaction
    console.print(
        f"PutEvents calls per reported interaction: {UNKNOWN if calls is None else f'{calls:.2f}'}. "
        "The quotas are those in the functions' settings. What other programs use of them is not known.",
        markup=False,
        soft_wrap=True,
    )


def _table(rates: Rates) -> Table:
    since, until = (datetime.fromisoformat(time) for time in (rates.since, rates.until))
    table = Table(title=f"\nRates, {since:%Y-%m-%d %H:%M:%S} to {until:%H:%M:%S} UTC", title_justify="left")
    for column in ("", "per second", "quota", "used", "throttled"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("records read", _number(rates.records))
    table.add_row("interactions in", _number(rates.interactions))
    table.add_row("  reported to Personalize", _number(rates.reported))
    table.add_row("  views outside the sample", _number(rates.outside_sample))
    table.add_row("PutEvents calls", *_use(rates.put_events))
    table.add_row("GetRecommendations calls", *_use(rates.get_recommendations))
    table.add_row("mParticle batches", *_use(rates.mparticle_batches))
    table.add_row("profiles written", _number(rates.profiles_written))
    table.add_row("refreshes postponed", _number(rates.postponed))
    table.add_row("refreshes over the daily cap", _number(rates.over_daily_cap))
    return table


def _use(use: Use) -> tuple[str, str, str, str]:
    return _number(use.per_second), f"{use.quota:,}", _share(use.used), _share(use.throttled)


def _number(rate: float | None) -> str:
    return UNKNOWN if rate is None else f"{rate:,.2f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
