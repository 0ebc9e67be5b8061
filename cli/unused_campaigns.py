"""What `status` says of a campaign that is paid for and not used."""

from decimal import Decimal
from math import ceil

from infra.cost.bill import money
from infra.cost.floors import campaign_price
from infra.cost.prices import EXAMPLE, UNITS, read_prices
from infra.cost.traffic import SECONDS
from lifecycle.campaign_use import CampaignUse


def warning(use: CampaignUse) -> str | None:
    """Return a line on an idle campaign, or on a minimum above need; None where all is well."""
    if not use.last_day:
        return (
            f"campaign {use.name} had no request for a day, and costs at least {_price(use, use.min_tps)}: ./broker "
            "pause takes it out"
        )
    needed = max(1, ceil(use.peak))
    if use.min_tps <= needed:
        return None
    return (
        f"campaign {use.name} has a minimum of {use.min_tps} requests per second, and at most {use.peak:.2f} were made "
        f"in five minutes of the last {use.days:.0f} days: broker:min_tps {needed} would save "
        f"{_price(use, use.min_tps - needed)}"
    )


def _price(use: CampaignUse, per_second: int) -> str:
    """Return what so many requests per second cost in a month, by the example prices."""
    prices = read_prices(EXAMPLE)
    name, count = campaign_price(use.recipe, Decimal(SECONDS * per_second))
    price = prices.of(name)
    usd = None if price is None else count / UNITS[name].size * price
    return f"{money(usd)} USD per month (example prices of {prices.region})"
