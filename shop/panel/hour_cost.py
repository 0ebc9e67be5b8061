"""What the traffic of the last hour would have cost on AWS, by the reader's prices."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from infra.cost.bill import Bill, Item, bill
from infra.cost.prices import EXAMPLE, read_prices
from infra.cost.traffic import HOURS, Shop, Traffic, of_rates, traffic
from infra.paths import ROOT
from infra.settings import read_settings
from lifecycle.rates import from_local, rates
from local_stack import loopback
from shop.places import Places

MINUTES = 60
STAGE = "recommend"


@dataclass(frozen=True)
class HourCost:
    """A month's bill at the traffic of the last ``minutes``; ``region`` of the prices, and the file they are from."""

    bill: Bill
    inputs: Traffic
    minutes: float
    region: str
    prices_file: Path

    @property
    def total(self) -> Decimal:
        """Return USD per hour."""
        return self.bill.total / HOURS

    def per_hour(self, item: Item) -> Decimal | None:
        """Return an item's USD per hour, None without a price."""
        return None if item.usd is None else item.usd / HOURS


def last_hour(places: Places, interactions: int, prices_file: Path = EXAMPLE) -> HourCost:
    """Return the cost with the settings of cdk.json, as if each hour were like the last.

    ``interactions``: those that a training reads. Raises RequestException, PricesError.
    """
    answer = loopback.get(f"{places.functions}/_local/rates", params={"minutes": MINUTES}).json()
    settings = read_settings(json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"], STAGE, ROOT)
    period = from_local(answer)
    counted = {**of_rates(rates(period)), "trained_interactions": Decimal(interactions)}
    minutes = (period.until - period.since).total_seconds() / 60
    inputs = traffic(Shop(), settings).having(counted, f"the last {minutes:.0f} minutes")
    prices = read_prices(prices_file)
    return HourCost(bill(inputs, settings, prices), inputs, minutes, prices.region, prices_file)
