"""The estimate that a synthesis leaves beside the template, and that ``make deploy`` shows before it goes forward."""

from pathlib import Path

from infra.cost.bill import bill
from infra.cost.floors import floors
from infra.cost.prices import EXAMPLE, read_prices
from infra.cost.traffic import Shop, traffic
from infra.settings import Settings

FILE = "cost.txt"


def write_estimate(folder: Path, settings: Settings) -> None:
    """Write the total, the largest item, and what variants cost beside a synthesised template. Raises PricesError."""
    shop, prices = Shop(), read_prices(EXAMPLE)
    summary = bill(traffic(shop, settings), settings, prices).summary
    experiment = "".join(f"\nExperiment, {name}: {floor}." for name, floor in floors(settings, prices).items())
    (folder / FILE).write_text(
        f"Estimated cost of stage {settings.stage} at {shop.events_per_second} events per second, by example prices of "
        f"{prices.region}: {summary}. ./broker cost has the items, and takes your traffic and prices."
        f"{experiment}\n",
        "utf-8",
    )


def read_estimate(folder: Path) -> str | None:
    """Return that line, None where something else than ``app.py`` synthesised."""
    path = folder / FILE
    return path.read_text("utf-8").strip() if path.exists() else None
